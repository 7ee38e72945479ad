// SPDX-License-Identifier: Apache-2.0
// See retention.h. Everything is done in small transactions: what is killed between two of them is a good file, and the
// log stays small.
#include "store/retention.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "store/crowd.h"
#include "store/levels.h"
#include "store/open.h"
#include "store/sum.h"

namespace copyscope {

namespace {

constexpr WallTime hour_ms = 3'600'000;
constexpr std::int64_t everything = std::numeric_limits<WallTime>::max();

// Of a row whose time is in no period (period_at): it would be the next one for ever.
constexpr const char* no_period = "an interval at the end of all times";

// How many periods of the level above are removed in one transaction at most.
constexpr int batch = 10;

// The end of the row of a level that was written first, of those that may be removed.
Result<std::optional<WallTime>> oldest(Connection& connection, int level, std::int64_t limit) {
    std::optional<WallTime> end;
    Statement& find = connection.sql("SELECT end FROM interval WHERE level = ? AND summed = 1 AND lived <= ? "
                                     "ORDER BY lived LIMIT 1");
    if (Status status = find(level, limit).each([&](const SqlRow& row) { end = row.integer(0); }); !status)
        return std::unexpected(status.error());
    return end;
}

// Removes what a level has in a period of the level above, which is then known not to have all of its parts. Only what
// is old: after the clock was set back, a period can have more that has just been written.
Status remove_period(Connection& connection, int level, const Period& period, std::int64_t limit) {
    Status done = connection
                      .sql("DELETE FROM cell WHERE interval IN (SELECT id FROM interval "
                           "WHERE level = ? AND summed = 1 AND end > ? AND end <= ? AND lived <= ?)")(
                          level, period.begin, period.end, limit)
                      .run();
    if (done && level != raw)
        done = connection
                   .sql("DELETE FROM crowd WHERE interval IN (SELECT id FROM interval "
                        "WHERE level = ? AND summed = 1 AND end > ? AND end <= ? AND lived <= ?)")(level, period.begin,
                                                                                                   period.end, limit)
                   .run();
    if (done)
        done = connection
                   .sql("DELETE FROM interval WHERE level = ? AND summed = 1 AND end > ? AND end <= ? AND lived <= ?")(
                       level, period.begin, period.end, limit)
                   .run();
    if (done && connection.changes() == 0)
        return std::unexpected(connection.damaged(no_period));
    if (done && level != hour)
        done = connection
                   .sql("UPDATE interval SET finer = 0 WHERE level = ? AND end > ? AND end <= ?")(
                       level + 1, period.begin, period.end)
                   .run();
    return done;
}

// Removes a batch of the oldest rows of a level, with `limit` and before. False: there was none.
Result<bool> remove_oldest(Connection& connection, int level, std::int64_t limit) {
    // Whole periods, also the one in which the limit lies.
    const Level above = level == raw ? minute : hour;
    const std::int64_t first = limit == everything ? limit : limit - period_of(above);
    bool any = false;
    Status status = connection.write([&]() -> Status {
        for (int i = 0; i < batch; ++i) {
            std::optional<WallTime> end = TRY(oldest(connection, level, first));
            if (!end)
                break;
            any = true;
            TRY(remove_period(connection, level, period_at(above, *end), limit));
        }
        return {};
    });
    if (!status)
        return std::unexpected(status.error());
    return any;
}

// Up to where each level is too old. No limit: nothing is.
struct Limits {
    std::optional<std::int64_t> level[3]{};
};

Limits limits_at(std::int64_t lived, const Retention& retention) {
    const std::int64_t keep[] = {std::int64_t{retention.raw_hours} * hour_ms,
                                 std::int64_t{retention.minute_days} * 24 * hour_ms,
                                 std::int64_t{retention.hour_days} * 24 * hour_ms};
    Limits limits;
    std::int64_t finer = everything;
    for (int level = raw; level <= hour; ++level) {
        if (keep[level] == 0)
            break; // and what is coarser is kept as long
        limits.level[level] = finer = std::min(finer, lived - keep[level]);
    }
    return limits;
}

// Accounts of a time of which no raw interval is left, that no sum has, and their processes: some at a time, so that
// the log stays small. A file that is full of short processes consists of them. What is not summed yet is used.
Status remove_unkept(Connection& connection) {
    Statement& find = connection.sql("SELECT id, process FROM account WHERE kept = 0 AND used < coalesce("
                                     "(SELECT min(lived) FROM interval WHERE level = 0), 0x7fffffffffffffff) "
                                     "AND id NOT IN (SELECT account FROM cell WHERE interval IN "
                                     "(SELECT id FROM interval WHERE level = 0 AND summed = 0)) LIMIT 1000");
    for (bool more = true; more;) {
        Status status = connection.write([&]() -> Status {
            std::vector<std::pair<std::int64_t, std::int64_t>> rows;
            Status done = find().each([&](const SqlRow& row) { rows.emplace_back(row.integer(0), row.integer(1)); });
            more = !rows.empty();
            for (const auto& [account, process] : rows) {
                if (done)
                    done = connection.sql("DELETE FROM account WHERE id = ?")(account).run();
                if (done)
                    done = connection
                               .sql("DELETE FROM process WHERE id = ? AND NOT EXISTS "
                                    "(SELECT 1 FROM account WHERE account.process = process.id)")(process)
                               .run();
            }
            return done;
        });
        if (!status)
            return status;
    }
    return {};
}

// Rows that nothing refers to any more. An account's last hour is before everything there is, and it is not in the
// minute that is running.
Status remove_orphans(Connection& connection, std::int64_t current_run) {
    return connection.write([&]() -> Status {
        WallTime first = everything;
        Status status = connection.sql("SELECT end FROM interval WHERE level = 0 ORDER BY end LIMIT 1")
                            .each([&](const SqlRow& row) { first = std::min(first, row.integer(0)); });
        for (int level : {1, 2})
            if (status)
                status = connection.sql("SELECT end FROM interval WHERE level = ? ORDER BY end LIMIT 1")(level).each(
                    [&](const SqlRow& row) { first = std::min(first, row.integer(0)); });
        const std::int64_t first_hour = period_at(hour, first).begin / hour_ms;
        if (status)
            status = connection
                         .sql("DELETE FROM account WHERE kept = 1 AND last_hour < ? AND id NOT IN (SELECT account FROM "
                              "cell WHERE "
                              "interval IN (SELECT id FROM interval WHERE level = 0 AND summed = 0))")(first_hour)
                         .run();
        if (status && connection.changes() > 0)
            status = connection
                         .sql("DELETE FROM process WHERE NOT EXISTS "
                              "(SELECT 1 FROM account WHERE account.process = process.id)")
                         .run();
        if (status)
            status =
                connection.sql("DELETE FROM run WHERE id <> ? AND id NOT IN (SELECT run FROM interval)")(current_run)
                    .run();
        return status;
    });
}

// Bytes of the file that are in use.
Result<std::uint64_t> used_bytes(Connection& connection) {
    Result<std::int64_t> pages = connection.number("PRAGMA page_count");
    Result<std::int64_t> free = connection.number("PRAGMA freelist_count");
    Result<std::int64_t> size = connection.number("PRAGMA page_size");
    for (const Result<std::int64_t>* result : {&pages, &free, &size})
        if (!*result)
            return std::unexpected(result->error());
    return static_cast<std::uint64_t>((*pages - *free) * *size);
}

// Gives free pages at the end of the file back, some at a time, so that the log stays small.
Status shrink(Connection& connection) {
    for (std::int64_t before = 0;;) {
        std::int64_t free = TRY(connection.number("PRAGMA freelist_count"));
        if (free == 0 || free == before)
            return connection.checkpoint();
        before = free;
        TRY(connection.sql("PRAGMA incremental_vacuum(512)").run());
        TRY(connection.checkpoint());
    }
}

// True: something was removed.
Result<bool> expire_by_size(Connection& connection, std::uint64_t most, std::int64_t current_run) {
    if (most == 0 || bytes_of(connection.path()) <= most)
        return false;
    TRY(connection.checkpoint());
    if (bytes_of(connection.path()) <= most)
        return false;
    const std::uint64_t goal = most - most / 16; // so that it need not be done again at once
    bool removed = false;
    for (int level = raw; level <= hour;) {
        std::uint64_t used = TRY(used_bytes(connection));
        if (used <= goal)
            break;
        Result<bool> any = remove_oldest(connection, level, everything);
        if (!any)
            return any;
        removed |= *any;
        Status freed = remove_unkept(connection);
        if (freed && *any && level == hour)
            freed = remove_orphans(connection, current_run);
        if (freed)
            freed = connection.checkpoint();
        if (!freed)
            return std::unexpected(freed.error());
        if (!*any)
            ++level;
    }
    TRY(shrink(connection));
    return removed;
}

// What was removed is used again, so that a file that only ages need not shrink; one that was much larger should.
Status give_back(Connection& connection) {
    Result<std::int64_t> pages = connection.number("PRAGMA page_count");
    Result<std::int64_t> free = connection.number("PRAGMA freelist_count");
    if (!pages || !free)
        return std::unexpected(!pages ? pages.error() : free.error());
    return *free > 1024 && *free > *pages / 4 ? shrink(connection) : Status{};
}

// Adds all that is unsummed in one minute to it and to its hour.
Status sum_minute(Connection& connection, const Names& names, const Period& period, std::size_t processes) {
    return connection.write([&]() -> Status {
        std::vector<std::int64_t> ids;
        std::int64_t lived = 0;
        Statement& find = connection.sql("SELECT id, lived FROM interval WHERE level = 0 AND summed = 0 AND end > ? "
                                         "AND end <= ?");
        Status status = find(period.begin, period.end).each([&](const SqlRow& row) {
            ids.push_back(row.integer(0));
            lived = std::max(lived, row.integer(1));
        });
        if (status && ids.empty())
            return std::unexpected(connection.damaged(no_period));
        Sum sum(names);
        Crowds crowds(connection, period, lived, processes);
        if (status)
            status = crowds.begin();
        for (std::int64_t id : ids)
            if (status)
                status = sum.add(connection, id, crowds);
        for (Level level : {minute, hour}) {
            if (!status || sum.empty())
                break;
            Result<std::int64_t> row = sum.store(connection, level);
            status = row ? crowds.store(level, *row) : std::unexpected(row.error());
        }
        for (std::int64_t id : ids)
            if (status)
                status = connection.sql("UPDATE interval SET summed = 1 WHERE id = ?")(id).run();
        return status;
    });
}

} // namespace

Status sum_up(Connection& connection, const Names& names, WallTime now, std::size_t processes) {
    // What lies after the running minute was written before the clock was set back: nothing is to be waited for.
    const Period running = period_at(minute, now);
    Statement& next = connection.sql("SELECT end FROM interval WHERE level = 0 AND summed = 0 "
                                     "AND (end <= ? OR end > ?) ORDER BY end LIMIT 1");
    for (;;) {
        std::optional<WallTime> end;
        Status status = next(running.begin, running.end).each([&](const SqlRow& row) { end = row.integer(0); });
        if (!status || !end)
            return status;
        if (status = sum_minute(connection, names, period_at(minute, *end), processes); !status)
            return status;
    }
}

Result<std::int64_t> lived_so_far(Connection& connection) {
    return connection.number("SELECT max(coalesce((SELECT max(lived) FROM interval WHERE level = 0), 0), "
                             "coalesce((SELECT max(lived) FROM interval WHERE level = 1), 0), "
                             "coalesce((SELECT max(lived) FROM interval WHERE level = 2), 0))");
}

std::int64_t lived_after(std::int64_t before, const Interval& interval) {
    // A file that was tampered with may say anything; it does not get old by going backwards.
    const std::int64_t length = interval.end > interval.begin ? interval.end - interval.begin : 0;
    return before > everything / 2 ? before : before + std::min(length, everything / 2);
}

Result<bool> expire(Connection& connection, const Retention& retention, std::int64_t current_run) {
    const std::int64_t lived = TRY(lived_so_far(connection));
    const Limits limits = limits_at(lived, retention);
    bool removed = false, hours = false;
    for (int level = raw; level <= hour; ++level)
        for (bool more = limits.level[level].has_value(); more;) {
            bool any = TRY(remove_oldest(connection, level, *limits.level[level]));
            more = any;
            removed |= more;
            hours |= more && level == hour;
        }
    Status status = removed ? remove_unkept(connection) : Status{};
    if (status && hours)
        status = remove_orphans(connection, current_run);
    if (!status)
        return std::unexpected(status.error());
    bool too_much = TRY(expire_by_size(connection, retention.max_bytes, current_run));
    removed |= too_much;
    if (status = give_back(connection); !status)
        return std::unexpected(status.error());
    return removed;
}

} // namespace copyscope
