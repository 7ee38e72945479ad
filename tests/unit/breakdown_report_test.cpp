// SPDX-License-Identifier: Apache-2.0
// A breakdown as text, JSON and CSV, byte for byte where people and scripts depend on it; and back from JSON.
#include "report/breakdown_report.h"

#include <cstdlib>
#include <ctime>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sample_breakdown.h"

namespace copyscope {
namespace {

using namespace testing_breakdown;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

class BreakdownText : public ::testing::Test {
protected:
    void SetUp() override {
        setenv("TZ", "UTC0", 1);
        tzset();
    }
    void TearDown() override {
        unsetenv("TZ");
        tzset();
    }
};

// clang-format off
TEST_F(BreakdownText, Strategies) {
    EXPECT_EQ(render_breakdown_text(by_strategy()), R"(2026-11-21 13:00:00 to 13:01:00 (1 min), kernel 6.1.0-56-amd64, copies derived

strategy     payload    copied  copies/byte  to user  from user  in kernel    DMA in   DMA out  calls  switches
read+write   8.0 MiB  16.0 MiB         2.00  8.0 MiB    8.0 MiB          0   8.0 MiB   8.0 MiB    257       514
sendfile    16.0 MiB         0         0.00        0          0          0  16.0 MiB  16.0 MiB    257       514
total       24.0 MiB  16.0 MiB         0.67  8.0 MiB    8.0 MiB          0  24.0 MiB  24.0 MiB    257       514

not seen on this kernel: PIO copies
)");
}

TEST_F(BreakdownText, StrategiesBrief) {
    EXPECT_EQ(render_breakdown_text(by_strategy(), {.brief = true}), R"(2026-11-21 13:00:00 to 13:01:00 (1 min), kernel 6.1.0-56-amd64, copies derived

strategy       payload      copied  copies/byte  calls  switches
read+write   8,388,608  16,777,216         2.00    257       514
sendfile    16,777,216           0         0.00    257       514
total       25,165,824  16,777,216         0.67    257       514

not seen on this kernel: PIO copies
)");
}

TEST_F(BreakdownText, ACrowdSaysOfHowMany) {
    Breakdown breakdown = by_process();
    breakdown.groups[0].pid = 0;
    breakdown.groups[0].detail = "1,234 processes";
    EXPECT_THAT(render_breakdown_text(breakdown), AllOf(HasSubstr("\n1,234 x cp "), HasSubstr("\nN x NAME: the sum of N processes")));
    EXPECT_THAT(render_breakdown_json(breakdown), HasSubstr("\"detail\": \"1,234 processes\""));
}

TEST_F(BreakdownText, Processes) {
    EXPECT_EQ(render_breakdown_text(by_process()), R"(2026-11-21 13:00:00 to 13:01:00 (1 min), kernel 6.1.0-56-amd64, copies derived

process       pid   payload    copied  copies/byte  to user  from user  in kernel    DMA in   DMA out  calls  switches
cp            200   8.0 MiB  16.0 MiB         2.00  8.0 MiB    8.0 MiB          0   8.0 MiB   8.0 MiB    257       514
    unaccounted: 4,096 bytes
  read+write        8.0 MiB  16.0 MiB         2.00  8.0 MiB    8.0 MiB          0   8.0 MiB   8.0 MiB    257       514
nginx         100  16.0 MiB         0         0.00        0          0          0  16.0 MiB  16.0 MiB    257       514
    lost: 2 events
  sendfile         16.0 MiB         0         0.00        0          0          0  16.0 MiB  16.0 MiB    257       514
total              24.0 MiB  16.0 MiB         0.67  8.0 MiB    8.0 MiB          0  24.0 MiB  24.0 MiB    257       514
    unaccounted: 4,096 bytes; lost: 2 events

unaccounted: moved or copied, and seen on one side only
lost: program runs left out by the kernel: 3
not seen on this kernel: PIO copies
)");
}

TEST_F(BreakdownText, Classes) {
    Breakdown classes = by_strategy();
    classes.by = Dimension::copy_class;
    classes.groups = {{.name = "to_user"}, {.name = "transmit"}};
    classes.groups[0].sums.cpu_copy_bytes.to_user = size;
    classes.groups[0].sums.cpu_copy_calls.to_user = 128;
    classes.groups[0].sums.provenance = "derived";
    classes.groups[1].sums.cpu_copy_bytes.kernel = size;
    classes.groups[1].sums.cpu_copy_calls.kernel = 90;
    classes.groups[1].sums.provenance = "measured";
    EXPECT_EQ(render_breakdown_text(classes, {.brief = true}), R"(2026-11-21 13:00:00 to 13:01:00 (1 min), kernel 6.1.0-56-amd64, copies derived

class         copied  copies/byte  copy calls     basis
to_user    8,388,608         0.33         128   derived
transmit   8,388,608         0.33          90  measured
total     16,777,216         0.67         256   derived

not seen on this kernel: PIO copies
)");
}

TEST_F(BreakdownText, Nothing) {
    EXPECT_EQ(render_breakdown_text({.since = 1000, .until = 2000}), R"(1970-01-01 00:00:01 to 00:00:02 (1 s)

nothing was counted
)");
}
// clang-format on

TEST_F(BreakdownText, FitsWhateverTheNames) {
    Breakdown wide = by_process();
    for (Group& group : wide.groups) {
        group.name = "a\x1b[31m" + std::string(100, 'x') + "\n";
        group.user = std::string(40, 'u');
        group.sums = wide.total;
        for (auto figure : {&Row::payload_bytes, &Row::operations, &Row::mode_switches, &Row::unaccounted_bytes,
                            &Row::lost, &Row::dma_from_device, &Row::dma_to_device})
            group.sums.*figure = ~0ULL;
    }
    wide.kernel = std::string(200, 'k');
    for (auto by : {Dimension::process, Dimension::cgroup, Dimension::copy_class})
        for (bool brief : {false, true}) {
            wide.by = by;
            std::istringstream text(render_breakdown_text(wide, {.brief = brief}));
            for (std::string line; std::getline(text, line);) {
                EXPECT_LE(line.size(), brief ? 80U : 120U) << line;
                EXPECT_THAT(line, Not(HasSubstr("\x1b")));
            }
        }
}

TEST(BreakdownJson, RoundTrip) {
    Breakdown full = by_process();
    Row& row = full.groups[0].sums;
    row.cpu_copy_bytes.bounce = 7;
    row.cpu_copy_calls.bounce = 1;
    row.api = Syncs{.for_cpu_calls = 1, .for_cpu_bytes = 2, .for_device_calls = 3, .for_device_bytes = 4};
    row.syncs = {.for_cpu_calls = 5, .for_cpu_bytes = 6, .for_device_calls = 7, .for_device_bytes = 8};
    row.kernel_ns = ~0ULL;
    row.faults_minor = 9;
    row.mapped_around_pages = 10;
    full.losses.inside[COPYSCOPE_LOSS_VMA] = 4;
    for (const Breakdown& breakdown : {full, by_strategy(), Breakdown{}}) {
        const Json json = breakdown_json(breakdown);
        const auto back = breakdown_from_json(json);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(breakdown_json(*back), json);
        EXPECT_EQ(render_breakdown_text(*back), render_breakdown_text(breakdown));
        EXPECT_EQ(Json::parse(render_breakdown_json(breakdown)), json);
    }
    const auto back = breakdown_from_json(breakdown_json(full));
    EXPECT_EQ(back->groups[0].beneath[0].sums.payload_bytes, size);
    EXPECT_EQ(back->groups[0].sums.cpu_copy_bytes.bounce, 7U);
    EXPECT_FALSE(back->groups[0].sums.cpu_copy_bytes.pio);
    EXPECT_EQ(back->losses.total(), full.losses.total());
}

TEST(BreakdownJson, Fields) {
    const Json json = breakdown_json(by_process());
    EXPECT_EQ(json["schema"], "copyscope.report/1");
    EXPECT_EQ(json["by"], "process");
    EXPECT_EQ(json["since_ms"], 1795266000000);
    EXPECT_EQ(json["groups"][0]["name"], "cp");
    EXPECT_EQ(json["groups"][0]["pid"], 200);
    EXPECT_EQ(json["groups"][0]["cpu_copies_per_byte"], 2.0);
    EXPECT_EQ(json["groups"][0]["beneath"][0]["name"], "read+write");
    EXPECT_TRUE(json["groups"][1]["detail"].is_null());
    EXPECT_TRUE(json["groups"][0]["cpu_copy_bytes"]["pio"].is_null());
    EXPECT_EQ(json["total"]["payload_bytes"], 3 * size);
    EXPECT_FALSE(json["total"].contains("strategy"));
}

TEST(BreakdownJson, AnyBytesInNames) {
    Breakdown breakdown = by_process();
    breakdown.groups[0].name = "\xff\xfe";
    EXPECT_TRUE(breakdown_from_json(Json::parse(render_breakdown_json(breakdown))));
}

TEST(BreakdownJson, MoreFieldsAndLosses) {
    Json json = breakdown_json(by_strategy());
    json["colour"] = "green";
    json["groups"][0].erase("faults");
    json["losses"] = {{"missed", 1}, {"of_tomorrow", 5}, {"total", 6}};
    const auto back = breakdown_from_json(json);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->losses.total(), 6U);
}

TEST(BreakdownJson, Refusals) {
    auto refusal = [](auto change) {
        Json json = breakdown_json(by_process());
        change(json);
        const auto back = breakdown_from_json(json);
        return back ? "" : back.error().message;
    };
    EXPECT_THAT(refusal([](Json& json) { json = Json::array(); }), HasSubstr("not an object"));
    EXPECT_THAT(refusal([](Json& json) { json["schema"] = "copyscope.report/2"; }), HasSubstr("copyscope.report/1"));
    EXPECT_THAT(refusal([](Json& json) { json["by"] = "weather"; }), HasSubstr("dimension"));
    EXPECT_THAT(refusal([](Json& json) { json["groups"] = 5; }), HasSubstr("groups is not a list"));
    EXPECT_THAT(refusal([](Json& json) { json["groups"][1]["beneath"][0]["kernel_ns"] = -1; }),
                HasSubstr("groups[1].beneath[0].kernel_ns is not a whole number"));
    EXPECT_THAT(refusal([](Json& json) { json["total"]["faults"]["cow"] = "many"; }), HasSubstr("total.faults.cow"));
    EXPECT_THAT(refusal([](Json& json) { json["notes"] = {1}; }), HasSubstr("notes"));
    EXPECT_THAT(refusal([](Json& json) { json["since_ms"] = 1.5; }), HasSubstr("since_ms"));
}

TEST(BreakdownCsv, LinesAndQuotes) {
    const std::string csv = render_breakdown_csv(by_process());
    std::vector<std::string> lines;
    for (std::size_t at = 0, end; (end = csv.find("\r\n", at)) != std::string::npos; at = end + 2)
        lines.push_back(csv.substr(at, end - at));
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_THAT(lines[0], ::testing::StartsWith("by,name,detail,pid,user,beneath,payload_bytes,operations,errors,"));
    EXPECT_THAT(lines[1],
                ::testing::StartsWith("process,cp,\"cp big.iso \"\"/mnt/my disk\"\"\",200,root,,8388608,257,0,514,"));
    EXPECT_THAT(lines[2], HasSubstr(",200,root,read+write,8388608,"));
    EXPECT_THAT(lines[1], ::testing::EndsWith(",derived,0,0,0,6.1.0-56-amd64,derived,1795266000000,1795266060000,3"));
    EXPECT_THAT(lines[1], HasSubstr(",2.0,")) << "copies per byte";
    const auto commas = [](const std::string& line) { return std::ranges::count(line, ','); };
    EXPECT_EQ(commas(lines[0]), commas(lines[3]));
}

} // namespace
} // namespace copyscope
