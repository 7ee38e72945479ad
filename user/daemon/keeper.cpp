// SPDX-License-Identifier: Apache-2.0
// See keeper.h.
#include "daemon/keeper.h"

#include <algorithm>
#include <fstream>
#include <unistd.h>

#include "daemon/board_sink.h"
#include "daemon/history_sink.h"
#include "daemon/module_watch.h"
#include "daemon/textfile_sink.h"

namespace copyscope {

namespace {

std::string read_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

bool is_idle(const Interval& interval) {
    const auto self = static_cast<std::uint32_t>(getpid());
    return std::ranges::all_of(interval.sample.accounts,
                               [&](const Account& account) { return account.key.process.tgid == self; });
}

} // namespace

Status Keeper::open(const Config& config, Board& board, std::function<std::uint64_t()> clients) {
    if (!config.textfile.empty())
        TRY(check_textfile(config.textfile));
    auto history = TRY(HistorySink::open(config.history, board));
    auto metrics = std::make_unique<MetricsSink>(config, board, std::move(clients));
    metrics_ = metrics.get();
    sinks_.push_back(std::move(history));
    sinks_.push_back(std::move(metrics));
    sinks_.push_back(std::make_unique<BoardSink>(board));
    sinks_.push_back(std::make_unique<TextfileSink>(*metrics_)); // of what the others know by then
    sinks_.push_back(std::make_unique<ModuleWatch>(board));
    return {};
}

void Keeper::begin(const Attached& attached, const Config& config, const Collector& collector) {
    const Provenance provenance{.kernel = read_line("/proc/sys/kernel/osrelease"),
                                .boot_id = read_line("/proc/sys/kernel/random/boot_id"),
                                .source = collector.session().source(),
                                .origins = attached.origins,
                                .not_seen = attached.not_seen};
    for (const auto& sink : sinks_)
        sink->begin({config, collector}, {provenance, attached.copies_note});
}

bool Keeper::take(Interval interval, const Config& config, const Collector& collector) {
    const Run run{config, collector, is_idle(interval)};
    for (const auto& sink : sinks_)
        sink->counted(interval, run);
    use_measured(interval.sample);
    const auto reported = std::make_shared<const Interval>(std::move(interval));
    for (const auto& sink : sinks_)
        sink->reported(reported, run);
    return run.idle;
}

} // namespace copyscope
