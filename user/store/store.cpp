// SPDX-License-Identifier: Apache-2.0
// See store.h. Puts the parts together: opening (open.h), rows (interner.h, directory.h, sum.h), ranges (plan.h), age
// (retention.h).
#include "store/store.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <unordered_map>

#include "store/directory.h"
#include "store/interner.h"
#include "store/names.h"
#include "store/open.h"
#include "store/plan.h"
#include "store/retention.h"
#include "store/run.h"
#include "store/schema_check.h"
#include "store/sum.h"

namespace copyscope {

namespace {

// Before all times there are: no minute is running, so all can be summed up, and then go.
constexpr WallTime everything_ended = std::numeric_limits<WallTime>::min();

std::string_view process_bytes(const copyscope_process& id) {
    return {reinterpret_cast<const char*>(&id), sizeof(id)};
}

} // namespace

struct Store::Database {
    std::unique_ptr<Connection> connection{};
    Names names{};
    Interner interner{};
    bool writable = false, frozen = false;
    std::size_t most_accounts = ReadLimits{}.accounts;
    RunRow current{};         // of begin_run()
    std::int64_t version = 0; // PRAGMA data_version: changes when another connection has written
    std::int64_t schema = 0;  // PRAGMA schema_version: without a new one, SQLite goes on by the old schema

    // What is remembered of the file is forgotten when somebody else has written: there may be new names, and rows may
    // have gone. First in every transaction.
    Status refresh() {
        std::int64_t now = TRY(connection->number("PRAGMA data_version"));
        if (now == version)
            return {};
        TRY(check_schema_again());
        Names loaded = TRY(Names::load(*connection));
        names = std::move(loaded);
        interner.forget();
        version = now;
        return {};
    }

    Status check_schema_again() {
        std::int64_t now = TRY(connection->number("PRAGMA schema_version"));
        if (now != schema)
            TRY(check_schema(*connection, migrations(), version_of(migrations())));
        schema = now;
        return {};
    }

    // Everything of `body` or nothing, and no memory of rows that are not there.
    template<typename Body>
    Status write(Body&& body) {
        if (!writable)
            return fail(connection->path() + " is open for reading only");
        Status status = connection->write([&]() -> Status {
            Status fresh = refresh();
            return fresh ? body() : fresh;
        });
        if (!status)
            interner.forget();
        return status;
    }

    template<typename Body>
    Status read(Body&& body) {
        Status status = connection->read([&]() -> Status {
            Status fresh = refresh();
            return fresh ? body() : fresh;
        });
        if (frozen && has_log(connection->path()))
            return fail(connection->path() + " is being written since it was opened: ask again");
        return status;
    }

    Status put_interval(const Interval& interval, std::int64_t& id) {
        const std::vector<std::uint8_t> losses = encode(names.figures_of(interval.sample.losses));
        const Result<std::int64_t> lived = lived_so_far(*connection);
        if (!lived)
            return std::unexpected(lived.error());
        Statement& insert = connection->sql("INSERT INTO interval(level, begin, first_end, end, run, source, losses, "
                                            "summed, finer, lived) VALUES(0, ?, ?, ?, ?, ?, ?, 0, 0, ?)");
        const std::int64_t source = names.number(NameKind::source, static_cast<std::size_t>(interval.sample.source));
        Status status = insert(interval.begin, interval.end, interval.end, current.run, source, Bytes(losses),
                               lived_after(*lived, interval))
                            .run();
        id = connection->last_row();
        return status;
    }

    Status put_accounts(const Interval& interval, std::int64_t id) {
        std::unordered_map<std::string_view, const ProcessInfo*> words;
        for (const ProcessInfo& process : interval.sample.processes)
            words.emplace(process_bytes(process.id), &process);
        // In its hour it is when it is summed.
        const std::int64_t before_hour = period_at(hour, interval.end).begin / period_of(hour) - 1;
        Statement& insert = connection->sql("INSERT INTO cell(interval, account, counters) VALUES(?, ?, ?)");
        for (const Account& account : interval.sample.accounts) {
            const auto found = words.find(process_bytes(account.key.process));
            std::int64_t process = TRY(interner.process(*connection, current.boot, account.key.process,
                                                        found == words.end() ? nullptr : found->second));
            std::int64_t row = TRY(interner.account(*connection, names, process, account.key, before_hour));
            const std::vector<std::uint8_t> counters = encode(names.figures_of(account));
            TRY(insert(id, row, Bytes(counters)).run());
        }
        return {};
    }
};

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::string& path, StoreMode mode) {
    OpenedHistory opened = TRY(open_history(path, mode, migrations()));
    auto database = std::make_unique<Database>();
    database->connection = std::move(opened.connection);
    database->frozen = opened.frozen;
    database->writable = mode == StoreMode::create;
    Status status = mode == StoreMode::create
                        ? database->write([&] { return database->names.complete(*database->connection); })
                        : database->read([] { return Status{}; });
    if (!status)
        return std::unexpected(status.error());
    return Store(std::move(database));
}

