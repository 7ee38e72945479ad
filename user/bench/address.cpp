// SPDX-License-Identifier: Apache-2.0
// See address.h.
#include "bench/address.h"

#include <arpa/inet.h>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

namespace copyscope {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Addresses> resolve(const HostPort& address, int type, int flags) {
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = type;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(),
                                    fmt::to_string(address.port).c_str(), &hints, &found);
    if (error != 0)
        return fail(fmt::format("cannot find the host {} ({}): check the name, or use its number", address.host,
                                ::gai_strerror(error)));
    return Addresses(found, &::freeaddrinfo);
}

// 0 or an errno.
int connect_within(const Fd& socket, const addrinfo& to, std::chrono::milliseconds timeout) {
    if (::connect(socket.get(), to.ai_addr, to.ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd wait = {.fd = socket.get(), .events = POLLOUT, .revents = 0};
        const int ready = left.count() > 0 ? ::poll(&wait, 1, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return ready == 0 ? ETIMEDOUT : errno;
        int error = 0;
        socklen_t length = sizeof(error);
        return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
    }
}

HostPort to_host_port(const sockaddr_storage& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
        return {text, ntohs(v4.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
        return {text, ntohs(v6.sin6_port)};
    }
    return {};
}

} // namespace

Result<HostPort> parse_host_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const auto wrong = [&] {
        return fail_usage(fmt::format("`{}` is no address: write HOST:PORT or [IPV6]:PORT", text));
    };
    if (colon == std::string::npos)
        return wrong();
    std::string host = text.substr(0, colon);
    if (!host.empty() && host.front() == '[') {
        if (host.size() < 3 || host.back() != ']')
            return wrong();
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return wrong(); // IPv6 without brackets: where does the port begin?
    }
    unsigned port = 0;
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, port);
    if (begin == end || stop != end || error != std::errc() || port > 65535)
        return wrong();
    return HostPort{host, static_cast<std::uint16_t>(port)};
}

std::string to_string(const HostPort& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

Result<HostPort> local_address(const Fd& socket) {
    sockaddr_storage address = {};
    socklen_t length = sizeof(address);
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return fail_errno("cannot get the address of a socket");
    return to_host_port(address);
}

HostPort peer_address(const Fd& socket) {
    sockaddr_storage address = {};
    socklen_t length = sizeof(address);
    if (::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return {};
    return to_host_port(address);
}

Result<Fd> connect_tcp(const HostPort& address, std::chrono::milliseconds timeout) {
    auto found = TRY(resolve(address, SOCK_STREAM, 0));
    int error = EADDRNOTAVAIL;
    for (const addrinfo* to = found.get(); to; to = to->ai_next) {
        Fd socket(::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        error = socket ? connect_within(socket, *to, timeout) : errno;
        if (error != 0)
            continue;
        const int flags = ::fcntl(socket.get(), F_GETFL);
        if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
            return fail_errno("cannot make a socket blocking");
        return socket;
    }
    return fail(fmt::format("cannot reach {} ({}): is `copyscope sink` running there?", to_string(address),
                            std::strerror(error)));
}

Result<Fd> listen_tcp(const HostPort& address) {
    auto found = TRY(resolve(address, SOCK_STREAM, AI_PASSIVE));
    int error = EADDRNOTAVAIL;
    for (const addrinfo* at = found.get(); at; at = at->ai_next) {
        Fd socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int on = 1;
        if (socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            ::bind(socket.get(), at->ai_addr, at->ai_addrlen) == 0 && ::listen(socket.get(), SOMAXCONN) == 0)
            return socket;
        error = errno;
    }
    return fail(fmt::format("cannot listen at {} ({}): choose a free port and an address of this machine",
                            to_string(address), std::strerror(error)));
}

Result<Fd> connect_udp(const HostPort& address) {
    auto found = TRY(resolve(address, SOCK_DGRAM, 0));
    int error = EADDRNOTAVAIL;
    for (const addrinfo* to = found.get(); to; to = to->ai_next) {
        Fd socket(::socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (socket && ::connect(socket.get(), to->ai_addr, to->ai_addrlen) == 0)
            return socket;
        error = errno;
    }
    return fail(
        fmt::format("no route to {} ({}): check the address and `ip route`", to_string(address), std::strerror(error)));
}

} // namespace copyscope
