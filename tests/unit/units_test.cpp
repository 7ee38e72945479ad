// SPDX-License-Identifier: Apache-2.0
// Sizes, times and counts: what is accepted, what is refused and with which words, and the edges of rounding.
#include "base/units.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace copyscope {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

TEST(ParseSize, TakesWholeNumbersAndBinaryUnits) {
    const std::pair<const char*, std::uint64_t> sizes[] = {
        {"0", 0},
        {"4096", 4096},
        {"4096B", 4096},
        {"64K", 65536},
        {"64k", 65536},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"8M", 8388608},
        {"8MiB", 8388608},
        {"8 MiB", 8388608},
        {"1G", 1073741824},
        {"2T", 1ULL << 41},
        {"15E", 15ULL << 60},
        {"1PiB", 1ULL << 50},
        {"18446744073709551615", most},
    };
    for (auto [text, bytes] : sizes) {
        auto parsed = parse_size(text);
        ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message;
        EXPECT_EQ(*parsed, bytes) << text;
    }
}

TEST(ParseSize, RefusesWithTheReason) {
    const std::pair<const char*, const char*> refused[] = {
        {"-1", "must not be negative"},
        {"-64K", "must not be negative"},
        {"", "not a number"},
        {"K", "not a number"},
        {"+1", "not a number"},
        {" 1", "not a number"},
        {"1.5M", "must be a whole number"},
        {"18446744073709551616", "too large"},
        {"16E", "too large"},
        {"17179869184G", "too large"},
        {"8X", "unknown unit"},
        {"8Mi", "unknown unit"},
        {"8MiBs", "unknown unit"},
        {"8  M", "unknown unit"},
        {"8 ", "unknown unit"},
        {"64KB", "powers of 1000"},
    };
    for (auto [text, why] : refused) {
        auto parsed = parse_size(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(why)) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr("'" + std::string(text) + "'"));
        EXPECT_EQ(parsed.error().code, ExitCode::usage);
    }
}

TEST(FormatBytes, IsExactBelowOneKibAndNeverShows1024) {
    EXPECT_EQ(format_bytes(0), "0 B");
    EXPECT_EQ(format_bytes(1023), "1023 B");
    EXPECT_EQ(format_bytes(1024), "1.0 KiB");
    EXPECT_EQ(format_bytes(8388608), "8.0 MiB");
    EXPECT_EQ(format_bytes(1048575), "1.0 MiB");
    EXPECT_EQ(format_bytes(1000000000000000), "909.5 TiB");
    EXPECT_EQ(format_bytes(most), "16.0 EiB");
}

TEST(FormatBytes, ReadsBackWhatIsWhole) {
    EXPECT_EQ(parse_size("512 B").value_or(0), 512U);
}

TEST(FormatCount, GroupsThousands) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(8388608), "8,388,608");
    EXPECT_EQ(format_count(most), "18,446,744,073,709,551,615");
}

TEST(FormatCount, ShortKeepsFourDigitsExact) {
    EXPECT_EQ(format_count_short(9999), "9,999");
    EXPECT_EQ(format_count_short(12345), "12.3k");
    EXPECT_EQ(format_count_short(999999), "1.0M");
    EXPECT_EQ(format_count_short(most), "18.4E");
}

TEST(FormatDuration, ChoosesTheUnit) {
    EXPECT_EQ(format_duration(0), "0 ns");
    EXPECT_EQ(format_duration(999), "999 ns");
    EXPECT_EQ(format_duration(12345), "12.3 us");
    EXPECT_EQ(format_duration(999999), "1.0 ms");
    EXPECT_EQ(format_duration(4600000), "4.6 ms");
    EXPECT_EQ(format_duration(90000000000), "90.0 s");
}

TEST(FormatRatio, HasTwoDecimals) {
    EXPECT_EQ(format_ratio(0), "0.00");
    EXPECT_EQ(format_ratio(2), "2.00");
    EXPECT_EQ(format_ratio(1.996), "2.00");
}

} // namespace
} // namespace copyscope
