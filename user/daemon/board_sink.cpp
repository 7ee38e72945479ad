// SPDX-License-Identifier: Apache-2.0
// See board_sink.h.
#include "daemon/board_sink.h"

namespace copyscope {

void BoardSink::begin(const Run& run, const Beginning& beginning) {
    const Provenance& provenance = beginning.provenance;
    board_.change([&](DaemonState& state) {
        state.measuring = true;
        state.obstacle.clear();
        state.kernel = provenance.kernel;
        state.copies = copy_source_name(provenance.source);
        state.not_seen = provenance.not_seen;
        state.origins = provenance.origins;
        state.interval_ms = static_cast<std::uint64_t>(run.config.interval.count());
    });
}

void BoardSink::reported(const std::shared_ptr<const Interval>& interval, const Run& run) {
    const auto run_ns = run.collector.session().bpf_run_ns();
    const auto pause = run.idle ? run.config.idle_interval : run.config.interval;
    board_.change([&](DaemonState& state) {
        state.obstacle.clear();
        state.intervals++;
        state.accounts = run.collector.accounts();
        state.processes = run.collector.processes();
        state.losses += interval->sample.losses;
        state.quiet_since = run.collector.quiet_since();
        state.bpf_run_ns = run_ns;
        state.interval_ms = static_cast<std::uint64_t>(pause.count());
        state.latest = interval;
    });
}

} // namespace copyscope
