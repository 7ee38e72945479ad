// SPDX-License-Identifier: Apache-2.0
// A sample, broken down by one dimension: what `copyscope report` and `top` show and the daemon answers with.
// Pure. Knows accounts and strategies. Must not know where the sample comes from or how it is printed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/interval.h"
#include "model/row.h"
#include "model/rows.h"

namespace copyscope {

enum class Dimension { strategy, process, command, user, cgroup, endpoint, copy_class };

std::string_view dimension_name(Dimension dimension); // "strategy", "process", ..., "class": as in JSON and --by
std::optional<Dimension> find_dimension(std::string_view name);

// What a report is sorted by, largest first.
enum class SortKey { copied, payload, copies_per_byte, operations, mode_switches, kernel_time, dma, name };
std::string_view sort_key_name(SortKey key); // "copied", "payload", "copies-per-byte", "operations", ...
std::optional<SortKey> find_sort_key(std::string_view name);

struct ReportQuery {
    Dimension by = Dimension::strategy;
    SortKey sort = SortKey::copied;
    std::uint32_t top = 0;                    // groups; the rest is summed in one group "other". 0: all
    bool nested = false;                      // strategies beneath each group
    std::optional<WallTime> since{}, until{}; // empty: from the first, to the last interval there is
    bool latest = false;                      // the latest interval alone; excludes since and until
};

// The sum of what has one name in the dimension. Its figures are exact: the groups of a breakdown sum to its total.
struct Group {
    std::string name;      // "sendfile", "nginx", "root", "/system.slice/nginx.service", "file -> tcp", "to_user"
    std::string detail{};  // process: cmdline; cgroup: container; else empty
    std::uint32_t pid = 0; // dimension process only
    std::string user{};    // dimension process: whose it is, by name, or the uid where it has none; else empty
    Row sums{};            // figures only: names, textbook and verdict are empty
    std::vector<Group> beneath{}; // query.nested
};

struct Breakdown {
    Dimension by = Dimension::strategy;
    std::string kernel{};          // uname -r
    std::string copies{};          // how they were counted: "derived", "breakpoints", "module"
    WallTime since = 0, until = 0; // what is really covered; wider than asked where only coarser history is left
    std::vector<Group> groups{};
    Row total{}; // of all groups, "other" included; `lost` is all that `losses` has, whichever group's or nobody's
    Losses losses{};
    std::vector<std::string> notes{}; // what a reader must know: what is not seen, what was widened
};

// Names of users are looked up by the caller's function, so that this stays pure; empty: uids stay numbers.
using UserNames = std::string (*)(std::uint32_t uid);

// A strategy is told per process (strategies.h): by operations and endpoints, and of reads and writes by their amounts.
// An account that is part of two strategies is divided between them.
Breakdown break_down(const Interval& interval, const ReportQuery& query, const Origins& origins,
                     UserNames user_name = nullptr);

} // namespace copyscope
