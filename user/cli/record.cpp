// SPDX-License-Identifier: Apache-2.0
// copyscope record: a recording that can be carried away: of a command and its children, or of everybody.
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <limits>

#include "base/escape.h"
#include "base/program.h"
#include "base/time.h"
#include "base/units.h"
#include "cli/alone.h"
#include "cli/command_runner.h"
#include "cli/commands.h"
#include "cli/recording.h"
#include "probe/collector.h"

namespace copyscope {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max(); // milliseconds

struct Arguments {
    std::string file;
    std::vector<std::string> words;
    CopyChoice copies = CopyChoice::automatic;
    std::string interval = "1s", length;
};

Provenance provenance_of(const AttachedMachine& attached) {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string boot_id;
    std::getline(file, boot_id);
    return {.kernel = attached.machine.facts.release,
            .boot_id = boot_id,
            .source = attached.session->source(),
            .origins = origins_of(*attached.session),
            .not_seen = attached.session->not_seen()};
}

Result<int> record_command(const Arguments& arguments) {
    TRY(Recording::check(arguments.file));
    std::unique_ptr<Recording> recording;
    WallTime begin = 0;
    // Before the command runs, so that it does not run for nothing.
    const auto create = [&](const AttachedMachine& attached) -> Status {
        auto created = TRY(Recording::create(arguments.file, provenance_of(attached)));
        recording = std::move(created);
        begin = wall_clock();
        return {};
    };
    auto command = TRY(measure_command(arguments.words, arguments.copies, false, create));
    const auto status = recording->append({.begin = begin, .end = wall_clock(), .sample = std::move(command.sample)});
    detach(command.session);
    if (!status)
        return std::unexpected(status.error());
    return command.code;
}

Result<int> record_everybody(const Arguments& arguments) {
    const auto interval = TRY(parse_span(arguments.interval));
    const auto length = TRY(arguments.length.empty() ? Result<std::int64_t>(no_end) : parse_span(arguments.length));
    TRY(Recording::check(arguments.file));
    catch_signals();
    auto attached = TRY(attach(arguments.copies));
    auto recording = Recording::create(arguments.file, provenance_of(attached));
    if (!recording)
        return std::unexpected(recording.error());
    auto collector = TRY(Collector::start(std::move(attached.session)));

    const auto begin = std::chrono::steady_clock::now();
    for (bool more = true; more;) {
        show_progress(
            fmt::format("recording into {}: {} intervals, Ctrl-C ends it", arguments.file, (*recording)->intervals()));
        const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count();
        more = sleep_until_stopped(std::min(interval, length - passed)) && length - passed > interval;
        const auto counted = TRY(collector->next());
        TRY((*recording)->append(counted));
    }
    show_progress("detaching the BPF programs");
    collector.reset();
    clear_progress();
    tell(fmt::format("intervals in {}: {}", escaped(arguments.file), (*recording)->intervals()));
    return 0;
}

} // namespace

void add_record(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("record", "keep what a command, or everybody, moves in a file");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("file", arguments->file, "the recording; it must not exist yet").required().type_name("FILE");
    Option words = command.add_option("command", arguments->words, "a command and its arguments, after --")
                       .type_name("-- COMMAND [ARG...]");
    command.add_option("--interval", arguments->interval, "from reading to reading")
        .type_name("TIME")
        .show_default()
        .excludes(words);
    command.add_option("--for", arguments->length, "end after that time; default: when Ctrl-C ends it")
        .type_name("TIME")
        .excludes(words);
    add_copies_option(command, arguments->copies);
    command.footer(
        "With a command only its processes are recorded, as one interval, and the exit code is the command's.\n\n"
        "Examples:\n  copyscope record before.db -- ./send-files\n  copyscope record --for 1m all.db\n"
        "  copyscope replay before.db\n  copyscope diff before.db after.db");
    command.callback([arguments, &status] {
        const auto done = arguments->words.empty() ? record_everybody(*arguments) : record_command(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
