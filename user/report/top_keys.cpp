// SPDX-License-Identifier: Apache-2.0
// Key -> what it changes about the view. See top_view.h.
#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "report/layout.h"
#include "report/top_view.h"

namespace copyscope {

namespace {

constexpr char everybody[] = "(everybody)";
constexpr std::size_t longest_input = 60;

void move_up(std::size_t& position, std::size_t lines) {
    position -= std::min(position, lines);
}

// All keys that move, the same in the table and in menus; settle() keeps `position` inside.
bool move(std::size_t& position, TopKey key, std::size_t page, std::size_t count) {
    switch (key) {
    case TopKey::up:
        move_up(position, 1);
        return true;
    case TopKey::down:
        position++;
        return true;
    case TopKey::page_up:
        move_up(position, std::max<std::size_t>(page, 1));
        return true;
    case TopKey::page_down:
        position += std::max<std::size_t>(page, 1);
        return true;
    case TopKey::home:
        position = 0;
        return true;
    case TopKey::end:
        position = count ? count - 1 : 0;
        return true;
    default:
        return false;
    }
}

// The selection stays with the process, or where that is not shown any more, with the line.
void select_process(TopView& view, const Breakdown& breakdown, const Group* process) {
    const auto rows = top_rows(breakdown, view);
    const auto found = std::ranges::find_if(rows, [&](const TopRow& row) { return row.process == process; });
    if (found != rows.end())
        view.selected = static_cast<std::size_t>(found - rows.begin());
}

const Group* selected_process(const TopView& view, const Breakdown& breakdown) {
    const auto rows = top_rows(breakdown, view);
    return view.selected < rows.size() ? rows[view.selected].process : nullptr;
}

void set_expanded(TopView& view, const Breakdown& breakdown, std::optional<bool> wanted) {
    const Group* process = selected_process(view, breakdown);
    if (!process)
        return;
    if (wanted.value_or(!view.expanded(process->pid)) == view.tree)
        view.other.erase(process->pid);
    else
        view.other.insert(process->pid);
    select_process(view, breakdown, process);
}

void toggle_tree(TopView& view, const Breakdown& breakdown) {
    const Group* process = selected_process(view, breakdown);
    view.tree = !view.tree;
    view.other.clear();
    select_process(view, breakdown, process);
}

void open(TopView& view, const Breakdown& breakdown, TopMode mode) {
    view.mode = mode;
    view.typed.clear();
    view.choice = 0;
    if (mode == TopMode::choose_sort)
        view.choice = static_cast<std::size_t>(view.sort);
    if (mode == TopMode::choose_user && !view.user.empty()) {
        const auto lines = menu_lines(breakdown, mode);
        view.choice = static_cast<std::size_t>(std::ranges::find(lines, printable(view.user)) - lines.begin());
    }
}

std::vector<std::string> users_of(const Breakdown& breakdown) {
    std::set<std::string> users;
    for (const Group& process : breakdown.groups)
        if (!process.user.empty())
            users.insert(process.user);
    return {users.begin(), users.end()};
}

void choose(TopView& view, const Breakdown& breakdown) {
    if (view.mode == TopMode::choose_sort) {
        view.sort = top_columns()[view.choice].column;
    } else {
        const auto users = users_of(breakdown);
        view.user = view.choice > 0 && view.choice <= users.size() ? users[view.choice - 1] : "";
    }
    view.mode = TopMode::table;
}

void press_in_table(TopView& view, const TopInput& input, const Breakdown& breakdown) {
    switch (input.key) {
    case TopKey::f1:
        return open(view, breakdown, TopMode::help);
    case TopKey::f4:
        return open(view, breakdown, TopMode::edit_filter);
    case TopKey::f5:
        return toggle_tree(view, breakdown);
    case TopKey::f6:
        return open(view, breakdown, TopMode::choose_sort);
    case TopKey::f10:
        view.quit = true;
        return;
    case TopKey::enter:
        return set_expanded(view, breakdown, {});
    case TopKey::escape:
        view.filter.clear();
        return;
    case TopKey::character:
        break;
    default:
        move(view.selected, input.key, table_height(view), top_rows(breakdown, view).size());
        return;
    }
    switch (input.character) {
    case 'h':
    case '?':
        return open(view, breakdown, TopMode::help);
    case '\\':
    case '/':
        return open(view, breakdown, TopMode::edit_filter);
    case 't':
        return toggle_tree(view, breakdown);
    case '>':
    case '<':
    case '.':
    case ',':
        return open(view, breakdown, TopMode::choose_sort);
    case 'u':
        return open(view, breakdown, TopMode::choose_user);
    case 'd':
    case 's':
        return open(view, breakdown, TopMode::edit_delay);
    case '+':
        return set_expanded(view, breakdown, true);
    case '-':
        return set_expanded(view, breakdown, false);
    case 'I':
        view.inverted = !view.inverted;
        return;
    case ' ':
    case 'p':
    case 'Z':
        view.paused = !view.paused;
        return;
    case 'q':
        view.quit = true;
        return;
    }
    for (const TopColumnInfo& info : top_columns())
        if (info.key && info.key == input.character)
            view.sort = info.column;
}

void press_in_menu(TopView& view, const TopInput& input, const Breakdown& breakdown) {
    const bool leaves = input.key == TopKey::escape || input.key == TopKey::f10 || input.key == TopKey::left ||
                        (input.key == TopKey::character && input.character == 'q');
    if (leaves)
        view.mode = TopMode::table;
    else if (input.key == TopKey::enter || input.key == TopKey::right)
        choose(view, breakdown);
    else
        move(view.choice, input.key, table_height(view), menu_lines(breakdown, view.mode).size());
}

// Help longer than the screen is scrolled; every other key ends it.
void press_in_help(TopView& view, const TopInput& input, const Breakdown& breakdown) {
    const std::size_t lines = top_help(breakdown, view.width).size();
    if (input.key != TopKey::none && !move(view.choice, input.key, help_height(view), lines))
        view.mode = TopMode::table;
}

// The filter works as it is typed. Esc takes it away.
void press_while_filtering(TopView& view, const TopInput& input) {
    if (input.key == TopKey::character && view.filter.size() < longest_input)
        view.filter += input.character;
    else if (input.key == TopKey::backspace && !view.filter.empty())
        view.filter.pop_back();
    else if (input.key == TopKey::enter)
        view.mode = TopMode::table;
    else if (input.key == TopKey::escape) {
        view.filter.clear();
        view.mode = TopMode::table;
    }
}

void press_while_setting_delay(TopView& view, const TopInput& input) {
    if (input.key == TopKey::character && view.typed.size() < longest_input)
        view.typed += input.character;
    else if (input.key == TopKey::backspace && !view.typed.empty())
        view.typed.pop_back();
    else if (input.key == TopKey::escape)
        view.mode = TopMode::table;
    else if (input.key == TopKey::enter) {
        view.mode = TopMode::table;
        const auto delay = parse_delay(view.typed);
        if (delay)
            view.delay = *delay;
        else if (!view.typed.empty())
            view.message = delay.error().message;
    }
}

} // namespace

std::size_t table_height(const TopView& view) {
    constexpr std::size_t besides = top_head_lines + 2;
    return view.height > besides ? view.height - besides : 0;
}

std::size_t help_height(const TopView& view) {
    return view.height > 1 ? view.height - 1 : 0;
}

std::vector<std::string> menu_lines(const Breakdown& breakdown, TopMode mode) {
    std::vector<std::string> lines;
    if (mode == TopMode::choose_sort)
        for (const TopColumnInfo& info : top_columns())
            lines.emplace_back(info.name);
    if (mode == TopMode::choose_user) {
        lines.emplace_back(everybody);
        for (const std::string& user : users_of(breakdown))
            lines.push_back(printable(user));
    }
    return lines;
}

void settle(TopView& view, const Breakdown& breakdown) {
    const std::size_t rows = top_rows(breakdown, view).size(), page = std::max<std::size_t>(table_height(view), 1);
    view.selected = std::min(view.selected, rows ? rows - 1 : 0);
    view.first = std::min(view.first, rows > page ? rows - page : 0);
    view.first = std::clamp(view.first, view.selected < page ? 0 : view.selected - page + 1, view.selected);
    if (const auto menu = menu_lines(breakdown, view.mode).size(); menu > 0)
        view.choice = std::min(view.choice, menu - 1);
    if (view.mode == TopMode::help) {
        const std::size_t lines = top_help(breakdown, view.width).size();
        view.choice = std::min(view.choice, lines - std::min(lines, help_height(view)));
    }
}

void press(TopView& view, const TopInput& input, const Breakdown& breakdown) {
    if (input.key != TopKey::none)
        view.message.clear();
    switch (view.mode) {
    case TopMode::table:
        press_in_table(view, input, breakdown);
        break;
    case TopMode::help:
        press_in_help(view, input, breakdown);
        break;
    case TopMode::choose_sort:
    case TopMode::choose_user:
        press_in_menu(view, input, breakdown);
        break;
    case TopMode::edit_filter:
        press_while_filtering(view, input);
        break;
    case TopMode::edit_delay:
        press_while_setting_delay(view, input);
        break;
    }
    settle(view, breakdown);
}

Result<std::chrono::milliseconds> parse_delay(const std::string& text) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const double least = static_cast<double>(least_delay.count()) / 1000,
                 greatest = static_cast<double>(greatest_delay.count()) / 1000;
    if (error != std::errc() || end != text.data() + text.size() || !(seconds >= least && seconds <= greatest))
        return fail_usage(
            fmt::format("'{}' is no delay: seconds from {} to {}, for example 1.5", printable(text), least, greatest));
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000 + 0.5));
}

} // namespace copyscope
