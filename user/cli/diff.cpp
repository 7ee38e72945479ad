// SPDX-License-Identifier: Apache-2.0
// copyscope diff: two measurements side by side, with an exit status for scripts.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/target.h"
#include "report/compare_report.h"

namespace copyscope {
namespace {

// As diff(1) and cmp(1) have it.
constexpr int status_same = 0, status_worse = 1, status_trouble = 2;

struct Arguments {
    std::string before, after, file;
    std::string copies = "0.05", switches = "10%", kernel_time, payload = "1MiB";
    bool json = false, strict = false;
    HistoryOptions history;
};

// FILE, FILE@SINCE..UNTIL or @SINCE..UNTIL
struct Operand {
    std::string file{};
    bool ranged = false;
    std::string since{}, until{};
};

Operand operand_of(const std::string& text) {
    const std::size_t at = text.rfind('@');
    const std::size_t dots = at == std::string::npos ? at : text.find("..", at);
    std::error_code ignored;
    if (dots == std::string::npos || std::filesystem::exists(text, ignored))
        return {.file = text};
    return {.file = text.substr(0, at),
            .ranged = true,
            .since = text.substr(at + 1, dots - at - 1),
            .until = text.substr(dots + 2)};
}

Result<Measurement> from_history(History& history, const Operand& operand, const std::string& name) {
    ReportQuery query;
    for (const auto& [text, time] : {std::pair(&operand.since, &query.since), {&operand.until, &query.until}}) {
        if (text->empty())
            continue;
        const auto parsed = parse_time(*text, wall_clock());
        if (!parsed)
            return std::unexpected(parsed.error().within(name));
        *time = *parsed;
    }
    if (query.since && query.until && *query.since >= *query.until)
        return fail_usage(name + ": ends before it begins");
    const auto breakdown = history.report(query);
    if (!breakdown)
        return std::unexpected(breakdown.error().within(name));
    return measurement_of(*breakdown, fmt::format("{}: {}", name, format_period(breakdown->since, breakdown->until)));
}

Result<Measurement> from_file(const Operand& operand, const std::string& name) {
    std::ifstream stream(operand.file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(operand.file))
        return fail(fmt::format("cannot read {}: give a recording, a report in JSON, or a time as @SINCE..UNTIL",
                                operand.file));
    if (is_history(stream) || operand.ranged) {
        auto history = open_history_file(operand.file);
        if (!history)
            return std::unexpected(history.error());
        return from_history(**history, operand, name);
    }
    auto text = next_json(stream);
    if (text && !(stream >> std::ws).eof())
        text = fail("more than one JSON object");
    const auto json = text ? parse_json(*text) : std::unexpected(text.error());
    if (!json)
        return fail(fmt::format("{}: neither a recording nor JSON of copyscope bench or report: {}", operand.file,
                                json.error().message));
    return measurement_from_json(*json, name);
}

Result<Measurement> measurement(const Arguments& arguments, const std::string& text) {
    const Operand operand = operand_of(text);
    Result<Measurement> result;
    if (operand.file.empty()) {
        auto history = open_history(arguments.history);
        if (!history)
            return std::unexpected(history.error());
        result = from_history(**history, operand, text);
    } else {
        result = from_file(operand, text);
    }
    // Or a mistyped time would look as if nothing had become worse.
    if (result && result->rows.empty())
        return fail(text + ": nothing was counted there: choose another time or file");
    return result;
}

// "0.05" or "10%"
Result<double> share_of(const std::string& text, const char* option) {
    std::size_t used = 0;
    double value = -1;
    try {
        value = std::stod(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    const bool percent = used + 1 == text.size() && text.back() == '%';
    if (used == 0 || (used != text.size() && !percent) || !(value >= 0 && value <= 1e9))
        return fail_usage(fmt::format("{} '{}': not a number or percentage (examples: 0.05, 10%)", option, text));
    return percent ? value / 100 : value;
}

Result<Thresholds> thresholds_of(const Arguments& arguments) {
    const auto copies = share_of(arguments.copies, "--threshold-copies");
    const auto switches = share_of(arguments.switches, "--threshold-switches");
    const auto payload = parse_size(arguments.payload);
    if (!copies || !switches)
        return std::unexpected((!copies ? copies : switches).error());
    if (!payload)
        return std::unexpected(payload.error());
    Thresholds thresholds{.copies = *copies, .switches = *switches, .payload = *payload};
    if (!arguments.kernel_time.empty()) {
        const auto time = share_of(arguments.kernel_time, "--threshold-time");
        if (!time)
            return std::unexpected(time.error());
        thresholds.kernel_time = *time;
    }
    return thresholds;
}

Result<int> diff(const Arguments& arguments) {
    const auto thresholds = thresholds_of(arguments);
    if (!thresholds)
        return std::unexpected(thresholds.error());
    const std::array sources = {operand_of(arguments.before).file, operand_of(arguments.after).file,
                                arguments.history.file};
    if (auto target = check_target(arguments.file, sources); !target)
        return std::unexpected(target.error());
    const auto before = measurement(arguments, arguments.before);
    if (!before)
        return std::unexpected(before.error());
    const auto after = measurement(arguments, arguments.after);
    if (!after)
        return std::unexpected(after.error());
    const Comparison comparison = compare(*before, *after, *thresholds);
    const auto render = [&](const TextOptions& options) {
        return arguments.json ? render_compare_json(comparison) : render_compare_text(comparison, options);
    };
    if (auto written = write_text(render, stdout, arguments.file); !written)
        return std::unexpected(written.error());
    return comparison.worse() || (arguments.strict && comparison.strategies_differ()) ? status_worse : status_same;
}

} // namespace

void add_diff(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("diff", "what became worse or better between two measurements");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("a", arguments->before, "before: a recording, JSON of bench or report, or a time")
        .required()
        .type_name("A");
    command.add_option("b", arguments->after, "after: likewise").required().type_name("B");
    command.add_option("--threshold-copies", arguments->copies, "copies per byte may change by so much (default 0.05)")
        .type_name("N");
    command
        .add_option("--threshold-switches", arguments->switches,
                    "mode switches per MiB may change by that share (default 10%)")
        .type_name("SHARE");
    command
        .add_option("--threshold-time", arguments->kernel_time,
                    "compare the kernel time per MiB too, which may change by that share")
        .type_name("SHARE");
    command
        .add_option("--min-payload", arguments->payload,
                    "leave out strategies that moved less on either side (default 1MiB)")
        .type_name("SIZE");
    command.add_flag("--strict", arguments->strict, "a strategy that is new or gone is worse, too");
    command.add_flag("--json", arguments->json, "print JSON, schema copyscope.diff/1");
    command.add_option("--output", arguments->file, "write the comparison to FILE").type_name("FILE");
    arguments->history.add_options(command);
    command.footer("A and B are each FILE (a recording, a history, or what bench --json or report --json wrote),\n"
                   "FILE@SINCE..UNTIL (of a recording or history), or @SINCE..UNTIL (of the daemon's history).\n"
                   "Exits as diff(1) does: 0 nothing became worse, 1 something did, 2 they could not be compared.\n\n"
                   "Examples:\n  copyscope diff @yesterday..today @today..now\n  copyscope diff main.json branch.json "
                   "--threshold-time 20%\n"
                   "  copyscope diff monday.rec tuesday.rec@13:00..14:00 --json");
    command.callback([arguments, &status] {
        const auto done = diff(*arguments);
        if (!done)
            report_error(done.error());
        status = done ? *done : status_trouble;
    });
}

} // namespace copyscope
