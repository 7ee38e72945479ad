// SPDX-License-Identifier: Apache-2.0
// copyscope run: profiles a command and its children until the command ends.
#include <fmt/format.h>

#include "cli/command_runner.h"
#include "model/rows.h"
#include "probe/devices.h"

namespace copyscope {
namespace {

struct Arguments {
    std::vector<std::string> words;
    CopyChoice copies = CopyChoice::automatic;
    RunOptions rows;
    std::uint32_t top = 0; // 0: not asked for
    bool follow = false;
    Output output;
};

// More rows than a person reads at once.
constexpr std::size_t usual_top = 20;

void add_total(Report& report) {
    if (report.rows.size() > 1)
        report.rows.push_back(total_row(report.rows, report.losses));
}

// Without its total.
Report make_report(const RunOptions& options, const MeasuredCommand& command) {
    const auto sample = measured_sample(command.sample);
    Report report{.schema = "copyscope.run/1",
                  .kernel = command.machine.facts.release,
                  .copies = std::string(copy_source_name(sample.source)),
                  .source = {},
                  .sink = {},
                  .rows = operation_rows(sample, options),
                  .disks = command.disks,
                  .nics = command.nics,
                  .losses = with_accounts(sample),
                  .notes = command.notes};
    report.command_status = command.code;
    return report;
}

Result<int> profile(Arguments& arguments) {
    TRY(arguments.output.check());
    auto command = measure_command(arguments.words, arguments.copies, arguments.follow);
    if (!command)
        return std::unexpected(command.error());
    arguments.rows.origins = origins_of(*command->session);
    const auto mounts = read_mounts();
    arguments.rows.disks = numberless_disks(mounts);
    auto report = make_report(arguments.rows, *command);
    if (arguments.rows.per_device)
        report.names = device_names(command->sample.accounts, mounts);
    if (arguments.top)
        report.rows = fold_rows(std::move(report.rows), arguments.top);
    auto for_people = report;
    if (!arguments.top)
        for_people.rows = fold_rows(std::move(for_people.rows), usual_top);
    for (Report* one : {&report, &for_people})
        add_total(*one);
    // The table would mix with what the command prints; what machines read must not mix with its messages.
    auto written = arguments.output.write(report, arguments.output.for_machines() ? stdout : stderr, &for_people);
    detach(command->session);
    if (!written)
        return std::unexpected(written.error());
    return command->code ? command->code : arguments.output.verdict(report);
}

} // namespace

void add_run(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("run", "profile a command and its children until it ends");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("command", arguments->words, "the command and its arguments, after --")
        .required()
        .type_name("-- COMMAND [ARG...]");
    command.add_flag("--per-process", arguments->rows.per_process, "a row per process, not per command name");
    command.add_flag("--per-device", arguments->rows.per_device, "a row per file system and interface");
    command
        .add_option("--top", arguments->top,
                    fmt::format("the first N rows, the rest as 'others' (default: {} in text, else all)", usual_top))
        .between(1U, 1000000U)
        .type_name("N");
    command.add_flag("--follow", arguments->follow,
                     "until all that the command has started has ended, or Ctrl-C, not only the command itself");
    add_copies_option(command, arguments->copies);
    arguments->output.add_options(command);
    command.footer(
        "The exit code is the command's. The table goes to stderr; --json and --csv go to stdout, where the\n"
        "command's own output goes too: use --output FILE if it has any.\n\n"
        "Examples:\n  copyscope run -- cp big.iso /mnt/disk\n"
        "  copyscope run --json --output cp.json -- cp big.iso /mnt/disk\n"
        "  copyscope run --follow -- nginx");
    command.callback([arguments, &status] {
        const auto done = profile(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
