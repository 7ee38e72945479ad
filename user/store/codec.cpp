// SPDX-License-Identifier: Apache-2.0
// See codec.h.
#include "store/codec.h"

#include <optional>

namespace copyscope {

namespace {

void put(std::vector<std::uint8_t>& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
}

// Takes a varint off the front.
std::optional<std::uint64_t> take(std::span<const std::uint8_t>& in) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < in.size() && i < 10; ++i) {
        const std::uint64_t bits = in[i] & 0x7f;
        if (i == 9 && bits > 1)
            return std::nullopt; // more than 64 bits
        value |= bits << (7 * i);
        if (in[i] < 0x80) {
            in = in.subspan(i + 1);
            return value;
        }
    }
    return std::nullopt;
}

} // namespace

std::vector<std::uint8_t> encode(std::span<const std::uint64_t> figures) {
    std::vector<std::uint8_t> out;
    std::size_t next = 0;
    for (std::size_t number = 0; number < figures.size(); ++number)
        if (figures[number] != 0) {
            put(out, number - next);
            put(out, figures[number]);
            next = number + 1;
        }
    return out;
}

bool add_encoded(std::span<const std::uint8_t> encoded, std::span<std::uint64_t> figures) {
    for (std::size_t next = 0; !encoded.empty(); ++next) {
        const std::optional<std::uint64_t> skipped = take(encoded), value = take(encoded);
        if (!skipped || !value || *skipped >= figures.size() - next)
            return false;
        next += *skipped;
        figures[next] += *value;
    }
    return true;
}

} // namespace copyscope
