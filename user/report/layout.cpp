// SPDX-License-Identifier: Apache-2.0
// Tables and paragraphs that never exceed a width.
#include "report/layout.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <span>

namespace copyscope {

namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t shortest_key = 14; // unless shorter texts are all there is
constexpr std::size_t remark_indent = 4;

const std::string& text_of(const Cell& cell, bool exact) {
    return exact || cell.compact.empty() ? cell.exact : cell.compact;
}

std::size_t width_of(const Column& column, bool exact) {
    std::size_t width = column.heading.size();
    for (const Cell& cell : column.cells)
        width = std::max(width, text_of(cell, exact).size());
    return width;
}

std::vector<std::size_t> widths_of(std::span<const Column> columns, bool exact) {
    std::vector<std::size_t> widths;
    for (const Column& column : columns)
        widths.push_back(width_of(column, exact));
    return widths;
}

// Of columns that stand side by side, each with a gap behind it.
std::size_t sum(std::span<const std::size_t> widths) {
    std::size_t total = 0;
    for (std::size_t width : widths)
        total += width + gap;
    return total;
}

std::string cut(const std::string& text, std::size_t width) {
    return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

// The least width at which all texts of a column that differ still do.
std::size_t least_width(const Column& key, bool exact) {
    std::set<std::string> texts;
    for (const Cell& cell : key.cells)
        texts.insert(text_of(cell, exact));
    for (std::size_t width = shortest_key;; ++width) {
        std::set<std::string> seen;
        for (const std::string& text : texts)
            seen.insert(cut(text, width));
        if (seen.size() == texts.size())
            return width;
    }
}

// Takes from the widest key until all fit into `room`, or until nothing more can be taken.
void cut_keys(std::vector<std::size_t>& widths, const std::vector<std::size_t>& least, std::size_t room) {
    while (sum(widths) > room) {
        std::size_t widest = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i)
            if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest]))
                widest = i;
        if (widest == widths.size())
            return;
        --widths[widest];
    }
}

std::string trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

void make_printable(Table& table) {
    for (auto* columns : {&table.keys, &table.columns})
        for (Column& column : *columns)
            for (Cell& cell : column.cells)
                for (std::string* text : {&cell.exact, &cell.compact})
                    *text = printable(*text);
    for (std::string& remark : table.remarks)
        remark = printable(remark);
}

// Which text of its cells a table shows.
struct Form {
    bool exact_columns, exact_keys;
};

// One table that is known to fit.
class Sheet {
public:
    Sheet(const Table& table, std::span<const Column> columns, std::vector<std::size_t> key_widths, Form form)
        : table_(table), columns_(columns), key_widths_(std::move(key_widths)),
          widths_(widths_of(columns, form.exact_columns)), form_(form) {}

    std::string heading() const {
        std::string line;
        for (std::size_t i = 0; i < table_.keys.size(); ++i)
            line += left(cut(table_.keys[i].heading, key_widths_[i]), key_widths_[i], Colour::none);
        for (std::size_t i = 0; i < columns_.size(); ++i)
            line += right(columns_[i].heading, widths_[i], Colour::none);
        return trimmed(line);
    }

    std::string row(std::size_t index, bool colour) const {
        auto paint = [colour](const Cell& cell) { return colour ? cell.colour : Colour::none; };
        std::string line;
        for (std::size_t i = 0; i < table_.keys.size(); ++i) {
            const Cell& cell = table_.keys[i].cells[index];
            line += left(cut(text_of(cell, form_.exact_keys), key_widths_[i]), key_widths_[i], paint(cell));
        }
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Cell& cell = columns_[i].cells[index];
            line += right(text_of(cell, form_.exact_columns), widths_[i], paint(cell));
        }
        return trimmed(line);
    }

    // Where a remark at the end of a line begins.
    std::size_t end() const { return sum(key_widths_) + sum(widths_); }

private:
    // The padding stays outside the colour, so that a coloured table is as wide as a plain one.
    static std::string left(const std::string& text, std::size_t width, Colour colour) {
        return coloured(text, colour) + std::string(width - text.size() + gap, ' ');
    }
    static std::string right(const std::string& text, std::size_t width, Colour colour) {
        return std::string(width - text.size(), ' ') + coloured(text, colour) + std::string(gap, ' ');
    }

    const Table& table_;
    std::span<const Column> columns_;
    std::vector<std::size_t> key_widths_;
    std::vector<std::size_t> widths_;
    Form form_;
};

