// SPDX-License-Identifier: Apache-2.0
// Two measurements side by side: what is beyond its threshold, in which direction, and what is said of it.
#include "model/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/breakdown_report.h"
#include "report/compare_report.h"
#include "sample_breakdown.h"

namespace copyscope {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t mib = 1 << 20;

Row row(std::string strategy, double copies, std::uint64_t switches = 64, std::uint64_t payload = 100 * mib) {
    Row row;
    row.strategy = std::move(strategy);
    row.payload_bytes = payload;
    row.cpu_copy_bytes.kernel = static_cast<std::uint64_t>(copies * static_cast<double>(payload));
    row.mode_switches = switches * payload / mib;
    row.kernel_ns = payload;
    return row;
}

Measurement measurement(std::vector<Row> rows) {
    return {.name = "x", .kernel = "6.1", .copies = "derived", .rows = std::move(rows)};
}

Comparison between(std::vector<Row> before, std::vector<Row> after, const Thresholds& thresholds = {}) {
    return compare(measurement(std::move(before)), measurement(std::move(after)), thresholds);
}

std::vector<Change> changes(const Comparison& comparison) {
    std::vector<Change> result;
    for (const ComparedStrategy& one : comparison.strategies)
        for (const Difference& difference : one.differences)
            result.push_back(difference.change);
    return result;
}

TEST(Compare, ZeroCopyLost) {
    const Comparison result = between({row("sendfile", 0)}, {row("sendfile", 1)});
    EXPECT_TRUE(result.worse());
    EXPECT_THAT(changes(result), ElementsAre(Change::worse, Change::none));
    EXPECT_FALSE(between({row("sendfile", 1)}, {row("sendfile", 0)}).worse()) << "less is better";
}

TEST(Compare, CopiesAreComparedByDifference) {
    EXPECT_FALSE(between({row("s", 1)}, {row("s", 1.05)}).worse()) << "as much as allowed";
    EXPECT_TRUE(between({row("s", 1)}, {row("s", 1.06)}).worse());
    EXPECT_TRUE(between({row("s", 1)}, {row("s", 1.05)}, {.copies = 0.01}).worse());
    EXPECT_THAT(changes(between({row("s", 1)}, {row("s", 0.9)})), ElementsAre(Change::better, Change::none));
}

TEST(Compare, SwitchesAreComparedByShare) {
    EXPECT_FALSE(between({row("s", 1, 100)}, {row("s", 1, 110)}).worse());
    EXPECT_TRUE(between({row("s", 1, 100)}, {row("s", 1, 111)}).worse());
    EXPECT_FALSE(between({row("s", 1, 100)}, {row("s", 1, 111)}, {.switches = 0.5}).worse());
    EXPECT_THAT(changes(between({row("s", 1, 100)}, {row("s", 1, 50)})), ElementsAre(Change::none, Change::better));
    Row one = row("s", 1, 0);
    one.mode_switches = 2; // in 100 MiB
    EXPECT_FALSE(between({row("s", 1, 0)}, {one}).worse()) << "of nothing, a little is nothing";
    EXPECT_TRUE(between({row("s", 1, 0)}, {row("s", 1, 1)}).worse());
}

TEST(Compare, TimeOnlyWhereAsked) {
    Row slow = row("s", 1);
    slow.kernel_ns *= 2;
    EXPECT_FALSE(between({row("s", 1)}, {slow}).worse());
    EXPECT_TRUE(between({row("s", 1)}, {slow}, {.kernel_time = 0.5}).worse());
    EXPECT_FALSE(between({row("s", 1)}, {slow}, {.kernel_time = 1.0}).worse());
}

TEST(Compare, VariantsAreApart) {
    Row on = row("sendfile", 0), off = row("sendfile", 1);
    on.variant = "sg on";
    off.variant = "sg off";
    EXPECT_FALSE(between({on, off}, {off, on}).worse());
    EXPECT_FALSE(between({on, off}, {on}).worse());
    EXPECT_TRUE(between({on, off}, {off}).strategies_differ());
    EXPECT_TRUE(between({off}, {on, off}).strategies_differ());
}

TEST(Compare, LostScatterGatherIsWorse) {
    Row on = row("sendfile", 0), off = row("sendfile", 1);
    on.variant = "cold, sg on";
    off.variant = "cold, sg off";
    const Comparison lost = between({on}, {off});
    EXPECT_TRUE(lost.worse());
    EXPECT_FALSE(lost.strategies_differ());
    ASSERT_EQ(lost.strategies.size(), 1U);
    EXPECT_EQ(lost.strategies[0].variant, "cold, sg on -> cold, sg off");
    EXPECT_FALSE(between({off}, {on}).worse());
    off.variant = "hot, sg off";
    EXPECT_TRUE(between({on}, {off}).strategies_differ());
}

TEST(Compare, AppearedVanishedAndTooLittle) {
    const Comparison result = between({row("a", 1), row("few", 1, 64, 1000)}, {row("b", 3), row("few", 2, 64, 1000)});
    ASSERT_EQ(result.strategies.size(), 3U);
    EXPECT_EQ(result.strategies[0].presence, Presence::vanished);
    EXPECT_EQ(result.strategies[1].presence, Presence::too_little);
    EXPECT_EQ(result.strategies[2].presence, Presence::appeared);
    EXPECT_FALSE(result.worse());
    EXPECT_TRUE(result.strategies_differ());
    EXPECT_TRUE(between({row("few", 1, 64, 4096)}, {row("few", 2, 64, 4096)}, {.payload = 0}).worse());
    EXPECT_FALSE(between({row("none", 0, 0, 0)}, {row("none", 0, 0, 0)}, {.payload = 0}).strategies_differ());
    EXPECT_THAT(between({}, {}).strategies, IsEmpty());
}

TEST(Compare, NotesWhatIsNotComparable) {
    Measurement before = measurement({}), after = measurement({});
    EXPECT_THAT(compare(before, after).notes, IsEmpty());
    after.copies = "module";
    after.kernel = "6.12";
    after.lost = 5;
    EXPECT_THAT(compare(before, after).notes,
                ElementsAre("copies were counted in different ways: derived in A, module in B",
                            "the kernels differ: 6.1 in A, 6.12 in B",
                            "B has lost 5 events: its figures may be too small"));
}

TEST(CompareText, Golden) {
    Comparison result =
        between({row("sendfile", 0), row("read+write", 2, 64), row("splice", 0), row("mmap", 0, 1, 4096)},
                {row("sendfile", 1), row("read+write", 2, 32), row("direct", 1), row("mmap", 0, 1, 4096)},
                {.kernel_time = 0.5});
    result.before.name = "yesterday";
    result.after.name = "today";
    EXPECT_EQ(render_compare_text(result), "A: yesterday\n"
                                           "B: today\n"
                                           "copies per byte of sendfile rose from 0.00 to 1.00\n"
                                           "mode switches per MiB of read+write fell from 64.00 to 32.00\n"
                                           "splice is gone: it had 100.0 MiB of payload\n"
                                           "direct is new: 100.0 MiB of payload\n"
                                           "too little payload to compare: mmap\n");
    EXPECT_EQ(render_compare_text(between({row("a", 1), row("b", 1)}, {row("a", 1), row("b", 1)})),
              "A: x\nB: x\nno change beyond the thresholds: a, b\n");
    EXPECT_THAT(render_compare_text(between({}, {})), HasSubstr("nothing was counted"));
}

TEST(CompareText, KernelTimeInWords) {
    Row slow = row("s", 1);
    slow.kernel_ns *= 3;
    EXPECT_THAT(render_compare_text(between({row("s", 1)}, {slow}, {.kernel_time = 0.5})),
                HasSubstr("kernel time per MiB of s rose from 1.0 ms to 3.1 ms"));
}

TEST(CompareJson, Fields) {
    const Json json =
        Json::parse(render_compare_json(between({row("sendfile", 0)}, {row("sendfile", 1), row("b", 1)})));
    EXPECT_EQ(json["schema"], "copyscope.diff/1");
    EXPECT_EQ(json["worse"], true);
    EXPECT_EQ(json["strategies"][0]["copies_per_byte"], Json({{"a", 0.0}, {"b", 1.0}, {"change", "worse"}}));
    EXPECT_EQ(json["strategies"][0]["mode_switches_per_mib"]["change"], "none");
    EXPECT_TRUE(json["strategies"][0]["kernel_ns_per_mib"].is_null());
    EXPECT_EQ(json["strategies"][1]["presence"], "appeared");
    EXPECT_TRUE(json["strategies"][1]["copies_per_byte"].is_null());
}

TEST(CompareInput, BenchAndReport) {
    Report bench{.schema = "copyscope.bench/1", .kernel = "6.1", .copies = "derived", .rows = {row("sendfile", 1)}};
    bench.rows[0].variant = "cold";
    bench.losses.missed = 2;
    const auto from_bench = measurement_from_json(Json::parse(render_json(bench)), "bench.json");
    ASSERT_TRUE(from_bench) << from_bench.error().message;
    EXPECT_EQ(from_bench->rows[0].variant, "cold");
    EXPECT_EQ(from_bench->rows[0].cpu_copies_per_byte(), 1.0);
    EXPECT_EQ(from_bench->lost, 2U);

    const auto from_report = measurement_from_json(breakdown_json(testing_breakdown::by_strategy()), "r.json");
    ASSERT_TRUE(from_report) << from_report.error().message;
    EXPECT_EQ(from_report->rows[1].strategy, "sendfile");
    EXPECT_FALSE(compare(*from_report, *from_report).worse());
}

TEST(CompareInput, Refusals) {
    auto refusal = [](const Json& json) {
        const auto result = measurement_from_json(json, "f.json");
        return result ? "" : result.error().message;
    };
    EXPECT_THAT(refusal(Json::array()), HasSubstr("f.json: neither"));
    EXPECT_THAT(refusal({{"schema", "copyscope.run/1"}}), HasSubstr("bench --json"));
    EXPECT_THAT(refusal(breakdown_json(testing_breakdown::by_process())), HasSubstr("--by strategy"));
    EXPECT_THAT(refusal({{"schema", "copyscope.bench/1"}, {"rows", 5}}), HasSubstr("rows"));
}

} // namespace
} // namespace copyscope
