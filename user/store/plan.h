// SPDX-License-Identifier: Apache-2.0
// Which rows of the table `interval` together are a range of time: every raw interval is in exactly one of them. Knows
// the levels and what of them is still there. Must not know what was counted.
#pragma once

#include <compare>
#include <vector>

#include "store/levels.h"
#include "store/sqlite.h"

namespace copyscope {

enum class Grain {
    coarse, // hours and minutes where they fit into the range: as few rows as can be
    fine,   // raw where it is still there
};

struct PlannedRow {
    WallTime end = 0;
    std::int64_t id = 0;
    auto operator<=>(const PlannedRow&) const = default;
};

struct Plan {
    std::vector<PlannedRow> rows{}; // oldest first; 16 bytes per row of the file at most
    bool widened = false;           // some row also covers time outside of the range, as finer ones have expired
};

// Of all that ended in (since, until]. To be called in the transaction in which the rows are then read.
Result<Plan> plan_range(Connection& connection, WallTime since, WallTime until, Grain grain);

} // namespace copyscope
