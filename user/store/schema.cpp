// SPDX-License-Identifier: Apache-2.0
// See schema.h.
#include "store/schema.h"

#include <fmt/format.h>

namespace copyscope {

namespace {

// Times: milliseconds since 1970-01-01 UTC. 64-bit values without a sign are stored as the same 64 bits.
constexpr const char* version_1 = R"(
-- What the numbers in this file mean; each kind counts from 0 (names.h).
CREATE TABLE name(
    kind TEXT NOT NULL,     -- counter, loss, operation, endpoint, source
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY(kind, number),
    UNIQUE(kind, name)
) WITHOUT ROWID;

CREATE TABLE boot(
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE
);

-- One per run of the collector.
CREATE TABLE run(
    id INTEGER PRIMARY KEY,
    boot INTEGER NOT NULL REFERENCES boot(id),
    kernel TEXT NOT NULL,
    source INTEGER NOT NULL, -- name
    origins TEXT NOT NULL,   -- lines: "CLASS BASIS" (run.cpp)
    not_seen TEXT NOT NULL   -- lines
);

CREATE TABLE process(
    id INTEGER PRIMARY KEY,
    boot INTEGER NOT NULL REFERENCES boot(id),
    tgid INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    -- The words heard last; NULL where none ever were.
    comm TEXT, uid INTEGER, parent_tgid INTEGER, cgroup_id INTEGER, cmdline TEXT, cgroup TEXT, container TEXT,
    UNIQUE(boot, tgid, start_ns)
);

CREATE TABLE account(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL REFERENCES process(id),
    operation INTEGER NOT NULL, -- name
    source_kind INTEGER NOT NULL, source_flags INTEGER NOT NULL, source_device INTEGER NOT NULL, -- kind: name
    sink_kind INTEGER NOT NULL, sink_flags INTEGER NOT NULL, sink_device INTEGER NOT NULL,
    last_hour INTEGER NOT NULL, -- the latest hour (counted from 1970) that has it; no later than it is used
    UNIQUE(process, operation, source_kind, source_flags, source_device, sink_kind, sink_flags, sink_device)
);
CREATE INDEX account_last_hour ON account(last_hour);

-- level 0: as it came. 1, 2: the sum of all of level 0 with `summed` that end in one minute, one hour (levels.h).
CREATE TABLE interval(
    id INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    begin INTEGER NOT NULL,     -- of a sum: the earliest
    first_end INTEGER NOT NULL, -- of a sum: the earliest end
    end INTEGER NOT NULL,       -- of a sum: the latest end
    run INTEGER NOT NULL REFERENCES run(id), -- of a sum: of the one that ends last
    source INTEGER NOT NULL,    -- name; likewise
    losses BLOB NOT NULL,       -- codec.h, by the names of losses
    summed INTEGER NOT NULL,    -- level 0: whether it is in its minute and its hour
    finer INTEGER NOT NULL      -- levels 1, 2: whether all that it sums is also there one level below
);
CREATE INDEX interval_end ON interval(level, end);
CREATE INDEX interval_unsummed ON interval(end) WHERE summed = 0 AND level = 0;

CREATE TABLE cell(
    interval INTEGER NOT NULL REFERENCES interval(id),
    account INTEGER NOT NULL REFERENCES account(id),
    counters BLOB NOT NULL,     -- codec.h, by the names of counters
    PRIMARY KEY(interval, account)
) WITHOUT ROWID;
)";

// Age is told by how long the collector has run since, not by what the wall clock said, which may jump.
constexpr const char* version_2 = R"(
-- What had been collected up to and with it, in milliseconds of the boot clock: the sum of the lengths of all raw
-- intervals. Of a sum: of the part that was written last.
ALTER TABLE interval ADD COLUMN lived INTEGER NOT NULL DEFAULT 0;
-- An end after that of the last one written was said by a clock that has been set back since.
UPDATE interval SET lived = min(end, coalesce(
    (SELECT end FROM interval WHERE level = 0 ORDER BY id DESC LIMIT 1), (SELECT max(end) FROM interval)));
CREATE INDEX interval_lived ON interval(level, lived);
)";

// Beyond a number of processes an hour those of one user, command and cgroup are summed up as one (crowd.h).
constexpr const char* version_3 = R"(
ALTER TABLE process ADD COLUMN crowd INTEGER NOT NULL DEFAULT 0; -- 0: a process; else what its members have in common
-- How many processes stand behind a crowd in a minute or an hour.
CREATE TABLE crowd(
    interval INTEGER NOT NULL REFERENCES interval(id),
    process INTEGER NOT NULL REFERENCES process(id),
    processes INTEGER NOT NULL,
    PRIMARY KEY(interval, process)
) WITHOUT ROWID;
ALTER TABLE account ADD COLUMN used INTEGER NOT NULL DEFAULT 0; -- `lived` of the latest summed raw interval that has it
ALTER TABLE account ADD COLUMN kept INTEGER NOT NULL DEFAULT 1; -- whether a minute or an hour may have it
DROP INDEX account_last_hour;
CREATE INDEX account_used ON account(used) WHERE kept = 0;
)";

constexpr Migration shipped[] = {
    {0, version_1},
    {1, version_2},
    {2, version_3},
};

} // namespace

std::span<const Migration> migrations() {
    return shipped;
}

int version_of(std::span<const Migration> steps) {
    return steps.back().from + 1;
}

Status migrate(Connection& connection, std::span<const Migration> steps) {
    return connection.write([&]() -> Status {
        std::int64_t version = TRY(connection.number("PRAGMA user_version"));
        for (const Migration& step : steps) {
            if (step.from < version)
                continue;
            Status status = connection.execute(fmt::format("{}; PRAGMA user_version = {};", step.sql, step.from + 1));
            if (!status)
                return std::unexpected(
                    status.error().within(fmt::format("migration from schema {} to {}", step.from, step.from + 1)));
        }
        return {};
    });
}

} // namespace copyscope
