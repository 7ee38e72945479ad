// SPDX-License-Identifier: Apache-2.0
// See sink.h.
#include "bench/sink.h"

#include <algorithm>
#include <fmt/format.h>
#include <list>
#include <poll.h>
#include <vector>

#include "bench/connection.h"

namespace copyscope {

namespace {

using Clock = std::chrono::steady_clock;

// More wait in the kernel's queue. A bench uses one.
constexpr std::size_t max_connections = 64;

class Sink {
public:
    Sink(const SinkOptions& options, const std::function<void(const SinkEvent&)>& on_event, Fd listener)
        : options_(options), on_event_(on_event), listener_(std::move(listener)), scratch_(256 * 1024) {}

    Result<SinkTotals> run();

private:
    std::vector<pollfd> poll_set() const;
    void accept_one();
    void advance(const std::vector<pollfd>& set);
    void drop_idle();
    void report(const Connection& connection, Connection::State state);

    const SinkOptions& options_;
    const std::function<void(const SinkEvent&)>& on_event_;
    Fd listener_;
    std::vector<std::byte> scratch_;
    std::list<Connection> connections_;
    Clock::time_point accept_after_ = {};
    SinkTotals totals_;
};

// The listener and the stop descriptor come first, then the connections in their order.
std::vector<pollfd> Sink::poll_set() const {
    const bool accepting = connections_.size() < max_connections && Clock::now() >= accept_after_;
    std::vector<pollfd> set = {{.fd = options_.stop_fd, .events = POLLIN, .revents = 0},
                               {.fd = accepting ? listener_.get() : -1, .events = POLLIN, .revents = 0}};
    for (const Connection& connection : connections_)
        set.push_back({.fd = connection.fd(), .events = POLLIN, .revents = 0});
    return set;
}

Result<SinkTotals> Sink::run() {
    while (!options_.once || totals_.good + totals_.damaged == 0) {
        std::vector<pollfd> set = poll_set();
        const int ready = ::poll(set.data(), set.size(), 250); // looks up now and then for idle connections
        if (ready < 0 && errno != EINTR)
            return fail_errno("cannot wait for connections");
        if (ready > 0 && set[0].revents != 0)
            break;
        if (ready > 0) {
            advance(set);
            if (set[1].revents != 0)
                accept_one();
        }
        drop_idle();
    }
    return totals_;
}

void Sink::accept_one() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket)
        connections_.emplace_back(std::move(socket));
    else if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
        accept_after_ = Clock::now() + std::chrono::milliseconds(250); // out of descriptors or memory: do not spin
}

void Sink::advance(const std::vector<pollfd>& set) {
    auto connection = connections_.begin();
    for (std::size_t i = 2; i < set.size(); i++) {
        if (set[i].revents == 0) {
            ++connection;
            continue;
        }
        const Connection::State state = connection->advance(scratch_);
        if (state == Connection::State::open) {
            ++connection;
            continue;
        }
        report(*connection, state);
        connection = connections_.erase(connection);
    }
}

void Sink::drop_idle() {
    const auto now = Clock::now();
    std::erase_if(connections_, [&](const Connection& connection) {
        if (now - connection.last_activity() <= options_.idle)
            return false;
        totals_.dropped++;
        on_event_({.kind = SinkEvent::Kind::dropped,
                   .address = connection.peer(),
                   .text = fmt::format("{}: dropped, said nothing for too long", to_string(connection.peer()))});
        return true;
    });
}

void Sink::report(const Connection& connection, Connection::State state) {
    const std::string peer = to_string(connection.peer());
    if (state == Connection::State::dropped) {
        totals_.dropped++;
        on_event_({.kind = SinkEvent::Kind::dropped,
                   .address = connection.peer(),
                   .text = fmt::format("{}: dropped, {}", peer, connection.why())});
        return;
    }
    const bool ok = connection.receipt().ok();
    (ok ? totals_.good : totals_.damaged)++;
    on_event_({.kind = SinkEvent::Kind::receipt,
               .address = connection.peer(),
               .ok = ok,
               .text = fmt::format("{}: {}", peer, describe(connection.receipt(), connection.announced()))});
}

} // namespace

Result<SinkTotals> run_sink(const SinkOptions& options, const std::function<void(const SinkEvent&)>& on_event) {
    auto listener = TRY(listen_tcp(options.listen));
    const auto address = TRY(local_address(listener));
    on_event({.kind = SinkEvent::Kind::listening,
              .address = address,
              .text = fmt::format("listening at {}", to_string(address))});
    return Sink(options, on_event, std::move(listener)).run();
}

} // namespace copyscope
