// SPDX-License-Identifier: Apache-2.0
// copyscope export: every interval as it is kept, account by account, for other programs.
#include <cstdio>
#include <fmt/format.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/target.h"
#include "report/interval_json.h"

namespace copyscope {
namespace {

struct Arguments {
    std::string since, until, file;
    bool json = false, csv = false;
    HistoryOptions history;
};

struct Closer {
    void operator()(FILE* stream) const { std::fclose(stream); }
};

Result<std::optional<WallTime>> time_of(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    const auto time = TRY(parse_time(text, wall_clock()));
    return time;
}

Status write_intervals(const Arguments& arguments, History& history, FILE* stream, const std::string& name) {
    const auto since = time_of(arguments.since), until = time_of(arguments.until);
    if (!since || !until)
        return std::unexpected((!since ? since : until).error());
    auto put = [&](const std::string& text) -> Status {
        if (std::fwrite(text.data(), 1, text.size(), stream) != text.size())
            return fail_errno("cannot write " + name);
        return {};
    };
    if (arguments.csv)
        TRY(put(interval_csv_head()));
    auto status = history.for_each(*since, *until, [&](const Interval& interval) -> Status {
        if (stop_requested)
            return fail("interrupted: what was written up to here is whole intervals");
        return put(arguments.csv ? render_interval_csv(interval) : render_interval_json(interval));
    });
    if (status && std::fflush(stream))
        return fail_errno("cannot write " + name);
    return status;
}

Status export_intervals(const Arguments& arguments) {
    TRY(check_target(arguments.file, {{arguments.history.file}}));
    catch_signals();
    auto history = TRY(open_history(arguments.history));
    if (arguments.file.empty())
        return write_intervals(arguments, *history, stdout, "the intervals");
    const std::unique_ptr<FILE, Closer> stream(std::fopen(arguments.file.c_str(), "we"));
    if (!stream)
        return fail_errno("cannot create " + arguments.file);
    return write_intervals(arguments, *history, stream.get(), arguments.file);
}

} // namespace

void add_export(Subcommand app, int& status) {
    Subcommand command = app.add_subcommand("export", "every interval of the history, account by account");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("--since", arguments->since, "from this time on (default: all there is)").type_name("TIME");
    command.add_option("--until", arguments->until, "up to this time (default: now)").type_name("TIME");
    Option json = command.add_flag("--json", arguments->json, "one JSON document per interval and line (the default)");
    command.add_flag("--csv", arguments->csv, "CSV, one line per account").excludes(json);
    command.add_option("--output", arguments->file, "write to FILE").type_name("FILE");
    arguments->history.add_options(command);
    command.footer("Intervals are as fine as they are kept: seconds, then minutes, then hours. TIME as of report.\n\n"
                   "Examples:\n  copyscope export --since -10m | jq .end_ms\n"
                   "  copyscope export --since yesterday --until today --csv --output accounts.csv");
    command.callback([arguments, &status] {
        const auto done = export_intervals(*arguments);
        status = done ? 0 : report_error(done.error());
    });
}

} // namespace copyscope
