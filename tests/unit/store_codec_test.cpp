// SPDX-License-Identifier: Apache-2.0
// Rows of figures as bytes: all 64 bits come back, and bytes that nobody wrote are refused.
#include <random>

#include <gtest/gtest.h>

#include "store/codec.h"

namespace copyscope {
namespace {

using Encoded = std::vector<std::uint8_t>;

TEST(StoreCodec, KnownBytes) {
    EXPECT_EQ(encode(Figures{0, 0, 0}), Encoded{});
    EXPECT_EQ(encode(Figures{5, 0, 300}), (Encoded{0, 5, 1, 0xac, 2}));
    EXPECT_EQ(encode(Figures{0, ~0ULL}), (Encoded{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}));
}

TEST(StoreCodec, EverythingComesBack) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 2000; ++round) {
        Figures figures(random() % 200);
        for (std::uint64_t& figure : figures)
            figure = random() % 3 ? 0 : random() >> (random() % 64);
        Figures sum(figures.size() + random() % 3); // written when the file had fewer names
        ASSERT_TRUE(add_encoded(encode(figures), sum));
        figures.resize(sum.size());
        EXPECT_EQ(sum, figures);
        ASSERT_TRUE(add_encoded(encode(figures), sum));
        for (std::size_t i = 0; i < sum.size(); ++i)
            EXPECT_EQ(sum[i], 2 * figures[i]);
    }
}

TEST(StoreCodec, WhatNobodyWrote) {
    const Encoded bad[] = {
        {0},                                                      // a number without a value
        {0x80},                                                   // cut in a number
        {0, 0x80},                                                // cut in a value
        {3, 1},                                                   // beyond the figures
        {0, 1, 2, 1},                                             // likewise, by differences
        {255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1},      // a number that would wrap around
        {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2},      // 65 bits
        {0, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0}, // eleven bytes
    };
    for (const Encoded& bytes : bad) {
        Figures figures(3);
        EXPECT_FALSE(add_encoded(bytes, figures)) << bytes.size();
    }
}

} // namespace
} // namespace copyscope
