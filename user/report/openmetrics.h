// SPDX-License-Identifier: Apache-2.0
// All that the daemon exports, as text for Prometheus. docs/prometheus.md lists the families.
#pragma once

#include <string>

#include "model/daemon_cost.h"
#include "model/metrics.h"
#include "report/exposition.h"

namespace copyscope {

// What does not change while the daemon counts.
struct MetricsFacts {
    std::string version{}; // of copyscope: "0.1.0"
    std::string kernel{};  // uname -r
    CopySource copies = CopySource::derived;
};

std::string render_metrics(const MetricsRegistry& registry, const MetricsFacts& facts, const DaemonCost& cost,
                           MetricsFormat format);

} // namespace copyscope
