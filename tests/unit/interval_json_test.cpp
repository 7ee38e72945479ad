// SPDX-License-Identifier: Apache-2.0
// Intervals and questions in JSON come back as they went; what is not understood is refused, not left out.
#include "report/interval_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/counters.h"
#include "report/query_json.h"
#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

// Every operation, endpoint, flag, counter, class and loss once at least, with values that are all different.
Interval everything() {
    Interval interval{.begin = 1795266000000, .end = 1795266001000};
    interval.sample.source = CopySource::module;
    std::uint64_t value = 1;
    for (std::uint32_t i = 0; i < COPYSCOPE_OP_COUNT; ++i) {
        Account account;
        account.key = {.process = {100 + i, 0, ~0ULL - i},
                       .op = i,
                       .reserved = 0,
                       .source = {static_cast<__u16>(i % COPYSCOPE_END_COUNT), static_cast<__u16>(i % 32), i},
                       .sink = {static_cast<__u16>((i + 7) % COPYSCOPE_END_COUNT), 0, make_device(259, i)}};
        for (auto& counter : account.value.counter)
            counter = value++;
        for (int j = 0; j < COPYSCOPE_CLASSES; ++j) {
            account.measured.bytes[j] = value++;
            account.measured.calls[j] = j == 3 ? 0 : value++;
        }
        interval.sample.accounts.push_back(account);
        interval.sample.processes.push_back({.id = account.key.process,
                                             .comm = "p" + std::to_string(i),
                                             .uid = 1000 + i,
                                             .parent_tgid = 1,
                                             .cgroup_id = 77,
                                             .cmdline = i % 2 ? "p --x=\"1,2\"" : "",
                                             .cgroup = "/a",
                                             .container = i % 3 ? "0123456789ab" : ""});
    }
    for (auto& loss : interval.sample.losses.inside)
        loss = value++;
    interval.sample.losses.missed = 3;
    interval.sample.losses.unread = 4;
    return interval;
}

TEST(IntervalJson, RoundTrip) {
    const Interval interval = everything();
    const auto back = interval_from_json(Json::parse(render_interval_json(interval)));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->begin, interval.begin);
    EXPECT_EQ(back->end, interval.end);
    EXPECT_EQ(back->sample.source, interval.sample.source);
    ASSERT_EQ(back->sample.accounts.size(), interval.sample.accounts.size());
    for (std::size_t i = 0; i < interval.sample.accounts.size(); ++i)
        EXPECT_EQ(std::memcmp(&back->sample.accounts[i], &interval.sample.accounts[i], sizeof(Account)), 0) << i;
    ASSERT_EQ(back->sample.processes.size(), interval.sample.processes.size());
    for (std::size_t i = 0; i < interval.sample.processes.size(); ++i) {
        const ProcessInfo &a = back->sample.processes[i], &b = interval.sample.processes[i];
        EXPECT_TRUE(same_process(a.id, b.id));
        EXPECT_EQ(std::tie(a.comm, a.uid, a.parent_tgid, a.cgroup_id, a.cmdline, a.cgroup, a.container),
                  std::tie(b.comm, b.uid, b.parent_tgid, b.cgroup_id, b.cmdline, b.cgroup, b.container));
    }
    EXPECT_EQ(back->sample.losses.inside, interval.sample.losses.inside);
    EXPECT_EQ(back->sample.losses.total(), interval.sample.losses.total());
}

TEST(IntervalJson, IsOneLineWithoutZeros) {
    Interval interval{.begin = 1, .end = 2};
    interval.sample.accounts = {account(COPYSCOPE_OP_READ, file, anon, {{COPYSCOPE_BYTES_MOVED, 5}})};
    EXPECT_EQ(render_interval_json(interval),
              R"({"schema":"copyscope.interval/1","begin_ms":1,"end_ms":2,"copies":"derived","processes":[],)"
              R"("accounts":[{"pid":100,"start_ns":1,"operation":"read","source":{"kind":"file"},)"
              R"("sink":{"kind":"anonymous memory"},"counters":{"bytes_moved":5}}],)"
              R"("losses":{"ledger":0,"account":0,"process":0,"unclosed":0,"vma":0,"bio":0,"inode":0,"socket":0,)"
              R"("inherit":0,"bounce":0,"missed":0,"unread":0,"quiet":0,"in_accounts":0,"total":0}})"
              "\n");
}

