// SPDX-License-Identifier: Apache-2.0
// The help of `copyscope top`: keys, columns, and the notes of the breakdown. See top_view.h.
#include <algorithm>

#include <fmt/format.h>

#include "report/layout.h"
#include "report/losses_text.h"
#include "report/top_view.h"

namespace copyscope {

namespace {

struct KeyHelp {
    const char* keys;
    const char* meaning;
};

constexpr KeyHelp key_help[] = {
    {"Up Down PgUp PgDn Home End", "move the selection"},
    {"+ - Enter", "show, hide, turn over the strategies beneath the selected process"},
    {"F5 t", "strategies beneath every process, or beneath none"},
    {"F6 > < . ,", "choose the column to sort by"},
    {"I", "turn the order round"},
    {"F4 \\ /", "show only what has a text in its command, pid or strategies; Esc ends it"},
    {"u", "show the processes of one user"},
    {"Space p Z", "pause, go on"},
    {"d s", "seconds between two refreshes"},
    {"F1 h ?", "this help"},
    {"F10 q Ctrl-C", "quit"},
};
constexpr std::size_t keys_width = 28;
constexpr std::size_t narrowest = 40; // below it lines are cut, not broken

void add(std::vector<std::string>& lines, const std::string& name, std::string_view text, std::size_t width) {
    const std::string head = fmt::format("{:<{}}", name, keys_width);
    const std::string block =
        head + render_paragraph(text, std::max(width, narrowest), keys_width, std::min(keys_width, head.size()));
    for (std::size_t from = 0; from <= block.size();) {
        const std::size_t to = std::min(block.find('\n', from), block.size());
        lines.push_back(block.substr(from, to - from));
        from = to + 1;
    }
}

void add_paragraph(std::vector<std::string>& lines, std::string_view text, std::size_t width) {
    const std::string block = render_paragraph(text, std::max(width, narrowest), 2);
    for (std::size_t from = 0; from <= block.size();) {
        const std::size_t to = std::min(block.find('\n', from), block.size());
        lines.push_back(block.substr(from, to - from));
        from = to + 1;
    }
}

} // namespace

std::vector<std::string> top_help(const Breakdown& breakdown, std::size_t width) {
    std::vector<std::string> lines;
    for (const KeyHelp& help : key_help)
        add(lines, help.keys, help.meaning, width);
    lines.emplace_back();
    lines.emplace_back("Columns (a wider screen shows more; bytes in powers of 1024, per second)");
    for (const TopColumnInfo& info : top_columns()) {
        std::string name = info.heading;
        if (std::string_view(info.heading) != info.short_heading)
            name += fmt::format(", {}", info.short_heading);
        if (info.key)
            name = fmt::format("{:<21}{}", name, info.key);
        add(lines, name, info.meaning, width);
    }
    lines.emplace_back("The letter behind a column sorts by it. \"-\" is not applicable.");
    const auto losses = losses_lines(breakdown.losses);
    if (!losses.empty() || !breakdown.notes.empty())
        lines.emplace_back();
    for (const std::string& loss : losses)
        add_paragraph(lines, loss, width);
    for (const std::string& note : breakdown.notes)
        add_paragraph(lines, printable(note), width);
    return lines;
}

} // namespace copyscope
