// SPDX-License-Identifier: Apache-2.0
// copyscope bench: runs strategies as real workloads and compares them with the textbook.
#include <fmt/format.h>

#include "cli/bench_runner.h"

namespace copyscope {
namespace {

struct Arguments {
    BenchArguments bench;
    Output output;
};

// Repetitions of one strategy in one state of the link become one row, in the order they were run.
Report make_report(const BenchArguments& arguments, const MeasuredBench& bench) {
    Report report{.schema = "copyscope.bench/1",
                  .kernel = bench.machine.facts.release,
                  .copies = std::string(copy_source_name(bench.session->source())),
                  .source = source_text(arguments),
                  .sink = sink_text(arguments, bench.runs),
                  .rows = {},
                  .losses = {},
                  .notes = bench.notes};
    std::vector<Row> repetitions;
    for (std::size_t i = 0; i < bench.runs.size(); i++) {
        const auto& run = bench.runs[i];
        auto input = strategy_run(arguments, run);
        input.sample = measured_sample(input.sample);
        input.origins = origins_of(*bench.session);
        repetitions.push_back(strategy_row(input));
        report.losses += with_accounts(run.sample);
        if (i + 1 == bench.runs.size() || bench.runs[i + 1].repetition == 0) {
            report.rows.push_back(median_row(repetitions));
            repetitions.clear();
        }
    }
    return report;
}

Result<int> measure(Arguments& arguments) {
    TRY(arguments.output.check({{arguments.bench.bench.source_path}}));
    auto bench = TRY(measure_bench(arguments.bench));
    const auto report = make_report(arguments.bench, bench);
    auto written = arguments.output.write(report, stdout);
    detach(bench.session);
    if (!written)
        return std::unexpected(written.error());
    return arguments.output.verdict(report);
}

} // namespace

void add_bench(Subcommand app, int& status) {
    Subcommand command =
        app.add_subcommand("bench", "run strategies as real workloads, next to what the textbook promises");
    auto arguments = std::make_shared<Arguments>();
    std::string known;
    for (const auto* strategy : strategies())
        known += fmt::format("\n  {:<15} {}", strategy->name, strategy->summary);
    command.footer("Strategies:" + known +
                   "\n\nExamples:\n  copyscope bench --sink tcp:192.0.2.2:7007 --sg both\n"
                   "  copyscope bench --strategy sendfile,splice --size 1G --cache warm --json\n\n"
                   "`copyscope sink` receives at the other end and checks every byte.");
    arguments->bench.add_options(command);
    arguments->output.add_options(command);
    command.callback([arguments, &status] {
        const auto done = measure(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
