// SPDX-License-Identifier: Apache-2.0
// See top_screen.h: the head, the table, the menu beside it, and the line of keys.
#include "report/top_screen.h"

#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/units.h"
#include "report/layout.h"

namespace copyscope {

namespace {

constexpr std::size_t menu_width = 18;

std::string cut(const std::string& text, std::size_t width) {
    if (text.size() <= width)
        return text;
    return width ? text.substr(0, width - 1) + "~" : "";
}

// Years beyond what the calendar can print come from hostile files only.
std::string clock_text(WallTime time) {
    constexpr WallTime last = 253402300799'000; // the end of the year 9999
    if (time <= 0 || time > last)
        return "";
    return fmt::format("{:%H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(time / 1000)));
}

class Page {
public:
    Page(const Breakdown& breakdown, const TopView& view, const TopHead& head)
        : breakdown_(breakdown), view_(view), head_(head), rows_(top_rows(breakdown, view)),
          layout_(layout_of_width(view.width)), seconds_(seconds_of(breakdown)) {}

    std::size_t rows() const { return rows_.size(); }

    // The kernel and who counts; how much in all; what is left out, and what is wrong.
    Screen head() const {
        const std::string clock = clock_text(breakdown_.until);
        std::string who = "copyscope";
        if (!head_.waiting)
            who += fmt::format("  Linux {}  copies {}", printable(breakdown_.kernel), printable(breakdown_.copies));
        who += "  " + printable(head_.source);
        if (clock.size() + 1 < view_.width)
            who = fmt::format("{:<{}} {}", cut(who, view_.width - clock.size() - 1), view_.width - clock.size() - 1,
                              clock);
        return {{{who, Style::plain}}, totals(), state()};
    }

    Line headings() const {
        Line line;
        for (TopColumn column : layout_.columns) {
            const TopColumnInfo& info = top_column(column);
            const std::string heading = layout_.short_headings ? info.short_heading : info.heading;
            const Style style = column == view_.sort ? Style::sorted : Style::heading;
            if (!line.empty())
                line.push_back({" ", Style::heading});
            line.push_back({is_text(column) ? fmt::format("{:<{}}", heading, layout_.width_of(column))
                                            : fmt::format("{:>{}}", heading, layout_.width_of(column)),
                            style});
        }
        return fitted(line, view_.width, Style::heading);
    }

    Line row(std::size_t index, bool mark_selected) const {
        const bool selected = mark_selected && index == view_.selected;
        const TopRow& row = rows_[index];
        const Style style = selected ? Style::selected : row.strategy ? Style::faint : Style::plain;
        std::string text;
        for (TopColumn column : layout_.columns) {
            if (!text.empty())
                text += ' ';
            const std::string cell = cut(cell_text(row, column), layout_.width_of(column));
            text += is_text(column) ? fmt::format("{:<{}}", cell, layout_.width_of(column))
                                    : fmt::format("{:>{}}", cell, layout_.width_of(column));
        }
        return fitted({{text, style}}, view_.width, style);
    }

    Line keys() const {
        const auto typing = [](const std::string& what, const std::string& typed) {
            return Line{{what, Style::label}, {typed + "_", Style::plain}};
        };
        if (view_.mode == TopMode::edit_filter)
            return typing("Filter (Enter: keep, Esc: end): ", view_.filter);
        if (view_.mode == TopMode::edit_delay)
            return typing("Seconds between two refreshes (now " +
                              fmt::format("{}): ", static_cast<double>(view_.delay.count()) / 1000),
                          view_.typed);
        if (view_.mode == TopMode::help)
            return {{"Up Down", Style::key},
                    {"Scroll ", Style::label},
                    {"Any other key", Style::key},
                    {"Back", Style::label}};
        if (view_.mode != TopMode::table)
            return {{"Enter", Style::key}, {"Choose ", Style::label}, {"Esc", Style::key}, {"Cancel", Style::label}};
        const std::pair<const char*, const char*> all[] = {
            {"F1", "Help"}, {"F4", view_.filter.empty() ? "Filter" : "FILTER"},
            {"F5", "Tree"}, {"F6", "SortBy"},
            {"u", "User"},  {"p", view_.paused ? "GoOn" : "Pause"},
            {"d", "Delay"}, {"F10", "Quit"}};
        Line line;
        for (const auto& [key, label] : all) {
            line.push_back({key, Style::key});
            line.push_back({fmt::format("{:<6} ", label), Style::label});
        }
        return line;
    }

private:
    static bool is_text(TopColumn column) { return column == TopColumn::user || column == TopColumn::command; }

    Line totals() const {
        if (head_.waiting)
            return {{"Waiting for the first figures", Style::strong}};
        const Row& total = breakdown_.total;
        const auto cell = [&](TopColumn column) { return top_cell(total, column, seconds_); };
        return {{"Copied ", Style::plain},
                {cell(TopColumn::copied) + "/s", Style::strong},
                {fmt::format("  payload {}/s  copies/byte {}  DMA {}/s  switches {}/s", cell(TopColumn::payload),
                             cell(TopColumn::copies_per_byte), cell(TopColumn::dma), cell(TopColumn::switches)),
                 Style::plain}};
    }

    Line figures_state() const {
        Line line;
        if (const auto lost = breakdown_.losses.total())
            line.push_back({fmt::format("LOST {} (F1 says what)", format_count_short(lost)), Style::alarm});
        else
            line.push_back({"Lost nothing", Style::plain});
        line.push_back(
            {fmt::format("   interval {:.1f} s   processes {}", seconds_, breakdown_.groups.size()), Style::plain});
        if (!view_.filter.empty() || !view_.user.empty()) {
            const auto processes = std::ranges::count(rows_, nullptr, &TopRow::strategy);
            line.push_back({fmt::format(", {} shown", processes), Style::plain});
        }
        return line;
    }

    Line state() const {
        if (!view_.message.empty())
            return {{view_.message, Style::warning}};
        if (head_.waiting && head_.trouble.empty())
            return {};
        Line line;
        if (!head_.trouble.empty())
            line.push_back({printable(head_.trouble), Style::alarm});
        else
            line = figures_state();
        if (!view_.filter.empty())
            line.push_back({fmt::format("   filter \"{}\"", view_.filter), Style::warning});
        if (!view_.user.empty())
            line.push_back({fmt::format("   user {}", printable(view_.user)), Style::warning});
        if (view_.inverted)
            line.push_back({"   smallest first", Style::plain});
        if (view_.paused)
            line.push_back({"   PAUSED", Style::warning});
        return line;
    }

    std::string cell_text(const TopRow& row, TopColumn column) const {
        const Group& group = row.strategy ? *row.strategy : *row.process;
        switch (column) {
        case TopColumn::pid: // the group "other" has none
            return row.strategy || group.pid == 0 ? "" : std::to_string(group.pid);
        case TopColumn::user:
            return row.strategy ? "" : printable(group.user);
        case TopColumn::command:
            return row.strategy ? "  " + printable(group.name)
                                : printable(group.detail.empty() ? group.name : group.detail);
        default:
            return top_cell(group.sums, column, seconds_);
        }
    }

    const Breakdown& breakdown_;
    const TopView& view_;
    const TopHead& head_;
    std::vector<TopRow> rows_;
    TopLayout layout_;
    double seconds_;
};

// The menu stands at the left of the table, which is cut at the right.
void put_menu(Screen& body, const Breakdown& breakdown, const TopView& view) {
    const auto lines = menu_lines(breakdown, view.mode);
    const std::size_t page = std::max<std::size_t>(body.size(), 1);
    const std::size_t first = view.choice < page ? 0 : view.choice - page + 1;
    for (std::size_t i = 0; i < body.size(); i++) {
        const std::size_t index = first + i;
        const bool there = index < lines.size();
        Line line = fitted({{there ? " " + cut(lines[index], menu_width - 2) : "",
                             there && index == view.choice ? Style::selected : Style::plain}},
                           menu_width, there && index == view.choice ? Style::selected : Style::plain);
        line.push_back({"|", Style::faint});
        line.insert(line.end(), body[i].begin(), body[i].end());
        body[i] = std::move(line);
    }
}

Screen help_body(const Breakdown& breakdown, const TopView& view) {
    const auto lines = top_help(breakdown, view.width);
    Screen body;
    for (std::size_t i = view.choice; i < lines.size() && body.size() < help_height(view); i++)
        body.push_back({{lines[i], Style::plain}});
    return body;
}

} // namespace

Screen top_screen(const Breakdown& breakdown, const TopView& view, const TopHead& head) {
    const Page page(breakdown, view, head);
    Screen screen;
    if (view.mode == TopMode::help) {
        screen = help_body(breakdown, view);
    } else {
        screen = page.head();
        screen.push_back(page.headings());
        Screen body;
        for (std::size_t i = view.first; i < page.rows() && body.size() < table_height(view); i++)
            body.push_back(page.row(i, true));
        body.resize(table_height(view));
        if (view.mode == TopMode::choose_sort || view.mode == TopMode::choose_user)
            put_menu(body, breakdown, view);
        screen.insert(screen.end(), body.begin(), body.end());
    }
    // On a screen of few lines the keys stay, and what is below the fold goes.
    screen.resize(view.height ? view.height - 1 : 0);
    if (view.height)
        screen.push_back(page.keys());
    for (Line& line : screen)
        line = fitted(line, view.width);
    return screen;
}

Screen top_listing(const Breakdown& breakdown, const TopView& view, const TopHead& head) {
    const Page page(breakdown, view, head);
    Screen screen = page.head();
    screen.push_back(page.headings());
    for (std::size_t i = 0; i < page.rows(); i++)
        screen.push_back(page.row(i, false));
    for (Line& line : screen)
        line = fitted(line, view.width);
    return screen;
}

} // namespace copyscope
