// SPDX-License-Identifier: Apache-2.0
// What becomes of an interval: who gets it, and in which order. What each of them does with it is in a file of its own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "daemon/metrics_sink.h"
#include "daemon/sink.h"

namespace copyscope {

// Belongs to the loop's thread, but for the metrics, which a server's threads ask for.
class Keeper {
public:
    // Opens the history for writing. Call it as the one who shall own the file. `board` must outlive this, `clients`
    // tells how many the socket has, from any thread.
    Status open(const Config& config, Board& board, std::function<std::uint64_t()> clients);

    // A run of the collector begins.
    void begin(const Attached& attached, const Config& config, const Collector& collector);

    // Returns whether nobody but this process has moved anything.
    bool take(Interval interval, const Config& config, const Collector& collector);

    MetricsSink& metrics() { return *metrics_; }

private:
    std::vector<std::unique_ptr<Sink>> sinks_;
    MetricsSink* metrics_ = nullptr; // one of them
};

} // namespace copyscope
