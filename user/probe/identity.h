// SPDX-License-Identifier: Apache-2.0
// What user space can find out about a process besides what BPF remembers: its command line, its cgroup's path, its
// container. `root` is "/" but in tests. Not thread-safe.
#pragma once

#include <string>
#include <unordered_map>

#include "model/account.h"

namespace copyscope {

// The id that container runtimes put into cgroup paths (docker, podman, containerd, CRI-O, LXC), shortened to the 12
// digits that they print; LXC's name whole. Empty: in no container.
std::string container_of(std::string_view cgroup);

class Identities {
public:
    explicit Identities(std::string root = "/") : root_(std::move(root)) {}

    // Fills cmdline, cgroup and container of a process as far as it still exists. A pid that has been used again
    // (another start time) tells nothing.
    void complete(ProcessInfo& process);

    // Paths of cgroups that are gone need not be kept: call it now and then with those still in use.
    void forget_cgroups();

private:
    std::string root_;
    std::unordered_map<std::uint64_t, std::string> cgroups_; // by id (inode number in cgroup2)
};

} // namespace copyscope
