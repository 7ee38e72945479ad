// SPDX-License-Identifier: Apache-2.0
// Bytes that a process chose -> text that every reader of metrics accepts.
#include <fmt/format.h>

#include "model/metrics.h"

namespace copyscope {

namespace {

constexpr std::size_t longest = 128;

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

} // namespace

std::string label_text(std::string_view bytes) {
    if (bytes.size() > longest)
        bytes.remove_prefix(bytes.size() - longest);
    std::string text;
    while (!bytes.empty()) {
        const auto first = static_cast<unsigned char>(bytes.front());
        const bool control = first < 0x20 || first == 0x7f;
        const std::size_t length = control ? 0 : sequence_length(bytes);
        if (length == 0)
            text += fmt::format("\\x{:02x}", first);
        else
            text += bytes.substr(0, length);
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text;
}

} // namespace copyscope
