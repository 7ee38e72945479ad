// SPDX-License-Identifier: Apache-2.0
// The daemon's socket: accepts, reads lines, has them answered by workers, writes. A client that sends garbage, sends
// slowly, never reads or opens many connections costs memory within stated bounds and nobody else an answer.
// Knows the protocol's shapes and limits. Must not know what is asked.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "rpc/message.h"

namespace copyscope::rpc {

// Strangers are those who do not see all. There can be very many of them, and all may be one person: who has
// subordinate user ids has 65,536. What is reserved is so against all strangers together.
struct Limits {
    std::size_t clients = 256;
    std::size_t reserved_clients = 32;    // of them, for those who see all
    std::size_t clients_per_user = 64;    // of strangers
    std::size_t requests_per_second = 50; // per connection, in bursts of as many
    std::size_t waiting_requests = 64;    // for a worker, of all strangers, and of the others; more are answered "busy"
    std::uint64_t first_ms = 30'000;      // until the first request has come, whole
    std::uint64_t idle_ms = 600'000;      // without a further request
    std::uint64_t spared_ms = 1'000;      // before a stranger's silence costs its place when another one comes
    std::uint64_t partial_ms = 5'000;     // from the first byte of a line to its end, and for a response to be taken
    std::size_t unsent_bytes = 32U << 20; // of all clients; above it who is owed most is disconnected, strangers first
    std::size_t workers = 3;              // one of them never works for strangers
    // Those that take long, and much: one of those who see all is answered at a time, and one of all strangers. What
    // is short does not wait for them.
    bool (*is_long)(const Request&) = nullptr;
};

struct ServerCounts {
    std::uint64_t clients = 0;                                               // connected now
    std::uint64_t accepted = 0, requests = 0, refused = 0, disconnected = 0; // since the start; the last: by us
};

// Called on a worker's thread, by several at a time.
using Handler = std::function<Answer(const Request&, const Peer&)>;

// A listening stream socket at `path` with that mode, group `group` where it exists (else the process's own). Replaces
// a socket nobody listens on; refuses a path where somebody does, or that is no socket.
Result<Fd> listen_at(const std::string& path, mode_t mode, const std::string& group);

class Server {
public:
    // Takes over a listening socket (from listen_at() or systemd). Members of `group` see all. Runs in its own threads.
    static Result<std::unique_ptr<Server>> start(Fd listening, const std::string& group, const Limits& limits,
                                                 Handler handler);
    ~Server(); // ends all connections and joins the threads

    ServerCounts counts() const; // any thread

private:
    struct Loop;
    explicit Server(std::unique_ptr<Loop> loop);
    std::unique_ptr<Loop> loop_;
};

} // namespace copyscope::rpc
