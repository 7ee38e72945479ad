// SPDX-License-Identifier: Apache-2.0
// Bytes that tell by themselves what went wrong with a copy: "not copied", "from the wrong place", "too far". Every
// byte depends on where it is and on what it is for: bits 6 and 7 say that (after the manner of the kernel's dmatest),
// the others are a hash of its position. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace contract {

using Bytes = std::vector<unsigned char>;

enum Role : unsigned char { bystander = 0, to_be_replaced = 1, to_be_copied = 2, other_file = 3 };

inline unsigned char patterned(std::uint64_t position, Role role) {
    std::uint64_t hash = (position + 1) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
    return static_cast<unsigned char>(role << 6 | ((hash * 0xd6e8feb86659fd93ULL) >> 58));
}
inline Bytes pattern(std::size_t bytes, Role role = bystander, std::uint64_t start = 0) {
    Bytes out(bytes);
    for (std::size_t i = 0; i < bytes; i++)
        out[i] = patterned(start + i, role);
    return out;
}

struct Range {
    std::uint64_t at, bytes;
    bool holds(std::uint64_t position) const { return position >= at && position - at < bytes; }
};

// What a buffer holds before a copy out of `from` and into `to`, either of which may be empty.
inline Bytes before_copy(std::size_t bytes, Range to, Range from) {
    Bytes out(bytes);
    for (std::size_t i = 0; i < bytes; i++)
        out[i] = patterned(i, from.holds(i) ? to_be_copied : to.holds(i) ? to_be_replaced : bystander);
    return out;
}

// Nothing, or what is wrong. `now` should be `before` with `to` replaced by what `source` held at `from`.
inline std::string after_copy(const Bytes& now, const Bytes& before, Range to, const Bytes& source, Range from) {
    if (now.size() != before.size())
        return "got " + std::to_string(now.size()) + " bytes of " + std::to_string(before.size());
    for (std::size_t i = 0; i < now.size(); i++) {
        const bool inside = to.holds(i);
        if (now[i] == (inside ? source[from.at + i - to.at] : before[i]))
            continue;
        const char* what = "holds what nobody wrote";
        if (!inside) { // the source's neighbour beside the target: the copy began too early or ended too late
            const auto neighbour = i + from.at - to.at;
            const bool too_far = neighbour < source.size() && now[i] == source[neighbour];
            what = too_far ? "was copied to, too far" : "was changed, outside the copy";
        } else if (now[i] == before[i])
            what = "was not copied";
        else if (now[i] >> 6 == to_be_copied)
            what = "was copied from the wrong place";
        else if (now[i] >> 6 == bystander)
            what = "was copied from outside the source";
        return "byte " + std::to_string(i) + " " + what;
    }
    return {};
}
inline std::string differs(const unsigned char* now, const unsigned char* wanted, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i++)
        if (now[i] != wanted[i])
            return "byte " + std::to_string(i) + " is " + std::to_string(now[i]) + ", not " + std::to_string(wanted[i]);
    return {};
}
inline std::string differs(const Bytes& now, const Bytes& wanted) {
    if (now.size() != wanted.size())
        return "got " + std::to_string(now.size()) + " bytes of " + std::to_string(wanted.size());
    return differs(now.data(), wanted.data(), now.size());
}

} // namespace contract
