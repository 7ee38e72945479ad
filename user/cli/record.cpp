// SPDX-License-Identifier: Apache-2.0
// copyscope record: a recording that can be carried away: of a command and its children, or of everybody.
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <limits>

#include "base/time.h"
#include "base/units.h"
#include "cli/alone.h"
#include "cli/command_runner.h"
#include "cli/commands.h"
#include "probe/collector.h"
#include "store/store.h"

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

Provenance provenance_of(const Session& session, const Facts& facts) {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string boot_id;
    std::getline(file, boot_id);
    return {.kernel = facts.release,
            .boot_id = boot_id,
            .source = session.source(),
            .origins = origins_of(session),
            .not_seen = session.not_seen()};
}

// A recording that is there already may be somebody's baseline.
Result<Store> create(const std::string& path) {
    std::error_code none;
    if (std::filesystem::exists(path, none))
        return fail(fmt::format("{} exists already: remove it, or record into another file", path));
    return Store::open(path, StoreMode::create);
}

Result<int> record_command(const Arguments& arguments) {
    auto store = create(arguments.file);
    if (!store)
        return std::unexpected(store.error());
    const auto begin = wall_clock();
    auto command = measure_command(arguments.words, arguments.copies);
    if (!command)
        return std::unexpected(command.error());
    auto status = store->begin_run(provenance_of(*command->session, command->machine.facts));
    if (status)
        status = store->append({.begin = begin, .end = wall_clock(), .sample = std::move(command->sample)});
    detach(command->session);
    if (!status)
        return std::unexpected(status.error());
    return command->code;
}

Result<int> record_everybody(const Arguments& arguments) {
    const auto interval = parse_span(arguments.interval);
    if (!interval)
        return std::unexpected(interval.error());
    const auto length = arguments.length.empty() ? Result<std::int64_t>(no_end) : parse_span(arguments.length);
    if (!length)
        return std::unexpected(length.error());
    auto machine = survey_machine(arguments.copies);
    if (!machine)
        return std::unexpected(machine.error());
    auto store = create(arguments.file);
    if (!store)
        return std::unexpected(store.error());
    catch_signals();
    auto session = open_session(*machine);
    if (!session)
        return std::unexpected(session.error());
    if (auto status = store->begin_run(provenance_of(**session, machine->facts)); !status)
        return std::unexpected(status.error());
    auto collector = Collector::start(std::move(*session));
    if (!collector)
        return std::unexpected(collector.error());

    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t intervals = 0;
    for (bool more = true; more; intervals++) {
        show_progress(fmt::format("recording into {}: {} intervals, Ctrl-C ends it", arguments.file, intervals));
        const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count();
        more = sleep_until_stopped(std::min(*interval, *length - passed)) && *length - passed > *interval;
        const auto counted = (*collector)->next();
        if (!counted)
            return std::unexpected(counted.error());
        if (auto status = store->append(*counted); !status)
            return std::unexpected(status.error());
    }
    show_progress("detaching the BPF programs");
    collector->reset();
    clear_progress();
    fmt::print(stderr, "{} intervals in {}\n", intervals, arguments.file);
    return 0;
}

} // namespace

void add_record(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("record", "keep what a command, or everybody, moves in a file");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("file", arguments->file, "the recording; it must not exist yet")->required()->type_name("FILE");
    auto* words = command->add_option("command", arguments->words, "a command and its arguments, after --")
                      ->type_name("-- COMMAND [ARG...]");
    command->add_option("--interval", arguments->interval, "from reading to reading")
        ->type_name("TIME")
        ->capture_default_str()
        ->excludes(words);
    command->add_option("--for", arguments->length, "end after that time; default: when Ctrl-C ends it")
        ->type_name("TIME")
        ->excludes(words);
    add_copies_option(*command, arguments->copies);
    command->footer(
        "With a command only its processes are recorded, as one interval, and the exit code is the command's.\n\n"
        "Examples:\n  copyscope record before.db -- ./send-files\n  copyscope record --for 1m all.db\n"
        "  copyscope replay before.db\n  copyscope diff before.db after.db");
    command->callback([arguments, &status] {
        const auto done = arguments->words.empty() ? record_everybody(*arguments) : record_command(*arguments);
        status = done ? *done : report_error(done.error());
    });
}

} // namespace copyscope
