// SPDX-License-Identifier: Apache-2.0
// History in one SQLite file: what the daemon keeps, and what `copyscope record` writes. The same format, so a
// recording is a history that can be carried away. Knows intervals and SQLite. Must not know where intervals come from.
//
// Every append is one transaction: what was committed survives the end of the process and of the machine. Intervals are
// kept raw (as they came), by minute and by hour; the sums of all three are the same to the byte.
// A Store belongs to one thread; one writer and any number of readers may have the file open (WAL).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/interval.h"
#include "model/origins.h"

namespace copyscope {

// What all intervals of one run of the collector have in common.
struct Provenance {
    std::string kernel{};  // uname -r
    std::string boot_id{}; // /proc/sys/kernel/random/boot_id: start times count from the boot
    CopySource source = CopySource::derived;
    Origins origins{};                   // how sure the numbers of each class are
    std::vector<std::string> not_seen{}; // one line each
};

// 0 days or bytes: no limit. Hours and days are those that were collected since.
struct Retention {
    std::uint32_t raw_hours = 24;
    std::uint32_t minute_days = 14;
    std::uint32_t hour_days = 400;
    std::uint64_t max_bytes = 1ULL << 30; // of the file; the oldest goes first, raw before minutes before hours
    // That have sums of their own in an hour; the others are summed up by user, command and cgroup (crowd.h). 0: all.
    // So many that a day of them, at three or four accounts each, has fewer accounts than are read at once, and takes
    // half a megabyte an hour with the longest command lines.
    std::uint32_t processes = 500;
};

struct StoreFacts {
    std::uint64_t bytes = 0; // of the file and its WAL
    std::uint64_t intervals = 0, minutes = 0, hours = 0;
    WallTime first = 0, last = 0; // 0: empty
};

// A range as it could be had. `interval.begin` and `.end` are what is really covered.
struct Span {
    Interval interval{};
    Provenance provenance{};  // of the latest interval in it
    bool widened = false;     // to whole minutes or hours, because finer history has expired
    std::uint64_t folded = 0; // processes that were summed up with others, because there is no room for so many
    bool anonymous = false;   // of one user: some of theirs may have been summed up with others' when it was kept
};

enum class StoreMode {
    create,    // opens or creates; for the one writer
    read_only, // must exist; waits for nobody
};

class Store {
public:
    // Refuses, with one line that says which: a file that is no SQLite database, one of another program
    // (application_id), one of a newer schema (names both versions), one whose schema is not ours, a damaged one
    // (PRAGMA quick_check). None of them is written to. A file may come from anybody: what it makes a reader do is
    // bounded by its size. An older schema is migrated in one transaction, in mode create only. Creates with mode 0640.
    static Result<Store> open(const std::string& path, StoreMode mode);
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    // Names the run that the intervals appended from now on belong to.
    Status begin_run(const Provenance& provenance);

    // One transaction. On error (a full disk) nothing of the interval is in the file, and the store can be used on.
    Status append(const Interval& interval);

    // Sums minutes and hours that are complete at `now`, and removes what is older than `retention` allows. What makes
    // history old are the intervals appended after it, by their lengths: a wall clock that jumps removes nothing.
    Status maintain(WallTime now, const Retention& retention);

    // Whether the file and its log have more bytes than so many; 0: never. Then maintain() is due.
    bool is_larger_than(std::uint64_t most) const;

    // From now on what is read has about so many accounts at most (fold.h; 131,072 if nothing is said): beyond that the
    // processes that come last, from the newest to the oldest, are summed up by user, command and cgroup. For who must
    // not grow: while it is read an account takes about 1.9 KB.
    void limit_accounts(std::size_t most);

    // The sum of all intervals that end in (since, until], or of what in them is of one user. Reads hours and minutes
    // where it can.
    Result<Span> read(WallTime since, WallTime until, std::optional<std::uint32_t> uid = {}) const;

    // Each interval of the range as finely as it is kept, oldest first; stops early if `visit` fails.
    Status for_each(WallTime since, WallTime until, const std::function<Status(const Interval&)>& visit,
                    std::optional<std::uint32_t> uid = {}) const;

    Result<StoreFacts> facts() const;

private:
    struct Database;
    explicit Store(std::unique_ptr<Database> database);
    std::unique_ptr<Database> database_;
};

} // namespace copyscope
