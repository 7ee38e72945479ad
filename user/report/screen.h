// SPDX-License-Identifier: Apache-2.0
// A screen full of text as plain data: lines of spans, each in one style. ASCII only: one byte is one column.
// Knows neither terminals nor what the text means.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace copyscope {

// What a span is, not what it looks like: that is the terminal's matter.
enum class Style { plain, faint, strong, alarm, warning, heading, sorted, selected, key, label };

struct StyledText {
    std::string text;
    Style style = Style::plain;
};

using Line = std::vector<StyledText>;
using Screen = std::vector<Line>;

std::size_t width_of(const Line& line);

// The first `width` columns of it; filled up with spaces of style `fill` where it is shorter.
Line fitted(const Line& line, std::size_t width, Style fill = Style::plain);

// The same without styles: spaces at the ends of lines cut, a line feed behind each line.
std::string screen_text(const Screen& screen);

} // namespace copyscope
