// SPDX-License-Identifier: Apache-2.0
// Accounts -> rows: which accounts make a strategy, what their counters add up to, and whether the sums close.
// Knows the ABI and the strategies' patterns. Must not know how anything was counted or how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/account.h"
#include "model/origins.h"
#include "model/row.h"
#include "model/verdict.h"
#include "strategy/strategy.h"

namespace copyscope {

// One repetition of one strategy.
struct StrategyRun {
    const Strategy* strategy = nullptr; // required
    Sample sample{};
    std::uint64_t payload_bytes = 0;          // the workload's own count
    std::uint64_t chunk = 0;                  // bytes per cycle, 0: unknown
    std::optional<Completions> completions{}; // the workload's own count
    std::uint32_t pid = 0;                    // only this process; 0: all of the sample
    Variant variant{};
    Origins origins{};
};

// All accounts that match the strategy, with the verdict. What does not match is left out, and noted in the row where
// the CPU copied in it.
Row strategy_row(const StrategyRun& run);

// The rest of the sample, in one row named "outside the strategy": other operations, endpoints and processes.
Row residue_row(const StrategyRun& run);

// Of several repetitions the one with the median kernel_ns (of an even number the lower one), with `runs` set and a
// note for each count that was not the same in all. `repetitions` must not be empty.
Row median_row(std::span<const Row> repetitions);

struct RunOptions {
    bool per_process = false;           // a row per process, not per command name
    bool per_device = false;            // a row per file system and interface
    std::vector<std::uint32_t> disks{}; // of file systems with a number of no device (btrfs) those that are on a disk
    Origins origins{};
};

// One row per {command, operation, source, sink}: first where most bytes are at stake, copied, moved by calls or
// devices, or unaccounted; what moved nothing comes last, page faults at the very end. `lost` is that of the accounts;
// Sample.losses belongs to no row.
std::vector<Row> operation_rows(const Sample& sample, const RunOptions& options = {});

// The first `top` rows, and the sum of the others in one more, named "others". Not more than that: as they are.
std::vector<Row> fold_rows(std::vector<Row> rows, std::size_t top);

// The sum of rows, named "all operations"; its `lost` is all that `losses` has (with_accounts()). A byte that is read
// and then written is payload twice, so its copies per byte are those of an average operation.
Row total_row(std::span<const Row> rows, const Losses& losses);

} // namespace copyscope
