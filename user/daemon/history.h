// SPDX-License-Identifier: Apache-2.0
// The daemon's history: one writer that never loses an interval to a disk that is full for a while, and readers that
// the writer does not wait for.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace copyscope {

// Belongs to one thread.
class HistoryWriter {
public:
    // `path` empty: keeps nothing.
    static Result<HistoryWriter> open(const std::string& path);

    Status begin_run(const Provenance& provenance);

    // Writes the interval. What cannot be written is kept, added to what comes after it and written with that: the sums
    // stay right, the times get coarser. At most 65,536 accounts are kept so; more are counted as unread.
    Status add(const Interval& interval, const Retention& retention);

private:
    explicit HistoryWriter(std::optional<Store> store) : store_(std::move(store)) {}
    void keep(const Interval& interval);
    Status write();

    std::optional<Store> store_;
    std::optional<Provenance> unnamed_; // a run that could not be begun yet
    Interval pending_;
    WallTime maintained_ = 0;
};

// Any thread.
class HistoryReaders {
public:
    explicit HistoryReaders(std::string path) : path_(std::move(path)) {}

    // Calls read(const Store&) with a store nobody else uses meanwhile, and returns what it returns: a Result<...>.
    template<typename Read>
    auto with(Read read) -> decltype(read(std::declval<const Store&>())) {
        auto store = TRY(take());
        auto result = read(store);
        give_back(std::move(store));
        return result;
    }

    bool kept() const { return !path_.empty(); }
    const std::string& path() const { return path_; }

private:
    Result<Store> take();
    void give_back(Store store);

    std::string path_;
    std::mutex mutex_;
    std::vector<Store> idle_;
};

} // namespace copyscope
