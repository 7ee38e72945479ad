// SPDX-License-Identifier: Apache-2.0
// What earlier readings of the maps have told: what a new one adds to every account, whose it is, and what can be
// removed because its process has ended. Pure; works on plain ids, keys and sums. Must not know how they are read or
// removed.
//
// One reading is: read() or same() of every sum; named() of every name if needs_names(); process() of every process;
// finish(). An id names one account key for ever. What is added is kept until finish() returns it, so a reading that
// broke off in the middle loses nothing.
//
// An account of an ended process is due for removal when it has stayed the same for some readings. DMA, write-back and
// softirqs can still add to its id after that: names of removed ids are kept for a while (the last 16,384 of them), so
// that such a late posting finds its process. Not thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/account.h"
#include "probe/sparse_counters.h"

namespace copyscope {

class AccountBook {
public:
    static constexpr std::uint32_t patience = 3; // readings without a change, before removal
    // The same for what was written to a file: write-back comes after 30 s by default (vm.dirty_expire_centisecs), in
    // an interrupt, where there may be no memory to make the account anew. As long as not too many wait for it.
    static constexpr std::uint32_t write_patience = 64;
    static constexpr std::size_t max_waiting = 8192;
    static constexpr std::size_t max_names_kept = 16384;

    using Sums = SparseCounters<COPYSCOPE_COUNTERS>::Values;
    using Measured = SparseCounters<2 * COPYSCOPE_CLASSES>::Values; // bytes, then calls, as in copyscope_measured

    struct Due {
        std::uint64_t id = 0;
        bool named = false; // remove its name first, so that nothing finds the id any more
        copyscope_account_key key{};
    };

    // ---- sums ----
    // True if nothing was added to this account since it was last read. Counters only grow, so the total of all of them
    // tells: the caller need not sum up each.
    bool same(std::uint64_t id, std::uint64_t total);
    bool same_measured(std::uint64_t id, std::uint64_t total);
    // Otherwise: what it sums up to now.
    void read(std::uint64_t id, const Sums& sums);
    void read_measured(std::uint64_t id, const Measured& sums);

    // ---- names: all of them, if there may be new ones ----
    bool needs_names() const;
    void named(const copyscope_account_key& key, std::uint64_t id);
    void names_read();

    // ---- processes: all of them ----
    void process(const copyscope_process& id, const copyscope_process_info& info);

    // What was added since the last time, without losses. `complete` is called for each process that comes for the
    // first time or has execed; `alive` for those that the processes map had no room for.
    Sample finish(const std::function<void(ProcessInfo&)>& complete,
                  const std::function<bool(const copyscope_process&)>& alive);
    std::uint64_t take_unread(); // accounts that nobody can name, since the last call

    // ---- removal, between two readings ----
    // What is due; good until the next call of anything else but removed(). Read an account's last sums while removing
    // it, and then say so.
    const std::vector<Due>& due() const { return due_; }
    const std::vector<copyscope_process>& due_processes() const { return due_processes_; }
    void removed(std::uint64_t id);
    void removed(const copyscope_process& process);
    void all_removed(); // what was due is no longer

    std::size_t accounts() const { return accounts_.size(); }
    std::size_t processes() const { return listed_; }
    std::size_t names_kept() const { return gone_.size(); }

private:
    struct Process {
        ProcessInfo info{};
        std::uint32_t execs = 0;
        bool in_map = false, ended = false;
        bool complete = false;        // user space has looked it up since its last exec
        bool swept = false;           // names were read after it had ended: all its accounts are known
        std::uint32_t told = 0;       // the last reading that returned it
        std::uint32_t accounts = 0;   // of it in accounts_
        std::uint32_t references = 0; // from accounts_, gone_ and whose_
    };
    // What every reading looks at stands first, in one cache line.
    struct Known {
        std::uint64_t total = 0;
        Process* process = nullptr; // null: not named yet
        std::uint32_t quiet = 0;    // readings without a change
        std::uint32_t pending = 0;  // its place in pending_, from 1
        bool summed = false;        // seen in the map of sums
        std::uint64_t total_measured = 0;
        copyscope_account_key key{};
        SparseCounters<COPYSCOPE_COUNTERS> sums{};
        SparseCounters<2 * COPYSCOPE_CLASSES> measured{};
    };
    struct Whose {
        Process* process = nullptr;
        std::uint64_t id = 0;
    };
    struct Gone {
        copyscope_account_key key{};
        Process* process = nullptr;
        std::uint64_t turn = 0;
    };
    struct Hash {
        std::size_t operator()(const copyscope_process& process) const {
            return std::hash<std::uint64_t>{}(process.start_ns ^ std::uint64_t{process.tgid} << 40);
        }
    };
    struct Same {
        bool operator()(const copyscope_process& a, const copyscope_process& b) const { return same_process(a, b); }
    };

    Known& open(std::uint64_t id);
    Account& pending(std::uint64_t id, Known& known);
    void name(Known& known, const copyscope_account_key& key);
    Process& find(const copyscope_process& id);
    void release(Process* process);
    void forget_oldest();
    void find_due(const std::function<bool(const copyscope_process&)>& alive);
    void merge_late(std::vector<Account>& accounts) const;

    std::uint32_t reading_ = 1;
    std::unordered_map<std::uint64_t, Known> accounts_;
    std::unordered_map<copyscope_process, Process, Hash, Same> processes_;
    std::unordered_map<std::uint64_t, Gone> gone_;                   // names of removed ids
    std::deque<std::pair<std::uint64_t, std::uint64_t>> gone_order_; // id and turn, oldest first
    std::uint64_t turn_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> blank_; // ids that have neither name nor sum -> readings
    std::unordered_set<std::uint64_t> sumless_;              // of accounts_: not in the map of sums
    std::vector<std::uint64_t> quiet_;                       // of accounts_: may be due after this reading
    std::vector<Account> pending_;                           // what finish() will return ...
    std::vector<Whose> whose_;                               // ... and whose it is
    std::vector<Due> due_;
    std::vector<copyscope_process> due_processes_, ended_;
    std::size_t listed_ = 0, unnamed_ = 0, late_ = 0;
    bool unswept_ = false, ripe_blanks_ = false;
    std::uint64_t unread_ = 0;
};

} // namespace copyscope
