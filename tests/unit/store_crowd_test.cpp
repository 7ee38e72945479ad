// SPDX-License-Identifier: Apache-2.0
// Thousands of short processes an hour: sums are of crowds and exact, the file keeps its size, and what it keeps
// longest goes last.
#include <set>

#include "daemon/history.h"
#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

class StoreCrowd : public StoreFolder {
protected:
    // A second in which so many processes came and went; three accounts each.
    Interval second(int processes, std::size_t command_line) {
        now += 1000;
        Interval interval{.begin = now - 1000, .end = now, .sample = {}};
        for (int i = 0; i < processes; ++i)
            add(interval, next_tgid++, i % 3 ? "cc1" : "as", command_line);
        return interval;
    }
    void add(Interval& interval, std::uint32_t tgid, const std::string& comm, std::size_t command_line) {
        ProcessInfo info = process_info(tgid);
        info.comm = comm;
        info.uid = 1000 + tgid % 2;
        info.cmdline = std::string(command_line, 'x');
        interval.sample.processes.push_back(info);
        for (std::uint32_t op : {COPYSCOPE_OP_READ, COPYSCOPE_OP_WRITE, COPYSCOPE_OP_FAULT}) {
            Account& account = interval.sample.accounts.emplace_back();
            account.key = {.process = info.id,
                           .op = op,
                           .reserved = 0,
                           .source = {COPYSCOPE_END_FILE, 0, 0xfff00001},
                           .sink = {COPYSCOPE_END_MEMORY, 0, 0}};
            account.value.counter[COPYSCOPE_OPERATIONS] = 1;
            account.value.counter[COPYSCOPE_BYTES_MOVED] = random() % 100'000;
        }
    }
    // Everything that was counted, by {user, command, operation}.
    using Sums =
        std::map<std::tuple<std::uint32_t, std::string, std::uint32_t>, std::pair<std::uint64_t, std::uint64_t>>;
    static void count(Sums& sums, const Interval& interval) {
        std::map<std::pair<std::uint32_t, std::uint64_t>, const ProcessInfo*> known;
        for (const ProcessInfo& info : interval.sample.processes)
            known[{info.id.tgid, info.id.start_ns}] = &info;
        for (const Account& account : interval.sample.accounts) {
            const ProcessInfo* info = known.at({account.key.process.tgid, account.key.process.start_ns});
            auto& [operations, bytes] = sums[{info->uid, info->comm, account.key.op}];
            operations += account[COPYSCOPE_OPERATIONS];
            bytes += account[COPYSCOPE_BYTES_MOVED];
        }
    }
    // Of "1,234 processes".
    static std::uint64_t members(const ProcessInfo& crowd) {
        std::string digits = crowd.cmdline;
        std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
        return std::stoull(digits);
    }
    static Sums sums_of(const Interval& interval) {
        Sums sums;
        count(sums, interval);
        return sums;
    }
    WallTime now = new_year;
    std::uint32_t next_tgid = 1000;
    std::mt19937_64 random{1};
};

TEST_F(StoreCrowd, SumsAreOfCrowdsAndExact) {
    Retention retention = keep_all;
    retention.processes = 100;
    Store store = begun(path);
    Sums all;
    for (int s = 0; s < 3600; ++s) {
        Interval interval = second(2, 30);
        add(interval, 77, "nginx", 10); // which lives on
        count(all, interval);
        ASSERT_TRUE(store.append(interval));
        if (s % 60 == 59) {
            ASSERT_TRUE(store.maintain(now, retention));
        }
    }
    ASSERT_TRUE(store.maintain(now + hour_ms, retention));
    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span) << span.error().message;
    EXPECT_EQ(sums_of(span->interval), all);
    std::map<std::string, int> processes; // what they are called
    std::uint64_t in_crowds = 0;
    for (const ProcessInfo& info : span->interval.sample.processes) {
        ++processes[info.id.tgid ? "own" : info.comm];
        if (info.id.tgid == 0)
            in_crowds += members(info);
        if (info.id.tgid == 77) {
            EXPECT_EQ(info.cmdline, "xxxxxxxxxx");
        }
    }
    EXPECT_EQ(processes, (std::map<std::string, int>{{"own", 100}, {"as", 1}, {"cc1", 1}}));
    EXPECT_EQ(in_crowds, 7201u - 100u);
    // Raw intervals are everybody's for as long as they are kept.
    EXPECT_EQ(visited(store, never, ever).front().sample.processes.size(), 3u);
}

