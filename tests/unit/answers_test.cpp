// SPDX-License-Identifier: Apache-2.0
// What the daemon answers to whom.
#include "daemon/answers.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/resource.h>
#include <thread>

#include "fake_root.h"
#include "sample_accounts.h"

namespace copyscope {
namespace {

using namespace testing_accounts;
using rpc::Json;
using testing::HasSubstr;
using testing::Not;

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

// So many processes, and each is a group of its own.
Interval crowded(std::uint32_t first, std::uint32_t processes, WallTime end) {
    Interval interval{.begin = end - 1000, .end = end, .sample = {}};
    for (std::uint32_t pid = first; pid < first + processes; ++pid) {
        interval.sample.accounts.push_back(
            account(COPYSCOPE_OP_READ, file, anon, {{COPYSCOPE_OPERATIONS, 1}, {COPYSCOPE_TO_USER_BYTES, pid}}, pid));
        interval.sample.processes.push_back({.id = {pid, 0, 1},
                                             .comm = "cc",
                                             .uid = pid % 2 ? alice : bob,
                                             .cmdline = std::string(500, 'x') + std::to_string(pid)});
    }
    return interval;
}

TEST_F(AnswersTest, ShowsAtMostSoManyGroupsAndSaysSo) {
    board_.change([](DaemonState& state) { state.latest = std::make_shared<const Interval>(crowded(1, 1200, 5000)); });
    for (const char* params :
         {R"({"latest":true,"by":"process"})", R"({"latest":true,"by":"process","top":1000000})"}) {
        const auto all = ask("report", params);
        ASSERT_TRUE(all);
        EXPECT_EQ((*all)["groups"].size(), 501U);
        EXPECT_EQ((*all)["groups"][0]["pid"], 1200) << "the largest";
        EXPECT_EQ((*all)["groups"][500]["name"], "other");
        EXPECT_EQ((*all)["groups"][500]["operations"], 700);
        EXPECT_EQ((*all)["total"]["operations"], 1200);
        EXPECT_THAT((*all)["notes"].dump(), HasSubstr("other: 700 more"));
        EXPECT_THAT((*all)["notes"].dump(), HasSubstr("the daemon shows 500 at most"));
    }
    const auto some = ask("report", R"({"latest":true,"by":"process","top":7})");
    ASSERT_TRUE(some);
    EXPECT_EQ((*some)["groups"].size(), 8U);
    EXPECT_THAT((*some)["notes"].dump(), Not(HasSubstr("at most")));
}

// By what the measured copies differ from the derived ones is known until they are reported, however often that is.
TEST_F(AnswersTest, DisagreementsOfTheLatestIntervalAreTold) {
    Interval interval = interval_of(5000);
    interval.sample.source = CopySource::module;
    interval.sample.accounts[0].value.counter[COPYSCOPE_TO_USER_BYTES] = 1'000'000;
    interval.sample.accounts[0].measured.bytes[COPYSCOPE_CLASS_TO_USER] = 1'500'000;
    use_measured(interval.sample); // as the keeper does
    board_.change([&](DaemonState& state) { state.latest = std::make_shared<const Interval>(interval); });
    const auto report = ask("report", R"({"latest":true})");
    ASSERT_TRUE(report);
    EXPECT_EQ((*report)["total"]["disagreement_bytes"], 500'000);
    EXPECT_EQ((*report)["total"]["cpu_copy_bytes"]["to_user"], 1'500'000);
}

// Of VmHWM, the most that this process ever had, in bytes; begins anew now.
std::size_t most_memory(bool begin) {
    if (begin) {
        malloc_trim(0); // what other tests have left would be used again, and not be seen
        std::ofstream("/proc/self/clear_refs") << "5";
    }
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word)
        if (word == "VmHWM:") {
            std::size_t kib = 0;
            status >> kib;
            return kib * 1024;
        }
    return 0;
}

TEST(Answers, WhatIsLong) {
    const auto is_long = [](const char* method, const char* params) {
        return Answers::is_long({.id = 1, .method = method, .params = rpc::Json::parse(params)});
    };
    EXPECT_TRUE(is_long("report", "{}"));
    EXPECT_TRUE(is_long("report", R"({"latest":false,"since_ms":1})"));
    EXPECT_TRUE(is_long("report", R"({"latest":"yes"})"));
    EXPECT_TRUE(is_long("export", R"({"latest":true})"));
    EXPECT_FALSE(is_long("report", R"({"latest":true})"));
    EXPECT_FALSE(is_long("status", "{}"));
}

// All at once, by everybody, for everything: what one question takes is bounded, and so is how many there are.
TEST_F(AnswersTest, SixtyThousandProcessesAreAnsweredInBoundedMemory) {
    constexpr std::uint32_t processes = 60'000, at_once = 2'000;
    {
        auto writer = HistoryWriter::open(root_ + "/history.db");
        ASSERT_TRUE(writer);
        ASSERT_TRUE(writer->begin_run({}));
        WallTime end = 1000;
        for (std::uint32_t pid = 1; pid < processes; pid += at_once, end += 1000)
            ASSERT_TRUE(writer->add(crowded(pid, at_once, end), {}));
    }
    const std::size_t before = most_memory(true);
    // One for those who see all and one for the others, as the server does it (Answers::is_long), and as in the daemon
    // they share what malloc(3) keeps.
    std::vector<std::thread> workers;
    mallopt(M_ARENA_MAX, 1);
    std::atomic<int> right = 0;
    for (const bool sees_all : {true, false})
        workers.emplace_back([&, sees_all] {
            for (int client = 0; client < 5; ++client) {
                const rpc::Peer peer{.uid = client % 2 ? alice : bob, .sees_all = sees_all};
                const auto report = ask("report", R"({"by":"process","nested":true})", peer);
                right += report && (*report)["total"]["operations"] == (peer.sees_all ? processes : processes / 2) &&
                         (*report)["notes"].dump().find("more processes in that time") != std::string::npos;
            }
        });
    for (std::thread& worker : workers)
        worker.join();
    EXPECT_EQ(right, 10);
    EXPECT_LT(most_memory(false) - before, 64U << 20);
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
