// SPDX-License-Identifier: Apache-2.0
// See http_clients.h.
#include "daemon/http_clients.h"

#include <algorithm>
#include <netinet/in.h>

namespace copyscope {

std::string network_of(const sockaddr* address) {
    if (address && address->sa_family == AF_INET) {
        const auto host = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
        return host >> 24 == IN_LOOPBACKNET ? "loopback" : "4:" + std::to_string(host);
    }
    if (address && address->sa_family == AF_INET6) {
        const in6_addr& host = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        const auto* bytes = reinterpret_cast<const char*>(host.s6_addr);
        if (IN6_IS_ADDR_LOOPBACK(&host))
            return "loopback";
        if (!IN6_IS_ADDR_V4MAPPED(&host))
            return "6:" + std::string(bytes, 8);
        sockaddr_in mapped{};
        mapped.sin_family = AF_INET;
        std::copy_n(bytes + 12, 4, reinterpret_cast<char*>(&mapped.sin_addr));
        return network_of(reinterpret_cast<const sockaddr*>(&mapped));
    }
    return "";
}

HttpClients::Client* HttpClients::enter(int fd, const sockaddr* address, Clock::time_point now) {
    clients_.push_back({.fd = fd, .network = network_of(address), .since = now});
    Client& newcomer = clients_.back();
    const auto count = [&](const std::string* network) {
        return static_cast<std::size_t>(std::ranges::count_if(clients_, [&](const Client& client) {
            return !client.cut_off && (!network || client.network == *network);
        }));
    };
    while (count(&newcomer.network) > limits_.clients_per_network && oldest_goes(&newcomer.network, &newcomer))
        ;
    while (count(nullptr) > limits_.clients && oldest_goes(nullptr, &newcomer))
        ;
    return &newcomer;
}

// Those that have been answered only if there are no others: their answers are on the way.
bool HttpClients::oldest_goes(const std::string* network, const Client* newcomer) {
    Client* oldest = nullptr;
    for (Client& client : clients_)
        if (&client != newcomer && !client.cut_off && (!network || client.network == *network) &&
            (!oldest || (oldest->answered && !client.answered)))
            oldest = &client;
    if (oldest)
        cut_off(*oldest);
    return oldest;
}

void HttpClients::leave(Client* client) {
    clients_.remove_if([client](const Client& one) { return &one == client; });
}

// Whoever serves the socket sees its end, and closes it.
void HttpClients::cut_off(Client& client) {
    client.cut_off = true;
    ::shutdown(client.fd, SHUT_RDWR);
}

void HttpClients::cut_off_overdue(Clock::time_point now) {
    for (Client& client : clients_)
        if (!client.cut_off && client.since + limits_.patience <= now)
            cut_off(client);
}

HttpClients::Clock::time_point HttpClients::next_overdue() const {
    const auto next = std::ranges::find(clients_, false, &Client::cut_off);
    return next == clients_.end() ? Clock::time_point::max() : next->since + limits_.patience;
}

} // namespace copyscope
