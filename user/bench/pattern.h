// SPDX-License-Identifier: Apache-2.0
// Bytes that know their place: the word at offset o of a stream is mix64(o / 8 ^ seed), little-endian. Because mix64
// can be inverted, a wrong byte tells not only that it is wrong but how (in the manner of the kernel's dmatest): never
// copied, copied from or to the wrong place, or from somewhere else altogether.
// Pure functions; knows nothing of files, sockets or strategies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace copyscope {

// A bijection on 64-bit words in which every input bit changes about half of the output bits, and its inverse.
std::uint64_t mix64(std::uint64_t word);
std::uint64_t unmix64(std::uint64_t word);

// A random seed under which no word within the first 2^62 bytes of a stream is zero.
std::uint64_t random_seed();

enum class Damage : std::uint32_t {
    none = 0,
    missing,   // zero where the pattern is not: never copied
    misplaced, // pattern of another offset: doubled, skipped or swapped
    foreign,   // bytes that are no pattern of this seed
    too_short, // fewer bytes than announced
    too_long,  // more bytes than announced
    digest,    // all bytes came, but not the announced ones (streams without a pattern)
};

const char* to_string(Damage damage);

struct Mismatch {
    Damage damage = Damage::none;
    std::uint64_t offset = 0;     // of the first wrong byte
    std::uint64_t belongs_to = 0; // misplaced: the offset at which these bytes would be right
    std::uint64_t word = 0;       // up to 8 bytes found from `offset` on, the first one lowest
};

// Fills `bytes` with the pattern of a stream from `offset` on; any offset, any length.
void fill_pattern(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t seed);

// Index of the first byte of `bytes` that differs from the pattern.
std::optional<std::size_t> first_difference(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t seed);

// How many bytes from the first wrong one on classify() needs to recognise misplaced bytes of any alignment.
inline constexpr std::size_t classify_window = 16;

// What is wrong with `bytes`, whose first byte is the first wrong one and stands at `offset`.
Mismatch classify(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t seed);

// first_difference() and classify() in one; nothing: all bytes are right.
std::optional<Mismatch> check_pattern(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t seed);

} // namespace copyscope
