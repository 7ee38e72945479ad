// SPDX-License-Identifier: Apache-2.0
// What the tests of strategies share: sockets that check what comes out of them, and a timer that interrupts calls.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <vector>

#include "bench/address.h"
#include "bench/source.h"
#include "bench/verifier.h"
#include "strategy/strategy.h"

namespace copyscope {

inline constexpr std::size_t chunk = 64 * 1024;

// A connected pair of sockets and a thread that checks whatever comes out of the far end.
class CheckedSocket {
public:
    CheckedSocket(Fd near, Fd far, const Payload& payload, int delay_us = 0)
        : near_(std::move(near)), far_(std::move(far)), verifier_(payload),
          reader_([this, delay_us] { read(delay_us); }) {}
    ~CheckedSocket() { (void)finish(); }

    int fd() const { return near_.get(); }
    Receipt finish() {
        near_.reset();
        if (reader_.joinable())
            reader_.join();
        return verifier_.finish();
    }

private:
    void read(int delay_us) {
        sigset_t alarm; // the timer of a test is for the thread that runs the strategy
        ::sigemptyset(&alarm);
        ::sigaddset(&alarm, SIGALRM);
        ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
        std::vector<std::byte> buffer(5000);
        for (ssize_t got; (got = ::read(far_.get(), buffer.data(), buffer.size())) > 0;) {
            verifier_.feed(std::span(buffer).first(static_cast<std::size_t>(got)));
            if (delay_us)
                ::usleep(static_cast<useconds_t>(delay_us));
        }
    }

    Fd near_, far_;
    Verifier verifier_;
    std::thread reader_;
};

inline CheckedSocket unix_pair(const Payload& payload, int delay_us = 0) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const int small = 8192;
    ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    return CheckedSocket(Fd(ends[0]), Fd(ends[1]), payload, delay_us);
}

inline CheckedSocket tcp_pair(const Payload& payload, int delay_us = 0) {
    const Fd listener = listen_tcp({.host = "127.0.0.1", .port = 0}).value();
    Fd near = connect_tcp(local_address(listener).value(), std::chrono::seconds(5)).value();
    Fd far(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int small = 8192;
    ::setsockopt(near.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    return CheckedSocket(std::move(near), std::move(far), payload, delay_us);
}

// A timer that interrupts every call, every millisecond.
inline Result<Moved> run_with_alarms(Workload& workload) {
    struct sigaction action = {}, before = {};
    action.sa_handler = [](int) {}; // without SA_RESTART
    ::sigaction(SIGALRM, &action, &before);
    const itimerval every_ms = {.it_interval = {0, 1000}, .it_value = {0, 1000}}, never = {};
    ::setitimer(ITIMER_REAL, &every_ms, nullptr);
    auto moved = workload.run();
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
    return moved;
}

} // namespace copyscope
