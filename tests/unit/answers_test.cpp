// SPDX-License-Identifier: Apache-2.0
// What the daemon answers to whom.
#include "daemon/answers.h"

#include <csignal>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "fake_root.h"
#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using rpc::Json;
using testing::HasSubstr;

constexpr std::uint32_t alice = 1001, bob = 1002;

Interval interval_of(WallTime end) {
    Interval interval{.begin = end - 1000, .end = end, .sample = {}};
    interval.sample.accounts = {
        account(COPYSCOPE_OP_SENDFILE64, file, tcp, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 100}}, 10),
        account(COPYSCOPE_OP_SENDFILE64, file, tcp, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_BYTES_MOVED, 7}}, 20)};
    for (const auto& [pid, uid] : {std::pair(10U, alice), std::pair(20U, bob)}) {
        ProcessInfo process;
        process.id = {.tgid = pid, .reserved = 0, .start_ns = 1};
        process.comm = "server";
        process.uid = uid;
        interval.sample.processes.push_back(process);
    }
    return interval;
}

class AnswersTest : public FakeRoot {
protected:
    void SetUp() override {
        FakeRoot::SetUp();
        readers_.emplace(root_ + "/history.db");
        answers_.emplace(board_, *readers_, [] { return rpc::ServerCounts{.clients = 3}; });
    }

    void keep(int intervals) {
        auto writer = HistoryWriter::open(root_ + "/history.db");
        ASSERT_TRUE(writer) << writer.error().message;
        ASSERT_TRUE(writer->begin_run({.kernel = "6.1-test", .not_seen = {"tapes"}}));
        for (int i = 1; i <= intervals; i++)
            ASSERT_TRUE(writer->add(interval_of(i * 1000), {}));
    }

    rpc::Answer ask(const char* method, const char* params = "{}", rpc::Peer peer = {.sees_all = true}) {
        return (*answers_)({.id = 1, .method = method, .params = Json::parse(params)}, peer);
    }

    Board board_;
    std::optional<HistoryReaders> readers_;
    std::optional<Answers> answers_;
};

std::string code_of(const rpc::Answer& answer) {
    return answer ? "" : answer.error().code;
}

TEST_F(AnswersTest, UnknownMethodsAndParametersAreRefused) {
    keep(1);
    EXPECT_EQ(code_of(ask("reboot")), "unknown-method");
    EXPECT_EQ(code_of(ask("status", R"({"a":1})")), "bad-params");
    EXPECT_EQ(code_of(ask("report", R"({"by":"colour"})")), "bad-params");
    EXPECT_EQ(code_of(ask("export", R"({"by":"user"})")), "bad-params");
    EXPECT_EQ(code_of(ask("export", R"({"since_ms":"then"})")), "bad-params");
}

TEST_F(AnswersTest, StatusTellsOfHistoryAndWhyNothingIsMeasured) {
    keep(2);
    board_.change([](DaemonState& state) { state.obstacle = "attaching"; });
    const auto status = ask("status");
    ASSERT_TRUE(status);
    EXPECT_EQ((*status)["measuring"], false);
    EXPECT_EQ((*status)["obstacle"], "attaching");
    EXPECT_EQ((*status)["history"]["intervals"], 2);
    EXPECT_EQ((*status)["history"]["error"], nullptr);
    EXPECT_EQ((*status)["server"]["clients"], 3);
    EXPECT_GT((*status)["cost"]["rss_bytes"], 0);
}

TEST_F(AnswersTest, ReportSumsTheHistory) {
    keep(3);
    const auto all = ask("report");
    ASSERT_TRUE(all);
    EXPECT_EQ((*all)["schema"], "copyscope.report/1");
    EXPECT_EQ((*all)["kernel"], "6.1-test");
    EXPECT_EQ((*all)["total"]["payload_bytes"], 3 * 107);
    const auto last = ask("report", R"({"since_ms":2000,"until_ms":3000})");
    ASSERT_TRUE(last);
    EXPECT_EQ((*last)["total"]["payload_bytes"], 107);
}

TEST_F(AnswersTest, LatestIsOnTheBoard) {
    keep(1);
    EXPECT_EQ(code_of(ask("report", R"({"latest":true})")), "unavailable");
    board_.change([](DaemonState& state) { state.latest = std::make_shared<const Interval>(interval_of(5000)); });
    const auto latest = ask("report", R"({"latest":true,"by":"process"})");
    ASSERT_TRUE(latest);
    EXPECT_EQ((*latest)["groups"].size(), 2U);
}

TEST_F(AnswersTest, OthersSeeTheirOwnOnly) {
    keep(2);
    const rpc::Peer peer{.uid = alice, .gid = alice, .pid = 1, .sees_all = false};
    const auto report = ask("report", R"({"by":"process"})", peer);
    ASSERT_TRUE(report);
    EXPECT_EQ((*report)["groups"].size(), 1U);
    EXPECT_EQ((*report)["total"]["payload_bytes"], 200);
    EXPECT_THAT((*report)["notes"].dump(), HasSubstr("your own processes only"));
    const auto exported = ask("export", "{}", peer);
    ASSERT_TRUE(exported);
    EXPECT_EQ((*exported)["intervals"].size(), 2U);
    for (const auto& interval : (*exported)["intervals"]) {
        EXPECT_EQ(interval["accounts"].size(), 1U);
        EXPECT_EQ(interval["processes"].size(), 1U);
        EXPECT_EQ(interval["processes"][0]["uid"], alice);
    }
}

TEST_F(AnswersTest, ExportComesInPages) {
    keep(1100); // of two accounts each: a page is full at 2,000
    std::size_t intervals = 0;
    int pages = 0;
    std::string params = "{}";
    for (;; pages++) {
        const auto page = ask("export", params.c_str());
        ASSERT_TRUE(page);
        intervals += (*page)["intervals"].size();
        if ((*page)["next_ms"].is_null())
            break;
        params = Json{{"since_ms", (*page)["next_ms"]}}.dump();
    }
    EXPECT_EQ(intervals, 1100U);
    EXPECT_EQ(pages, 1);
}

TEST_F(AnswersTest, WithoutHistoryOnlyTheLatestIsThere) {
    HistoryReaders none("");
    const Answers answers(board_, none, [] { return rpc::ServerCounts{}; });
    const rpc::Request report{.id = 1, .method = "report", .params = Json::object()};
    EXPECT_EQ(code_of(answers(report, {.sees_all = true})), "unavailable");
    const rpc::Request exported{.id = 1, .method = "export", .params = Json::object()};
    EXPECT_EQ(code_of(answers(exported, {.sees_all = true})), "unavailable");
}

// What cannot be written waits for what comes after it.
TEST_F(AnswersTest, AnIntervalThatCannotBeWrittenIsNotLost) {
    auto writer = HistoryWriter::open(root_ + "/history.db");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->begin_run({}));
    ASSERT_TRUE(writer->add(interval_of(1000), {}));
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{.rlim_cur = 1, .rlim_max = limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0); // no file grows any more
    const auto refused = writer->add(interval_of(2000), {});
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::signal(SIGXFSZ, before);
    ASSERT_FALSE(refused);
    ASSERT_TRUE(writer->add(interval_of(4000), {}));
    const auto report = ask("report");
    ASSERT_TRUE(report);
    EXPECT_EQ((*report)["total"]["payload_bytes"], 3 * 107);
    const auto exported = ask("export");
    ASSERT_TRUE(exported);
    EXPECT_EQ((*exported)["intervals"].size(), 2U) << "it came with the one after it";
}

} // namespace
} // namespace copyscope
