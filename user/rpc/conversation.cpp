// SPDX-License-Identifier: Apache-2.0
#include "rpc/conversation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sys/socket.h>

namespace copyscope::rpc {
namespace {

constexpr std::size_t kept_bytes = 4096; // of a buffer's memory while it is empty

double ration_of(const Limits& limits) {
    return static_cast<double>(std::max<std::size_t>(limits.requests_per_second, 1));
}

std::string refusal(const char* code, std::string message) {
    return response(nullptr, std::unexpected(Refusal{code, std::move(message)}));
}

} // namespace

Conversation::Conversation(Fd fd, const Peer& peer, const Limits& limits, Millis now)
    : fd_(std::move(fd)), peer_(peer), limits_(limits), since_(now), first_by_(now + limits.first_ms),
      tokens_(ration_of(limits)), tokens_at_(now) {}

Conversation::~Conversation() {
    // The peer can send no more, so what there is to discard is at most what a socket holds.
    ::shutdown(fd_.get(), SHUT_RDWR);
    char discarded[16 << 10];
    while (::recv(fd_.get(), discarded, sizeof(discarded), MSG_DONTWAIT) > 0)
        ;
}

void Conversation::enter(State state, Millis now) {
    state_ = state;
    since_ = now;
}

void Conversation::end(bool by_us) {
    ended_by_us_ = by_us && state_ != State::over;
    state_ = State::over;
}

void Conversation::receive(Millis now) {
    char bytes[16 << 10];
    const auto room = std::min(sizeof(bytes), max_request_bytes - input_.size());
    if (room == 0)
        return;
    const auto got = ::recv(fd_.get(), bytes, room, MSG_DONTWAIT);
    if (got > 0) {
        if (input_.empty())
            since_ = now; // the line's first byte: idle no longer
        input_.append(bytes, static_cast<std::size_t>(got));
    } else if (got == 0) {
        input_ended_ = true; // it may still wait for answers
    } else if (errno != EAGAIN && errno != EINTR) {
        end(false);
    }
}

std::optional<std::string> Conversation::next_line(Millis now) {
    if (state_ != State::reading && state_ != State::rationed)
        return std::nullopt;
    const auto newline = input_.find('\n', searched_);
    if (newline == input_.npos) {
        searched_ = input_.size();
        if (input_.size() >= max_request_bytes)
            answer(refusal("too-large", "a request has at most " + std::to_string(max_request_bytes) + " bytes"), true,
                   now);
        else if (input_ended_)
            end(false); // what is without a newline is no request
        return std::nullopt;
    }
    searched_ = newline;
    take_ration(now);
    if (tokens_ < 1) {
        enter(State::rationed, now);
        return std::nullopt;
    }
    tokens_ -= 1;
    std::string line = input_.substr(0, newline);
    input_.erase(0, newline + 1);
    searched_ = 0;
    if (input_.empty() && input_.capacity() > kept_bytes)
        input_.shrink_to_fit();
    first_by_ = std::numeric_limits<Millis>::max();
    enter(State::asked, now);
    return line;
}

void Conversation::answer(std::string line, bool last, Millis now) {
    output_ = std::move(line);
    sent_ = 0;
    last_ = last;
    enter(State::answering, now);
}

void Conversation::send(Millis now) {
    while (sent_ < output_.size()) {
        const auto went =
            ::send(fd_.get(), output_.data() + sent_, output_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (went >= 0) {
            sent_ += static_cast<std::size_t>(went);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            return end(false);
        }
    }
    output_ = {};
    enter(State::reading, now);
    if (last_)
        end(true);
}

void Conversation::take_ration(Millis now) {
    const double more = ration_of(limits_) * static_cast<double>(now - tokens_at_) / 1000;
    tokens_ = std::min(ration_of(limits_), tokens_ + more);
    tokens_at_ = now;
}

Millis Conversation::deadline() const {
    switch (state_) {
    case State::reading:
        return std::min(first_by_, since_ + (input_.empty() ? limits_.idle_ms : limits_.partial_ms));
    case State::rationed:
        return tokens_at_ + static_cast<Millis>(std::ceil((1 - tokens_) * 1000 / ration_of(limits_)));
    case State::answering:
        return since_ + limits_.partial_ms;
    case State::asked:
    case State::over:
        break;
    }
    return std::numeric_limits<Millis>::max();
}

void Conversation::expire(Millis now) {
    if (state_ == State::rationed)
        return; // next_line() looks again
    if (state_ == State::reading && !input_.empty())
        return answer(refusal("malformed", "the line was not complete within " +
                                               std::to_string(std::min(limits_.partial_ms, limits_.first_ms)) + " ms"),
                      true, now);
    end(true);
}

} // namespace copyscope::rpc
