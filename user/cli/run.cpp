// SPDX-License-Identifier: Apache-2.0
// copyscope run: profiles a command and its children until the command ends.
#include <fmt/format.h>
#include <thread>

#include "bench/command.h"
#include "cli/commands.h"
#include "model/rows.h"
#include "probe/session.h"

namespace copyscope {
namespace {

struct Arguments {
    std::vector<std::string> words;
    RunOptions rows;
    Output output;
};

std::uint64_t posted(const Sample& sample) {
    std::uint64_t sum = 0;
    for (const auto& account : sample.accounts)
        sum += account[COPYSCOPE_OPERATIONS] + account[COPYSCOPE_DMA_TO_DEVICE] + account[COPYSCOPE_TRANSMIT_BYTES];
    return sum;
}

// What the command left in its sockets is still on its way when it has ended: read until nothing comes any more.
Result<Sample> read_settled(Session& session) {
    auto sample = session.end();
    for (int tries = 0; sample && tries < 20; tries++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        auto later = session.end();
        if (!later || posted(*later) == posted(*sample))
            return later;
        sample = std::move(later);
    }
    return sample;
}

Report make_report(const Arguments& arguments, const Sample& sample, const Session& session, const Facts& facts) {
    Report report{.schema = "copyscope.run/1",
                  .kernel = facts.release,
                  .source = {},
                  .sink = {},
                  .rows = {},
                  .losses = sample.losses,
                  .notes = {}};
    report.rows = operation_rows(sample, arguments.rows);
    if (report.rows.size() > 1)
        report.rows.push_back(total_row(report.rows, sample.losses));
    report.notes.push_back(not_seen_note(session.plan().not_seen()));
    return report;
}

Result<int> profile(const Arguments& arguments) {
    const auto facts = read_facts();
    show_progress("loading and attaching the BPF programs");
    auto session = Session::open(facts);
    clear_progress();
    if (!session)
        return std::unexpected(session.error());
    auto command = Command::start(arguments.words);
    if (!command)
        return std::unexpected(command.error());
    if (auto status = (*session)->begin(command->pid()); !status)
        return std::unexpected(status.error());
    if (auto status = command->release(); !status)
        return std::unexpected(status.error().within(arguments.words.front()));
    const auto code = command->wait();
    if (!code)
        return std::unexpected(code.error());
    const auto sample = read_settled(**session);
    if (!sample)
        return std::unexpected(sample.error());
    auto report = make_report(arguments, *sample, **session, facts);
    report.command_status = *code;
    // The table would mix with what the command prints; what machines read must not mix with its messages.
    auto written = arguments.output.write(report, arguments.output.for_machines() ? stdout : stderr);
    detach(*session);
    if (!written)
        return std::unexpected(written.error());
    return *code ? *code : arguments.output.verdict(report);
}

} // namespace

void add_run(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("run", "profile a command and its children until it ends");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("command", arguments->words, "the command and its arguments, after --")
        ->required()
        ->type_name("-- COMMAND [ARG...]");
    command->add_flag("--per-process", arguments->rows.per_process, "a row per process, not per command name");
    command->add_flag("--per-device", arguments->rows.per_device, "a row per file system and interface");
    arguments->output.add_options(*command);
    command->prefix_command(false);
    command->footer(
        "The exit code is the command's. The table goes to stderr; --json and --csv go to stdout, where the\n"
        "command's own output goes too: use --output FILE if it has any.\n\n"
        "Examples:\n  copyscope run -- cp big.iso /mnt/disk\n"
        "  copyscope run --json --output cp.json -- cp big.iso /mnt/disk");
    command->callback([arguments, &status] {
        const auto done = profile(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
