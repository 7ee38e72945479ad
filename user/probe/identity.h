// SPDX-License-Identifier: Apache-2.0
// What user space can find out about a process besides what BPF remembers: its command line, its cgroup's path, its
// container. `root` is "/" but in tests. Not thread-safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/account.h"

namespace copyscope {

// The id that container runtimes put into cgroup paths (docker, podman, containerd, CRI-O, LXC), shortened to the 12
// digits that they print; LXC's name whole. Empty: in no container.
std::string container_of(std::string_view cgroup);

// The text as it can be shown and stored: what is not UTF-8, and control characters, become '?'. A program can put any
// bytes into its name and arguments.
std::string clean_text(std::string_view text);

class Identities {
public:
    static constexpr std::size_t max_cmdline = 512; // bytes; longer ones are cut

    // Of a walk through the tree of cgroups.
    static constexpr std::size_t most_walked = 10'000;
    static constexpr std::uint32_t intervals_between_walks = 60;

    // The path of a cgroup as the kernel told it when it was made, by its id; empty: unknown. Cut if it is that long.
    static constexpr std::size_t longest_told = sizeof(copyscope_cgroup_path::text) - 1;
    using MadeCgroup = std::function<std::string(std::uint64_t)>;

    explicit Identities(std::string root = "/", MadeCgroup made_cgroup = {})
        : root_(std::move(root)), made_cgroup_(std::move(made_cgroup)) {}

    // Fills cmdline, cgroup and container of a process as far as it still exists; uid and cgroup_id become what they
    // are now (a server forks, and then changes its user), and comm is filled if it is empty. A pid that has been used
    // again (another start time) tells nothing. Of a process that has ended the cgroup is found by cgroup_id.
    void complete(ProcessInfo& process);

    // False if it has ended, also if its pid has been used again.
    bool alive(const copyscope_process& process) const;

    void begin_interval();

    // Paths of cgroups that are gone need not be kept: call it now and then.
    void forget_cgroups();

    std::uint64_t walks() const { return walks_; } // so far

private:
    const std::string& cgroup_of(std::uint64_t id);
    void walk_cgroups();
    std::string cgroup_root() const;

    std::string root_;
    MadeCgroup made_cgroup_;
    std::unordered_map<std::uint64_t, std::string> cgroups_; // by id (inode number in cgroup2); empty: it is gone
    bool walked_ = false;                                    // not long ago
    std::uint32_t intervals_ = 0;                            // since then
    std::uint64_t walks_ = 0;
};

} // namespace copyscope
