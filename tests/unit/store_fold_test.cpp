// SPDX-License-Identifier: Apache-2.0
// A range with more accounts than a reader has room for: read within its bound, exact for each user and command, and
// said.
#include <set>

#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

// By {user, operation}: what stays apart however much is folded, of known processes.
using Sums = std::map<std::pair<std::int64_t, std::uint32_t>, std::vector<std::uint64_t>>;

Sums sums_of(const Interval& interval) {
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> users;
    for (const ProcessInfo& info : interval.sample.processes)
        users[{info.id.tgid, info.id.start_ns}] = info.uid;
    Sums sums;
    for (const Account& account : interval.sample.accounts) {
        const auto user = users.find({account.key.process.tgid, account.key.process.start_ns});
        auto& figures = sums[{user == users.end() ? -1 : std::int64_t{user->second}, account.key.op}];
        figures.resize(COPYSCOPE_COUNTERS);
        for (std::size_t i = 0; i < COPYSCOPE_COUNTERS; ++i)
            figures[i] += account.value.counter[i];
    }
    return sums;
}

std::uint64_t bytes_of(const Interval& interval) {
    std::uint64_t bytes = 0;
    for (const Account& account : interval.sample.accounts)
        bytes += account[COPYSCOPE_BYTES_MOVED];
    return bytes;
}

class StoreFold : public StoreFolder {
protected:
    // So many processes, each in one second only, of seven users and three commands; some of which nothing is known.
    void keep(std::uint32_t processes, std::uint32_t commands, bool one_account = false) {
        std::mt19937_64 random(1);
        Store store = begun(path);
        for (std::uint32_t tgid = 1; tgid <= processes; ++tgid) {
            Interval interval{.begin = at, .end = at + 1000, .sample = {}};
            for (const copyscope_op op : {COPYSCOPE_OP_READ, COPYSCOPE_OP_WRITE, COPYSCOPE_OP_FAULT}) {
                if (one_account && op != COPYSCOPE_OP_READ)
                    continue;
                Account& account = interval.sample.accounts.emplace_back();
                account.key = {.process = {tgid, 0, 1000ULL * tgid},
                               .op = op,
                               .reserved = 0,
                               .source = {COPYSCOPE_END_FILE, 0, 0xfff00001},
                               .sink = {COPYSCOPE_END_MEMORY, 0, one_account ? 0 : tgid % 2}};
                for (auto& counter : account.value.counter)
                    counter = random() >> 20;
            }
            if (tgid % 10 != 0) {
                interval.sample.processes.push_back(process_info(tgid));
                interval.sample.processes[0].comm = "comm" + std::to_string(tgid % commands);
            }
            ASSERT_TRUE(store.append(interval));
            at += 1000;
        }
        all = *store.read(never, ever);
    }
    Span read(std::size_t most, std::optional<std::uint32_t> uid = {}) {
        Store store = opened(path, StoreMode::read_only);
        store.limit_accounts(most);
        Result<Span> span = store.read(never, ever, uid);
        EXPECT_TRUE(span) << span.error().message;
        return span ? std::move(*span) : Span{};
    }
    static std::uint64_t members(const Interval& interval) {
        std::uint64_t sum = 0;
        for (const ProcessInfo& process : interval.sample.processes)
            if (process.id.tgid == 0)
                sum += std::stoull(process.cmdline);
        return sum;
    }
    WallTime at = new_year;
    Span all;
};

TEST_F(StoreFold, SumsAreExactAndWithinTheBound) {
    keep(400, 3);
    ASSERT_EQ(all.folded, 0u);
    for (const std::size_t most : {10u, 100u, 400u, 800u}) {
        const Span span = read(most);
        EXPECT_GT(span.folded, 0u) << most;
        EXPECT_EQ(bytes_of(span.interval), bytes_of(all.interval)) << most;
        if (most < 400) // else crowds of all users are not needed, which have no user
            continue;
        EXPECT_LE(span.interval.sample.accounts.size(), most) << most;
        EXPECT_TRUE(sums_of(span.interval) == sums_of(all.interval)) << most;
    }
    EXPECT_TRUE(written(read(8 * 400).interval) == written(all.interval)) << "there is room for all";
}

