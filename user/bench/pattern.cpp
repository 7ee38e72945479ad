// SPDX-License-Identifier: Apache-2.0
// See pattern.h.
#include "bench/pattern.h"

#include <algorithm>
#include <cstring>
#include <endian.h>
#include <sys/random.h>
#include <time.h>

namespace copyscope {

namespace {

constexpr std::size_t word_size = 8;

// Beyond any stream: a random word is mistaken for a misplaced one with a probability of 2^-27 per alignment tried.
constexpr std::uint64_t longest_stream = std::uint64_t{1} << 40;

std::uint64_t pattern_word(std::uint64_t index, std::uint64_t seed) {
    return htole64(mix64(index ^ seed));
}

std::uint64_t load_word(std::span<const std::byte> bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min(bytes.size(), word_size));
    return le64toh(word);
}

bool all_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// The offset at which `bytes` would be right. Their first whole word may begin at any of the first eight bytes.
std::optional<std::uint64_t> home_of(std::span<const std::byte> bytes, std::uint64_t seed) {
    for (std::size_t shift = 0; shift < word_size && shift + word_size <= bytes.size(); shift++) {
        const std::uint64_t index = unmix64(load_word(bytes.subspan(shift))) ^ seed;
        if (index >= longest_stream / word_size || index * word_size < shift)
            continue;
        const std::uint64_t home = index * word_size - shift;
        if (!first_difference(bytes.first(shift + word_size), home, seed))
            return home;
    }
    return std::nullopt;
}

} // namespace

// The finalizer of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", variant 13 of
// Stafford).
std::uint64_t mix64(std::uint64_t word) {
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

std::uint64_t unmix64(std::uint64_t word) {
    word = (word ^ word >> 31 ^ word >> 62) * 0x319642b2d24d8ec3u;
    word = (word ^ word >> 27 ^ word >> 54) * 0x96de1b173f119089u;
    return word ^ word >> 30 ^ word >> 60;
}

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
        timespec now = {}; // no secret: it only has to differ from the seed of another run
        ::clock_gettime(CLOCK_REALTIME, &now);
        seed = mix64(static_cast<std::uint64_t>(now.tv_sec) << 30 ^ static_cast<std::uint64_t>(now.tv_nsec));
    }
    // mix64 is zero for zero only; the top bit keeps index ^ seed away from it.
    return seed | std::uint64_t{1} << 63;
}

const char* to_string(Damage damage) {
    switch (damage) {
    case Damage::none:
        return "none";
    case Damage::missing:
        return "missing";
    case Damage::misplaced:
        return "misplaced";
    case Damage::foreign:
        return "foreign";
    case Damage::too_short:
        return "too short";
    case Damage::too_long:
        return "too long";
    case Damage::digest:
        return "digest";
    }
    return "unknown";
}

void fill_pattern(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t seed) {
    while (!bytes.empty()) {
        const std::uint64_t word = pattern_word(offset / word_size, seed);
        const std::size_t inside = offset % word_size;
        std::size_t count = word_size;
        if (inside == 0 && bytes.size() >= word_size) { // nearly always, and a constant size is one store
            std::memcpy(bytes.data(), &word, word_size);
        } else {
            count = std::min(word_size - inside, bytes.size());
            std::memcpy(bytes.data(), reinterpret_cast<const char*>(&word) + inside, count);
        }
        bytes = bytes.subspan(count);
        offset += count;
    }
}

std::optional<std::size_t> first_difference(std::span<const std::byte> bytes, std::uint64_t offset,
                                            std::uint64_t seed) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::uint64_t word = pattern_word((offset + done) / word_size, seed);
        const std::size_t inside = (offset + done) % word_size;
        if (inside == 0 && bytes.size() - done >= word_size &&
            std::memcmp(bytes.data() + done, &word, word_size) == 0) {
            done += word_size;
            continue;
        }
        const auto* expected = reinterpret_cast<const std::byte*>(&word) + inside;
        const std::size_t count = std::min(word_size - inside, bytes.size() - done);
        for (std::size_t i = 0; i < count; i++)
            if (bytes[done + i] != expected[i])
                return done + i;
        done += count;
    }
    return std::nullopt;
}

Mismatch classify(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t seed) {
    Mismatch found = {.damage = Damage::foreign, .offset = offset, .word = load_word(bytes)};
    // A hole ends where a buffer or a page ends; to the end of the word is the least that can be asked of it.
    if (all_zero(bytes.first(std::min<std::size_t>(bytes.size(), word_size - offset % word_size)))) {
        found.damage = Damage::missing;
    } else if (const auto home = home_of(bytes, seed)) {
        found.damage = Damage::misplaced;
        found.belongs_to = *home;
    }
    return found;
}

std::optional<Mismatch> check_pattern(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t seed) {
    const auto index = first_difference(bytes, offset, seed);
    if (!index)
        return std::nullopt;
    return classify(bytes.subspan(*index), offset + *index, seed);
}

} // namespace copyscope
