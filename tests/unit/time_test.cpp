// SPDX-License-Identifier: Apache-2.0
// Points of time in words, in a zone that has summer time.
#include "base/time.h"

#include <cstdlib>
#include <ctime>
#include <optional>

#include <gtest/gtest.h>

namespace copyscope {
namespace {

class Times : public ::testing::Test {
protected:
    // POSIX's own notation: needs no database of zones. Berlin.
    void SetUp() override {
        if (const char* zone = std::getenv("TZ"))
            before_ = zone;
        zone("CET-1CEST,M3.5.0,M10.5.0/3");
    }
    void TearDown() override {
        if (before_)
            zone(before_->c_str());
        else
            unsetenv("TZ");
        tzset();
    }
    static void zone(const char* name) {
        setenv("TZ", name, 1);
        tzset();
    }

    // Saturday, 2026-11-21 14:30:15.250 there.
    static constexpr std::int64_t now = 1795267815250;

    static std::string read(const char* text) {
        const auto time = parse_time(text, now);
        return time ? format_time(*time) : time.error().message;
    }

private:
    std::optional<std::string> before_;
};

TEST_F(Times, Relative) {
    EXPECT_EQ(parse_time("now", now), now);
    EXPECT_EQ(parse_time("-90s", now), now - 90'000);
    EXPECT_EQ(parse_time("-15m", now), now - 900'000);
    EXPECT_EQ(parse_time("-2h", now), now - 7'200'000);
    EXPECT_EQ(parse_time("-1d", now), now - 86'400'000);
    EXPECT_EQ(parse_time("-1w", now), now - 7 * 86'400'000);
    EXPECT_EQ(parse_time("-1h30m", now), now - 5'400'000);
}

TEST_F(Times, Absolute) {
    EXPECT_EQ(read("13:00"), "2026-11-21 13:00:00");
    EXPECT_EQ(read("13:00:05"), "2026-11-21 13:00:05");
    EXPECT_EQ(read("9:05"), "2026-11-21 09:05:00");
    EXPECT_EQ(read("today"), "2026-11-21 00:00:00");
    EXPECT_EQ(read("yesterday"), "2026-11-20 00:00:00");
    EXPECT_EQ(read("yesterday 13:00"), "2026-11-20 13:00:00");
    EXPECT_EQ(read("2026-11-21"), "2026-11-21 00:00:00");
    EXPECT_EQ(read("2026-03-01 23:59"), "2026-03-01 23:59:00");
    EXPECT_EQ(read("2026-07-01T12:00:01"), "2026-07-01 12:00:01");
    EXPECT_EQ(parse_time("2026-07-01 12:00", now), 1782900000'000) << "summer time";
    EXPECT_EQ(parse_time("2026-12-01 12:00", now), 1796122800'000);
    EXPECT_EQ(parse_time("1795267815250ms", now), now);
    EXPECT_EQ(parse_time("1795267815s", now), 1795267815'000);
    EXPECT_EQ(parse_time("yesterday", 1767258000'000), 1767135600'000) << "the day before new year's day";
}

TEST_F(Times, NoTimes) {
    for (const char* text : {"",
                             "-",
                             "2h",
                             "-2",
                             "-2y",
                             "--2h",
                             "-h",
                             "noon",
                             "tomorrow",
                             "todayish",
                             "yesterday13:00",
                             "25:00",
                             "13:60",
                             "13",
                             "13:0",
                             "13:00:5",
                             "13:00 ",
                             "2026-11",
                             "2026-02-30",
                             "2026-13-01",
                             "26-11-21",
                             "2026-11-21 ",
                             "2026-11-21 25:00",
                             "1795267815",
                             "1795267815us",
                             "99999999999999999999ms",
                             "-5ms",
                             "2026--1-01"}) {
        const auto time = parse_time(text, now);
        ASSERT_FALSE(time) << text;
        EXPECT_EQ(time.error().code, ExitCode::usage) << text;
        EXPECT_NE(time.error().message.find("'" + std::string(text) + "'"), std::string::npos) << time.error().message;
    }
}

TEST_F(Times, SpansAreRead) {
    EXPECT_EQ(parse_span("5s"), 5'000);
    EXPECT_EQ(parse_span("500ms"), 500);
    EXPECT_EQ(parse_span("1s5ms"), 1'005);
    EXPECT_EQ(parse_span("5m"), 300'000);
    EXPECT_EQ(parse_span("1m30s"), 90'000);
    EXPECT_EQ(parse_span("2h"), 7'200'000);
    for (const char* text : {"", "5", "s", "-5s", "5 s", "0s", "5x"}) {
        const auto span = parse_span(text);
        ASSERT_FALSE(span) << text;
        EXPECT_EQ(span.error().code, ExitCode::usage);
    }
}

TEST_F(Times, Spans) {
    EXPECT_EQ(format_span(850), "850 ms");
    EXPECT_EQ(format_span(5'000), "5 s");
    EXPECT_EQ(format_span(12'340), "12.3 s");
    EXPECT_EQ(format_span(90'000), "1 min 30 s");
    EXPECT_EQ(format_span(3'600'000), "1 h");
    EXPECT_EQ(format_span(7'500'000), "2 h 5 min");
    EXPECT_EQ(format_span(273'600'000), "3 d 4 h");
}

TEST_F(Times, Periods) {
    EXPECT_EQ(format_period(now - 60'000, now), "2026-11-21 14:29:15 to 14:30:15 (1 min)");
    EXPECT_EQ(format_period(now - 86'400'000, now), "2026-11-20 14:30:15 to 2026-11-21 14:30:15 (1 d)");
}

// A recording says any.
TEST_F(Times, TheEndsOfTheRange) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(format_time(-1), "1970-01-01 00:59:59");
    EXPECT_EQ(format_time(-1'000), format_time(-1));
    EXPECT_EQ(format_time(-1'001), "1970-01-01 00:59:58");
    EXPECT_NE(format_time(least), format_time(most));
    EXPECT_EQ(format_span(most), "36500000000 d");
    EXPECT_NE(format_period(least, most).find("(36500000000 d)"), std::string::npos);
    EXPECT_NE(format_period(most, least).find(" ms)"), std::string::npos);
    std::string spans = "-";
    for (int i = 0; i < 200; ++i)
        spans += "99999999w"; // and each of them is one
    EXPECT_FALSE(parse_time(spans, now));
}

} // namespace
} // namespace copyscope
