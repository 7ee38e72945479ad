// SPDX-License-Identifier: Apache-2.0
// The bench: every strategy, in a process of its own, from one file to one target, counted and verified.
// Knows the order of things (cache, connection, barrier, recorder, receipt); knows nothing of how anything is counted,
// judged or printed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/link.h"
#include "bench/patience.h"
#include "bench/recorder.h"
#include "bench/target.h"
#include "model/account.h"
#include "strategy/strategy.h"

namespace copyscope {

enum class CacheMode { cold, warm };
enum class ScatterGatherMode { keep, on, off, both };

inline constexpr std::size_t default_chunk = 64 * 1024;

struct BenchOptions {
    std::vector<const Strategy*> strategies; // empty: default_strategies()
    std::uint64_t size = 0;                  // bytes; 0: 8 MiB, or all of source_path
    std::optional<std::size_t> chunk;        // bytes per cycle, at most the payload; nothing: default_chunk
    std::uint32_t repeat = 1;
    CacheMode cache = CacheMode::cold;
    std::string source_path;       // a file of the user; empty: a scratch file in scratch_dir
    std::string scratch_dir = "."; // on the disk that is to be measured
    std::optional<Target> target;  // nothing: a receiver of one's own, on 127.0.0.1
    ScatterGatherMode scatter_gather = ScatterGatherMode::keep; // all but keep: a TCP target and CAP_NET_ADMIN
    Patience patience;
};

// One strategy, run once.
struct BenchRun {
    const Strategy* strategy = nullptr;
    std::uint32_t repetition = 0; // from 0
    CacheMode cache = CacheMode::cold;
    std::optional<std::uint64_t> resident_pages; // of the payload, before the run; nothing: this user cannot know
    Link link;                                   // to a TCP target: as it was during the run; else empty
    bool verified = false;                       // every byte was compared; false: target null
    Moved moved;                                 // the workload's own count
    Sample sample;                               // the recorder's
};

struct BenchProgress {
    const Strategy* strategy;
    std::optional<bool> scatter_gather; // of the link, where there is one
    std::uint32_t repetition;           // from 0
    std::size_t done, total;            // runs
};

// Runs in the order: scatter-gather state (on before off), strategy, repetition. The first error ends it: a run whose
// bytes are wrong is an error and never a row. Forks, so call it before the program starts threads. `on_progress` is
// called before each run and may be empty.
Result<std::vector<BenchRun>> run_bench(const BenchOptions& options, Recorder& recorder,
                                        const std::function<void(const BenchProgress&)>& on_progress);

} // namespace copyscope
