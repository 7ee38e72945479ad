// SPDX-License-Identifier: Apache-2.0
// See bench_runner.h.
#include "cli/bench_runner.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unistd.h>

#include "base/units.h"
#include "bench/choice.h"
#include "bench/filesystem.h"

namespace copyscope {
namespace {

const std::string& source_of(const BenchOptions& bench) {
    return bench.source_path.empty() ? bench.scratch_dir : bench.source_path;
}

Status parse(BenchArguments& arguments) {
    auto& bench = arguments.bench;
    if (!arguments.size.empty()) {
        const auto size = parse_size(arguments.size);
        if (!size)
            return std::unexpected(size.error().within("--size"));
        if (!*size)
            return fail_usage("--size 0 moves nothing: give at least one byte");
        bench.size = *size;
    }
    if (!arguments.chunk.empty()) {
        const auto chunk = parse_size(arguments.chunk);
        if (!chunk)
            return std::unexpected(chunk.error().within("--chunk"));
        bench.chunk = *chunk;
    }
    if (!arguments.sink.empty()) {
        auto target = parse_target(arguments.sink);
        if (!target)
            return std::unexpected(target.error().within("--sink"));
        bench.target = *target;
    }
    auto choice = TRY(choose_strategies(arguments.strategies, bench.target, source_of(bench)));
    bench.strategies = choice.strategies;
    arguments.left_out = choice.left_out;
    return {};
}

Variant variant_of(const BenchRun& run, const std::string& filesystem) {
    Variant variant;
    variant.cache = run.cache == CacheMode::cold ? Cache::cold : Cache::warm;
    if (run.resident_pages)
        variant.resident_bytes = *run.resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    variant.sg = run.link.loopback ? std::nullopt : run.link.scatter_gather;
    variant.loopback = run.link.loopback;
    variant.virtual_device = !run.link.interface.empty() && !run.link.loopback && run.link.driver.empty();
    variant.interface = run.link.interface;
    variant.source_fs = filesystem;
    return variant;
}

// A session that is opened when the first workload waits to be counted: whatever is wrong with source, sink or cache is
// said before the seconds that loading and attaching take.
class LateSession : public Recorder {
public:
    LateSession(const Facts& facts, CopySource source) : facts_(facts), source_(source) {}

    Status begin(pid_t pid) override {
        if (!session_) {
            show_progress("loading and attaching the BPF programs");
            auto session = TRY(Session::open(facts_, source_));
            session_ = std::move(session);
        }
        return session_->begin(pid);
    }
    Result<Sample> end() override { return session_->end(); }

    std::unique_ptr<Session>& session() { return session_; } // none before the first begin()

private:
    const Facts& facts_;
    CopySource source_;
    std::unique_ptr<Session> session_;
};

} // namespace

void BenchArguments::add_options(Subcommand command) {
    command
        .add_option("--strategy", strategies,
                    "which, separated by commas, or all that fit the sink (default: the first five)")
        .type_name("NAME,...");
    command.add_option("--size", size, "bytes to move: 8M (default), 64K, 1G...").type_name("SIZE");
    command.add_option("--chunk", chunk, "bytes per cycle, at most --size (default: 64K)").type_name("SIZE");
    command.add_option("--repeat", bench.repeat, "runs per strategy; the median is shown")
        .between(1, 10000)
        .type_name("N")
        .show_default();
    command
        .add_choice("--cache", bench.cache, {{"cold", CacheMode::cold}, {"warm", CacheMode::warm}},
                    "page cache before each run: cold (default) or warm")
        .type_name("cold|warm");
    Option source = command.add_option("--source", bench.source_path, "send this file").type_name("FILE");
    command.add_option("--scratch", bench.scratch_dir, "make a file of --size here and send it")
        .type_name("DIR")
        .show_default()
        .excludes(source);
    command.add_option("--sink", sink, "tcp:HOST:PORT, file:PATH or null (default: a receiver of its own on 127.0.0.1)")
        .type_name("SINK");
    command
        .add_choice("--sg", bench.scatter_gather,
                    {{"keep", ScatterGatherMode::keep},
                     {"on", ScatterGatherMode::on},
                     {"off", ScatterGatherMode::off},
                     {"both", ScatterGatherMode::both}},
                    "scatter-gather of the NIC: keep (default), on, off, both; set back afterwards")
        .type_name("STATE");
    command.add_option("--stall", stall, "give up when nothing has moved for so many seconds")
        .between(1, 86400)
        .type_name("SECONDS")
        .show_default();
    add_copies_option(command, copies);
}

Result<MeasuredBench> measure_bench(BenchArguments& arguments) {
    TRY(parse(arguments));
    catch_signals();
    arguments.bench.patience.stop = &stop_requested;
    arguments.bench.patience.stall = std::chrono::seconds(arguments.stall);

    auto machine = TRY(survey_machine(arguments.copies));
    LateSession recorder(machine.facts, machine.copies.source);
    auto runs = run_bench(arguments.bench, recorder, [](const BenchProgress& progress) {
        show_progress(fmt::format("{}/{} {}", progress.done + 1, progress.total, progress.strategy->name));
    });
    clear_progress();
    if (!runs)
        return std::unexpected(runs.error());
    MeasuredBench result{.machine = std::move(machine),
                         .runs = std::move(*runs),
                         .session = std::move(recorder.session()),
                         .notes = arguments.left_out};
    for (auto& note : notes_of(*result.session, result.machine))
        result.notes.push_back(std::move(note));
    return result;
}

std::string source_text(const BenchArguments& arguments) {
    const auto& where = source_of(arguments.bench);
    const auto filesystem = filesystem_of(where);
    return filesystem.empty() ? where : fmt::format("{} ({})", where, filesystem);
}

std::string sink_text(const BenchArguments& arguments, const std::vector<BenchRun>& runs) {
    const auto sent =
        std::ranges::find_if(runs, [](const BenchRun& run) { return run.strategy->sink != SinkNeed::none; });
    if (sent == runs.end())
        return "";
    const auto& target = arguments.bench.target;
    const auto text = target ? to_string(*target) : "a receiver on 127.0.0.1";
    if (sent->link.interface.empty())
        return text;
    return fmt::format("{} via {} ({})", text, sent->link.interface,
                       sent->link.driver.empty() ? "no driver" : sent->link.driver);
}

StrategyRun strategy_run(const BenchArguments& arguments, const BenchRun& run) {
    const auto& bench = arguments.bench;
    StrategyRun input;
    input.strategy = run.strategy;
    input.sample = run.sample;
    input.payload_bytes = run.moved.bytes;
    input.chunk = cycle_bytes(*run.strategy, bench.chunk.value_or(default_chunk));
    input.completions = run.moved.completions;
    input.variant = variant_of(run, filesystem_of(source_of(bench)));
    return input;
}

} // namespace copyscope