TEST(IntervalJson, Refusals) {
    auto refusal = [](auto change) {
        Json json = interval_json(everything());
        change(json);
        const auto back = interval_from_json(json);
        return back ? "" : back.error().message;
    };
    EXPECT_THAT(refusal([](Json& json) { json = 5; }), HasSubstr("not an object"));
    EXPECT_THAT(refusal([](Json& json) { json["schema"] = "copyscope.report/1"; }), HasSubstr("schema"));
    EXPECT_THAT(refusal([](Json& json) { json["copies"] = "guessed"; }), HasSubstr("copies"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][3]["operation"] = "teleport"; }),
                HasSubstr("accounts[3] has an unknown operation: 'teleport'"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][1]["sink"]["kind"] = "moon"; }), HasSubstr("moon"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][1]["source"]["flags"] = {"odd"}; }), HasSubstr("odd"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][1]["counters"]["smiles"] = 5; }), HasSubstr("smiles"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][1]["counters"]["lost"] = -5; }), HasSubstr("lost"));
    EXPECT_THAT(refusal([](Json& json) { json["accounts"][1]["measured"]["smiles"] = {}; }), HasSubstr("smiles"));
    EXPECT_THAT(refusal([](Json& json) { json["processes"][0]["uid"] = 1ULL << 40; }), HasSubstr("uid"));
}

TEST(IntervalCsv, ALinePerAccount) {
    Interval interval = everything();
    interval.sample.source = CopySource::breakpoints;
    interval.sample.processes.pop_back();
    const std::string csv = interval_csv_head() + render_interval_csv(interval);
    std::vector<std::string> lines;
    for (std::size_t at = 0, end; (end = csv.find("\r\n", at)) != std::string::npos; at = end + 2)
        lines.push_back(csv.substr(at, end - at));
    ASSERT_EQ(lines.size(), COPYSCOPE_OP_COUNT + 1U);
    for (const std::string& line : {lines[0], lines[1], lines[9]}) {
        EXPECT_EQ(std::ranges::count(line, ','), 13 + COPYSCOPE_COUNTERS + 2 * COPYSCOPE_CLASSES) << line;
    }
    EXPECT_THAT(lines[0], ::testing::EndsWith(",measured_migration_bytes,measured_migration_calls"));
    EXPECT_THAT(lines[1], ::testing::StartsWith("1795266000000,1795266001000,breakpoints,100,18446744073709551615,p0,"
                                                "1000,/a,,none,"));
    EXPECT_THAT(lines.back(), HasSubstr(",,,,,nobody's,")) << "nobody knows whose it is";
}

TEST(QueryJson, RoundTrip) {
    const ReportQuery full{
        .by = Dimension::cgroup, .sort = SortKey::dma, .top = 7, .nested = true, .since = -5, .until = 1795266000000};
    for (const ReportQuery& query : {full, ReportQuery{}, ReportQuery{.latest = true}}) {
        const auto back = query_from_json(query_json(query));
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(query_json(*back), query_json(query));
        EXPECT_EQ(std::tie(back->by, back->sort, back->top, back->nested, back->latest, back->since, back->until),
                  std::tie(query.by, query.sort, query.top, query.nested, query.latest, query.since, query.until));
    }
    EXPECT_TRUE(query_from_json(Json::object()));
}

TEST(QueryJson, Refusals) {
    auto refusal = [](const char* text) {
        const auto query = query_from_json(Json::parse(text));
        return query ? "" : query.error().message;
    };
    EXPECT_THAT(refusal("[]"), HasSubstr("not an object"));
    EXPECT_THAT(refusal(R"({"tpo": 5})"), HasSubstr("unknown member 'tpo'"));
    EXPECT_THAT(refusal(R"({"by": "weather"})"), HasSubstr("cgroup"));
    EXPECT_THAT(refusal(R"({"sort": 5})"), HasSubstr("sort"));
    EXPECT_THAT(refusal(R"({"top": -1})"), HasSubstr("top"));
    EXPECT_THAT(refusal(R"({"top": 4294967296})"), HasSubstr("too large"));
    EXPECT_THAT(refusal(R"({"nested": "yes"})"), HasSubstr("nested"));
    EXPECT_THAT(refusal(R"({"latest": true, "since_ms": 1})"), HasSubstr("latest"));
    EXPECT_THAT(refusal(R"({"since_ms": 2, "until_ms": 2})"), HasSubstr("ends before"));
}

} // namespace
} // namespace copyscope
