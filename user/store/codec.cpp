// SPDX-License-Identifier: Apache-2.0
// See codec.h.
#include "store/codec.h"

namespace copyscope {

namespace {

void put(std::vector<std::uint8_t>& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
}

// Takes a varint off the front. Reports over a day spend most of their time here.
inline bool take(const std::uint8_t*& at, const std::uint8_t* end, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; at != end && shift < 64; shift += 7) {
        const std::uint64_t bits = *at & 0x7f;
        if (shift == 63 && bits > 1)
            return false; // more than 64 bits
        value |= bits << shift;
        if (*at++ < 0x80)
            return true;
    }
    return false;
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
    const std::uint8_t *at = encoded.data(), *const end = at + encoded.size();
    for (std::size_t next = 0; at != end; ++next) {
        std::uint64_t skipped = 0, value = 0;
        if (!take(at, end, skipped) || !take(at, end, value) || skipped >= figures.size() - next)
            return false;
        next += skipped;
        figures[next] += value;
    }
    return true;
}

} // namespace copyscope
