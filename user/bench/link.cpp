// SPDX-License-Identifier: Apache-2.0
// See link.h.
#include "bench/link.h"

#include <arpa/inet.h>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <memory>
#include <net/if.h>
#include <sys/ioctl.h>

namespace copyscope {

namespace {

// 0 or an errno. `command` is one of the ethtool structs, its cmd filled in.
int ethtool(const std::string& interface, void* command) {
    Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket)
        return errno;
    ifreq request = {};
    if (interface.size() >= sizeof(request.ifr_name))
        return ENODEV;
    std::memcpy(request.ifr_name, interface.c_str(), interface.size());
    request.ifr_data = static_cast<char*>(command);
    return ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 ? 0 : errno;
}

std::string driver_of(const std::string& interface) {
    ethtool_drvinfo info = {};
    info.cmd = ETHTOOL_GDRVINFO;
    if (ethtool(interface, &info) != 0)
        return "";
    return std::string(info.driver, ::strnlen(info.driver, sizeof(info.driver)));
}

bool has_address(const sockaddr* at, const std::string& number) {
    char text[INET6_ADDRSTRLEN] = "";
    if (at && at->sa_family == AF_INET)
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(at)->sin_addr, text, sizeof(text));
    else if (at && at->sa_family == AF_INET6)
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(at)->sin6_addr, text, sizeof(text));
    return number == text;
}

// The first interface with this address, or (number empty) the first loopback interface.
Result<std::string> interface_with(const std::string& number) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
        return fail_errno("cannot list the network interfaces");
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    for (const ifaddrs* entry = list; entry; entry = entry->ifa_next)
        if (number.empty() ? (entry->ifa_flags & IFF_LOOPBACK) != 0 : has_address(entry->ifa_addr, number))
            return std::string(entry->ifa_name);
    return std::string();
}

} // namespace

Result<Link> find_link(const HostPort& target) {
    auto probe = TRY(connect_udp(target));
    auto local = local_address(probe);
    if (!local)
        return std::unexpected(local.error());
    // Whatever is sent to an address of this machine goes through the loopback device, whichever interface has it.
    auto peer_interface = interface_with(peer_address(probe).host);
    if (!peer_interface)
        return std::unexpected(peer_interface.error());
    Link link;
    link.loopback = !peer_interface->empty() || local->host.starts_with("127.");
    auto interface = TRY(interface_with(link.loopback ? "" : local->host));
    link.interface = interface;
    link.driver = driver_of(link.interface);
    if (auto state = scatter_gather(link.interface))
        link.scatter_gather = *state;
    return link;
}

Result<bool> scatter_gather(const std::string& interface) {
    ethtool_value value = {.cmd = ETHTOOL_GSG, .data = 0};
    if (const int error = ethtool(interface, &value))
        return fail(fmt::format("{} does not tell its scatter-gather ({}): leave --sg at keep", interface,
                                std::strerror(error)));
    return value.data != 0;
}

Result<ScatterGatherSwitch> ScatterGatherSwitch::set(const std::string& interface, bool on) {
    const auto before = TRY(copyscope::scatter_gather(interface));
    if (before == on)
        return ScatterGatherSwitch(interface, std::nullopt);
    ethtool_value value = {.cmd = ETHTOOL_SSG, .data = on};
    const int error = ethtool(interface, &value);
    if (error == EPERM)
        return fail(
            fmt::format("only root (CAP_NET_ADMIN) switches scatter-gather of {}: use sudo, or --sg keep", interface));
    const auto after = copyscope::scatter_gather(interface);
    if (error != 0 || !after || *after != on) // some drivers say yes and keep what they have
        return fail(fmt::format("{} cannot turn scatter-gather {}: use a target behind another interface, or --sg keep",
                                interface, on ? "on" : "off"));
    return ScatterGatherSwitch(interface, before);
}

ScatterGatherSwitch::ScatterGatherSwitch(ScatterGatherSwitch&& other) noexcept
    : interface_(std::move(other.interface_)), before_(std::exchange(other.before_, std::nullopt)) {}

ScatterGatherSwitch::~ScatterGatherSwitch() {
    if (!before_)
        return;
    ethtool_value value = {.cmd = ETHTOOL_SSG, .data = *before_};
    (void)ethtool(interface_, &value);
}

} // namespace copyscope
