// SPDX-License-Identifier: Apache-2.0
// See screen.h.
#include "report/screen.h"

#include "report/layout.h"

namespace copyscope {

std::size_t width_of(const Line& line) {
    std::size_t width = 0;
    for (const StyledText& span : line)
        width += span.text.size();
    return width;
}

Line fitted(const Line& line, std::size_t width, Style fill) {
    Line result;
    std::size_t room = width;
    for (const StyledText& span : line) {
        if (room == 0)
            break;
        result.push_back({printable(std::string_view(span.text).substr(0, room)), span.style});
        room -= result.back().text.size();
    }
    if (room > 0)
        result.push_back({std::string(room, ' '), fill});
    return result;
}

std::string screen_text(const Screen& screen) {
    std::string text;
    for (const Line& line : screen) {
        std::string row;
        for (const StyledText& span : line)
            row += span.text;
        row.erase(row.find_last_not_of(' ') + 1);
        text += row + "\n";
    }
    return text;
}

} // namespace copyscope
