// SPDX-License-Identifier: Apache-2.0
// copyscope audit: counts the same run in two ways, derived and measured, and shows where they differ.
#include <fmt/format.h>

#include "cli/bench_runner.h"
#include "cli/command_runner.h"
#include "cli/target.h"
#include "model/audit.h"
#include "report/report.h"

namespace copyscope {
namespace {

struct Arguments {
    BenchArguments bench;
    std::vector<std::string> words; // a command instead of the strategies
    bool json = false;
    std::string file;
};

// Comparing needs a source that measures.
Status choose_measured(CopyChoice& choice) {
    if (choice == CopyChoice::derived)
        return fail_usage("an audit compares what is derived with what is measured: --copies module or breakpoints");
    if (choice == CopyChoice::automatic)
        choice = CopyChoice::measured;
    return {};
}

void add_rows(Audit& audit, const std::vector<Row>& derived, const std::vector<Row>& measured) {
    for (auto& row : audit_rows(derived, measured, audit.source))
        audit.rows.push_back(std::move(row));
}

// The strategy, and what else its process did: a copy that is missing there is missing too.
std::vector<Row> rows_of(const StrategyRun& run) {
    auto strategy = strategy_row(run), residue = residue_row(run);
    residue.variant = strategy.strategy + ", " + strategy.variant;
    return {std::move(strategy), std::move(residue)};
}

Result<Audit> audit_strategies(BenchArguments& arguments) {
    if (arguments.strategies.empty())
        arguments.strategies = "all";
    auto bench = TRY(measure_bench(arguments));
    Audit audit{.kernel = bench.machine.facts.release,
                .subject =
                    fmt::format("strategies, {} -> {}", source_text(arguments), sink_text(arguments, bench.runs)),
                .source = bench.session->source(),
                .rows = {},
                .losses = {},
                .notes = bench.notes};
    for (const auto& run : bench.runs) {
        auto input = strategy_run(arguments, run);
        std::vector<Row> derived = rows_of(input);
        input.sample = measured_sample(input.sample);
        std::vector<Row> measured = rows_of(input);
        if (derived.back().cpu_copy_bytes.total() + measured.back().cpu_copy_bytes.total() == 0) {
            derived.pop_back();
            measured.pop_back();
        }
        add_rows(audit, derived, measured);
        audit.losses += run.sample.losses;
    }
    detach(bench.session);
    return audit;
}

Result<Audit> audit_command(const Arguments& arguments) {
    auto command = measure_command(arguments.words, arguments.bench.copies);
    if (!command)
        return std::unexpected(command.error());
    Audit audit{.kernel = command->machine.facts.release,
                .subject = {},
                .source = command->session->source(),
                .rows = {},
                .losses = command->sample.losses,
                .notes = command->notes};
    for (const auto& word : arguments.words)
        audit.subject += (audit.subject.empty() ? "" : " ") + word;
    add_rows(audit, operation_rows(command->sample), operation_rows(measured_sample(command->sample)));
    if (command->code)
        audit.notes.push_back(fmt::format("the command ended with status {}", command->code));
    detach(command->session);
    return audit;
}

Result<int> audit(Arguments& arguments) {
    TRY(choose_measured(arguments.bench.copies));
    TRY(check_target(arguments.file, {{arguments.bench.bench.source_path}}));
    const auto audit = TRY(arguments.words.empty() ? audit_strategies(arguments.bench) : audit_command(arguments));
    const auto render = [&](const TextOptions& options) {
        return arguments.json ? render_audit_json(audit) : render_audit_text(audit, options);
    };
    TRY(write_text(render, stdout, arguments.file));
    return audit.agrees() ? 0 : 1;
}

} // namespace

void add_audit(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("audit", "count the same copies in two ways, and show where they differ");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("command", arguments->words, "audit this command instead of the strategies, after --")
        .type_name("-- COMMAND [ARG...]");
    arguments->bench.add_options(command);
    command.add_flag("--json", arguments->json, "print JSON, schema copyscope.audit/1");
    command.add_option("--output", arguments->file, "write the audit to FILE").type_name("FILE");
    command.footer("What is derived from the callers of the copying functions is compared with what is measured at\n"
                   "these functions: by the module if it is loaded, else by hardware breakpoints (--copies).\n"
                   "Exits with 1 if any class differs by more than a page.\n\n"
                   "Examples:\n  copyscope audit --sink tcp:192.0.2.2:7007 --sg both\n"
                   "  copyscope audit --copies breakpoints -- dd if=/dev/shm/file of=/dev/null bs=1000");
    command.callback([arguments, &status] {
        const auto done = audit(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
