// SPDX-License-Identifier: Apache-2.0
// See keeper.h.
#include "daemon/keeper.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "base/version.h"
#include "daemon/cost.h"
#include "daemon/log.h"
#include "daemon/textfile.h"
#include "report/openmetrics.h"

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

// Says what has changed for better or worse, once.
void tell_change(std::string& last, const Status& status, const char* event, const std::string& good_again) {
    const auto now = status ? "" : status.error().message;
    if (now == last)
        return;
    if (status)
        say(Severity::notice, good_again, {{"COPYSCOPE_EVENT", event}});
    else
        say(Severity::error, now, {{"COPYSCOPE_EVENT", event}});
    last = now;
}

std::uint64_t file_bytes(const std::string& path) {
    std::uint64_t sum = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code none;
        const auto bytes = std::filesystem::file_size(path + suffix, none);
        sum += none ? 0 : bytes;
    }
    return sum;
}

} // namespace

Status Keeper::open(const Config& config) {
    if (!config.textfile.empty())
        if (auto status = check_textfile(config.textfile); !status)
            return status;
    auto writer = HistoryWriter::open(config.history);
    if (!writer)
        return std::unexpected(writer.error());
    writer_ = std::move(*writer);
    readers_.emplace(config.history);
    registry_ = MetricsRegistry({.label = *find_metrics_label(config.label), .max_names = config.top});
    return {};
}

Status Keeper::serve_metrics(const Config& config, const Board& board, std::function<std::uint64_t()> clients) {
    clients_ = std::move(clients);
    if (config.listen.empty())
        return {};
    auto server = MetricsServer::start(
        config.listen, [this, &board](bool openmetrics) { return metrics_text(board, openmetrics); }, config.names);
    if (!server)
        return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
}

void Keeper::begin(const Collector& collector, const Attached& attached, const Config& config, Board& board) {
    Provenance provenance;
    provenance.kernel = read_line("/proc/sys/kernel/osrelease");
    provenance.boot_id = read_line("/proc/sys/kernel/random/boot_id");
    provenance.source = collector.session().source();
    provenance.origins = attached.origins;
    provenance.not_seen = attached.not_seen;
    writer_->begin_run(provenance);
    copies_note_ = attached.copies_note;
    board.change([&](DaemonState& state) {
        state.measuring = true;
        state.obstacle.clear();
        state.kernel = provenance.kernel;
        state.copies = copy_source_name(provenance.source);
        state.copies_note = copies_note_;
        state.not_seen = provenance.not_seen;
        state.origins = provenance.origins;
        state.interval_ms = static_cast<std::uint64_t>(config.interval.count());
    });
}

bool Keeper::take(Interval interval, const Config& config, Board& board, const Collector& collector) {
    const bool idle = is_idle(interval);
    tell_change(history_error_, writer_->add(interval, config.retention), "history", "the history is written again");
    interval.sample = measured_sample(interval.sample); // from here on: as it is reported
    const auto origins = board.read().origins;
    {
        const std::lock_guard lock(metrics_mutex_);
        registry_.add(interval, origins);
    }
    const auto bytes = readers_->kept() ? file_bytes(readers_->path()) : 0;
    const auto run_ns = collector.session().bpf_run_ns();
    board.change([&](DaemonState& state) {
        state.obstacle.clear();
        state.intervals++;
        state.accounts = collector.accounts();
        state.processes = collector.processes();
        state.losses += interval.sample.losses;
        state.quiet_since = collector.quiet_since();
        state.history_error = history_error_;
        state.history_bytes = bytes;
        state.bpf_run_ns = run_ns;
        state.interval_ms = static_cast<std::uint64_t>((idle ? config.idle_interval : config.interval).count());
        state.latest = std::make_shared<const Interval>(std::move(interval));
    });
    write_textfile(config, board);
    look_for_module(config, board, collector);
    return idle;
}

// By the time the module is loaded we have no privilege left to attach to it.
void Keeper::look_for_module(const Config& config, Board& board, const Collector& collector) {
    const bool came = config.copies == CopyChoice::automatic && collector.session().source() == CopySource::derived &&
                      module_is_loaded();
    if (came == module_came_)
        return;
    module_came_ = came;
    const std::string note =
        came ? "copies are derived although the module copyscope is loaded now: restart copyscoped to measure them"
             : copies_note_;
    say(Severity::notice, note, {{"COPYSCOPE_EVENT", "module"}});
    board.change([&](DaemonState& state) { state.copies_note = note; });
}

std::string Keeper::metrics_text(const Board& board, bool openmetrics) {
    const auto state = board.read();
    const DaemonCost cost{.cpu_seconds = cpu_seconds(),
                          .rss_bytes = resident_bytes(),
                          .bpf_run_ns = state.bpf_run_ns,
                          .accounts = state.accounts,
                          .processes = state.processes,
                          .intervals = state.intervals,
                          .losses = state.losses.total(),
                          .history_bytes = state.history_bytes,
                          .history_healthy = state.history_error.empty(),
                          .clients = clients_ ? clients_() : 0,
                          .interval_ms = static_cast<std::uint32_t>(state.interval_ms),
                          .last_interval = state.latest ? state.latest->end : 0};
    const std::lock_guard lock(metrics_mutex_);
    const MetricsFacts facts{.version = version,
                             .kernel = state.kernel,
                             .copies = state.latest ? state.latest->sample.source : CopySource::derived};
    return render_metrics(registry_, facts, cost, openmetrics ? MetricsFormat::openmetrics : MetricsFormat::text);
}

void Keeper::write_textfile(const Config& config, const Board& board) {
    if (!config.textfile.empty())
        tell_change(textfile_error_, copyscope::write_textfile(config.textfile, metrics_text(board, false)), "textfile",
                    "the textfile is written again");
}

} // namespace copyscope
