// SPDX-License-Identifier: Apache-2.0
// What makes a history old is what has been collected since, not what the wall clock says; and files of versions before
// that.
#include "daemon/history.h"
#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

constexpr WallTime month_ms = 30 * 24 * hour_ms;
constexpr Retention ordinary{}; // a day, two weeks, 400 days

class StoreAge : public StoreFolder {
protected:
    // An interval of that length that ends now, by a clock that may be wrong.
    Interval next(WallTime length) {
        now += length;
        std::mt19937_64 random(static_cast<std::uint64_t>(given.size()) + 1);
        given.push_back(random_interval(random, now - length, now, 6, 4));
        return given.back();
    }
    void live(Store& store, int intervals, WallTime length) {
        for (int i = 0; i < intervals; ++i) {
            ASSERT_TRUE(store.append(next(length)));
            ASSERT_TRUE(store.maintain(now, ordinary));
        }
    }
    WallTime now = new_year;
    std::vector<Interval> given{};
};

TEST_F(StoreAge, AClockThatJumpsRemovesNothing) {
    for (WallTime jump : {month_ms, -month_ms, 100 * month_ms, -now}) {
        given.clear();
        Store store = begun(path);
        live(store, 40, 30 * minute_ms); // 20 hours
        now += jump;
        live(store, 1, 30 * minute_ms);
        now -= jump;
        store = opened(folder + "/other.db"); // also after a restart
        store = begun(path);
        live(store, 5, 30 * minute_ms);
        Result<StoreFacts> facts = store.facts();
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->intervals, 46u) << jump;
        EXPECT_EQ(facts->minutes, 45u) << jump; // of the last one the minute is running
        EXPECT_EQ(read_text(store, never, ever), written(model_sum(given, never, ever)));
        EXPECT_EQ(visited(store, never, ever).size(), 46u);
        path += "-next";
    }
}

// Back and forth for ever: history ages as fast as it is collected, and what is too old goes all the same.
TEST_F(StoreAge, AClockThatKeepsJumping) {
    Store store = begun(path);
    for (int i = 0; i < 60; ++i) {
        now += (i % 2 ? 1 : -1) * month_ms * (1 + i % 3);
        live(store, 1, hour_ms);
    }
    Result<StoreFacts> facts = store.facts();
    ASSERT_TRUE(facts);
    EXPECT_GE(facts->intervals, 24u);
    EXPECT_LE(facts->intervals, 26u);
    EXPECT_EQ(read_text(store, never, ever), written(model_sum(given, never, ever)));
}

// What waits for a disk with room is as old as its parts are long.
TEST_F(StoreAge, AJumpWhileNothingCanBeWritten) {
    const Store other = begun(path);
    Result<HistoryWriter> writer = HistoryWriter::open(path);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->begin_run(provenance));
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(writer->add(next(hour_ms), ordinary));
    {
        Result<std::unique_ptr<Connection>> lock = Connection::open(path, Access::read_write);
        ASSERT_TRUE(lock);
        ASSERT_TRUE((*lock)->execute("UPDATE interval SET source = source; CREATE TRIGGER full BEFORE INSERT ON "
                                     "interval BEGIN SELECT RAISE(ABORT, 'no room'); END"));
        EXPECT_FALSE(writer->add(next(minute_ms), ordinary));
        now += month_ms;
        EXPECT_FALSE(writer->add(next(minute_ms), ordinary));
        ASSERT_TRUE((*lock)->execute("DROP TRIGGER full"));
    }
    ASSERT_TRUE(writer->add(next(minute_ms), ordinary));
    Result<StoreFacts> facts = other.facts();
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->intervals, 21u);
    EXPECT_EQ(facts->last, now);
}

// The file of the last build of version 1 (history_1.sql), and the intervals that it was written of.
TEST_F(StoreAge, AFileOfVersion1) {
    for (std::uint64_t i = 0; i < 30; ++i, now += 4 * minute_ms) {
        Interval interval{.begin = now, .end = now + 4 * minute_ms, .sample = {}};
        for (std::uint32_t tgid : {100U, 101U}) {
            Account account;
            account.key = {.process = {tgid, 0, 1000ULL * tgid},
                           .op = COPYSCOPE_OP_READ,
                           .reserved = 0,
                           .source = {COPYSCOPE_END_FILE, 0, 0xfff00001},
                           .sink = {COPYSCOPE_END_MEMORY, 0, 0}};
            account.value.counter[COPYSCOPE_OPERATIONS] = i + 1;
            account.value.counter[COPYSCOPE_BYTES_MOVED] = ~0ULL / (tgid + i);
            account.measured.bytes[0] = 7 * i;
            account.measured.calls[0] = i;
            interval.sample.accounts.push_back(account);
        }
        interval.sample.processes.push_back(process_info(100));
        interval.sample.losses.unread = i;
        interval.sample.source = CopySource::module;
        given.push_back(interval);
    }
    put_contents(path, "");
    {
        Result<std::unique_ptr<Connection>> file = Connection::open(path, Access::read_write);
        ASSERT_TRUE(file);
        const std::string script = contents(std::filesystem::path(__FILE__).parent_path() / "history_1.sql");
        Status status = (*file)->execute(script);
        ASSERT_TRUE(status) << status.error().message;
    }
    EXPECT_NE(Store::open(path, StoreMode::read_only).error().message.find("schema version 1"), std::string::npos);

    Store store = begun(path);
    EXPECT_EQ(read_text(store, never, ever), written(model_sum(given, never, ever)));
    EXPECT_EQ(read_text(store, new_year + hour_ms, ever), written(model_sum(given, new_year + hour_ms, ever)));
    EXPECT_EQ(visited(store, new_year + hour_ms, ever).size(), 15u); // of the second hour all is left
    live(store, 22, hour_ms);
    EXPECT_EQ(store.facts()->intervals, 15u + 22u); // and gets old from where it was
    live(store, 3, hour_ms);
    EXPECT_EQ(store.facts()->intervals, 25u);
    EXPECT_EQ(read_text(store, never, ever), written(model_sum(given, never, ever)));
}

} // namespace
} // namespace copyscope
