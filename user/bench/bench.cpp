// SPDX-License-Identifier: Apache-2.0
// See bench.h.
#include "bench/bench.h"

#include <algorithm>
#include <fmt/format.h>
#include <signal.h>

#include "bench/choice.h"
#include "bench/local_sink.h"
#include "bench/source.h"
#include "bench/workload_process.h"

namespace copyscope {

namespace {

constexpr std::uint64_t default_size = 8u << 20;

std::vector<const Strategy*> strategies_of(const BenchOptions& options) {
    return options.strategies.empty() ? default_strategies() : options.strategies;
}

class Bench {
public:
    Bench(const BenchOptions& options, Recorder& recorder, const std::function<void(const BenchProgress&)>& on_progress,
          const Source& source, Target target)
        : options_(options), recorder_(recorder), on_progress_(on_progress), source_(source),
          target_(std::move(target)) {
        strategies_ = strategies_of(options);
    }

    Result<std::vector<BenchRun>> run();

private:
    Status run_all(const Link& link);
    Status prepare_cache(BenchRun& run);
    Status run_once(BenchRun& run);
    Status measure(BenchRun& run, WorkloadProcess& child, std::optional<Channel>& channel);

    const BenchOptions& options_;
    Recorder& recorder_;
    const std::function<void(const BenchProgress&)>& on_progress_;
    const Source& source_;
    Target target_;
    std::vector<const Strategy*> strategies_;
    std::vector<BenchRun> runs_;
    std::size_t total_ = 0;
};

// One state of scatter-gather after the other; `keep` is one state that is left alone.
Result<std::vector<BenchRun>> Bench::run() {
    const bool tcp = target_.kind == Target::Kind::tcp;
    const ScatterGatherMode mode = options_.scatter_gather;
    if (mode != ScatterGatherMode::keep && !tcp)
        return fail_usage("scatter-gather belongs to a network interface: use a tcp target, or --sg keep");
    std::vector<std::optional<bool>> states;
    if (mode == ScatterGatherMode::keep)
        states = {std::nullopt};
    if (mode == ScatterGatherMode::on || mode == ScatterGatherMode::both)
        states.push_back(true);
    if (mode == ScatterGatherMode::off || mode == ScatterGatherMode::both)
        states.push_back(false);
    for (const Strategy* strategy : strategies_)
        total_ += options_.repeat * (strategy->sink == SinkNeed::none ? 1 : states.size());

    for (const auto& state : states) {
        Result<Link> link = tcp ? find_link(target_.address) : Link{};
        if (!link)
            return std::unexpected(link.error());
        std::optional<ScatterGatherSwitch> set;
        if (state) {
            auto done = TRY(ScatterGatherSwitch::set(link->interface, *state));
            set.emplace(std::move(done));
            link->scatter_gather = state;
        }
        TRY(run_all(*link));
        // What has no sink is the same in every state of the link.
        std::erase_if(strategies_, [](const Strategy* strategy) { return strategy->sink == SinkNeed::none; });
    }
    return std::move(runs_);
}

Status Bench::run_all(const Link& link) {
    for (const Strategy* strategy : strategies_) {
        for (std::uint32_t repetition = 0; repetition < options_.repeat; repetition++) {
            if (options_.patience.stopped())
                return fail("interrupted");
            if (on_progress_)
                on_progress_({strategy, link.scatter_gather, repetition, runs_.size(), total_});
            BenchRun run;
            run.strategy = strategy;
            run.repetition = repetition;
            run.cache = options_.cache;
            if (strategy->sink != SinkNeed::none)
                run.link = link;
            if (auto done = run_once(run); !done)
                return std::unexpected(done.error().within(strategy->name));
            runs_.push_back(std::move(run));
        }
    }
    return {};
}

Status Bench::prepare_cache(BenchRun& run) {
    auto resident = TRY(options_.cache == CacheMode::cold ? source_.evict() : source_.warm());
    run.resident_pages = resident;
    return {};
}

Status Bench::run_once(BenchRun& run) {
    TRY(prepare_cache(run));
    std::optional<Channel> channel; // none for a strategy without a sink
    if (run.strategy->sink != SinkNeed::none) {
        auto opened = TRY(Channel::open(target_, source_.payload()));
        channel.emplace(std::move(opened));
    }
    const Transfer transfer = {.source_path = source_.path(),
                               .sink_fd = channel ? channel->fd() : -1,
                               .size = source_.payload().bytes,
                               .chunk = options_.chunk.value_or(default_chunk)};
    auto child = TRY(WorkloadProcess::start(*run.strategy, transfer));
    TRY(child.wait_ready(options_.patience));
    TRY(recorder_.begin(child.pid()));
    auto measured = measure(run, child, channel);
    // After the receipt, so that the last DMA is in it; and in case of failure too, so that the recorder is free again.
    auto sample = recorder_.end();
    if (!measured)
        return measured;
    if (!sample)
        return std::unexpected(sample.error());
    run.sample = std::move(*sample);
    if (!channel) {
        TRY(child.verify(options_.patience));
        run.verified = true;
    }
    return {};
}

// Between begin() and end().
Status Bench::measure(BenchRun& run, WorkloadProcess& child, std::optional<Channel>& channel) {
    child.release();
    const auto moved = child.wait_done(options_.patience);
    if (!moved)
        return std::unexpected(moved.error());
    if (channel) {
        const auto verified = TRY(channel->verify(options_.patience));
        run.verified = verified;
    }
    const auto expected = payload_of(*run.strategy, source_.payload().bytes);
    if (moved->bytes != expected)
        return fail(fmt::format("the strategy says it moved {} bytes of {}: this is a bug of the strategy",
                                moved->bytes, expected));
    run.moved = *moved;
    return {};
}

bool needs_sink(const BenchOptions& options) {
    return std::ranges::any_of(strategies_of(options),
                               [](const Strategy* strategy) { return strategy->sink != SinkNeed::none; });
}

// A parent that ignores SIGCHLD hands that down through exec, and then the kernel reaps children before anybody can ask
// how they ended.
void want_children_reported() {
    struct sigaction action = {};
    if (::sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
        ::signal(SIGCHLD, SIG_DFL);
}

} // namespace

Result<std::vector<BenchRun>> run_bench(const BenchOptions& options, Recorder& recorder,
                                        const std::function<void(const BenchProgress&)>& on_progress) {
    if ((options.chunk && *options.chunk == 0) || options.repeat == 0)
        return fail_usage("chunk and repeat must be at least 1");
    for (const Strategy* strategy : strategies_of(options))
        TRY(check_fit(*strategy, options.target));
    want_children_reported();
    Target target;
    std::optional<LocalSink> local; // forked first: nothing else is open yet
    if (options.target) {
        target = *options.target;
    } else if (needs_sink(options)) {
        auto started = TRY(LocalSink::start());
        local.emplace(std::move(started));
        target = {.kind = Target::Kind::tcp, .address = local->address(), .path = {}};
    }
    const auto source = TRY(options.source_path.empty()
                                ? Source::create(options.scratch_dir, options.size ? options.size : default_size)
                                : Source::open(options.source_path, options.size));
    const auto bytes = source.payload().bytes;
    if (options.chunk && *options.chunk > bytes)
        return fail_usage(fmt::format("a chunk of {} bytes is larger than the {} bytes to move: use --chunk {} or less",
                                      *options.chunk, bytes, bytes));
    return Bench(options, recorder, on_progress, source, std::move(target)).run();
}

} // namespace copyscope
