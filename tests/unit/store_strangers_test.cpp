// SPDX-License-Identifier: Apache-2.0
// Files that somebody made for us: right to the first look, and made to run forever, to take all memory, or to run what
// their schema says. Each is refused in one line that says what is wrong, and left as it was.
#include <fmt/format.h>

#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

class StoreOfStrangers : public StoreFolder {
protected:
    StoreOfStrangers() { make_history(path, 100); }

    // As anybody does: with SQLite, not with what we allow ourselves.
    void edit(const std::string& statements) {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
        char* message = nullptr;
        EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
        sqlite3_free(message);
        EXPECT_EQ(sqlite3_close(database), SQLITE_OK);
    }

    // Something else in the place of a table.
    void replace(const std::string& table, const std::string& by) { edit(fmt::format("DROP TABLE {}; {}", table, by)); }

    // In both modes, when it is opened or when it is read.
    void refused(const std::string& why) {
        const std::string before = contents(path), files = listing();
        for (StoreMode mode : {StoreMode::create, StoreMode::read_only}) {
            Result<Store> store = Store::open(path, mode);
            ASSERT_FALSE(store) << why;
            const std::string& message = store.error().message;
            EXPECT_TRUE(message.starts_with(path)) << message;
            EXPECT_NE(message.find(why), std::string::npos) << message;
            EXPECT_EQ(message.find('\n'), std::string::npos) << message;
            EXPECT_EQ(contents(path), before);
            EXPECT_EQ(listing(), files);
        }
    }

    std::string read_error() {
        Result<Store> store = Store::open(path, StoreMode::read_only);
        if (!store)
            return store.error().message;
        Result<Span> span = store->read(never, ever);
        return span ? "" : span.error().message;
    }
};

constexpr const char* endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) ";

TEST_F(StoreOfStrangers, ViewsForTables) {
    replace("name",
            std::string("CREATE VIEW name AS ") + endless + "SELECT 'counter' AS kind, i AS number, i AS name FROM n");
    refused("the view 'name'");
}

TEST_F(StoreOfStrangers, AViewForTheTableThatIsReadLast) {
    replace("cell", std::string("CREATE VIEW cell AS ") + endless +
                        "SELECT 1 AS interval, i AS account, x'' AS counters FROM n");
    refused("the view 'cell'");
}

TEST_F(StoreOfStrangers, MoreThanThereShouldBe) {
    const std::string good = contents(path);
    const std::pair<const char*, const char*> odd[] = {
        {"CREATE VIEW extra AS SELECT 1", "the view 'extra'"},
        {"CREATE TABLE extra(a)", "the table 'extra'"},
        {"CREATE TRIGGER extra AFTER INSERT ON cell BEGIN DELETE FROM cell; END", "the trigger 'extra'"},
        {"CREATE INDEX extra ON cell(abs(account))", "the index 'extra'"},
        {"CREATE VIRTUAL TABLE extra USING fts5(a)", "'extra"},
        {"ALTER TABLE boot ADD COLUMN twice AS (hex(zeroblob(1000000)))", "the table 'boot'"},
        {"ALTER TABLE process ADD COLUMN more TEXT DEFAULT 'x'", "the table 'process'"},
        {"ANALYZE", "the table 'sqlite_stat1'"},
    };
    for (const auto& [statement, why] : odd) {
        put_contents(path, good);
        edit(statement);
        refused(why);
    }
}

TEST_F(StoreOfStrangers, LessThanThereShouldBe) {
    const std::string good = contents(path);
    edit("DROP INDEX interval_end");
    refused("no index 'interval_end'");
    put_contents(path, good);
    edit("DROP TABLE cell");
    refused("no table 'cell'");
}

// Another table of that name, and constraints that would run what they say for every row that is checked.
TEST_F(StoreOfStrangers, TablesWithConditions) {
    replace("run", "CREATE TABLE run(id INTEGER PRIMARY KEY, boot, kernel, source, origins, not_seen, "
                   "CHECK(length(hex(zeroblob(400000000))) > 0))");
    refused("the table 'run'");
}

