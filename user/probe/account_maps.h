// SPDX-License-Identifier: Apache-2.0
// The maps of a session that counts, read again and again: sums, names, processes; removal; and a stock of accounts for
// those to come. Knows libbpf and the layouts. Must not know what is new in a reading or what may be removed
// (account_book.h). Not thread-safe.
#pragma once

#include <functional>
#include <optional>

#include "probe/account_book.h"
#include "probe/map_walk.h"
#include "probe/session.h"

namespace copyscope {

// Makes the entries of the next `count` accounts, from id `first` on, so that BPF finds them there: an interrupt cannot
// wait for memory, and the kernel's per-CPU memory runs out in a burst of new processes (percpu_alloc_percpu_fail). We
// can wait. Ids are handed out in order, so it is known which will be next. Returns the id behind the last one that
// there was room and memory for; none at all is no error, as BPF makes what it does not find.
Result<std::uint64_t> stock_accounts(const SessionMaps& maps, std::uint64_t first, std::uint32_t count);

class AccountMaps {
public:
    explicit AccountMaps(const SessionMaps& maps);

    // As many accounts as may be made ready: of all CPUs together they take at most 16 MiB.
    static std::uint32_t most_ready();

    // Makes as many accounts ready as the last interval has used twice.
    Status restock();

    // Tells the book everything there is.
    Status read(AccountBook& book);

    // Of a cgroup made since the session began to count all, even if it is gone by now; empty: it is none of these.
    std::string cgroup_path(std::uint64_t id) const;

    // Removes what is due, with what was added to it until that moment.
    Status remove_due(AccountBook& book);

private:
    Status remove(const AccountBook::Due& due, AccountBook& book);

    SessionMaps maps_;
    std::size_t cpus_;
    MapWalk accounts_, names_, processes_;
    std::optional<MapWalk> measured_;
    std::vector<std::uint64_t> value_; // of one entry
    std::uint64_t last_id_, stocked_;  // handed out when we looked last; not yet ready
};

} // namespace copyscope