std::string render_sheet(const Sheet& sheet, std::size_t rows, const std::vector<std::string>& remarks,
                         std::size_t width, bool colour) {
    std::string text = sheet.heading() + "\n";
    for (std::size_t i = 0; i < rows; ++i) {
        std::string line = sheet.row(i, colour);
        if (i < remarks.size() && !remarks[i].empty()) {
            if (sheet.end() + remarks[i].size() <= width) {
                std::size_t visible = sheet.row(i, false).size();
                line += std::string(sheet.end() - visible, ' ') + remarks[i];
            } else {
                line += "\n" + std::string(remark_indent, ' ') +
                        render_paragraph(remarks[i], width, remark_indent, remark_indent);
            }
        }
        text += line + "\n";
    }
    return text;
}

} // namespace

std::string render_table(Table table, std::size_t width, bool colour) {
    make_printable(table);
    if (table.keys.empty() || table.keys.front().cells.empty())
        return "";
    const std::size_t rows = table.keys.front().cells.size();
    assert(std::ranges::all_of(table.keys, [=](const Column& key) { return key.cells.size() == rows; }));
    assert(std::ranges::all_of(table.columns, [=](const Column& column) { return column.cells.size() == rows; }));
    assert(table.remarks.empty() || table.remarks.size() == rows);
    const std::size_t line = width + gap; // the gap behind the last column is never printed
    Form form{};
    std::vector<std::size_t> keys, widths;
    for (Form candidate : {Form{true, true}, Form{true, false}, Form{false, true}, Form{false, false}}) {
        form = candidate;
        keys = widths_of(table.keys, form.exact_keys);
        widths = widths_of(table.columns, form.exact_columns);
        if (sum(keys) + sum(widths) <= line)
            break;
    }
    // Names are cut for one table only, and never so that two rows read alike; several tables have room for them.
    std::vector<std::size_t> least;
    for (const Column& key : table.keys)
        least.push_back(std::min(least_width(key, form.exact_keys), line * 2 / 3));
    const std::size_t widest = widths.empty() ? 0 : *std::ranges::max_element(widths) + gap;
    const auto whole = keys;
    cut_keys(keys, least, 0);
    if (sum(keys) + widest > line) // not even one column beside them
        least.assign(least.size(), shortest_key);
    keys = whole;
    cut_keys(keys, least, line - std::min(line, sum(widths)));
    if (sum(keys) + sum(widths) > line) {
        keys = whole;
        cut_keys(keys, least, std::max(line * 2 / 3, line - std::min(line, 4 * widest)));
    }

    std::string text;
    for (std::size_t from = 0; from < widths.size();) {
        std::size_t to = from + 1;
        std::size_t used = sum(keys) + widths[from] + gap;
        while (to < widths.size() && used + widths[to] + gap <= line)
            used += widths[to++] + gap;
        bool last = to == widths.size();
        Sheet sheet(table, std::span(table.columns).subspan(from, to - from), keys, form);
        text += render_sheet(sheet, table.keys.front().cells.size(), last ? table.remarks : std::vector<std::string>(),
                             width, colour);
        if (!last)
            text += "\n";
        from = to;
    }
    return text;
}

std::string render_paragraph(std::string_view words, std::size_t width, std::size_t indent, std::size_t used) {
    const std::string shown = printable(words);
    std::string_view text = shown;
    std::string result;
    std::size_t room = width - used; // of the current line
    const std::string new_line = "\n" + std::string(indent, ' ');
    bool begun = false;
    while (!text.empty()) {
        std::size_t length = std::min(text.find(' '), text.size());
        std::string_view word = text.substr(0, length);
        text.remove_prefix(std::min(length + 1, text.size()));
        if (begun && word.size() + 1 <= room) {
            result += ' ';
            --room;
        } else if (begun) {
            result += new_line;
            room = width - indent;
        }
        for (; word.size() > room; room = width - indent) {
            result.append(word.substr(0, room)).append(new_line);
            word.remove_prefix(room);
        }
        result += word;
        room -= word.size();
        begun = true;
    }
    return result;
}

std::string printable(std::string_view text) {
    std::string result(text);
    std::ranges::replace_if(
        result, [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

std::string coloured(const std::string& text, Colour colour) {
    switch (colour) {
    case Colour::green:
        return "\x1b[32m" + text + "\x1b[0m";
    case Colour::red:
        return "\x1b[31m" + text + "\x1b[0m";
    case Colour::yellow:
        return "\x1b[33m" + text + "\x1b[0m";
    case Colour::none:
        break;
    }
    return text;
}

} // namespace copyscope
