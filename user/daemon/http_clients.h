// SPDX-License-Identifier: Apache-2.0
// Who is connected to the HTTP listener, since when, and who has to go. Knows addresses and sockets. Must not know what
// is asked. Not thread-safe.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <sys/socket.h>

namespace copyscope {

struct HttpLimits {
    std::size_t clients = 16, clients_per_network = 8;
    std::chrono::milliseconds patience{10'000}; // for all of a connection: its request, and the answer's being taken
};

// What one person has many addresses of counts as one: all of loopback, and the 64 bits that an IPv6 host chooses
// itself.
std::string network_of(const sockaddr* address);

class HttpClients {
public:
    using Clock = std::chrono::steady_clock;
    struct Client {
        int fd = -1;
        std::string network{};
        Clock::time_point since{};
        bool answered = false; // whole request has come
        bool cut_off = false;
    };

    explicit HttpClients(const HttpLimits& limits) : limits_(limits) {}

    // Where there are too many, the one that has been without a whole request longest is cut off for it: whoever says
    // at once what they want is answered, however many are silent. Stays valid until leave().
    Client* enter(int fd, const sockaddr* address, Clock::time_point now);
    void leave(Client* client);

    void cut_off_overdue(Clock::time_point now);
    Clock::time_point next_overdue() const; // max(): none

private:
    bool oldest_goes(const std::string* network, const Client* newcomer);
    static void cut_off(Client& client);

    const HttpLimits limits_;
    std::list<Client> clients_; // the oldest first
};

} // namespace copyscope
