// SPDX-License-Identifier: Apache-2.0
// See interruptible.h.
#include "cli/interruptible.h"

#include <algorithm>

namespace copyscope {

Interruptible::Interruptible() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
        sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

Interruptible::~Interruptible() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

short Interruptible::wait(int fd, std::optional<SteadyTime> until) const {
    using namespace std::chrono;
    timespec left{};
    if (until) {
        const auto ns = std::max<nanoseconds>(nanoseconds(0), *until - steady_clock::now()).count();
        left = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    }
    pollfd about{.fd = fd, .events = POLLIN, .revents = 0};
    return ppoll(&about, 1, until ? &left : nullptr, &before_) > 0 ? about.revents : short{0};
}

} // namespace copyscope
