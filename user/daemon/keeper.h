// SPDX-License-Identifier: Apache-2.0
// What becomes of an interval: it goes to the history, to the metrics and onto the board.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "daemon/attacher.h"
#include "daemon/board.h"
#include "daemon/config.h"
#include "daemon/history.h"
#include "daemon/http.h"
#include "model/daemon_cost.h"
#include "model/metrics.h"

namespace copyscope {

// Belongs to the loop's thread, but for the metrics, which a server's threads ask for.
class Keeper {
public:
    // Opens the history for writing. Call it as the one who shall own the file.
    Status open(const Config& config);

    // Starts the HTTP server, if one is wanted. `clients` tells how many the socket has.
    Status serve_metrics(const Config& config, const Board& board, std::function<std::uint64_t()> clients);
    void stop_metrics() { server_.reset(); }

    // A run of the collector begins. Without metrics of the time before: counters begin at 0.
    void begin(const Collector& collector, const Attached& attached, const Config& config, Board& board);

    // Returns whether nobody but this process has moved anything.
    bool take(Interval interval, const Config& config, Board& board, const Collector& collector);

    HistoryReaders& readers() { return *readers_; }

private:
    void look_for_module(const Config& config, Board& board, const Collector& collector);
    std::string metrics_text(const Board& board, bool openmetrics);
    void write_textfile(const Config& config, const Board& board);

    std::optional<HistoryWriter> writer_;
    std::optional<HistoryReaders> readers_;
    std::string history_error_, textfile_error_; // what was said last, so that it is said once
    std::string copies_note_;                    // of the beginning
    bool module_came_ = false;
    std::function<std::uint64_t()> clients_;
    std::mutex metrics_mutex_; // of the registry
    MetricsRegistry registry_;
    std::unique_ptr<MetricsServer> server_; // after what its threads use
};

} // namespace copyscope
