// SPDX-License-Identifier: Apache-2.0
// The columns of `copyscope top`: what each shows of a row, and which of them have room in a width.
// Must not know which rows there are.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/breakdown.h"

namespace copyscope {

enum class TopColumn {
    pid,
    user,
    copied,
    payload,
    copies_per_byte,
    to_user,
    from_user,
    kernel,
    dma,
    switches,
    time,
    operations,
    cow,
    referenced,
    command
};

// Shown once: the heading where there is room and where there is little, and what it means.
struct TopColumnInfo {
    TopColumn column;
    const char* name; // as given to --sort and shown in the menu
    const char* heading;
    const char* short_heading;
    std::size_t width, short_width; // at least those of the headings
    char key;                       // sorts by it at once; 0: only the menu does
    const char* meaning;
};

std::span<const TopColumnInfo> top_columns(); // every column, in the order of the screen
const TopColumnInfo& top_column(TopColumn column);
std::optional<TopColumn> find_top_column(std::string_view name);

// Columns side by side, one space between them, the command last with all that is left.
struct TopLayout {
    std::vector<TopColumn> columns;
    bool short_headings = false;
    std::size_t command_width = 0;

    std::size_t width_of(TopColumn column) const;
};
TopLayout layout_of_width(std::size_t width);

// What the column is sorted by: rates and shares per second of `seconds`; 0 for columns of text.
double top_figure(const Row& row, TopColumn column, double seconds);

// At most 5 characters; "-" where a figure means nothing: per byte without payload, per second without time.
std::string top_cell(const Row& row, TopColumn column, double seconds);

// "0", "512", "1.5K", "99.9M", "123G": at most 5 characters. `unit` is 1024 for bytes, 1000 for the rest.
std::string short_figure(double value, double unit);

} // namespace copyscope
