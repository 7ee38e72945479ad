// SPDX-License-Identifier: Apache-2.0
// Signals as something to wait for, together with the time until the next interval.
#pragma once

#include <chrono>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

class Signals {
public:
    // Blocks SIGTERM, SIGINT and SIGHUP in this thread and in all that it starts from now on.
    static Result<Signals> catch_all() {
        sigset_t set;
        sigemptyset(&set);
        for (int signal : {SIGTERM, SIGINT, SIGHUP})
            sigaddset(&set, signal);
        sigprocmask(SIG_BLOCK, &set, nullptr);
        Signals signals;
        signals.fd_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!signals.fd_)
            return fail_errno("cannot wait for signals");
        return signals;
    }

    // The next signal, or 0 if the time is over.
    int wait(std::chrono::milliseconds longest) const {
        pollfd waiting{fd_.get(), POLLIN, 0};
        signalfd_siginfo signal{};
        if (poll(&waiting, 1, static_cast<int>(longest.count())) == 1 &&
            read(fd_.get(), &signal, sizeof(signal)) == sizeof(signal))
            return static_cast<int>(signal.ssi_signo);
        return 0;
    }

private:
    Fd fd_;
};

} // namespace copyscope
