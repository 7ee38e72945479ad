// SPDX-License-Identifier: Apache-2.0
// What `bench` and `audit` have in common: the options that say which strategies run how, and running them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "cli/commands.h"
#include "cli/machine.h"
#include "model/rows.h"
#include "probe/copies.h"
#include "probe/session.h"

namespace copyscope {

struct BenchArguments {
    std::string strategies, size, chunk, sink;
    int stall = 120;
    std::vector<std::string> left_out; // strategies, with the reason; filled by measure_bench()
    CopyChoice copies = CopyChoice::automatic;
    BenchOptions bench;

    void add_options(Subcommand command);
};

struct MeasuredBench {
    Machine machine;
    std::vector<BenchRun> runs;
    std::unique_ptr<Session> session; // still attached: see detach()
    std::vector<std::string> notes;   // what a reader of any report of it must know
};

// Parses what the options hold and runs the bench. Whatever is wrong with them is said before anything is loaded.
Result<MeasuredBench> measure_bench(BenchArguments& arguments);

// One run as the model wants it; the sample is as it was counted.
StrategyRun strategy_run(const BenchArguments& arguments, const BenchRun& run);

// Source and sink of a report's head, in words. No sink: no strategy had one.
std::string source_text(const BenchArguments& arguments);
std::string sink_text(const BenchArguments& arguments, const std::vector<BenchRun>& runs);

} // namespace copyscope
