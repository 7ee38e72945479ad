// SPDX-License-Identifier: Apache-2.0
// See history.h.
#include "daemon/history.h"

namespace copyscope {

namespace {

// Minutes and hours are summed, and what is too old removed, this often; by the intervals' own clock.
constexpr WallTime maintenance_ms = 60'000;

// Accounts that wait for a disk with room: as many as the maps hold, 40 MiB.
constexpr std::size_t most_pending = COPYSCOPE_MAX_ACCOUNTS;

} // namespace

Result<HistoryWriter> HistoryWriter::open(const std::string& path) {
    if (path.empty())
        return HistoryWriter({});
    auto store = TRY(Store::open(path, StoreMode::create));
    return HistoryWriter(std::move(store));
}

Status HistoryWriter::begin_run(const Provenance& provenance) {
    unnamed_ = provenance;
    return {};
}

Status HistoryWriter::add(const Interval& interval, const Retention& retention) {
    if (!store_)
        return {};
    keep(interval);
    TRY(write());
    // The clock may jump, either way.
    const bool due = interval.end - maintained_ >= maintenance_ms || interval.end < maintained_;
    if (!due && !store_->is_larger_than(retention.max_bytes))
        return {};
    maintained_ = interval.end;
    return store_->maintain(interval.end, retention);
}

void HistoryWriter::keep(const Interval& interval) {
    // While nothing can be written the accounts of ended processes pile up. What has no room any more is lost, and
    // said.
    // Clocks jump: what has passed is the sum of the lengths, and not from the first begin to the last end.
    const WallTime length = pending_.end - pending_.begin + interval.end - interval.begin;
    if (pending_.sample.accounts.size() + interval.sample.accounts.size() > most_pending) {
        pending_.sample.losses += interval.sample.losses;
        pending_.sample.losses.unread += interval.sample.accounts.size();
    } else {
        add_interval(pending_, interval);
    }
    pending_.end = interval.end;
    pending_.begin = interval.end - length;
}

Status HistoryWriter::write() {
    if (unnamed_) {
        TRY(store_->begin_run(*unnamed_));
        unnamed_.reset();
    }
    TRY(store_->append(pending_));
    pending_ = {};
    return {};
}

// 16 MB while they are read. Who asks for more gets the newest processes one by one, and the others by what they have
// in common.
constexpr std::size_t most_accounts_read = 8192;

Result<Store> HistoryReaders::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            Store store = std::move(idle_.back());
            idle_.pop_back();
            return store;
        }
    }
    auto store = Store::open(path_, StoreMode::read_only);
    if (store)
        store->limit_accounts(most_accounts_read);
    return store;
}

void HistoryReaders::give_back(Store store) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(store));
}

} // namespace copyscope
