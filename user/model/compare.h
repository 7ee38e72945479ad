// SPDX-License-Identifier: Apache-2.0
// Two measurements side by side: which strategy copies, switches or takes time more than it did, and which less.
// Pure. Knows rows. Must not know where they come from (a recording, a history, a bench) or how the answer is printed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/row.h"

namespace copyscope {

// One of the two.
struct Measurement {
    std::string name{};      // what the user called it
    std::string kernel{};    // uname -r; empty: unknown
    std::string copies{};    // how they were counted
    std::vector<Row> rows{}; // one per strategy and variant; of two with both the same the first counts
    std::uint64_t lost = 0;  // events
};

enum class Metric { copies_per_byte, mode_switches_per_mib, kernel_ns_per_mib };
inline constexpr std::array all_metrics = {Metric::copies_per_byte, Metric::mode_switches_per_mib,
                                           Metric::kernel_ns_per_mib};

struct Thresholds {
    double copies = 0.05;                // per byte, absolute: half of a copy of every tenth byte
    double switches = 0.10;              // per MiB, of what it was
    std::optional<double> kernel_time{}; // per MiB, of what it was; empty: not compared, because times vary
    std::uint64_t payload = 1 << 20;     // of a strategy that has less on either side nothing is said
};

enum class Change { none, better, worse };

// One figure of one strategy in both.
struct Difference {
    Metric metric{};
    double before = 0, after = 0;
    Change change = Change::none; // beyond the threshold; all three figures are better when less
};

enum class Presence { both, appeared, vanished, too_little };

struct ComparedStrategy {
    std::string strategy{}, variant{};
    Presence presence = Presence::both;
    std::uint64_t payload_before = 0, payload_after = 0;
    std::vector<Difference> differences{}; // where it is in both; without the kernel time if that is not compared
};

struct Comparison {
    Measurement before{}, after{}; // without their rows
    Thresholds thresholds{};
    std::vector<ComparedStrategy> strategies{}; // in the order of `before`, then what appeared
    std::vector<std::string> notes{};           // why the two may not be comparable

    bool worse() const;             // anything beyond its threshold, in the wrong direction
    bool strategies_differ() const; // something appeared or vanished
};

Comparison compare(const Measurement& before, const Measurement& after, const Thresholds& thresholds = {});

} // namespace copyscope
