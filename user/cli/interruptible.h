// SPDX-License-Identifier: Apache-2.0
// Waiting that a signal ends at once, wherever it comes: the signals are blocked but while we wait, so none falls
// between looking at stop_requested and going to sleep. Signals must be caught already (catch_signals()). One at a
// time.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <poll.h>

namespace copyscope {

using SteadyTime = std::chrono::steady_clock::time_point;

class Interruptible {
public:
    Interruptible();
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;

    // Until `fd` can be read (or has hung up), a signal was handled, or the time has come. The events of poll(2); 0 if
    // it was not the fd. A negative fd never is; no time is for ever.
    short wait(int fd, std::optional<SteadyTime> until) const;

private:
    sigset_t before_{};
};

} // namespace copyscope
