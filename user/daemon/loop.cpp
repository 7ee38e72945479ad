// SPDX-License-Identifier: Apache-2.0
// See loop.h.
#include "daemon/loop.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include "daemon/answers.h"
#include "daemon/attacher.h"
#include "daemon/cost.h"
#include "daemon/history.h"
#include "daemon/http.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/privileges.h"
#include "daemon/signals.h"
#include "daemon/systemd.h"
#include "probe/facts.h"
#include "probe/proof.h"

namespace copyscope {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// While nothing is attached yet there is nothing to read, but the watchdog wants to hear of us.
constexpr milliseconds attaching_pause{50};

constexpr std::uint64_t much_memory = 40 << 20;

constexpr mode_t socket_mode = 0666; // who may ask for what is decided by who asks (rpc::Peer)

class Loop {
public:
    Loop(const Config& config, std::string config_file) : config_(config), config_file_(std::move(config_file)) {}

    // Everything that needs privileges happens before they are given up, but for attaching, which goes on.
    Status start() {
        TRY(read_quick_facts().possible());
        auto signals = TRY(Signals::catch_all());
        signals_ = std::move(signals);
        const auto person = find_person(config_.user);
        auto listening = TRY(open_socket(person));
        if (!config_.history.empty())
            TRY(prepare_folder(config_.history, 0750, person));
        attacher_.emplace(config_.copies);
        TRY(give_up_privileges(person));
        if (auto status = keeper_.open(config_, board_, [this] { return counts().clients; }); !status)
            return status;
        TRY(serve(std::move(listening)));
        attacher_->begin();
        return {};
    }

    Status run() {
        auto next = Clock::now();
        for (;;) {
            const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
            switch (signals_.wait(std::max(left, milliseconds(0)))) {
            case SIGHUP:
                reload();
                continue;
            case SIGTERM:
            case SIGINT:
                return stop();
            }
            if (Clock::now() < next)
                continue;
            notify("WATCHDOG=1");
            TRY(step());
            next = std::max(next + pause(), Clock::now()); // late is late: nothing is made up for
        }
    }

private:
    Result<Fd> open_socket(const std::optional<Person>& person) {
        auto activated = TRY(activated_socket());
        if (activated)
            return std::move(*activated);
        TRY(prepare_folder(config_.socket, 0755, person));
        return rpc::listen_at(config_.socket, socket_mode, config_.group);
    }

    Status serve(Fd listening) {
        readers_.emplace(config_.history);
        answers_.emplace(board_, *readers_, [this] { return counts(); });
        auto server = rpc::Server::start(
            std::move(listening), config_.group, {.is_long = Answers::is_long},
            [this](const rpc::Request& request, const rpc::Peer& peer) { return (*answers_)(request, peer); });
        if (!server)
            return std::unexpected(server.error());
        server_ = std::move(*server);
        counting_ = server_.get();
        return config_.listen.empty() ? Status{} : serve_metrics();
    }

    Status serve_metrics() {
        auto server = MetricsServer::start(
            config_.listen, [this](bool openmetrics) { return keeper_.metrics().text(openmetrics); }, config_.names);
        if (!server)
            return std::unexpected(server.error());
        metrics_server_ = std::move(*server);
        return {};
    }

    // Any thread: the server's own ask, too, as soon as they run.
    rpc::ServerCounts counts() const {
        const rpc::Server* server = counting_;
        return server ? server->counts() : rpc::ServerCounts{};
    }

    Status step() {
        if (!collector_) {
            auto attached = attacher_->take();
            if (!attached) {
                board_.change([&](DaemonState& state) { state.obstacle = attacher_->obstacle(); });
                return {};
            }
            if (!*attached)
                return std::unexpected(attached->error());
            return begin(std::move(**attached));
        }
        auto interval = collector_->next();
        if (!interval) {
            say(Severity::error, interval.error().message, {{"COPYSCOPE_EVENT", "unread"}});
            board_.change([&](DaemonState& state) { state.obstacle = interval.error().message; });
            return {};
        }
        warn_of_quiet_hooks(interval->sample.losses.quiet);
        give_back_memory();
        idle_ = keeper_.take(std::move(*interval), config_, *collector_);
        return {};
    }

    Status begin(Attached attached) {
        attacher_.reset();
        collector_ = std::move(attached.collector);
        keeper_.begin(attached, config_, *collector_);
        notify("READY=1\nSTATUS=measuring");
        const auto source = std::string(copy_source_name(collector_->session().source()));
        say(Severity::info, "measuring; copies are counted by: " + source,
            {{"COPYSCOPE_EVENT", "measuring"}, {"COPYSCOPE_COPIES", source}});
        return {};
    }

    // Every ten seconds, as long as they do (Collector).
    void warn_of_quiet_hooks(std::uint64_t quiet) {
        if (!quiet)
            return;
        say(Severity::warning, "hooks have stopped, nothing is counted: " + remedy_of_quiet_hooks(),
            {{"COPYSCOPE_EVENT", "quiet"}});
    }

    // A large answer leaves its memory with malloc(3), which would keep it.
    static void give_back_memory() {
        if (resident_bytes() > much_memory)
            malloc_trim(0);
    }

    milliseconds pause() const {
        return !collector_ ? attaching_pause : idle_ ? config_.idle_interval : config_.interval;
    }

    // What happened since the last interval is kept as well.
    Status stop() {
        notify("STOPPING=1");
        auto status = collector_ ? step() : Status{};
        say(Severity::info, "ending", {{"COPYSCOPE_EVENT", "ending"}});
        metrics_server_.reset();
        counting_ = nullptr;
        server_.reset();
        collector_.reset();
        return status;
    }

    void reload() {
        const auto later = read_config(config_file_, false);
        if (!later) {
            say(Severity::error, later.error().message + "; going on with the configuration as it was",
                {{"COPYSCOPE_EVENT", "reload"}});
            return;
        }
        if (const auto names = needs_restart(config_, *later); !names.empty())
            say(Severity::warning, fmt::format("needs a restart to take effect: {}", fmt::join(names, ", ")),
                {{"COPYSCOPE_EVENT", "reload"}});
        config_ = reloaded(config_, *later);
        say(Severity::info, "configuration read again", {{"COPYSCOPE_EVENT", "reload"}});
    }

    Config config_;
    std::string config_file_;
    Signals signals_;
    Board board_;
    Keeper keeper_;
    std::optional<Attacher> attacher_;
    std::unique_ptr<Collector> collector_;
    std::optional<HistoryReaders> readers_;
    std::optional<Answers> answers_;
    std::atomic<const rpc::Server*> counting_ = nullptr;
    std::unique_ptr<rpc::Server> server_; // after what its threads use, as the next one
    std::unique_ptr<MetricsServer> metrics_server_;
    bool idle_ = false;
};

} // namespace

Status run_daemon(const Config& config, const std::string& config_file) {
    Loop loop(config, config_file);
    TRY(loop.start());
    return loop.run();
}

} // namespace copyscope
