// SPDX-License-Identifier: Apache-2.0
// Bytes that say what they are and where they belong, so that a copy that went wrong can be named: three bits for the
// role of the place, five that depend on its position (all of it, so that a shift by a page is seen as well). Pure;
// must not know who copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dma_pattern {

enum class Role : std::uint8_t {
    source = 0b001,        // is to be copied
    source_around = 0b010, // is not
    target = 0b100,        // is to be overwritten
    target_around = 0b111, // is not
};

constexpr std::uint8_t byte_of(Role role, std::size_t position) {
    // Twice, so that there is no distance at which most bytes are alike (as by the golden ratio alone: 2584).
    std::uint64_t mixed = (position + 1) * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
    return static_cast<std::uint8_t>(static_cast<unsigned>(role) << 5 | mixed >> 59);
}

// The places of one copy, in the memory of both ends; `to` and `from` may be the same memory.
struct Places {
    std::span<std::uint8_t> to;
    std::span<const std::uint8_t> from;
    std::size_t to_offset = 0;
    std::size_t from_offset = 0;
    std::size_t length = 0;
    bool same = false;
};

inline bool inside(std::size_t at, std::size_t offset, std::size_t length) {
    return at >= offset && at - offset < length;
}

// What stands at `at` of the source's memory before and after, and of the target's before.
inline std::uint8_t in_source(const Places& p, std::size_t at) {
    if (p.same && inside(at, p.to_offset, p.length))
        return byte_of(Role::target, at);
    return byte_of(inside(at, p.from_offset, p.length) ? Role::source : Role::source_around, at);
}
inline std::uint8_t in_target(const Places& p, std::size_t at) {
    if (p.same)
        return in_source(p, at);
    return byte_of(inside(at, p.to_offset, p.length) ? Role::target : Role::target_around, at);
}

inline void fill(const Places& p, std::span<std::uint8_t> source) {
    for (std::size_t at = 0; at < source.size(); ++at)
        source[at] = in_source(p, at);
    for (std::size_t at = 0; !p.same && at < p.to.size(); ++at)
        p.to[at] = in_target(p, at);
}

// Why the byte at `at` of the target is not what `wanted` says.
inline const char* why(const Places& p, std::size_t at, std::uint8_t found) {
    const auto role = static_cast<Role>(found >> 5);
    if (!inside(at, p.to_offset, p.length))
        return role == Role::source || role == Role::source_around ? "copied too far" : "overwritten by no copy";
    if (found == in_target(p, at))
        return "not copied";
    if (role == Role::source || role == Role::source_around)
        return "copied from the wrong place";
    return role == Role::target || role == Role::target_around ? "copied from the target itself" : "no byte of ours";
}

// Empty if all is well. The first `copied` bytes must have arrived; of the rest of the copy each may have arrived or
// not if it ended early, and nothing else may have changed.
inline std::string verdict(const Places& p, std::size_t copied) {
    for (std::size_t at = 0; at < p.to.size(); ++at) {
        const bool target = inside(at, p.to_offset, p.length);
        const std::size_t done = target ? at - p.to_offset : 0;
        const std::uint8_t before = in_target(p, at);
        const std::uint8_t after = target ? byte_of(Role::source, p.from_offset + done) : before;
        if (p.to[at] == after || (target && done >= copied && p.to[at] == before))
            continue;
        return "byte " + std::to_string(at) + " of the target: " + why(p, at, p.to[at]);
    }
    for (std::size_t at = 0; !p.same && at < p.from.size(); ++at)
        if (p.from[at] != in_source(p, at))
            return "byte " + std::to_string(at) + " of the source: overwritten";
    return "";
}

} // namespace dma_pattern
