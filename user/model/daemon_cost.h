// SPDX-License-Identifier: Apache-2.0
// What the daemon costs and how it is, as plain data: for `status` and for the exported metrics.
// Whoever measures it fills it in; nothing here knows how.
#pragma once

#include <cstdint>
#include <optional>

#include "model/interval.h"

namespace copyscope {

struct DaemonCost {
    double cpu_seconds = 0;      // user and system, since the daemon began
    std::uint64_t rss_bytes = 0; // resident memory
    // Run time of the BPF programs since they were loaded, on all processors. Empty: the kernel does not measure it
    // (sysctl kernel.bpf_stats_enabled).
    std::optional<std::uint64_t> bpf_run_ns{};
    std::uint64_t accounts = 0, processes = 0; // in the maps, at the last reading
    std::uint64_t intervals = 0;               // taken since the daemon began
    std::uint64_t losses = 0;                  // events of every kind since then; the metrics have them by reason
    std::uint64_t history_bytes = 0;           // of the file and its WAL; 0: none is kept
    bool history_healthy = true;               // false: the last interval could not be stored
    std::uint64_t clients = 0;                 // connected to the socket
    std::uint32_t interval_ms = 0;             // between two readings, at present: longer when idle
    WallTime last_interval = 0;                // its end; 0: there was none yet
};

} // namespace copyscope
