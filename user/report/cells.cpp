// SPDX-License-Identifier: Apache-2.0
// See cells.h.
#include "report/cells.h"

#include <fmt/format.h>

#include "base/units.h"
#include "base/words.h"

namespace copyscope {

Cell bytes_cell(std::uint64_t value) {
    return {format_count(value), value ? format_bytes(value) : "0"};
}

Cell bytes_cell(const std::optional<std::uint64_t>& value) {
    return value ? bytes_cell(*value) : Cell{"-"};
}

Cell count_cell(std::uint64_t value) {
    return {format_count(value), format_count_short(value)};
}

std::string doubts_of(const Row& row) {
    std::string words;
    if (row.unaccounted_bytes)
        add_words(words, fmt::format("unaccounted: {} bytes", format_count(row.unaccounted_bytes)));
    if (row.disagreement_bytes)
        add_words(words,
                  fmt::format("derived and measured copies differ by {} bytes", format_count(row.disagreement_bytes)));
    if (row.lost)
        add_words(words, fmt::format("lost: {} events", format_count(row.lost)));
    return words;
}

std::string short_ends(std::string text) {
    constexpr std::pair<std::string_view, std::string_view> shorter[] = {
        {"anonymous memory", "anon"},      {"mapped file", "mmap"},   {"mapped device", "mmap dev"},
        {"mapped DMA buffer", "mmap DMA"}, {"DMA buffer", "DMA"},     {"block device", "block"},
        {"char device", "char"},           {"unix socket", "unix"},   {"shared memory", "shared"},
        {"private copy", "private"},       {"static data", "static"},
    };
    for (auto [name, brief] : shorter)
        for (std::size_t at; (at = text.find(name)) != std::string::npos;)
            text.replace(at, name.size(), brief);
    return text;
}

} // namespace copyscope