// Who lives through the hour and has no place is one process of it.
TEST_F(StoreCrowd, EachProcessIsCountedOnceInItsHour) {
    Retention retention = keep_all;
    retention.processes = 2;
    Store store = begun(path);
    for (int minute = 0; minute < 59; ++minute) {
        now += 59'000;
        Interval interval = second(0, 0);
        for (std::uint32_t tgid = 10; tgid < 20; tgid += 2)
            add(interval, tgid, "worker", 10);
        ASSERT_TRUE(store.append(interval));
        ASSERT_TRUE(store.maintain(now + minute_ms, retention));
        store = opened(folder + "/other.db");
        store = begun(path);
    }
    Result<Span> hour = store.read(new_year, new_year + hour_ms);
    ASSERT_TRUE(hour);
    ASSERT_EQ(hour->interval.sample.processes.size(), 2u); // one had the place that is given at once
    EXPECT_EQ(std::ranges::count(hour->interval.sample.processes, "4 processes", &ProcessInfo::cmdline), 1);
}

// Commands that a user makes up are not a way to fill the history either; and nobody's bytes become another user's.
TEST_F(StoreCrowd, NamesThatAreMadeUp) {
    Retention retention = keep_all;
    retention.processes = 10;
    Store store = begun(path);
    std::map<std::uint32_t, std::uint64_t> by_user, read_by_user;
    std::uint32_t tgid = 1000;
    for (int s = 0; s < 60; ++s) {
        now += 1000;
        Interval interval{.begin = now - 1000, .end = now, .sample = {}};
        for (int i = 0; i < 50; ++i, ++tgid) {
            add(interval, tgid, "name" + std::to_string(tgid), 10);
            by_user[interval.sample.processes.back().uid] += interval.sample.accounts.back()[COPYSCOPE_BYTES_MOVED];
        }
        ASSERT_TRUE(store.append(interval));
    }
    ASSERT_TRUE(store.maintain(now + hour_ms, retention));
    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span);
    EXPECT_LT(span->interval.sample.processes.size(), 1020u);
    for (const auto& [uid, bytes] : by_user)
        for (const Account& account : sample_of_user(span->interval.sample, uid).accounts)
            if (account.key.op == COPYSCOPE_OP_FAULT)
                read_by_user[uid] += account[COPYSCOPE_BYTES_MOVED];
    EXPECT_EQ(read_by_user, by_user);
}

// A build farm beside two days of quiet history.
TEST_F(StoreCrowd, TheFileKeepsItsSize) {
    Retention retention;
    retention.max_bytes = 6 << 20;
    retention.processes = 100;
    Result<HistoryWriter> writer = HistoryWriter::open(path);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->begin_run(provenance));
    Sums all;
    for (int i = 0; i < 40 * 12; ++i) {
        now += 5 * minute_ms - 1000;
        Interval interval = second(0, 0);
        add(interval, 77, "nginx", 100);
        count(all, interval);
        ASSERT_TRUE(writer->add(interval, retention));
    }
    std::uint64_t largest = 0;
    for (int s = 0; s < 200; ++s) {
        const Interval interval = second(300, 512);
        count(all, interval);
        Status status = writer->add(interval, retention);
        ASSERT_TRUE(status) << status.error().message;
        largest = std::max(largest, bytes_of(path));
    }
    EXPECT_LE(largest, retention.max_bytes + retention.max_bytes / 10);
    const Store store = opened(path, StoreMode::read_only);
    Result<StoreFacts> facts = store.facts();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->hours, 41u);
    EXPECT_GE(facts->minutes, 40u * 12u);
    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span) << span.error().message;
    EXPECT_EQ(sums_of(span->interval), all);
}

} // namespace
} // namespace copyscope
