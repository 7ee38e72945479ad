// SPDX-License-Identifier: Apache-2.0
// Target: what clients of the daemon's sockets say: lines, in pieces of any size, and the names that requests over HTTP
// are for. One answer to each line, each of them one line of JSON.
#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "daemon/http_host.h"
#include "fuzz.h"
#include "rpc/conversation.h"

namespace {

using namespace copyscope;
using fuzz::hold;
using State = rpc::Conversation::State;

// As the daemon's loop has it, but for the workers: they answer with what was asked.
std::string answered(std::string_view line) {
    auto request = rpc::parse_request(line);
    if (!request)
        return rpc::response(nullptr, std::unexpected(request.error()));
    return rpc::response(request->id, rpc::Json{{"method", request->method}, {"params", request->params}});
}

void check(const std::string& answers) {
    for (std::size_t at = 0; at < answers.size();) {
        const auto end = answers.find('\n', at);
        hold(end != answers.npos, "an answer is a line", answers);
        const auto json = parse_json(std::string_view(answers).substr(at, end - at));
        hold(json && json->is_object() && json->size() == 3, "an answer is an object", answers);
        at = end + 1;
    }
}

// What a client that says it all in such pieces hears.
std::string heard(std::string_view said, std::size_t piece) {
    int ends[2];
    hold(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0, "sockets");
    const Fd client(ends[0]);
    const rpc::Limits limits{.requests_per_second = 1000};
    rpc::Conversation conversation(Fd(ends[1]), {}, limits, 0);
    std::string all;
    char bytes[4096];
    for (rpc::Millis now = 1; conversation.state() != State::over; now += 5) {
        const auto went = ::send(client.get(), said.data(), std::min(piece, said.size()), MSG_NOSIGNAL);
        said.remove_prefix(went > 0 ? static_cast<std::size_t>(went) : 0);
        if (said.empty())
            ::shutdown(client.get(), SHUT_WR);
        if (conversation.state() == State::reading)
            conversation.receive(now);
        if (const auto line = conversation.next_line(now))
            conversation.answer(answered(*line), false, now);
        if (conversation.state() == State::answering)
            conversation.send(now);
        else if (conversation.deadline() <= now)
            conversation.expire(now);
        for (ssize_t got = 0; (got = ::recv(client.get(), bytes, sizeof(bytes), 0)) > 0;)
            all.append(bytes, static_cast<std::size_t>(got));
        hold(now < 10'000'000, "a conversation ends");
    }
    return all;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view said = fuzz::view(data, size);
    const std::string whole = heard(said, size + 1);
    check(whole);
    if (size < 4096) // the time of a line to come is limited
        hold(heard(said, 1 + size / 50) == whole, "pieces say the same as the whole", whole);
    (void)host_is_ours(said.substr(0, said.find('\n')), {"web1.example.com"});
    return 0;
}
