// SPDX-License-Identifier: Apache-2.0
// What `copyscope top` shows of a breakdown by process, as plain data, and what each key changes about it.
// Pure. Must not know how it is drawn (top_screen.h), nor terminals, nor where the figures come from.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "report/top_columns.h"

namespace copyscope {

// `table` shows the processes; in every other mode the keys mean something else.
enum class TopMode { table, help, choose_sort, choose_user, edit_filter, edit_delay };

enum class TopKey {
    none,
    character,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    backspace,
    f1,
    f3,
    f4,
    f5,
    f6,
    f10
};

struct TopInput {
    TopKey key = TopKey::none;
    char character = 0; // of TopKey::character: ' ' to '~'
};

// Times between two refreshes that can be asked for.
inline constexpr std::chrono::milliseconds least_delay{100}, default_delay{1000}, greatest_delay{3'600'000};

struct TopView {
    // What the user has chosen.
    TopColumn sort = TopColumn::copied;
    bool inverted = false;         // smallest first
    bool tree = true;              // strategies beneath each process...
    std::set<std::uint32_t> other; // ...but not beneath these pids; if not `tree`: only beneath these
    std::string filter{};          // shows only what has it in its command line, name, pid or strategies
    std::string user{};            // shows only theirs; empty: everybody's
    bool paused = false;
    bool quit = false;
    std::chrono::milliseconds delay = default_delay;

    // Where they are.
    TopMode mode = TopMode::table;
    std::size_t selected = 0, first = 0; // rows: the selected one, and the one at the top of the table
    std::string typed{};                 // edit_delay: so far
    std::size_t choice = 0;              // choose_*: which line; help: the first line shown
    std::string message{};               // what was wrong with the last input; empty: nothing

    // What there is room for.
    std::size_t width = 80, height = 24;

    bool expanded(std::uint32_t pid) const { return tree != other.contains(pid); }
};

// Lines of the screen besides the rows of the table: the head, the headings and the keys.
inline constexpr std::size_t top_head_lines = 3;
std::size_t table_height(const TopView& view); // rows that are seen at once; 0 on a screen of few lines

// One line of the table. Valid as long as the breakdown.
struct TopRow {
    const Group* process = nullptr;
    const Group* strategy = nullptr; // null: the process itself
};

std::size_t help_height(const TopView& view); // likewise of the help, which has one line of keys besides

// The help, and what the reader of these figures must know; broken at `width`.
std::vector<std::string> top_help(const Breakdown& breakdown, std::size_t width);

// What the view shows of the breakdown, sorted, wherever it is scrolled to.
std::vector<TopRow> top_rows(const Breakdown& breakdown, const TopView& view);

// Seconds that the figures are of; 0 where the clock says nothing of use.
double seconds_of(const Breakdown& breakdown);

// The lines of the menus; for choose_user the first one is everybody.
std::vector<std::string> menu_lines(const Breakdown& breakdown, TopMode mode);

// Brings selection and scrolling back into what there is: after the breakdown or the size has changed.
void settle(TopView& view, const Breakdown& breakdown);

// What the key does to the view; settled.
void press(TopView& view, const TopInput& input, const Breakdown& breakdown);

// "1.5": seconds, within least_delay and greatest_delay.
Result<std::chrono::milliseconds> parse_delay(const std::string& text);

} // namespace copyscope
