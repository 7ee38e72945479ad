// SPDX-License-Identifier: Apache-2.0
// Tables and paragraphs that never exceed a width. ASCII only: one byte is one column.
// Knows nothing of what stands in the cells, and so makes all of it printable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace copyscope {

enum class Colour { none, green, red, yellow };

struct Cell {
    std::string exact;
    std::string compact{}; // shown where the exact values do not fit; "" = the same
    Colour colour = Colour::none;
};

struct Column {
    std::string heading;
    std::vector<Cell> cells; // one per row
};

struct Table {
    std::vector<Column> keys;           // say which row it is: to the left, cut with "~" where they must be
    std::vector<Column> columns;        // numbers and short words, never cut, to the right
    std::vector<std::string> remarks{}; // per row: at its end where it fits, else below it; empty: none at all
};

// Exact values if they fit (with compact keys if need be), else compact ones, else with cut keys, else in several
// tables that repeat the keys.
std::string render_table(Table table, std::size_t width, bool colour);

// Broken between words, all lines but the first indented; `used` columns of the first are taken already. A word longer
// than a line is broken. No line feed at the end.
std::string render_paragraph(std::string_view text, std::size_t width, std::size_t indent, std::size_t used = 0);

// What a terminal can show: control characters and bytes beyond ASCII become "?".
std::string printable(std::string_view text);

// The text in that colour; the text itself where the colour is none.
std::string coloured(const std::string& text, Colour colour);

} // namespace copyscope
