// SPDX-License-Identifier: Apache-2.0
// What is no history, or none of this version, is refused in one line, and left as it was: not a byte is written to it,
// and no file is left beside it.
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

class StoreRefusal : public StoreFolder {
protected:
    void edit(const std::string& statements) {
        Result<std::unique_ptr<Connection>> connection = Connection::open(path, Access::read_write);
        ASSERT_TRUE(connection);
        Status status = (*connection)->execute(statements);
        ASSERT_TRUE(status) << status.error().message;
    }

    // In both modes, with all of these words in the message.
    void refused(std::initializer_list<std::string> words) {
        const std::string before = contents(path), files = listing();
        for (StoreMode mode : {StoreMode::create, StoreMode::read_only}) {
            Result<Store> store = Store::open(path, mode);
            ASSERT_FALSE(store);
            for (const std::string& word : words)
                EXPECT_NE(store.error().message.find(word), std::string::npos) << store.error().message;
            EXPECT_EQ(store.error().message.find('\n'), std::string::npos);
            EXPECT_EQ(contents(path), before);
            EXPECT_EQ(listing(), files);
        }
    }
};

// What `body` gives as somebody who may not do everything; the superuser may. 99: not all could be given up.
int as_nobody(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child == 0) {
        const bool dropped = geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
        _exit(dropped ? body() : 99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(StoreRefusal, NoDatabase) {
    for (const std::string& bytes : {std::string("x"), std::string("hello\n"), std::string(100'000, 'x'),
                                     std::string(4096, '\0'), std::string("SQLite format 3") + '\0'}) {
        put_contents(path, bytes);
        refused({path});
    }
    put_contents(path, std::string(5000, 'x'));
    refused({"is not a SQLite database", "name another file"});
}

TEST_F(StoreRefusal, AnotherProgramsDatabase) {
    put_contents(path, "");
    edit("CREATE TABLE a(b); INSERT INTO a VALUES(1)");
    refused({"another program", "0x00000000", "name another file"});
    edit("PRAGMA application_id = 0x12345678; PRAGMA user_version = 77");
    refused({"another program", "0x12345678"});
    edit("PRAGMA journal_mode = WAL");
    refused({"another program", "0x12345678"});
}

TEST_F(StoreRefusal, ANewerSchema) {
    make_history(path, 300);
    edit("PRAGMA user_version = 9; PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string known = std::to_string(version_of(migrations()));
    refused({"schema version 9", "versions up to " + known, "use the newer copyscope"});
}

// Only the log of a writer that was killed knows that the schema is newer: the log is left, too.
TEST_F(StoreRefusal, ANewerSchemaInTheLogOnly) {
    make_history(path, 300);
    const std::string copy = folder + "/copy.db";
    {
        Result<std::unique_ptr<Connection>> connection = Connection::open(path, Access::read_write);
        ASSERT_TRUE(connection);
        ASSERT_TRUE((*connection)->execute("PRAGMA user_version = 9"));
        std::filesystem::copy_file(path, copy);
        std::filesystem::copy_file(path + "-wal", copy + "-wal");
    }
    const std::string before = contents(copy), log = contents(copy + "-wal");
    for (StoreMode mode : {StoreMode::create, StoreMode::read_only}) {
        Result<Store> store = Store::open(copy, mode);
        ASSERT_FALSE(store);
        EXPECT_NE(store.error().message.find("schema version 9"), std::string::npos) << store.error().message;
        EXPECT_EQ(contents(copy), before);
        EXPECT_EQ(contents(copy + "-wal"), log);
    }
}

TEST_F(StoreRefusal, WhatIsNoFile) {
    std::filesystem::create_directory(path);
    for (StoreMode mode : {StoreMode::create, StoreMode::read_only})
        EXPECT_NE(Store::open(path, mode).error().message.find("is a directory"), std::string::npos);
    std::filesystem::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); // opening it would wait for ever
    for (StoreMode mode : {StoreMode::create, StoreMode::read_only})
        EXPECT_NE(Store::open(path, mode).error().message.find("not a regular file"), std::string::npos);
    std::filesystem::remove(path);
    EXPECT_NE(Store::open(path, StoreMode::read_only).error().message.find("no file"), std::string::npos);
    EXPECT_EQ(listing(), "");
    put_contents(path, "");
    EXPECT_NE(Store::open(path, StoreMode::read_only).error().message.find("is empty"), std::string::npos);
    EXPECT_TRUE(Store::open(path, StoreMode::create)); // nothing is lost
}

TEST_F(StoreRefusal, WhatMayNotBeRead) {
    make_history(path, 300);
    chmod(folder.c_str(), 0755);
    chmod(path.c_str(), 0);
    const int result = as_nobody([&] {
        int failures = 0;
        for (StoreMode mode : {StoreMode::create, StoreMode::read_only}) {
            Result<Store> store = Store::open(path, mode);
            failures += store || store.error().message.find("Permission denied") == std::string::npos;
        }
        return failures;
    });
    EXPECT_EQ(result, 0);
}

TEST_F(StoreRefusal, AFolderThatMayNotBeWritten) {
    make_history(path, 300);
    chmod(path.c_str(), 0644);
    chmod(folder.c_str(), 0555);
    const int result = as_nobody([&] {
        int failures = 0;
        Result<Store> made = Store::open(folder + "/new.db", StoreMode::create);
        failures += made || made.error().message.find("Permission denied") == std::string::npos;
        Result<Store> written = Store::open(path, StoreMode::create);
        failures += written || written.error().message.find("Permission denied") == std::string::npos;
        Result<Store> read = Store::open(path, StoreMode::read_only); // but it can be read
        failures += !read || read->read(never, ever)->interval.sample.accounts.empty();
        return failures;
    });
    EXPECT_EQ(result, 0);
    chmod(folder.c_str(), 0755);
    EXPECT_EQ(listing(), "history.db");
}

TEST_F(StoreRefusal, ALogWithoutItsFile) {
    put_contents(path + "-wal", "all that is left of a history");
    Result<Store> store = Store::open(path, StoreMode::create);
    ASSERT_FALSE(store);
    EXPECT_NE(store.error().message.find("-wal is there without"), std::string::npos);
    EXPECT_EQ(contents(path + "-wal"), "all that is left of a history");
    EXPECT_EQ(listing(), "history.db-wal");
}

TEST_F(StoreRefusal, ACreationThatWasKilledIsBegunAnew) {
    put_contents(path + "-new", "half");
    put_contents(path + "-new-journal", "a file");
    EXPECT_TRUE(Store::open(path, StoreMode::create));
    EXPECT_EQ(listing(), "history.db");
}

// Cut off anywhere, bytes changed anywhere: refused, or read; a figure may then be wrong, but nothing is written.
TEST_F(StoreRefusal, DamagedFiles) {
    make_history(path, 300);
    const std::string good = contents(path);
    std::mt19937_64 random(1);
    int refusals = 0, failures = 0;
    for (int i = 0; i < 400; ++i) {
        std::string bad = good;
        if (i % 4 == 0)
            bad.resize(1 + random() % (bad.size() - 1));
        else if (i % 4 == 1)
            bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
        else if (i % 4 == 2)
            std::ranges::generate_n(bad.begin() + static_cast<std::ptrdiff_t>(random() % (bad.size() - 512)), 512,
                                    [&] { return static_cast<char>(random()); });
        else
            bad.replace(random() % bad.size(), 4096, std::string(4096, '\0')).resize(good.size());
        put_contents(path, bad);
        {
            Result<Store> store = Store::open(path, StoreMode::read_only);
            if (!store) {
                ++refusals;
                EXPECT_FALSE(Store::open(path, StoreMode::create)) << i;
            } else {
                Result<Span> span = store->read(never, ever);
                Status status = store->for_each(never, ever, [](const Interval&) { return Status{}; });
                failures += !span || !status;
                (void)store->facts();
            }
        }
        ASSERT_EQ(contents(path), bad) << i;
        ASSERT_EQ(listing(), "history.db");
    }
    EXPECT_GT(refusals, 200);
    EXPECT_LT(refusals, 400); // a byte in a blob is nothing that SQLite could know of
}

// A file that was cut off is always noticed.
TEST_F(StoreRefusal, ATornFile) {
    make_history(path, 300);
    const std::string good = contents(path);
    for (std::size_t size :
         {good.size() - 1, good.size() - 4096, good.size() / 2, std::size_t{4096}, std::size_t{100}}) {
        put_contents(path, good.substr(0, size));
        refused({path});
    }
    put_contents(path, good.substr(0, good.size() / 2));
    refused({"is damaged", "move it away"});
}

TEST_F(StoreRefusal, AnOlderSchemaIsMigrated) {
    make_history(path, 300);
    const std::string before = read_text(opened(path, StoreMode::read_only), never, ever);
    std::vector<Migration> steps(migrations().begin(), migrations().end());
    const int today = version_of(steps);
    steps.push_back({today, "ALTER TABLE run ADD COLUMN note TEXT; UPDATE run SET note = 'migrated'"});
    steps.push_back({today + 1, "CREATE INDEX run_note ON run(note)"});

    Result<OpenedHistory> reader = open_history(path, StoreMode::read_only, steps);
    ASSERT_FALSE(reader); // a reader does not write
    EXPECT_NE(reader.error().message.find(
                  fmt::format("schema version {}, this copyscope reads version {}", today, today + 2)),
              std::string::npos);

    // One step that fails undoes them all.
    std::vector<Migration> broken = steps;
    broken.push_back({today + 2, "ALTER TABLE nothing ADD COLUMN note TEXT"});
    Result<OpenedHistory> failed = open_history(path, StoreMode::create, broken);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find(fmt::format("from schema {} to {}", today + 2, today + 3)), std::string::npos)
        << failed.error().message;
    EXPECT_EQ(read_text(opened(path, StoreMode::read_only), never, ever), before);
    {
        Result<OpenedHistory> migrated = open_history(path, StoreMode::create, steps);
        ASSERT_TRUE(migrated) << migrated.error().message;
        EXPECT_EQ(migrated->connection->number("PRAGMA user_version"), today + 2);
        EXPECT_EQ(migrated->connection->number("SELECT count(*) FROM run WHERE note = 'migrated'"), 1);
    }
    EXPECT_TRUE(open_history(path, StoreMode::read_only, steps));
    refused(
        {fmt::format("schema version {}", today + 2), fmt::format("versions up to {}", today)}); // by what is shipped
}

// The file of another build, whose counters have other numbers and of which one is new.
TEST_F(StoreRefusal, NumbersOfAnotherBuild) {
    make_history(path, 300);
    const std::string before = read_text(opened(path, StoreMode::read_only), never, ever);
    edit("INSERT INTO name VALUES('counter', (SELECT max(number) + 1 FROM name WHERE kind = 'counter'), 'from_mars')");
    Store store = begun(path);
    EXPECT_EQ(read_text(store, never, ever), before); // nobody counted it
    Interval interval{.begin = new_year - 2000, .end = new_year - 1000, .sample = {}};
    interval.sample.accounts.emplace_back();
    interval.sample.accounts[0].value.counter[COPYSCOPE_OPERATIONS] = 5;
    ASSERT_TRUE(store.append(interval));

    // 'errors' of that interval becomes a counter that this build does not know.
    edit("UPDATE name SET name = 'x' WHERE kind = 'counter' AND name = 'errors';"
         "UPDATE name SET name = 'errors' WHERE name = 'from_mars';"
         "UPDATE name SET name = 'from_mars' WHERE name = 'operations';"
         "UPDATE name SET name = 'operations' WHERE name = 'x'");
    Result<Span> span = store.read(new_year - 2000, new_year - 1000);
    ASSERT_FALSE(span);
    EXPECT_NE(span.error().message.find("'from_mars'"), std::string::npos) << span.error().message;
    EXPECT_NE(span.error().message.find("use that version"), std::string::npos);
    ASSERT_TRUE(store.maintain(new_year, keep_all)); // sums are made all the same, and lose nothing
    edit("UPDATE name SET name = 'x' WHERE name = 'operations';"
         "UPDATE name SET name = 'operations' WHERE name = 'from_mars'");
    span = store.read(new_year - 2000, new_year - 1000);
    ASSERT_TRUE(span);
    EXPECT_EQ(span->interval.sample.accounts.at(0)[COPYSCOPE_OPERATIONS], 5u);
}

} // namespace
} // namespace copyscope
