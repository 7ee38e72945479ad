// SPDX-License-Identifier: Apache-2.0
// How container runtimes name their cgroups. Pure.
#include <algorithm>

#include "probe/identity.h"

namespace copyscope {
namespace {

constexpr std::size_t id_digits = 64, shown_digits = 12;

// docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, nerdctl-ID.scope, crio-ID.scope below systemd; without a
// ".scope", and docker and containerd without a prefix, where the runtime makes cgroups itself. What watches over a
// container (crio-conmon-ID, libpod-conmon-ID) is not in it.
std::string_view id_in(std::string_view name) {
    if (name.ends_with(".scope"))
        name.remove_suffix(6);
    if (name.size() < id_digits)
        return {};
    const auto id = name.substr(name.size() - id_digits), prefix = name.substr(0, name.size() - id_digits);
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!std::ranges::all_of(id, is_hex) || (!prefix.empty() && !prefix.ends_with('-')) ||
        prefix.find("conmon") != prefix.npos)
        return {};
    return id.substr(0, shown_digits);
}

} // namespace

// The innermost one: a container in a container is where the process is.
std::string container_of(std::string_view cgroup) {
    constexpr std::string_view payload = "lxc.payload.";
    std::string_view found, parent;
    while (!cgroup.empty()) {
        const auto end = std::min(cgroup.find('/'), cgroup.size());
        const auto name = cgroup.substr(0, end);
        cgroup.remove_prefix(std::min(end + 1, cgroup.size()));
        if (const auto id = id_in(name); !id.empty())
            found = id;
        else if (name.starts_with(payload))
            found = name.substr(payload.size());
        else if (parent == "lxc" && !name.empty()) // before LXC 4
            found = name;
        parent = name;
    }
    return std::string(found);
}

} // namespace copyscope
