// SPDX-License-Identifier: Apache-2.0
// The store gives back what it was given, and sums it, to the byte: for any range, at any level, whatever the clock
// did.
#include <sys/stat.h>

#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

class StoreHistory : public StoreFolder {};

TEST_F(StoreHistory, GivesBackWhatItWasGiven) {
    std::mt19937_64 random(1);
    std::vector<Interval> given;
    {
        Store store = begun(path);
        for (WallTime t = 0; t < 10; ++t) {
            given.push_back(random_interval(random, new_year + t * 1000, new_year + (t + 1) * 1000, 5, 20));
            ASSERT_TRUE(store.append(given.back()));
        }
    }
    EXPECT_EQ(listing(), "history.db"); // closed, it is one file that can be carried away
    Store store = opened(path, StoreMode::read_only);
    const std::vector<Interval> got = visited(store, never, ever);
    ASSERT_EQ(got.size(), given.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_EQ(written(got[i]), written(given[i]));

    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span);
    EXPECT_EQ(written(span->interval), written(model_sum(given, never, ever)));
    EXPECT_FALSE(span->widened);
    EXPECT_EQ(span->provenance.kernel, provenance.kernel);
    EXPECT_EQ(span->provenance.boot_id, provenance.boot_id);
    EXPECT_EQ(span->provenance.source, provenance.source);
    EXPECT_EQ(span->provenance.origins.to_user, Basis::measured);
    EXPECT_EQ(span->provenance.origins.late, Basis::not_seen);
    EXPECT_EQ(span->provenance.origins.cow, provenance.origins.cow);
    EXPECT_EQ(span->provenance.origins.api_syncs, Basis::derived);
    EXPECT_EQ(span->provenance.not_seen, provenance.not_seen);
    EXPECT_EQ(listing(), "history.db"); // and reading it leaves nothing beside it
}

TEST_F(StoreHistory, AnEmptyRangeIsEmpty) {
    Store store = begun(path);
    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span);
    EXPECT_TRUE(span->interval.sample.accounts.empty());
    EXPECT_EQ(span->interval.end, 0);
    Result<StoreFacts> facts = store.facts();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->intervals + facts->minutes + facts->hours, 0u);
    EXPECT_EQ(facts->first, 0);
    EXPECT_GT(facts->bytes, 0u);
}

TEST_F(StoreHistory, AnIntervalBelongsToARun) {
    Store store = opened(path);
    Status status = store.append(Interval{.begin = 1, .end = 2, .sample = {}});
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("begin_run"), std::string::npos);
}

TEST_F(StoreHistory, ModesDoNotDependOnTheUmask) {
    for (mode_t mask : {0077, 0}) {
        const mode_t before = umask(mask);
        Store store = begun(path);
        ASSERT_TRUE(store.append(Interval{.begin = 1, .end = 2, .sample = {}}));
        umask(before);
        EXPECT_EQ(listing(), "history.db history.db-shm history.db-wal");
        for (const char* suffix : {"", "-wal", "-shm"}) {
            struct stat about {};
            ASSERT_EQ(stat((path + suffix).c_str(), &about), 0);
            EXPECT_EQ(about.st_mode & 07777, 0640u) << suffix;
        }
        std::filesystem::remove(path);
        std::filesystem::remove(path + "-wal");
        std::filesystem::remove(path + "-shm");
    }
}

TEST_F(StoreHistory, LaterWordsOfAProcessWin) {
    Store store = begun(path);
    std::mt19937_64 random(2);
    Interval interval = random_interval(random, new_year, new_year + 1000, 1, 1);
    ASSERT_TRUE(store.append(interval));
    interval.begin += 1000;
    interval.end += 1000;
    interval.sample.processes[0].comm = "after-exec";
    ASSERT_TRUE(store.append(interval));
    Result<Span> span = store.read(never, ever);
    ASSERT_TRUE(span);
    ASSERT_EQ(span->interval.sample.processes.size(), 1u);
    EXPECT_EQ(span->interval.sample.processes[0].comm, "after-exec");
}

// A process of the same pid and start time of another boot is another row, but one key outside.
TEST_F(StoreHistory, TwoBootsDoNotMakeAKeyTwice) {
    Store store = begun(path);
    std::mt19937_64 random(3);
    Interval interval = random_interval(random, new_year, new_year + 1000, 2, 20);
    ASSERT_TRUE(store.append(interval));
    Provenance other = provenance;
    other.boot_id = "another";
    ASSERT_TRUE(store.begin_run(other));
    Interval later = interval;
    later.begin += 1000;
    later.end += 1000;
    ASSERT_TRUE(store.append(later));
    EXPECT_EQ(read_text(store, never, ever), written(model_sum({interval, later}, never, ever)));
    EXPECT_EQ(store.read(never, ever)->provenance.boot_id, "another");
    EXPECT_EQ(store.read(never, new_year + 1000)->provenance.boot_id, provenance.boot_id);
}

