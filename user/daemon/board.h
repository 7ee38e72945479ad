// SPDX-License-Identifier: Apache-2.0
// What the daemon knows at this moment, for everyone who asks: written by the loop, read by any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/interval.h"
#include "model/rows.h"

namespace copyscope {

struct DaemonState {
    bool measuring = false;
    std::string obstacle{}; // why it is not measuring (yet); empty while it is
    std::string kernel{};
    std::string copies{};                // "derived", "breakpoints", "module"
    std::string copies_note{};           // why they are not counted better; empty: they are as was asked for
    std::vector<std::string> not_seen{}; // one line each
    Origins origins{};
    std::shared_ptr<const Interval> latest{};  // null: none yet
    std::uint64_t intervals = 0;               // since the start
    std::uint64_t accounts = 0, processes = 0; // in the maps
    Losses losses{};                           // since the start
    std::optional<WallTime> quiet_since{};     // the hooks have stopped, and were last known to run then
    std::uint64_t history_bytes = 0;
    std::string history_error{};               // why the last interval could not be written; empty: it was
    std::uint64_t interval_ms = 0;             // now
    std::optional<std::uint64_t> bpf_run_ns{}; // of our programs since the start; empty: the kernel does not count it
};

class Board {
public:
    DaemonState read() const {
        const std::lock_guard lock(mutex_);
        return state_;
    }

    template<typename Change>
    void change(Change change) {
        const std::lock_guard lock(mutex_);
        change(state_);
    }

private:
    mutable std::mutex mutex_;
    DaemonState state_;
};

} // namespace copyscope