TEST_F(StoreFold, TheNewestHaveTheirOwnAndTheOthersAreCounted) {
    keep(400, 2);
    const Span span = read(800);
    std::set<std::uint32_t> own;
    for (const Account& account : span.interval.sample.accounts)
        own.insert(account.key.process.tgid);
    own.erase(0); // crowds
    EXPECT_EQ(own.size() + span.folded, 400u);
    EXPECT_EQ(*own.begin(), 400 - own.size() + 1) << "the last ones";
    // Those of which nothing is known are in a crowd without words.
    EXPECT_EQ(members(span.interval), span.folded - span.folded / 10);
}

TEST_F(StoreFold, WhatIsKnownByWordsIsBounded) {
    keep(400, 400); // each has a command of its own
    const Span span = read(400);
    EXPECT_LE(span.interval.sample.accounts.size(), 400u);
    EXPECT_TRUE(sums_of(span.interval) == sums_of(all.interval)) << "beyond seven eighths, by user";
    const auto& processes = span.interval.sample.processes;
    EXPECT_TRUE(std::ranges::any_of(processes, [](const ProcessInfo& one) { return one.comm == "(others)"; }));
}

TEST_F(StoreFold, OneUsersOwnIsTheirsHoweverManyOthersThereAre) {
    keep(700, 3);
    const Interval whole = all.interval;
    for (std::uint32_t uid = 0; uid < 7; ++uid) {
        const Sample theirs = sample_of_user(whole.sample, uid);
        const Span span = read(400, uid);
        EXPECT_EQ(span.folded, 0u) << "a seventh has room";
        EXPECT_FALSE(span.anonymous);
        EXPECT_EQ(bytes_of(span.interval), bytes_of({.begin = 0, .end = 0, .sample = theirs}));
        const auto& processes = span.interval.sample.processes;
        EXPECT_TRUE(std::ranges::all_of(processes, [&](const ProcessInfo& one) { return one.uid == uid; }));
        EXPECT_EQ(processes.size(), theirs.processes.size());
    }
}

// Crowds that are in the file already are in the same crowd as those who come to them here, with all who stand behind
// them.
TEST_F(StoreFold, CrowdsOfTheFileGoOn) {
    keep(400, 1, true);
    {
        Store store = opened(path);
        Retention few = keep_all;
        few.processes = 20;
        ASSERT_TRUE(store.maintain(at + 2 * hour_ms, few));
    }
    const Span roomy = read(100'000);
    const std::uint64_t in_crowds = members(roomy.interval);
    ASSERT_GT(in_crowds, 200u);
    const Span tight = read(24);
    EXPECT_EQ(bytes_of(tight.interval), bytes_of(all.interval));
    EXPECT_EQ(bytes_of(roomy.interval), bytes_of(all.interval));
    // All are known by a row of their own, or stand behind a crowd; some of them are of those without words.
    std::uint64_t own = 0;
    for (const ProcessInfo& process : tight.interval.sample.processes)
        own += process.id.tgid != 0;
    EXPECT_EQ(members(tight.interval) + own, 360u);
}

// A row number below 0 is nobody's but ours.
TEST_F(StoreFold, ARowThatNoFileHasIsDamage) {
    keep(5, 3);
    {
        auto connection = Connection::open(path, Access::read_write);
        ASSERT_TRUE(connection);
        ASSERT_TRUE((*connection)->execute("UPDATE cell SET account = -1 WHERE account = 1"));
    }
    Store store = opened(path, StoreMode::read_only);
    const Result<Span> span = store.read(never, ever);
    ASSERT_FALSE(span);
    EXPECT_NE(span.error().message.find("that is not there"), std::string::npos) << span.error().message;
}

} // namespace
} // namespace copyscope
