// SPDX-License-Identifier: Apache-2.0
// The pattern and the digest catch every kind of damage and name it. Pure, no files.
#include "bench/pattern.h"
#include "bench/verifier.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace copyscope {
namespace {

constexpr std::uint64_t seed = 0x8123456789abcdefu;

std::vector<std::byte> stream(std::size_t bytes, std::uint64_t offset = 0) {
    std::vector<std::byte> data(bytes);
    fill_pattern(data, offset, seed);
    return data;
}

// Feeds in pieces of `piece` bytes, as a socket would.
Receipt receive(const Payload& payload, std::span<const std::byte> data, std::size_t piece) {
    Verifier verifier(payload);
    for (std::size_t at = 0; at < data.size(); at += piece)
        verifier.feed(data.subspan(at, std::min(piece, data.size() - at)));
    return verifier.finish();
}

Payload announced(std::size_t bytes) {
    return {.kind = Payload::Kind::pattern, .bytes = bytes, .seed = seed};
}

Payload digest_of(std::span<const std::byte> data) {
    Digest digest;
    digest.feed(data);
    return {.kind = Payload::Kind::digest, .bytes = data.size(), .seed = 0, .digest = digest.value()};
}

TEST(Pattern, MixIsInverted) {
    for (std::uint64_t word :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x123456789abcdef}, ~std::uint64_t{0}}) {
        EXPECT_EQ(unmix64(mix64(word)), word);
        EXPECT_EQ(mix64(unmix64(word)), word);
    }
}

TEST(Pattern, AnyOffsetAndLengthIsASliceOfTheWhole) {
    const auto whole = stream(256);
    for (std::size_t offset = 0; offset < 32; offset++)
        for (std::size_t length = 0; length < 40; length++) {
            const auto slice = stream(length, offset);
            EXPECT_TRUE(std::equal(slice.begin(), slice.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset)));
            EXPECT_FALSE(check_pattern(slice, offset, seed));
        }
}

TEST(Pattern, SeedsDiffer) {
    EXPECT_NE(random_seed(), random_seed());
    EXPECT_NE(random_seed() >> 63, 0u);
}

TEST(Pattern, EveryFlippedBitIsFoundAtItsByte) {
    const auto good = stream(64);
    for (std::size_t bit = 0; bit < 64 * 8; bit++) {
        auto bad = good;
        bad[bit / 8] ^= std::byte{1} << (bit % 8);
        const auto found = check_pattern(bad, 0, seed);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->offset, bit / 8);
        EXPECT_NE(found->damage, Damage::misplaced);
    }
}

TEST(Pattern, NamesTheKindOfDamage) {
    auto hole = stream(8192);
    std::fill(hole.begin() + 4096, hole.begin() + 6000, std::byte{0});
    const auto missing = check_pattern(hole, 0, seed);
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->damage, Damage::missing);
    EXPECT_EQ(missing->offset, 4096u);

    auto foreign = stream(8192);
    std::fill(foreign.begin() + 100, foreign.begin() + 200, std::byte{0xa5});
    const auto alien = check_pattern(foreign, 0, seed);
    ASSERT_TRUE(alien);
    EXPECT_EQ(alien->damage, Damage::foreign);
    EXPECT_EQ(alien->offset, 100u);
    EXPECT_EQ(alien->word, 0xa5a5a5a5a5a5a5a5u);
}

// A stream whose bytes from 1000 on come from elsewhere, for each alignment of the two places.
TEST(Pattern, NamesTheHomeOfMisplacedBytes) {
    for (std::size_t at = 1000; at < 1008; at++)
        for (std::uint64_t home = 5000; home < 5008; home++) {
            auto data = stream(2000);
            fill_pattern(std::span(data).subspan(at), home, seed);
            const auto found = check_pattern(data, 0, seed);
            ASSERT_TRUE(found);
            EXPECT_EQ(found->damage, Damage::misplaced);
            EXPECT_EQ(found->belongs_to - home, found->offset - at) << "a byte may be right by chance";
        }
}

TEST(Verifier, AcceptsTheStreamInPiecesOfAnySize) {
    const auto data = stream(1000);
    for (std::size_t piece : {1, 3, 7, 8, 9, 64, 999, 1000, 5000}) {
        EXPECT_TRUE(receive(announced(1000), data, piece).ok());
        EXPECT_TRUE(receive(digest_of(data), data, piece).ok());
    }
}

TEST(Verifier, ClassifiesAcrossPieces) {
    auto data = stream(64);
    const auto doubled = stream(64); // the first 64 bytes once more
    data.insert(data.end(), doubled.begin(), doubled.end());
    for (std::size_t piece : {1, 5, 64, 65, 128}) {
        const Receipt receipt = receive(announced(128), data, piece);
        EXPECT_EQ(receipt.mismatch.damage, Damage::misplaced);
        EXPECT_EQ(receipt.mismatch.offset, 64u);
        EXPECT_EQ(receipt.mismatch.belongs_to, 0u);
        EXPECT_EQ(receipt.received, 128u);
    }
}

TEST(Verifier, CountsTooFewAndTooMany) {
    const auto data = stream(100);
    EXPECT_EQ(receive(announced(101), data, 7).mismatch.damage, Damage::too_short);
    EXPECT_EQ(receive(announced(99), data, 7).mismatch.damage, Damage::too_long);
    EXPECT_EQ(receive(announced(99), data, 7).received, 100u);
    EXPECT_EQ(receive(announced(1), {}, 1).mismatch.damage, Damage::too_short);
}

TEST(Verifier, DigestCatchesMissingDoubledAndSwapped) {
    const auto data = stream(4096);
    const Payload payload = digest_of(data);
    auto hole = data, swapped = data, doubled = data, tail = data;
    std::fill(hole.begin() + 100, hole.begin() + 108, std::byte{0});
    std::swap_ranges(swapped.begin(), swapped.begin() + 512, swapped.begin() + 512);
    std::copy(doubled.begin(), doubled.begin() + 512, doubled.begin() + 512);
    tail.back() ^= std::byte{1};
    for (const auto& bad : {hole, swapped, doubled, tail})
        EXPECT_EQ(receive(payload, bad, 333).mismatch.damage, Damage::digest);
}

TEST(Verifier, DigestKnowsTheNumberOfZeros) {
    const std::vector<std::byte> zeros(64);
    EXPECT_NE(digest_of(std::span(zeros).first(8)).digest, digest_of(std::span(zeros).first(16)).digest);
    EXPECT_NE(digest_of(std::span(zeros).first(7)).digest, digest_of(std::span(zeros).first(8)).digest);
}

TEST(Verifier, DescribesInOneLine) {
    const Receipt receipt = {.received = 128,
                             .mismatch = {.damage = Damage::misplaced, .offset = 64, .belongs_to = 0, .word = 0}};
    EXPECT_EQ(describe(receipt, 128), "byte 64 of 128 is misplaced: it belongs to offset 0");
}

} // namespace
} // namespace copyscope
