// SPDX-License-Identifier: Apache-2.0
// copyscope bench: runs strategies as real workloads and compares them with the textbook.
#include "bench/bench.h"

#include <fmt/format.h>
#include <map>
#include <unistd.h>

#include "base/units.h"
#include "bench/filesystem.h"
#include "cli/commands.h"
#include "model/rows.h"
#include "probe/session.h"

namespace copyscope {
namespace {

struct Arguments {
    std::string strategies, size, chunk, sink;
    int stall = 120;
    BenchOptions bench;
    Output output;
};

Result<std::vector<const Strategy*>> parse_strategies(const std::string& text) {
    std::vector<const Strategy*> chosen;
    std::string known;
    for (const auto* strategy : strategies())
        known += std::string(known.empty() ? "" : ", ") + strategy->name;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto name = text.substr(begin, end - begin);
        const auto* found = find_strategy(name);
        if (!found)
            return fail_usage(fmt::format("no strategy is named '{}': there are {}", name, known));
        chosen.push_back(found);
        begin = end + 1;
    }
    return chosen;
}

Status parse(Arguments& arguments) {
    auto& bench = arguments.bench;
    auto chosen = parse_strategies(arguments.strategies);
    if (!chosen)
        return std::unexpected(chosen.error());
    bench.strategies = *chosen;
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
    return {};
}

// By default a strategy that the file system cannot do is left out and named; asked for, it is an error.
std::string leave_out_direct(BenchOptions& bench) {
    const auto& where = bench.source_path.empty() ? bench.scratch_dir : bench.source_path;
    if (!bench.strategies.empty() || supports_direct(where))
        return "";
    for (const auto* strategy : strategies())
        if (strategy != &direct_strategy)
            bench.strategies.push_back(strategy);
    const auto type = filesystem_of(where);
    return fmt::format("direct was not run: {} does not support O_DIRECT (choose another --scratch)",
                       type.empty() ? where : type);
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

// Repetitions of one strategy in one state of the link become one row, in the order they were run.
Report make_report(const Arguments& arguments, const std::vector<BenchRun>& runs, const Session& session,
                   const Facts& facts) {
    const auto& bench = arguments.bench;
    const auto& where = bench.source_path.empty() ? bench.scratch_dir : bench.source_path;
    const auto filesystem = filesystem_of(where);
    Report report{.schema = "copyscope.bench/1",
                  .kernel = facts.release,
                  .source = {},
                  .sink = {},
                  .rows = {},
                  .losses = {},
                  .notes = {}};
    report.source = filesystem.empty() ? where : fmt::format("{} ({})", where, filesystem);
    report.sink = bench.target ? to_string(*bench.target) : "a receiver on 127.0.0.1";
    if (!runs.empty() && !runs.front().link.interface.empty())
        report.sink += fmt::format(" via {} ({})", runs.front().link.interface,
                                   runs.front().link.driver.empty() ? "no driver" : runs.front().link.driver);

    std::vector<Row> repetitions;
    for (std::size_t i = 0; i < runs.size(); i++) {
        const auto& run = runs[i];
        StrategyRun input;
        input.strategy = run.strategy;
        input.sample = run.sample;
        input.payload_bytes = run.moved.bytes;
        input.chunk = bench.chunk.value_or(default_chunk);
        input.variant = variant_of(run, filesystem);
        repetitions.push_back(strategy_row(input));
        report.losses += run.sample.losses;
        if (i + 1 == runs.size() || runs[i + 1].repetition == 0) {
            report.rows.push_back(median_row(repetitions));
            repetitions.clear();
        }
    }
    report.notes.push_back(not_seen_note(session.plan().not_seen()));
    return report;
}

// A session that is opened when the first workload waits to be counted: whatever is wrong with source, sink or cache is
// said before the seconds that loading and attaching take.
class LateSession : public Recorder {
public:
    explicit LateSession(const Facts& facts) : facts_(facts) {}

    Status begin(pid_t pid) override {
        if (!session_) {
            show_progress("loading and attaching the BPF programs");
            auto session = Session::open(facts_);
            if (!session)
                return std::unexpected(session.error());
            session_ = std::move(*session);
        }
        return session_->begin(pid);
    }
    Result<Sample> end() override { return session_->end(); }

    std::unique_ptr<Session>& session() { return session_; } // none before the first begin()

private:
    const Facts& facts_;
    std::unique_ptr<Session> session_;
};

Result<int> measure(Arguments& arguments) {
    if (auto status = parse(arguments); !status)
        return std::unexpected(status.error());
    const auto left_out = leave_out_direct(arguments.bench);
    catch_signals();
    arguments.bench.patience.stop = &stop_requested;
    arguments.bench.patience.stall = std::chrono::seconds(arguments.stall);

    const auto facts = read_facts();
    if (auto possible = facts.possible(); !possible)
        return std::unexpected(possible.error());
    LateSession recorder(facts);
    const auto runs = run_bench(arguments.bench, recorder, [](const BenchProgress& progress) {
        show_progress(fmt::format("{}/{} {}", progress.done + 1, progress.total, progress.strategy->name));
    });
    clear_progress();
    if (!runs)
        return std::unexpected(runs.error());
    auto& session = recorder.session();
    auto report = make_report(arguments, *runs, *session, facts);
    if (!left_out.empty())
        report.notes.insert(report.notes.begin(), left_out);
    auto written = arguments.output.write(report, stdout);
    detach(session);
    if (!written)
        return std::unexpected(written.error());
    return arguments.output.verdict(report);
}

} // namespace

void add_bench(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("bench", "run strategies as real workloads, next to what the textbook promises");
    auto arguments = std::make_shared<Arguments>();
    auto& bench = arguments->bench;
    std::string known;
    for (const auto* strategy : strategies())
        known += fmt::format("\n  {:<12} {}", strategy->name, strategy->summary);
    command->footer("Strategies:" + known +
                    "\n\nExamples:\n  copyscope bench --sink tcp:192.0.2.2:7007 --sg both\n"
                    "  copyscope bench --strategy sendfile,splice --size 1G --cache warm --json\n\n"
                    "`copyscope sink` receives at the other end and checks every byte.");
    command->add_option("--strategy", arguments->strategies, "which, separated by commas (default: all)")
        ->type_name("NAME,...");
    command->add_option("--size", arguments->size, "bytes to move: 8M (default), 64K, 1G...")->type_name("SIZE");
    command->add_option("--chunk", arguments->chunk, "bytes per cycle, at most --size (default: 64K)")
        ->type_name("SIZE");
    command->add_option("--repeat", bench.repeat, "runs per strategy; the median is shown")
        ->check(CLI::Range(1, 10000))
        ->type_name("N")
        ->capture_default_str();
    command->add_option("--cache", bench.cache, "page cache before each run: cold (default) or warm")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, CacheMode>{{"cold", CacheMode::cold}, {"warm", CacheMode::warm}}))
        ->type_name("cold|warm");
    auto* source = command->add_option("--source", bench.source_path, "send this file")->type_name("FILE");
    command->add_option("--scratch", bench.scratch_dir, "make a file of --size here and send it")
        ->type_name("DIR")
        ->capture_default_str()
        ->excludes(source);
    command
        ->add_option("--sink", arguments->sink,
                     "tcp:HOST:PORT, file:PATH or null (default: a receiver of its own on 127.0.0.1)")
        ->type_name("SINK");
    command
        ->add_option("--sg", bench.scatter_gather,
                     "scatter-gather of the NIC: keep (default), on, off, both; set back afterwards")
        ->transform(
            CLI::CheckedTransformer(std::map<std::string, ScatterGatherMode>{{"keep", ScatterGatherMode::keep},
                                                                             {"on", ScatterGatherMode::on},
                                                                             {"off", ScatterGatherMode::off},
                                                                             {"both", ScatterGatherMode::both}}))
        ->type_name("STATE");
    command->add_option("--stall", arguments->stall, "give up when nothing has moved for so many seconds")
        ->check(CLI::Range(1, 86400))
        ->type_name("SECONDS")
        ->capture_default_str();
    arguments->output.add_options(*command);
    command->callback([arguments, &status] {
        const auto done = measure(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
