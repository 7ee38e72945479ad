// SPDX-License-Identifier: Apache-2.0
#include "rpc/peer.h"

#include <algorithm>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <vector>

namespace copyscope::rpc {
namespace {

constexpr std::size_t entry_bytes = 64 << 10; // of the user database; groups can have many members

// Kernels without SO_PEERGROUPS (before 4.13) know only the primary group: what the user database says.
std::vector<gid_t> listed_groups(const ucred& who) {
    std::vector<char> text(entry_bytes);
    passwd entry{}, *found = nullptr;
    if (::getpwuid_r(who.uid, &entry, text.data(), text.size(), &found) != 0 || !found)
        return {};
    std::vector<gid_t> groups(1024);
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(entry.pw_name, who.gid, groups.data(), &count) < 0)
        return {};
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

// The supplementary groups.
std::vector<gid_t> groups_of(int socket, const ucred& who) {
    std::vector<gid_t> groups(32);
    for (int attempt = 0; attempt < 2; attempt++) {
        socklen_t bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const bool given = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0;
        if (!given && errno != ERANGE)
            return listed_groups(who);
        groups.resize(bytes / sizeof(gid_t)); // ERANGE: as many as there are
        if (given)
            return groups;
    }
    return {};
}

} // namespace

std::optional<gid_t> group_named(const std::string& name) {
    std::vector<char> text(entry_bytes);
    group entry{}, *found = nullptr;
    int error = 0;
    while ((error = ::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found)) == ERANGE)
        text.resize(text.size() * 2);
    if (error != 0 || !found)
        return std::nullopt;
    return entry.gr_gid;
}

Result<Peer> peer_of(int socket, std::optional<gid_t> seeing_group) {
    ucred who{};
    socklen_t bytes = sizeof(who);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &bytes) != 0)
        return fail_errno("who is at the other end of a socket");
    Peer peer{.uid = who.uid, .gid = who.gid, .pid = who.pid, .sees_all = who.uid == 0};
    if (!peer.sees_all && seeing_group) {
        const auto groups = groups_of(socket, who);
        peer.sees_all = who.gid == *seeing_group || std::ranges::find(groups, *seeing_group) != groups.end();
    }
    return peer;
}

} // namespace copyscope::rpc
