// SPDX-License-Identifier: Apache-2.0
// See escape.h.
#include "base/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace copyscope {

namespace {

struct Range {
    std::uint32_t first, last;
};

// Cc beyond ASCII; Cf that reorder, join or hide (Unicode 15, UAX #9 and #14); the line ends of Unicode; tags.
constexpr Range dangerous[] = {{0x80, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},   {0x180e, 0x180e},
                               {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f}, {0xfeff, 0xfeff},
                               {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

// The length of the well-formed UTF-8 sequence that the text begins with (The Unicode Standard, table 3-7); 0: of none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second > 0x9f;
        return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
        return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

// Of a well-formed sequence of more than one byte.
std::uint32_t code_point(std::string_view sequence) {
    std::uint32_t code = static_cast<unsigned char>(sequence[0]) & (0xffU >> (sequence.size() + 1));
    for (const char c : sequence.substr(1))
        code = code << 6 | (static_cast<unsigned char>(c) & 0x3fU);
    return code;
}

std::string escaped(std::string_view bytes, bool lines) {
    std::string text;
    while (!bytes.empty()) {
        const auto first = static_cast<unsigned char>(bytes.front());
        const bool control = first == 0x7f || (first < 0x20 && !(lines && first == '\n'));
        const std::size_t length = control ? 0 : sequence_length(bytes);
        const std::string_view sequence = bytes.substr(0, std::max<std::size_t>(length, 1));
        const std::uint32_t code = length > 1 ? code_point(sequence) : 0;
        if (length == 0)
            text += fmt::format("\\x{:02x}", first);
        else if (std::ranges::any_of(dangerous, [&](Range range) { return code >= range.first && code <= range.last; }))
            text += fmt::format("\\u{:04x}", code);
        else
            text += sequence;
        bytes.remove_prefix(sequence.size());
    }
    return text;
}

} // namespace

std::string escaped(std::string_view bytes) {
    return escaped(bytes, false);
}

std::string escaped_lines(std::string_view bytes) {
    return escaped(bytes, true);
}

} // namespace copyscope