Status Store::begin_run(const Provenance& provenance) {
    Database& db = *database_;
    return db.write([&]() -> Status {
        db.interner.forget(); // another boot has other processes of the same ids
        RunRow row = TRY(put_run(*db.connection, db.names, provenance));
        db.current = row;
        return {};
    });
}

Status Store::append(const Interval& interval) {
    Database& db = *database_;
    if (db.writable && db.current.run == 0)
        return fail(db.connection->path() + ": an interval belongs to no run: begin_run() comes first");
    return db.write([&]() -> Status {
        std::int64_t id = 0;
        Status status = db.put_interval(interval, id);
        return status ? db.put_accounts(interval, id) : status;
    });
}

Status Store::maintain(WallTime now, const Retention& retention) {
    Database& db = *database_;
    if (!db.writable)
        return fail(db.connection->path() + " is open for reading only");
    Status status = db.write([] { return Status{}; }); // refreshes
    if (status)
        status = sum_up(*db.connection, db.names, is_larger_than(retention.max_bytes) ? everything_ended : now,
                        retention.processes);
    if (!status)
        return status;
    Result<bool> removed = expire(*db.connection, retention, db.current.run);
    if (!removed || *removed)
        db.interner.forget();
    if (!removed)
        return std::unexpected(removed.error());
    return {};
}

bool Store::is_larger_than(std::uint64_t most) const {
    return most != 0 && bytes_of(database_->connection->path()) > most;
}

void Store::limit_accounts(std::size_t most) {
    database_->most_accounts = most;
}

Result<Span> Store::read(WallTime since, WallTime until, std::optional<std::uint32_t> uid) const {
    Database& db = *database_;
    Span span;
    Status status = db.read([&]() -> Status {
        Plan plan = TRY(plan_range(*db.connection, since, until, Grain::coarse));
        Directory directory(*db.connection, db.names);
        Fold fold(directory, {.accounts = db.most_accounts, .uid = uid});
        Sum sum(db.names);
        for (const PlannedRow& row : std::views::reverse(plan.rows))
            TRY(sum.add(*db.connection, row.id, fold));
        Interval interval = TRY(sum.interval(db.names, directory, fold));
        Provenance provenance = TRY(get_run(*db.connection, db.names, sum.run()));
        span = {.interval = std::move(interval),
                .provenance = std::move(provenance),
                .widened = plan.widened,
                .folded = fold.processes(),
                .anonymous = fold.anonymous()};
        return {};
    });
    if (!status)
        return std::unexpected(status.error());
    return span;
}

Status Store::for_each(WallTime since, WallTime until, const std::function<Status(const Interval&)>& visit,
                       std::optional<std::uint32_t> uid) const {
    Database& db = *database_;
    return db.read([&]() -> Status {
        Plan plan = TRY(plan_range(*db.connection, since, until, Grain::fine));
        Directory directory(*db.connection, db.names);
        for (const PlannedRow& row : plan.rows) {
            if (directory.size() > db.most_accounts)
                directory.forget();
            Fold fold(directory, {.accounts = db.most_accounts, .uid = uid});
            Sum sum(db.names);
            TRY(sum.add(*db.connection, row.id, fold));
            Interval interval = TRY(sum.interval(db.names, directory, fold));
            TRY(visit(interval));
        }
        return {};
    });
}

Result<StoreFacts> Store::facts() const {
    Database& db = *database_;
    StoreFacts facts{.bytes = bytes_of(db.connection->path())};
    std::uint64_t* counts[] = {&facts.intervals, &facts.minutes, &facts.hours};
    bool any = false;
    Status status = db.read([&] {
        return db.connection->sql("SELECT level, count(*), min(begin), max(end) FROM interval GROUP BY level")
            .each([&](const SqlRow& row) {
                if (row.integer(0) < raw || row.integer(0) > hour)
                    return;
                *counts[row.integer(0)] = static_cast<std::uint64_t>(row.integer(1));
                facts.first = any ? std::min(facts.first, row.integer(2)) : row.integer(2);
                facts.last = any ? std::max(facts.last, row.integer(3)) : row.integer(3);
                any = true;
            });
    });
    if (!status)
        return std::unexpected(status.error());
    return facts;
}

} // namespace copyscope
