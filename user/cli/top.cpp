// SPDX-License-Identifier: Apache-2.0
// copyscope top: who copies how much right now, live or printed.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/live_source.h"
#include "cli/top_terminal.h"
#include "report/layout.h"
#include "report/top_screen.h"
#include "rpc/client.h"

namespace copyscope {
namespace {

using std::chrono::steady_clock;

struct Arguments {
    bool batch = false, flat = false;
    std::uint64_t iterations = 0; // 0: until interrupted
    std::size_t width = 80;       // of what is printed
    std::string delay, filter, user, input;
    std::string sort = top_column(TopColumn::copied).name;
    std::string socket = rpc::default_socket;
    CopyChoice copies = CopyChoice::automatic;
};

Result<TopView> view_of(const Arguments& arguments) {
    TopView view;
    view.tree = !arguments.flat;
    view.filter = printable(arguments.filter); // what it is compared with is printable, too
    view.user = arguments.user;
    view.width = arguments.width;
    if (!arguments.delay.empty()) {
        const auto delay = parse_delay(arguments.delay);
        if (!delay)
            return std::unexpected(delay.error().within("--delay"));
        view.delay = *delay;
    }
    view.sort = find_top_column(arguments.sort).value_or(TopColumn::copied);
    return view;
}

Status print(LiveSource& source, const TopView& view, std::uint64_t iterations) {
    const Interruptible interruptible;
    auto due = steady_clock::now();
    if (!source.has_first())
        due += view.delay;
    for (std::uint64_t i = 0; iterations == 0 || i < iterations; due += view.delay) {
        while (!stop_requested && steady_clock::now() < due)
            interruptible.wait(-1, due);
        if (stop_requested)
            return {};
        const auto breakdown = TRY(source.next());
        if (!breakdown)
            return {};
        const auto text = screen_text(top_listing(*breakdown, view, {.source = source.name()}));
        const auto written = write_text([&](const TextOptions&) { return (i ? "\n" : "") + text; }, stdout, "");
        if (!written)
            return written;
        i++;
    }
    return {};
}

// New figures when they are due, a new screen after whatever has happened.
class Live {
public:
    Live(LiveSource& source, TopView view)
        : source_(source), view_(std::move(view)), head_{.source = source.name(), .waiting = true} {
        if (!source.has_first())
            due_ += view_.delay;
    }

    // What is wrong from the start is said on the ordinary screen.
    Status first() { return source_.has_first() ? refresh() : Status{}; }

    void run(TopTerminal& terminal) {
        while (!view_.quit && !stop_requested && !terminal.gone()) {
            if (!held() && steady_clock::now() >= due_) {
                if (const auto done = refresh(); !done)
                    head_.trouble = done.error().message; // the last figures stay, and it may come back
            }
            view_.width = terminal.width();
            view_.height = terminal.height();
            settle(view_, breakdown_);
            terminal.draw(top_screen(breakdown_, view_, head_));
            const auto delay = view_.delay;
            press(view_, terminal.read(held() ? std::nullopt : std::optional(due_)), breakdown_);
            if (delay != view_.delay)
                due_ = steady_clock::now() + view_.delay;
        }
    }

private:
    // While somebody chooses among what is there, it stays.
    bool held() const { return ended_ || view_.paused || view_.mode == TopMode::choose_user; }

    Status refresh() {
        due_ = steady_clock::now() + view_.delay;
        auto next = TRY(source_.next());
        ended_ = !next;
        head_.trouble = ended_ ? "that was the last report" : "";
        if (!ended_) {
            breakdown_ = std::move(*next);
            head_.waiting = false;
        }
        return {};
    }

    LiveSource& source_;
    TopView view_;
    TopHead head_;
    Breakdown breakdown_;
    SteadyTime due_ = steady_clock::now();
    bool ended_ = false;
};

Status show(const Arguments& arguments) {
    const auto view = TRY(view_of(arguments));
    if (!arguments.batch)
        TRY(TopTerminal::check());
    catch_signals();
    auto source =
        TRY(arguments.input.empty() ? open_live(arguments.socket, arguments.copies) : open_saved(arguments.input));
    if (arguments.batch)
        return print(*source, view, arguments.iterations);
    Live live(*source, view);
    TRY(live.first());
    auto terminal = TRY(TopTerminal::open());
    live.run(*terminal);
    return {};
}

} // namespace

void add_top(Subcommand app, int& status) {
    Subcommand command =
        app.add_subcommand("top", "who copies how much right now: processes, and the strategies beneath them");
    auto arguments = std::make_shared<Arguments>();
    command.add_option("-d,--delay", arguments->delay, "between two refreshes, 0.1 to 3600 (default 1)")
        .type_name("SECONDS");
    std::vector<std::string> columns;
    for (const TopColumnInfo& info : top_columns())
        columns.emplace_back(info.name);
    command.add_option("--sort", arguments->sort, "the column to sort by (default copied)")
        .type_name("COLUMN")
        .one_of(columns);
    command.add_option("--filter", arguments->filter, "only what has TEXT in its command, pid or strategies")
        .type_name("TEXT");
    command.add_option("--user", arguments->user, "only the processes of USER").type_name("USER");
    command.add_flag("--flat", arguments->flat, "no strategies beneath the processes");
    Option batch = command.add_flag("-b,--batch", arguments->batch, "print instead of drawing: every row, no keys");
    command.add_option("-n,--iterations", arguments->iterations, "print so often (default: until interrupted)")
        .type_name("N")
        .positive()
        .needs(batch);
    command.add_option("--width", arguments->width, "columns of what is printed (default 80)")
        .type_name("COLUMNS")
        .between(20, 1000)
        .needs(batch);
    Option socket = command.add_option("--socket", arguments->socket, "the daemon's socket").type_name("PATH");
    command.add_option("--input", arguments->input, "show what `report --by process --json` has saved")
        .type_name("FILE")
        .excludes(socket);
    add_copies_option(command, arguments->copies);
    command.footer("Asks the daemon; where there is none it counts by itself, which needs root, and --copies holds.\n"
                   "Keys are those of htop; F1 shows them. In batch mode a screen is followed by an empty line.\n\n"
                   "Examples:\n  copyscope top\n"
                   "  copyscope top --sort switches --user www-data\n"
                   "  copyscope top --batch -n 1 --width 132");
    command.callback([arguments, &status] {
        const auto done = show(*arguments);
        status = done ? 0 : report_error(done.error());
    });
}

} // namespace copyscope
