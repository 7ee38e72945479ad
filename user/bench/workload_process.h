// SPDX-License-Identifier: Apache-2.0
// The process in which one strategy runs once: forked, prepared, held at a barrier, released, watched.
// Knows processes; knows nothing of targets, caches and counting.
//
// Both ends talk through shared memory and futexes, because a read() or write() of the child would be counted with the
// strategy. Between release() and its exit the child issues the strategy's system calls, one futex and _exit.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "bench/patience.h"
#include "strategy/strategy.h"

namespace copyscope {

// The destructor kills the child where it still runs, and reaps it; if this process dies first, the kernel kills it.
class WorkloadProcess {
public:
    static Result<WorkloadProcess> start(const Strategy& strategy, const Transfer& transfer);

    WorkloadProcess(WorkloadProcess&& other) noexcept;
    WorkloadProcess& operator=(WorkloadProcess&&) = delete;
    ~WorkloadProcess();

    pid_t pid() const { return pid_; }

    // Returns when prepare() is done and the child waits at the barrier; its error where prepare() failed.
    Status wait_ready(const Patience& patience);

    // Lets run() begin. Once, after wait_ready().
    void release();

    // Returns what run() returned, after the child has exited. It stays a zombie until the destructor, so that its pid
    // means nobody else while the recorder reads. The child of a strategy without a sink does not exit yet.
    Result<Moved> wait_done(const Patience& patience);

    // For a strategy without a sink: has the child compare its bytes. Once, after wait_done() and after counting.
    Status verify(const Patience& patience);

private:
    struct Shared; // lies in the shared mapping
    WorkloadProcess(pid_t pid, Mapping memory, bool checks_itself)
        : pid_(pid), memory_(std::move(memory)), checks_itself_(checks_itself) {}

    [[noreturn]] static void live(Shared& shared, const Strategy& strategy, const Transfer& transfer, pid_t parent);
    Shared& shared() const;
    Status wait_for(unsigned phase, const Patience& patience);
    Status wait_exit(const Patience& patience);
    Status outcome() const;

    pid_t pid_;
    Mapping memory_;
    bool checks_itself_;
};

} // namespace copyscope