// Random intervals, a clock that jumps, maintenance at any time: every way to ask gives the same sums.
class StoreProperty : public StoreFolder, public ::testing::WithParamInterface<int> {};

TEST_P(StoreProperty, EveryWayToAskGivesTheSameSums) {
    std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
    auto below = [&](std::uint64_t n) { return static_cast<WallTime>(random() % n); };
    std::vector<Interval> given;
    Store store = begun(path);
    WallTime now = new_year;
    for (int step = 0; step < 400; ++step) {
        if (random() % 25 == 0)
            now += below(2 * hour_ms) - hour_ms; // the clock is set
        WallTime begin = now;
        now += random() % 10 == 0 ? below(10) * minute_ms : below(20'000);
        if (random() % 20 == 0)
            now = (now / minute_ms) * minute_ms; // on the stroke
        given.push_back(random_interval(random, begin, now, 6, random() % 6));
        ASSERT_TRUE(store.append(given.back()));
        if (random() % 15 == 0) {
            ASSERT_TRUE(store.maintain(now + below(3 * minute_ms) - minute_ms, keep_all));
        }
        if (random() % 100 == 0) {
            store = opened(folder + "/other.db"); // closed and opened again
            store = begun(path);
        }
    }

    const std::string all = written(model_sum(given, never, ever));
    EXPECT_EQ(read_text(store, never, ever), all);
    std::vector<Interval> each = visited(store, never, ever);
    EXPECT_EQ(each.size(), given.size());
    EXPECT_EQ(written(model_sum(each, never, ever)), all);
    EXPECT_TRUE(std::ranges::is_sorted(each, {}, &Interval::end));

    for (int i = 0; i < 150; ++i) {
        WallTime since = given[random() % given.size()].end + below(3) - 1;
        WallTime until = given[random() % given.size()].end + below(3) - 1;
        if (random() % 3 == 0)
            since = since / hour_ms * hour_ms;
        if (random() % 3 == 0)
            until = until / minute_ms * minute_ms;
        Result<Span> span = store.read(since, until);
        ASSERT_TRUE(span) << span.error().message;
        EXPECT_FALSE(span->widened);
        const std::string expected = written(model_sum(given, since, until));
        ASSERT_EQ(written(span->interval), expected) << since << ".." << until;
        ASSERT_EQ(written(model_sum(visited(store, since, until), never, ever)), expected);
    }
}

// Raw goes, then minutes go: the sum of everything stays, to the byte, as long as hours are kept.
TEST_P(StoreProperty, WhatExpiresIsInTheSums) {
    std::mt19937_64 random(1000 + static_cast<std::uint64_t>(GetParam()));
    auto below = [&](std::uint64_t n) { return static_cast<WallTime>(random() % n); };
    std::vector<Interval> given;
    Store store = begun(path);
    WallTime now = new_year;
    const Retention short_lived{.raw_hours = 1, .minute_days = 1, .hour_days = 0, .max_bytes = 0};
    for (int step = 0; step < 500; ++step) {
        if (random() % 20 == 0)
            now += below(4 * hour_ms) - 2 * hour_ms;
        WallTime begin = now;
        now += below(15 * minute_ms);
        given.push_back(random_interval(random, begin, now, 6, random() % 6));
        ASSERT_TRUE(store.append(given.back()));
        if (random() % 15 == 0) {
            ASSERT_TRUE(store.maintain(now, short_lived));
        }
    }
    ASSERT_TRUE(store.maintain(now, short_lived));
    Result<StoreFacts> facts = store.facts();
    ASSERT_TRUE(facts);
    EXPECT_LT(facts->intervals, given.size() / 2);
    EXPECT_GT(facts->minutes, facts->intervals);

    // The words of a process are those appended last, for coarse and fine alike.
    const std::string all = written(model_sum(given, never, ever));
    EXPECT_EQ(read_text(store, never, ever), all);
    EXPECT_EQ(written(model_sum(visited(store, never, ever), never, ever)), all);

    // Any cut divides the whole in two, if neither half had to be widened.
    int exact = 0;
    for (int i = 0; i < 100; ++i) {
        const WallTime cut = i % 2 ? given[random() % given.size()].end : given.back().end - below(hour_ms);
        Result<Span> first = store.read(never, cut), second = store.read(cut, ever);
        ASSERT_TRUE(first && second);
        ASSERT_EQ(first->widened, second->widened);
        if (!first->widened) {
            ++exact;
            EXPECT_EQ(written(model_sum({first->interval, second->interval}, never, ever)), all);
        }
        // A widened range has all that it was asked for: the same as for the times it says it covers.
        if (first->widened) {
            EXPECT_GT(first->interval.end, cut);
        }
    }
    EXPECT_GT(exact, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreProperty, ::testing::Range(0, 10));

} // namespace
} // namespace copyscope
