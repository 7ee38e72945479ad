// SPDX-License-Identifier: Apache-2.0
// What processes have in common that are summed up as one: a crowd. Knows nothing of files, nor of who is summed up
// when.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace copyscope {

enum class CrowdKind : std::int64_t {
    none = 0,   // a process
    common = 1, // of one {user, command, cgroup, container}
    user = 2,   // of one user, whatever they run
    others = 3, // of all the others together
};

// The table `process` has these columns of a crowd's row.
struct CrowdWords {
    CrowdKind kind = CrowdKind::common;
    bool known = true; // else nothing was ever heard of its processes
    std::int64_t uid = std::numeric_limits<std::uint32_t>::max();
    std::string comm{}, cgroup{}, container{};

    bool operator==(const CrowdWords&) const = default;

    // All of it in one line, and the same in each file and boot.
    std::string text() const;

    // The start time in the id of its process, whose pid is 0: no process has started so late. Made of the words, so
    // that a crowd has one id wherever it is; `next` where another crowd has that one.
    std::uint64_t start_ns(std::uint64_t next = 0) const;

    // The crowd that these are in where there are too many of theirs, and at last one for all.
    CrowdWords of_user() const;
    static CrowdWords of_others();
};

} // namespace copyscope
