// SPDX-License-Identifier: Apache-2.0
// The pattern of the tests of DMA names each way in which a copy can go wrong.
#include "../apps/dma_pattern.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace {

using dma_pattern::Places;
using ::testing::Test;

constexpr std::size_t page = 4096;

class DmaPattern : public Test {
protected:
    DmaPattern() { dma_pattern::fill(places, source); }

    void copy(std::size_t to, std::size_t from, std::size_t length) {
        std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(from), length,
                    target.begin() + static_cast<std::ptrdiff_t>(to));
    }

    std::vector<std::uint8_t> source = std::vector<std::uint8_t>(8 * page);
    std::vector<std::uint8_t> target = std::vector<std::uint8_t>(8 * page);
    Places places{.to = target, .from = source, .to_offset = page, .from_offset = 2 * page, .length = 3 * page};
};

TEST_F(DmaPattern, RightCopy) {
    copy(page, 2 * page, 3 * page);
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "");
}

TEST_F(DmaPattern, NotCopied) {
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 4096 of the target: not copied");
    copy(page, 2 * page, 3 * page - 1);
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 16383 of the target: not copied");
}

TEST_F(DmaPattern, CopiedFromTheWrongPlace) {
    for (const std::size_t shift : {std::size_t{1}, std::size_t{32}, page, 2 * page}) {
        copy(page, 2 * page + shift, 3 * page);
        EXPECT_NE(dma_pattern::verdict(places, 3 * page).find("copied from the wrong place"), std::string::npos)
            << shift;
    }
}

TEST_F(DmaPattern, CopiedTooFar) {
    copy(page, 2 * page, 3 * page + 1);
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 16384 of the target: copied too far");
    copy(page, 2 * page, 3 * page);
    target[4 * page] = dma_pattern::byte_of(dma_pattern::Role::target_around, 4 * page);
    copy(page - 1, 2 * page - 1, 3 * page + 1);
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 4095 of the target: copied too far");
}

TEST_F(DmaPattern, EndedEarly) {
    copy(page, 2 * page, page);
    EXPECT_EQ(dma_pattern::verdict(places, page), "");
    EXPECT_EQ(dma_pattern::verdict(places, page + 1), "byte 8192 of the target: not copied");
    copy(page, 2 * page, 2 * page); // more than was promised
    EXPECT_EQ(dma_pattern::verdict(places, page), "");
    target[4 * page - 1] = 0;
    EXPECT_EQ(dma_pattern::verdict(places, page), "byte 16383 of the target: no byte of ours");
}

TEST_F(DmaPattern, SourceOverwritten) {
    copy(page, 2 * page, 3 * page);
    source[2 * page] ^= 1;
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 8192 of the source: overwritten");
    source[0] ^= 1;
    EXPECT_EQ(dma_pattern::verdict(places, 3 * page), "byte 0 of the source: overwritten");
}

TEST_F(DmaPattern, InsideOneBuffer) {
    const Places one{
        .to = target, .from = target, .to_offset = 4 * page, .from_offset = 0, .length = page, .same = true};
    dma_pattern::fill(one, target);
    EXPECT_EQ(dma_pattern::verdict(one, page), "byte 16384 of the target: not copied");
    std::copy_n(target.begin(), page, target.begin() + 4 * page);
    EXPECT_EQ(dma_pattern::verdict(one, page), "");
    target[5 * page] = target[0];
    EXPECT_EQ(dma_pattern::verdict(one, page), "byte 20480 of the target: copied too far");
}

} // namespace
