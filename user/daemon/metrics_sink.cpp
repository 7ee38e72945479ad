// SPDX-License-Identifier: Apache-2.0
// See metrics_sink.h.
#include "daemon/metrics_sink.h"

#include "base/version.h"
#include "daemon/cost.h"
#include "model/daemon_cost.h"
#include "report/openmetrics.h"

namespace copyscope {

MetricsSink::MetricsSink(const Config& config, const Board& board, std::function<std::uint64_t()> clients)
    : board_(board), clients_(std::move(clients)),
      registry_({.label = *find_metrics_label(config.label), .max_names = config.top}) {}

void MetricsSink::begin(const Run&, const Beginning& beginning) {
    origins_ = beginning.provenance.origins;
}

void MetricsSink::reported(const std::shared_ptr<const Interval>& interval, const Run&) {
    const std::lock_guard lock(mutex_);
    registry_.add(*interval, origins_);
}

std::string MetricsSink::text(bool openmetrics) {
    const auto state = board_.read();
    const DaemonCost cost{.cpu_seconds = cpu_seconds(),
                          .rss_bytes = resident_bytes(),
                          .bpf_run_ns = state.bpf_run_ns,
                          .accounts = state.accounts,
                          .processes = state.processes,
                          .intervals = state.intervals,
                          .losses = state.losses.total(),
                          .history_bytes = state.history_bytes,
                          .history_healthy = state.history_error.empty(),
                          .clients = clients_(),
                          .interval_ms = static_cast<std::uint32_t>(state.interval_ms),
                          .last_interval = state.latest ? state.latest->end : 0};
    const std::lock_guard lock(mutex_);
    const MetricsFacts facts{.version = version,
                             .kernel = state.kernel,
                             .copies = state.latest ? state.latest->sample.source : CopySource::derived};
    return render_metrics(registry_, facts, cost, openmetrics ? MetricsFormat::openmetrics : MetricsFormat::text);
}

} // namespace copyscope
