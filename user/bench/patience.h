// SPDX-License-Identifier: Apache-2.0
// How long a bench waits for somebody else: until a stop was asked for, or nothing has moved for a while.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include "base/result.h"

namespace copyscope {

struct Patience {
    const std::atomic<bool>* stop = nullptr; // set by a signal handler; not owned, may be null
    std::chrono::milliseconds stall{120'000};

    bool stopped() const { return stop && stop->load(std::memory_order_relaxed); }
};

// How often a waiting loop looks up.
inline constexpr std::chrono::milliseconds patience_slice{100};

// The clock of one wait.
class Waiting {
public:
    Waiting(const Patience& patience, const char* what)
        : patience_(patience), what_(what), since_(std::chrono::steady_clock::now()) {}

    // `mark` is anything that changes as long as there is progress. An error ends the wait.
    Status look(std::uint64_t mark) {
        if (patience_.stopped())
            return fail("interrupted");
        const auto now = std::chrono::steady_clock::now();
        if (mark != mark_) {
            mark_ = mark;
            since_ = now;
        }
        if (now - since_ > patience_.stall)
            return fail(fmt::format("{} made no progress for {} s: check the target, or try another strategy", what_,
                                    std::chrono::duration_cast<std::chrono::seconds>(patience_.stall).count()));
        return {};
    }

private:
    const Patience& patience_;
    const char* what_;
    std::uint64_t mark_ = 0;
    std::chrono::steady_clock::time_point since_;
};

} // namespace copyscope
