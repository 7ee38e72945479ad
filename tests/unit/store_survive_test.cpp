// SPDX-License-Identifier: Apache-2.0
// What the store survives: its process being killed, a full disk, readers beside the writer; and what it forgets when
// it grows too old or too large.
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "store/open.h"
#include "store_fixture.h"

namespace copyscope {
namespace {

using namespace testing_store;

class StoreSurvival : public StoreFolder {
protected:
    // Asked of SQLite itself, of a history that nobody writes.
    std::int64_t number(const char* query) {
        Result<std::unique_ptr<Connection>> connection = Connection::open(path, Access::read_only);
        Result<std::int64_t> result = connection ? (*connection)->number(query) : std::unexpected(connection.error());
        EXPECT_TRUE(result) << result.error().message;
        return result.value_or(-1);
    }
};

Interval interval_number(std::uint64_t n) {
    std::mt19937_64 random(n);
    const WallTime begin = new_year + static_cast<WallTime>(n) * 7000;
    return random_interval(random, begin, begin + 7000, 20, 10);
}

// Appends from number `first` on for ever, says each through `out` when it is committed, sums up now and then.
[[noreturn]] void write_until_killed(const std::string& path, std::uint64_t first, int out) {
    Store store = begun(path);
    for (std::uint64_t n = first;; ++n) {
        if (!store.append(interval_number(n)) || write(out, &n, sizeof(n)) != sizeof(n))
            _exit(1);
        if (n % 5 == 0 && !store.maintain(new_year + static_cast<WallTime>(n) * 7000, keep_all))
            _exit(2);
    }
}

TEST_F(StoreSurvival, AHundredKills) {
    std::mt19937_64 random(1);
    std::uint64_t next = 0;
    for (int kill_number = 0; kill_number < 100; ++kill_number) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        Fd in(ends[0]), out(ends[1]);
        const pid_t child = fork();
        if (child == 0)
            write_until_killed(path, next, out.get());
        out.reset();
        // At some point after some of its appends: in the middle of opening, appending, summing.
        const std::uint64_t wait_for = random() % 8;
        std::uint64_t n = 0, heard = 0;
        while (heard < wait_for && read(in.get(), &n, sizeof(n)) == sizeof(n)) {
            ++heard;
            next = n + 1;
        }
        usleep(static_cast<useconds_t>(random() % 3000));
        kill(child, SIGKILL);
        while (read(in.get(), &n, sizeof(n)) == sizeof(n)) // said before it died
            next = n + 1;
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;

        // Killed before the first creation was complete, there is no file yet.
        if (next == 0 && !std::filesystem::exists(path))
            continue;
        Result<Store> store = Store::open(path, kill_number % 2 ? StoreMode::create : StoreMode::read_only);
        ASSERT_TRUE(store) << store.error().message;
        const std::vector<Interval> all = visited(*store, never, ever);
        // One may have been committed of which nothing could be said any more.
        ASSERT_TRUE(all.size() == next || all.size() == next + 1) << all.size() << " of " << next;
        next = all.size();
        if (next > 0) {
            ASSERT_EQ(written(all.back()), written(interval_number(next - 1)));
        }
    }
    ASSERT_GT(next, 100u);
    Store store = opened(path);
    std::vector<Interval> given;
    for (std::uint64_t n = 0; n < next; ++n)
        given.push_back(interval_number(n));
    const std::string all = written(model_sum(given, never, ever));
    EXPECT_TRUE(read_text(store, never, ever) == all);
    ASSERT_TRUE(store.maintain(ever / 4, keep_all));
    EXPECT_TRUE(read_text(store, never, ever) == all);
}

// A limit of the process stands for a disk that is full: the next write fails, and later it does not.
TEST_F(StoreSurvival, NoRoom) {
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        int failures = 0;
        Store store = begun(path);
        std::uint64_t next = 0;
        auto limit = [](rlim_t bytes) {
            const rlimit limits{bytes, RLIM_INFINITY};
            setrlimit(RLIMIT_FSIZE, &limits);
        };
        for (; next < 10; ++next)
            failures += !store.append(interval_number(next));
        limit(bytes_of(path));
        Status status{};
        for (int i = 0; i < 200 && status; ++i)
            if (status = store.append(interval_number(next)); status)
                ++next;
        const std::string expected = path + ": " + std::strerror(EFBIG);
        failures += status || status.error().message != expected;
        if (!status && status.error().message != expected)
            std::cerr << status.error().message << "\n";
        failures += visited(store, never, ever).size() != next; // it goes on reading
        if (failures)
            std::cerr << next << " appended, " << visited(store, never, ever).size() << " there\n";
        limit(RLIM_INFINITY);
        for (int i = 0; i < 10; ++i, ++next)
            failures += !store.append(interval_number(next));
        const std::vector<Interval> all = visited(store, never, ever);
        failures += all.size() != next;
        for (std::size_t i = 0; i < all.size(); ++i)
            failures += written(all[i]) != written(interval_number(i));
        _exit(failures);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(StoreSurvival, ReadersBesideTheWriter) {
    Store writer = begun(path);
    ASSERT_TRUE(writer.append(interval_number(0)));
    Store reader = opened(path, StoreMode::read_only);
    // The writer goes on in the middle of what a reader sees; the reader sees what there was.
    std::uint64_t next = 1;
    Status status = reader.for_each(never, ever, [&](const Interval&) -> Status {
        for (; next < 30; ++next)
            if (Status appended = writer.append(interval_number(next)); !appended)
                return appended;
        return writer.maintain(new_year + hour_ms, keep_all);
    });
    EXPECT_TRUE(status) << status.error().message;
    EXPECT_EQ(visited(reader, never, ever).size(), 30u);
    EXPECT_EQ(read_text(reader, never, ever), read_text(writer, never, ever));
    EXPECT_EQ(reader.append(interval_number(30)).error().message, path + " is open for reading only");
    EXPECT_FALSE(reader.begin_run(provenance));
    EXPECT_FALSE(reader.maintain(new_year, keep_all));
}

// Opened when nobody wrote, then somebody does: said, not guessed.
TEST_F(StoreSurvival, AWriterThatComesLater) {
    {
        Store store = begun(path);
        ASSERT_TRUE(store.append(interval_number(0)));
    }
    Store reader = opened(path, StoreMode::read_only);
    ASSERT_TRUE(reader.read(never, ever));
    Store writer = begun(path);
    Result<Span> span = reader.read(never, ever);
    ASSERT_FALSE(span);
    EXPECT_NE(span.error().message.find("ask again"), std::string::npos);
    EXPECT_TRUE(opened(path, StoreMode::read_only).read(never, ever));
}

TEST_F(StoreSurvival, TheOldestGoesFirst) {
    std::vector<Interval> given;
    WallTime now = new_year;
    {
        Store store = begun(path);
        for (int i = 0; i < 600; ++i, now += 120'000) {
            std::mt19937_64 random(1); // always the same accounts: hours are small
            given.push_back(random_interval(random, now, now + 120'000, 20, 30));
            ASSERT_TRUE(store.append(given.back()));
        }
        ASSERT_TRUE(store.maintain(now + minute_ms, keep_all));
    }
    Store store = begun(path);
    Result<StoreFacts> full = store.facts();
    ASSERT_TRUE(full);
    const std::string all = written(model_sum(given, never, ever));

    Retention smaller = keep_all;
    smaller.max_bytes = full->bytes * 3 / 4;
    ASSERT_TRUE(store.maintain(now + minute_ms, smaller));
    Result<StoreFacts> facts = store.facts();
    EXPECT_LE(facts->bytes, smaller.max_bytes); // on the disk, not only unused
    EXPECT_LT(facts->intervals, full->intervals);
    EXPECT_EQ(facts->minutes, full->minutes);
    EXPECT_TRUE(read_text(store, never, ever) == all);
    EXPECT_EQ(visited(store, never, ever).back().end, given.back().end);
    EXPECT_TRUE(visited(store, now - 1, ever).size() == 1u);

    smaller.max_bytes = full->bytes / 4;
    ASSERT_TRUE(store.maintain(now + minute_ms, smaller));
    facts = store.facts();
    EXPECT_LE(facts->bytes, smaller.max_bytes);
    EXPECT_EQ(facts->intervals, 0u);
    EXPECT_LT(facts->minutes, full->minutes);
    EXPECT_EQ(facts->hours, full->hours);
    EXPECT_TRUE(read_text(store, never, ever) == all);
    Result<Span> part = store.read(new_year, new_year + 600'000); // only its hour is left
    ASSERT_TRUE(part);
    EXPECT_TRUE(part->widened);
    EXPECT_EQ(written(part->interval), written(model_sum(given, new_year, new_year + hour_ms)));
}

TEST_F(StoreSurvival, NobodyIsRememberedWithoutFigures) {
    {
        Store store = begun(path);
        std::mt19937_64 random(1);
        WallTime now = new_year;
        for (int i = 0; i < 100; ++i, now += hour_ms) {
            Interval interval = random_interval(random, now - hour_ms, now, 1, 3);
            for (Account& account : interval.sample.accounts) // each process lives for one interval
                account.key.process = {static_cast<__u32>(1000 + i), 0, 5};
            interval.sample.processes = {process_info(static_cast<std::uint32_t>(1000 + i))};
            interval.sample.processes[0].id.start_ns = 5;
            ASSERT_TRUE(store.append(interval));
            ASSERT_TRUE(store.maintain(now, Retention{.raw_hours = 1, .minute_days = 1, .hour_days = 1}));
        }
        Result<Span> span = store.read(never, ever);
        ASSERT_TRUE(span) << span.error().message;
        EXPECT_EQ(span->interval.sample.processes.size(), 25u);
    }
    EXPECT_EQ(number("SELECT count(*) FROM process"), 25);
    EXPECT_EQ(number("SELECT count(*) FROM account"), number("SELECT count(DISTINCT account) FROM cell"));
    EXPECT_EQ(number("SELECT count(*) FROM cell WHERE account NOT IN (SELECT id FROM account) OR "
                     "interval NOT IN (SELECT id FROM interval)"),
              0);
    EXPECT_EQ(number("SELECT count(*) FROM run"), 1);
}

} // namespace
} // namespace copyscope