// What ALTER TABLE writes, and other white space, is no other schema.
TEST_F(StoreOfStrangers, TheSameInOtherSpacing) {
    edit(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(replace(sql, char(10), '  ' || char(10)), "
        "'-- name', '-- a name') WHERE name = 'run'; PRAGMA writable_schema = OFF");
    EXPECT_EQ(read_error(), "");
}

TEST_F(StoreOfStrangers, ANameThatIsNone) {
    edit("INSERT INTO name VALUES('loss', (SELECT count(*) FROM name WHERE kind = 'loss'), hex(zeroblob(500)))");
    refused("a name of 1000 bytes");
}

// Each account has a figure for each of them.
TEST_F(StoreOfStrangers, TooManyNames) {
    edit(std::string("INSERT INTO name ") + endless +
         "SELECT 'counter', (SELECT count(*) FROM name WHERE kind = 'counter') + i - 1, 'c' || i FROM n LIMIT 3000");
    refused("more names of the kind counter than");
}

TEST_F(StoreOfStrangers, LongTexts) {
    edit("UPDATE process SET cmdline = hex(zeroblob(4000000))");
    EXPECT_NE(read_error().find("longer than any that copyscope writes"), std::string::npos) << read_error();
}

TEST_F(StoreOfStrangers, CrowdsBeyondCounting) {
    edit("INSERT INTO crowd SELECT id, 1, 9223372036854775807 FROM interval");
    EXPECT_NE(read_error().find("a crowd larger than there can be"), std::string::npos) << read_error();
}

// The next to be summed or to be removed is another one each time, or this goes on for ever.
TEST_F(StoreOfStrangers, IntervalsAtTheEndOfAllTimes) {
    const Retention hours{.raw_hours = 1, .minute_days = 0, .hour_days = 0, .max_bytes = 0};
    for (const char* end : {"9223372036854775807", "-9223372036854775807 - 1"})
        for (const char* what : {"summed = 0", "summed = 1, lived = -9000000000000000000"}) {
            edit(fmt::format("UPDATE interval SET end = {}, {} WHERE id = (SELECT min(id) FROM interval "
                             "WHERE level = 0)",
                             end, what));
            Store store = begun(path);
            const Status status = store.maintain(new_year + hour_ms, hours);
            ASSERT_FALSE(status) << end << what;
            EXPECT_NE(status.error().message.find("the end of all times"), std::string::npos) << status.error().message;
        }
}

// Each hour is replaced by its minutes, and each minute by what it sums: so hours times minutes times all of them.
TEST_F(StoreOfStrangers, OneHourManyTimes) {
    edit("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO interval(level, "
         "begin, "
         "first_end, end, run, source, losses, summed, finer) SELECT 1 + i % 2, begin, first_end, end, run, source, "
         "losses, "
         "1, 1 FROM n, (SELECT * FROM interval WHERE level = 2 LIMIT 1)");
    EXPECT_NE(read_error().find("twice"), std::string::npos) << read_error();
}

// Pages that refer to each other: each row is there as often as there are ways to it. Beyond the size up to which the
// whole file is looked at, only the time it takes can tell.
TEST_F(StoreOfStrangers, ReadingEndsWhateverIsInTheFile) {
    Result<std::unique_ptr<Connection>> connection = Connection::open(path, Access::read_only);
    ASSERT_TRUE(connection);
    Status status = (*connection)->read([&] {
        return (*connection)
            ->sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
            .run();
    });
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("takes longer than"), std::string::npos) << status.error().message;
    EXPECT_TRUE((*connection)->read([&] { return (*connection)->sql("SELECT count(*) FROM cell").run(); }));
}

// The schema is looked at again when it changes while the file is open.
TEST_F(StoreOfStrangers, ChangedWhileItIsRead) {
    Store writer = begun(path); // so it is not frozen
    Store reader = opened(path, StoreMode::read_only);
    ASSERT_TRUE(reader.read(never, ever));
    replace("cell", std::string("CREATE VIEW cell AS ") + endless +
                        "SELECT 1 AS interval, i AS account, x'' AS counters FROM n");
    Result<Span> span = reader.read(never, ever);
    ASSERT_FALSE(span);
    EXPECT_NE(span.error().message.find("the view 'cell'"), std::string::npos) << span.error().message;
}

} // namespace
} // namespace copyscope
