// SPDX-License-Identifier: Apache-2.0
// Intervals as metrics, which only grow, and the page of them. Without what was before the start: counters begin at 0.
#pragma once

#include <functional>
#include <mutex>

#include "daemon/board.h"
#include "daemon/sink.h"
#include "model/metrics.h"

namespace copyscope {

class MetricsSink final : public Sink {
public:
    // `clients` tells how many the socket has, from any thread.
    MetricsSink(const Config& config, const Board& board, std::function<std::uint64_t()> clients);

    void begin(const Run& run, const Beginning& beginning) override;
    void reported(const std::shared_ptr<const Interval>& interval, const Run& run) override;

    std::string text(bool openmetrics); // any thread

private:
    const Board& board_;
    const std::function<std::uint64_t()> clients_;
    std::mutex mutex_; // of the registry
    MetricsRegistry registry_;
    Origins origins_{};
};

} // namespace copyscope
