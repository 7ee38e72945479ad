// SPDX-License-Identifier: Apache-2.0
// See connection.h.
#include "bench/connection.h"

#include <cstring>
#include <fmt/format.h>

namespace copyscope {

namespace {

// Both answers are smaller than any send buffer: what does not fit at once meets a peer that never reads.
template<typename T>
bool send_all(const Fd& socket, const T& wire) {
    return ::send(socket.get(), &wire, sizeof(wire), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(wire);
}

} // namespace

Connection::Connection(Fd socket)
    : socket_(std::move(socket)), peer_(peer_address(socket_)), last_activity_(std::chrono::steady_clock::now()) {}

Connection::State Connection::advance(std::span<std::byte> scratch) {
    if (!payload_)
        scratch = std::span(header_).subspan(header_fill_);
    const ssize_t got = ::recv(socket_.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return State::open;
    if (got < 0)
        return drop(std::strerror(errno));
    last_activity_ = std::chrono::steady_clock::now();
    if (got == 0)
        return end_of_stream();
    if (!payload_)
        return take_header(static_cast<std::size_t>(got));
    verifier_->feed(scratch.first(static_cast<std::size_t>(got)));
    return State::open;
}

Connection::State Connection::take_header(std::size_t got) {
    header_fill_ += got;
    if (header_fill_ < header_.size())
        return State::open;
    WireHeader wire;
    std::memcpy(&wire, header_.data(), sizeof(wire));
    payload_ = decode(wire);
    if (!payload_)
        return drop("not a transfer of this version of copyscope");
    verifier_.emplace(*payload_);
    return send_all(socket_, encode_ready()) ? State::open : drop("cannot answer");
}

Connection::State Connection::end_of_stream() {
    if (!payload_)
        return drop("ended before its header was complete");
    receipt_ = verifier_->finish();
    return send_all(socket_, encode(receipt_)) ? State::done : drop("went away without its receipt");
}

Connection::State Connection::drop(std::string why) {
    why_ = std::move(why);
    return State::dropped;
}

} // namespace copyscope
