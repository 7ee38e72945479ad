// SPDX-License-Identifier: Apache-2.0
// copyscope report: who copied what, from the daemon's history, a file's, or counted now; and replay, which is the same
// of a recording.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/program.h"
#include "base/time.h"
#include "cli/alone.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/target.h"
#include "report/breakdown_report.h"

namespace copyscope {
namespace {

constexpr double default_watch_seconds = 2;

struct Arguments {
    std::string by = "strategy", sort = "copied", since, until, count_for = "5s", file;
    std::uint32_t top = 100;
    double watch = 0; // seconds; 0: once
    bool nested = false, json = false, csv = false;
    bool each = false; // replay: a report per interval
    HistoryOptions history;
};

Result<ReportQuery> query_of(const Arguments& arguments) {
    ReportQuery query{.by = *find_dimension(arguments.by),
                      .sort = *find_sort_key(arguments.sort),
                      .top = arguments.top,
                      .nested = arguments.nested};
    const std::int64_t now = wall_clock();
    for (const auto& [text, time] : {std::pair(&arguments.since, &query.since), {&arguments.until, &query.until}}) {
        if (text->empty())
            continue;
        const auto parsed = TRY(parse_time(*text, now));
        *time = parsed;
    }
    if (query.since && query.until && *query.since >= *query.until)
        return fail_usage(fmt::format("--since {} is not before --until {}", arguments.since, arguments.until));
    query.latest = arguments.watch > 0 && !query.since && !query.until;
    return query;
}

bool is_wide_terminal() {
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col >= 120;
}

// One report: in place of the one before where that can be done.
Status print(const Arguments& arguments, const Breakdown& breakdown, bool first) {
    const bool in_place = arguments.watch > 0 && !arguments.json && !arguments.csv && isatty(STDOUT_FILENO);
    const auto render = [&](TextOptions options) {
        if (arguments.json && (arguments.watch > 0 || arguments.each))
            return json_text(breakdown_json(breakdown)) + "\n";
        if (arguments.json)
            return render_breakdown_json(breakdown);
        if (arguments.csv) {
            const std::string csv = render_breakdown_csv(breakdown);
            return first ? csv : csv.substr(csv.find('\n') + 1); // one head for all
        }
        options.brief = arguments.file.empty() && !is_wide_terminal();
        // Home, and clear what was there.
        const std::string before = in_place ? "\x1b[H\x1b[2J" : first ? "" : "\n";
        return before + render_breakdown_text(breakdown, options);
    };
    return write_text(render, stdout, arguments.file);
}

// `ask` makes a report; `pause` waits for the next one and tells whether there is to be one.
template<typename Ask, typename Pause>
Status print_reports(const Arguments& arguments, Ask ask, Pause pause) {
    for (bool first = true;; first = false) {
        const auto query = query_of(arguments); // anew: -2h counts from now
        if (!query)
            return std::unexpected(query.error());
        const Breakdown breakdown = TRY(ask(*query));
        TRY(print(arguments, breakdown, first));
        if (arguments.watch <= 0 || !pause())
            return {};
    }
}

Status report_alone(const Arguments& arguments) {
    if (!arguments.since.empty() || !arguments.until.empty())
        return fail("there is no history that could be asked for a time: start copyscoped, or name a file with "
                    "--history");
    const auto length = arguments.watch > 0 ? static_cast<std::int64_t>(arguments.watch * 1000)
                                            : parse_span(arguments.count_for).value();
    auto alone = Alone::start();
    if (!alone)
        return std::unexpected(alone.error().within("no daemon and no history, so copyscope must count itself"));
    tell("copyscope: no daemon and no history: counting for " + format_span(length));
    return print_reports(
        arguments, [&](const ReportQuery& query) { return (*alone)->count(length, query); },
        [] { return !stop_requested; });
}

Status report(const Arguments& arguments) {
    TRY(query_of(arguments));
    TRY(parse_span(arguments.count_for));
    TRY(check_target(arguments.file, {{arguments.history.file}}));
    catch_signals();
    bool absent = false;
    auto history = open_history(arguments.history, &absent);
    if (!history)
        return absent ? report_alone(arguments) : std::unexpected(history.error());
    tell("copyscope: from " + escaped((*history)->name()));
    return print_reports(
        arguments, [&](const ReportQuery& query) { return (*history)->report(query); },
        [&] { return sleep_until_stopped(static_cast<std::int64_t>(arguments.watch * 1000)); });
}

// Every interval of a recording has its report, as it would have been when it was the latest.
Status replay_each(const Arguments& arguments, History& history) {
    auto query = TRY(query_of(arguments));
    std::vector<std::pair<WallTime, WallTime>> times;
    const auto listed = history.for_each(query.since, query.until, [&](const Interval& interval) -> Status {
        times.emplace_back(interval.begin, interval.end);
        return {};
    });
    if (!listed)
        return listed;
    for (const auto& [begin, end] : times) {
        query.since = begin;
        query.until = end;
        const auto breakdown = TRY(history.report(query));
        if (auto printed = print(arguments, breakdown, begin == times.front().first); !printed || stop_requested)
            return printed;
    }
    return {};
}

Status replay(const Arguments& arguments) {
    TRY(check_target(arguments.file, {{arguments.history.file}}));
    catch_signals();
    auto history = TRY(open_history_file(arguments.history.file));
    if (arguments.each)
        return replay_each(arguments, *history);
    return print_reports(
        arguments, [&](const ReportQuery& query) { return history->report(query); }, [] { return false; });
}

template<typename Known>
std::vector<std::string> names(std::initializer_list<Known> all, std::string_view (*name)(Known)) {
    std::vector<std::string> result;
    for (Known one : all)
        result.emplace_back(name(one));
    return result;
}

// What a report is of and how it is printed.
Option add_options(Subcommand command, Arguments& arguments) {
    const auto dimensions = names({Dimension::strategy, Dimension::process, Dimension::command, Dimension::user,
                                   Dimension::cgroup, Dimension::endpoint, Dimension::copy_class},
                                  dimension_name);
    const auto keys = names({SortKey::copied, SortKey::payload, SortKey::copies_per_byte, SortKey::operations,
                             SortKey::mode_switches, SortKey::kernel_time, SortKey::dma, SortKey::name},
                            sort_key_name);
    command.add_option("--by", arguments.by, fmt::format("{} (default strategy)", fmt::join(dimensions, ", ")))
        .one_of(dimensions)
        .type_name("DIMENSION");
    command.add_option("--sort", arguments.sort, fmt::format("{} (default copied)", fmt::join(keys, ", ")))
        .one_of(keys)
        .type_name("KEY");
    command.add_option("--since", arguments.since, "from this time on (default: all there is)").type_name("TIME");
    command.add_option("--until", arguments.until, "up to this time (default: now)").type_name("TIME");
    command.add_option("--top", arguments.top, "the first N groups, the rest as 'other' (default 100; 0: all)")
        .between(0U, 1000000U)
        .type_name("N");
    command.add_flag("--nested", arguments.nested, "strategies beneath each group");
    Option json = command.add_flag("--json", arguments.json, "print JSON; of several reports one per line");
    command.add_flag("--csv", arguments.csv, "print CSV").excludes(json);
    return command.add_option("--output", arguments.file, "write the report to FILE").type_name("FILE");
}

void add_sources(Subcommand command, Arguments& arguments, Option output) {
    command
        .add_option("--watch", arguments.watch,
                    "again every SECONDS (default 2), the latest interval unless --since is given")
        .or_bare(fmt::format("{}", default_watch_seconds))
        .between(0.1, 86400.0)
        .type_name("[SECONDS]")
        .excludes(output);
    command.add_option("--for", arguments.count_for, "without daemon and history: count for so long (default 5s)")
        .type_name("SPAN");
    arguments.history.add_options(command);
}

} // namespace

void add_report(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("report", "who copied what: asks the daemon, or a history file");
    auto arguments = std::make_shared<Arguments>();
    add_sources(command, *arguments, add_options(command, *arguments));
    command.footer(
        "Asks the daemon; where there is none, reads its history file; where there is none either, counts for itself.\n"
        "TIME is now, today, yesterday, -90s, -15m, -2h, -1d, 13:00, '2026-11-21 13:00' or 1795266000s.\n\n"
        "Examples:\n  copyscope report\n  copyscope report --by process --nested --top 10 --since -1h\n"
        "  copyscope report --by cgroup --since yesterday --until today --csv --output yesterday.csv\n"
        "  copyscope report --by class --watch");
    command.callback([arguments, &status] {
        const auto done = report(*arguments);
        status = done ? 0 : report_error(done.error());
    });
}

void add_replay(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("replay", "report what `record` has recorded");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("file", arguments->history.file, "the recording").required().type_name("FILE");
    Option each = command.add_flag("--each", arguments->each, "a report of every interval, one after the other");
    add_options(command, *arguments).excludes(each);
    command.footer(
        "Examples:\n  copyscope replay before.db --by process --nested\n"
        "  copyscope replay all.db --each --by process --nested --json >all.json; copyscope top --input all.json");
    command.callback([arguments, &status] {
        const auto done = replay(*arguments);
        status = done ? 0 : report_error(done.error());
    });
}

} // namespace copyscope
