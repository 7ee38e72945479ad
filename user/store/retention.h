// SPDX-License-Identifier: Apache-2.0
// Sums minutes and hours, and removes what is too old or too much. Knows the levels and the tables. Must not know what
// is in the figures.
#pragma once

#include "store/names.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace copyscope {

// Adds every raw interval to its minute and its hour, but those of the minute that is running at `now`. So many
// `processes` have sums of their own in an hour (crowd.h).
Status sum_up(Connection& connection, const Names& names, WallTime now, std::size_t processes);

// The age of a history: what it has collected in its life, in milliseconds by the boot clock. The end of an interval is
// by the wall clock, which may have jumped by years when it was read; its length is not (Collector).
Result<std::int64_t> lived_so_far(Connection& connection);
std::int64_t lived_after(std::int64_t before, const Interval& interval);

// Removes what is older than retention allows, or more than it. True: accounts or processes may have been removed.
// Never removes what is not summed. What is coarser is kept at least as long as what is finer.
Result<bool> expire(Connection& connection, const Retention& retention, std::int64_t current_run);

} // namespace copyscope
