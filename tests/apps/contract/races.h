// SPDX-License-Identifier: Apache-2.0
// The same call from several threads at once: exactly one wins. And what comes while a call is under way: signals, and
// the end of the memory that it answers to.
#pragma once

#include <atomic>
#include <csignal>
#include <map>
#include <thread>
#include <utility>

#include "copy.h"

namespace contract {

// Runs `body(0)` and `body(1)` at once, many times. The second starts a little later each time, or earlier: whatever
// the order is, they meet sometime. Returns how often which answers were seen.
template<typename Prepare, typename Body>
std::map<std::pair<int, int>, int> race(int rounds, Prepare prepare, Body body) {
    std::map<std::pair<int, int>, int> seen;
    std::atomic<int> turn = 0, done = 0;
    int answer[2] = {};
    const auto delay = [](int n) { // each pause gives an emulated processor's turn to the other one
        for (int i = 0; i < n; i++)
            __builtin_ia32_pause();
    };
    std::thread second([&] {
        for (int round = 1; round <= rounds; round++) {
            while (turn < round)
                delay(1);
            delay(round % 16);
            answer[1] = body(1);
            done++;
        }
    });
    for (int round = 1; round <= rounds; round++) {
        prepare();
        done = 0;
        turn = round;
        delay(8);
        answer[0] = body(0);
        while (done < 1)
            delay(1);
        seen[std::minmax(answer[0], answer[1])]++;
    }
    second.join();
    return seen;
}
inline void only(const std::string& name, const std::map<std::pair<int, int>, int>& seen,
                 std::set<std::pair<int, int>> allowed) {
    All all(name);
    for (const auto& [pair, times] : seen)
        for (int i = 0; i < times; i++)
            all.note(allowed.contains(pair), error_name(pair.first) + " and " + error_name(pair.second));
}

inline void races() {
    constexpr int rounds = 1000;
    dma::File file, shared;
    const auto reopen = [&] { file = dma::open_device(); };
    only("ALLOC twice at once: one wins", race(rounds, reopen, [&](int) { return dma::alloc(file, 4 * dma::page); }),
         {{0, EEXIST}});
    file.shut();
    equal("ALLOC twice at once: nothing is left", dma::info().total_bytes, 0);
    const auto source = dma::buffer(4 * dma::page);
    dma::export_buffer(source, shared);
    only("ALLOC and IMPORT at once: one wins",
         race(rounds, reopen,
              [&](int who) { return who ? dma::import_buffer(file, shared) : dma::alloc(file, 4 * dma::page); }),
         {{0, EEXIST}});

    file = dma::buffer(64 * dma::page);
    bool device = false;
    only("SYNC twice at once: one wins",
         race(
             rounds, [&] { device = !device; },
             [&](int) {
                 return device ? dma::for_device(file, 0, 64 * dma::page) : dma::for_cpu(file, 0, 64 * dma::page);
             }),
         {{0, EALREADY}});
    auto now = dma::stats(file);
    equal("SYNC twice at once: each is counted once", now.for_device_calls + now.for_cpu_calls, rounds);
    device = false;
    only("SYNC of ranges that overlap: one wins",
         race(
             rounds,
             [&] {
                 dma::for_cpu(file, 0, 20 * dma::page);
                 dma::for_cpu(file, 10 * dma::page, 20 * dma::page);
             },
             [&](int who) { return dma::for_device(file, who * 10UL * dma::page, 20 * dma::page); }),
         {{0, EALREADY}});
    dma::for_cpu(file, 0, 20 * dma::page);
    dma::for_cpu(file, 10 * dma::page, 20 * dma::page);
    only("SYNC of ranges that do not touch: both win",
         race(
             rounds,
             [&] {
                 dma::for_cpu(file, 0, 20 * dma::page);
                 dma::for_cpu(file, 30 * dma::page, 20 * dma::page);
             },
             [&](int who) { return dma::for_device(file, who * 30UL * dma::page, 20 * dma::page); }),
         {{0, 0}});
    dma::for_cpu(file, 0, 20 * dma::page);
    dma::for_cpu(file, 30 * dma::page, 20 * dma::page);
    only("COPY and SYNC at once: one is refused, or they came one after the other",
         race(
             rounds, [&] { dma::for_cpu(file, 0, 32 * dma::page); },
             [&](int who) {
                 return who ? dma::copy(file, 0, 32 * dma::page, 32 * dma::page)
                            : dma::for_device(file, 0, 32 * dma::page);
             }),
         {{0, 0}, {0, EBUSY}});
    dma::for_cpu(file, 0, 32 * dma::page);

    // One result is told once.
    std::uint64_t cookie;
    copyscope_dma_result results[2];
    only("RESULT twice at once: one wins",
         race(
             rounds,
             [&] {
                 start(file, 0, 4096, 100, cookie);
                 events(file, 60000);
             },
             [&](int who) { return dma::result(file, results[who]); }),
         {{0, ENOENT}});
    // Two that copy in opposite directions, each locking both buffers.
    const auto other = dma::buffer(64 * dma::page);
    only("COPY there and back at once",
         race(
             rounds, [] {},
             [&](int who) {
                 return who ? dma::copy(file, 0, 0, 8 * dma::page, other) : dma::copy(other, 0, 0, 8 * dma::page, file);
             }),
         {{0, 0}});
    only("close and COPY from what is closed",
         race(
             rounds, [&] { shared = dma::buffer(dma::page); },
             [&](int who) {
                 if (who)
                     return dma::copy(file, 0, 0, 100, shared);
                 close(dup(shared));
                 return 0;
             }),
         {{0, 0}});
}

// ALLOC under a rain of signals ends with a buffer, or with EINTR and none.
inline void interrupted() {
    struct sigaction quiet {};
    quiet.sa_handler = [](int) {};
    sigaction(SIGALRM, &quiet, nullptr); // no SA_RESTART
    const itimerval often{{0, 2000}, {0, 2000}}, never{};
    const auto bytes = dma::info().max_buffer_bytes;
    All all("ALLOC under signals: a buffer, or EINTR and nothing was done");
    for (int round = 0; round < 30; round++) {
        const auto file = dma::open_device();
        setitimer(ITIMER_REAL, &often, nullptr);
        int error = dma::alloc(file, bytes);
        setitimer(ITIMER_REAL, &never, nullptr);
        all.note(error == 0 || error == EINTR, error_name(error));
        const auto left = dma::info().total_bytes;
        all.note(left == (error ? 0 : bytes), "total_bytes is " + std::to_string(left) + " after " + error_name(error));
        if (error == EINTR)
            all.answers("ALLOC again", dma::alloc(file, bytes), 0);
    }
    // The same by a signal that kills: nobody is left to be told, and nothing is left.
    for (int round = 0; round < 10; round++) {
        const pid_t pid = fork();
        if (pid == 0)
            for (;;) {
                const auto file = dma::open_device();
                dma::alloc(file, bytes);
                const dma::Mapping memory(file, bytes, 0, PROT_READ, MAP_SHARED | MAP_POPULATE);
            }
        usleep(20000 + round * 7000);
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    eventually([] { return dma::info().total_bytes == 0; });
    equal("killed in ALLOC: nothing is left", dma::info().total_bytes, 0);
}

// The argument cannot be written any more when the call is done: whoever was told that it failed has no buffer.
inline void untold() {
    const auto bytes = dma::info().max_buffer_bytes;
    const dma::Mapping memory(-1, dma::page, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    auto& in = *reinterpret_cast<copyscope_dma_alloc*>(memory.at());
    int refused = 0;
    All all("ALLOC that cannot be answered: a buffer, or EFAULT and nothing was done");
    for (int round = 0; round < 20; round++) {
        const auto file = dma::open_device();
        in = dma::a_buffer(bytes);
        std::atomic<bool> begun = false;
        std::thread other([&] {
            while (!begun)
                __builtin_ia32_pause();
            usleep(2000 * static_cast<unsigned>(1 + round));
            mprotect(memory.at(), dma::page, PROT_READ);
        });
        begun = true;
        const int error = dma::answer(ioctl(file, COPYSCOPE_DMA_ALLOC, &in));
        other.join();
        mprotect(memory.at(), dma::page, PROT_READ | PROT_WRITE);
        refused += error == EFAULT;
        all.note(error == 0 || error == EFAULT, error_name(error));
        const auto left = dma::info().total_bytes;
        all.note(left == (error ? 0 : bytes), "total_bytes is " + std::to_string(left) + " after " + error_name(error));
        if (error == EFAULT)
            all.answers("ALLOC again", dma::alloc(file, bytes), 0);
    }
    all.note(refused > 0, "every one was answered");
}

} // namespace contract
