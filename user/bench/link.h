// SPDX-License-Identifier: Apache-2.0
// The network interface behind a target: its name, driver and scatter-gather, and a switch for the last.
// Knows ethtool ioctls and local addresses; knows nothing of what is sent.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "bench/address.h"

namespace copyscope {

struct Link {
    std::string interface;              // "eth0"; empty: not found
    std::string driver;                 // "e1000"; empty: has none (loopback)
    std::optional<bool> scatter_gather; // nothing: the driver does not say
    bool loopback = false;
};

// The interface through which the kernel now sends to this address. Sends nothing.
Result<Link> find_link(const HostPort& target);

Result<bool> scatter_gather(const std::string& interface);

// Sets scatter-gather of an interface and sets it back in the destructor (needs CAP_NET_ADMIN). Everybody on the
// machine shares the interface, and a socket keeps what it found when it connected: switch first, connect then.
class ScatterGatherSwitch {
public:
    static Result<ScatterGatherSwitch> set(const std::string& interface, bool on);

    ScatterGatherSwitch(ScatterGatherSwitch&& other) noexcept;
    ScatterGatherSwitch& operator=(ScatterGatherSwitch&&) = delete;
    ~ScatterGatherSwitch();

private:
    ScatterGatherSwitch(std::string interface, std::optional<bool> before)
        : interface_(std::move(interface)), before_(before) {}

    std::string interface_;
    std::optional<bool> before_; // nothing: there is nothing to set back
};

} // namespace copyscope
