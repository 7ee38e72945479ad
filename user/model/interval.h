// SPDX-License-Identifier: Apache-2.0
// What was counted between two points of time: what the collector makes, the store keeps and reports are made of.
#pragma once

#include <cstdint>

#include "model/account.h"

namespace copyscope {

// Milliseconds since 1970-01-01 UTC, by the wall clock: a label, never used to measure. It may jump.
using WallTime = std::int64_t;

struct Interval {
    WallTime begin = 0, end = 0; // the interval is (begin, end]
    // Differences, not sums since attaching: accounts in which nothing happened are left out. `processes` has everyone
    // who owns one of the accounts, and nobody else.
    Sample sample{};
};

// `into` becomes the sum of both: accounts of one key are added up, processes united (the later one's words win),
// losses added, the times span both. An empty `into` (default-constructed) takes over `from`'s times.
void add_interval(Interval& into, const Interval& from);

// Only what belongs to processes of that user (real uid). Losses stay: they may be anybody's.
Sample sample_of_user(const Sample& sample, std::uint32_t uid);

} // namespace copyscope
