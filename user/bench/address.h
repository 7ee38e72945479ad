// SPDX-License-Identifier: Apache-2.0
// HOST:PORT as text, and TCP sockets made from it. Knows names and timeouts; knows nothing of what is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

struct HostPort {
    std::string host; // name or number, IPv6 without brackets; empty: every local address
    std::uint16_t port = 0;
};

// "127.0.0.1:7007", "server:7007", "[::1]:7007", ":7007".
Result<HostPort> parse_host_port(const std::string& text);
std::string to_string(const HostPort& address);

// The numeric form of a socket's own address, or of its peer's.
Result<HostPort> local_address(const Fd& socket);
HostPort peer_address(const Fd& socket); // empty where there is none

// A connected, blocking socket. Tries every address of a name, each for `timeout`.
Result<Fd> connect_tcp(const HostPort& address, std::chrono::milliseconds timeout);

// A listening, non-blocking socket; port 0 lets the kernel choose.
Result<Fd> listen_tcp(const HostPort& address);

// A UDP socket connected to the address: nothing is sent, but the kernel has chosen a route and a local address.
Result<Fd> connect_udp(const HostPort& address);

} // namespace copyscope
