// SPDX-License-Identifier: Apache-2.0
// See workload_process.h.
#include "bench/workload_process.h"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <new>
#include <optional>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/pattern.h"
#include "bench/settle.h"

namespace copyscope {

namespace {

enum Phase : std::uint32_t { preparing, ready, released, finished, checking, checked };

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, std::optional<std::chrono::nanoseconds> at_most) {
    timespec timeout = {};
    if (at_most)
        timeout = {.tv_sec = at_most->count() / 1'000'000'000, .tv_nsec = at_most->count() % 1'000'000'000};
    (void)::syscall(SYS_futex, &word, FUTEX_WAIT, seen, at_most ? &timeout : nullptr, nullptr, 0);
}

void advance_to(std::atomic<std::uint32_t>& word, Phase phase) {
    word.store(phase, std::memory_order_release);
    (void)::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

// Changes whenever the process has run: its time on the CPU, or (no CONFIG_SCHED_INFO) its whole stat line.
std::uint64_t progress_mark(pid_t pid) {
    for (const char* name : {"schedstat", "stat"}) {
        const Fd file(::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
        char text[1024];
        const ssize_t length = file ? ::read(file.get(), text, sizeof(text)) : -1;
        std::uint64_t mark = 1;
        for (ssize_t i = 0; i < length; i++)
            mark = mix64(mark ^ static_cast<unsigned char>(text[i]));
        if (length > 0)
            return mark;
    }
    return 0;
}

// The child has ended and is a zombie now; it is not reaped.
std::optional<siginfo_t> ended(pid_t pid) {
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
        return info;
    return std::nullopt;
}

} // namespace

struct WorkloadProcess::Shared {
    std::atomic<std::uint32_t> phase{preparing};
    bool failed = false;
    ExitCode code = ExitCode::ok;
    Moved moved;
    char message[1024] = "";

    void fail_with(const Error& error) {
        failed = true;
        code = error.code;
        std::strncpy(message, error.message.c_str(), sizeof(message) - 1);
    }
};

WorkloadProcess::Shared& WorkloadProcess::shared() const {
    return *static_cast<Shared*>(memory_.get());
}

Result<WorkloadProcess> WorkloadProcess::start(const Strategy& strategy, const Transfer& transfer) {
    void* address =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (address == MAP_FAILED)
        return fail_errno("no memory to talk to a workload: free some");
    Mapping memory(address, sizeof(Shared));
    Shared* shared = new (address) Shared;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return fail_errno("cannot start a workload: raise `ulimit -u`");
    if (pid == 0)
        live(*shared, strategy, transfer, parent);
    return WorkloadProcess(pid, std::move(memory), strategy.sink == SinkNeed::none);
}

// The whole life of the child. It leaves by _exit: destructors and buffers of the parent are not its own.
void WorkloadProcess::live(Shared& shared, const Strategy& strategy, const Transfer& transfer, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) // it died before the line above
        ::_exit(1);
    ::signal(SIGINT, SIG_IGN); // Ctrl-C reaches the whole group; the parent decides when the child goes
    ::signal(SIGTERM, SIG_DFL);
    ::signal(SIGPIPE, SIG_IGN); // a receiver that goes away is an error with a text, not a death
    // khugepaged joins pages of this process and locks its memory for that: faults and pages copied would depend on
    // when it comes by, and bpf_find_vma would find the lock taken.
    ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    const OwnMemory own;
    own.settle();
    auto workload = strategy.prepare(transfer);
    if (!workload) {
        shared.fail_with(workload.error());
        advance_to(shared.phase, finished);
        ::_exit(1);
    }
    own.settle();
    shared.moved = {}; // writes to the page from this side, before it counts
    advance_to(shared.phase, ready);
    while (shared.phase.load(std::memory_order_acquire) == ready)
        futex_wait(shared.phase, ready, std::nullopt);
    const auto moved = (*workload)->run();
    if (moved)
        shared.moved = *moved;
    else
        shared.fail_with(moved.error());
    advance_to(shared.phase, finished);
    if (strategy.sink != SinkNeed::none || shared.failed)
        ::_exit(0);
    // No receiver has seen the bytes: the process that has them checks them, when nobody counts any more.
    while (shared.phase.load(std::memory_order_acquire) == finished)
        futex_wait(shared.phase, finished, std::nullopt);
    if (const auto right = (*workload)->verify(); !right)
        shared.fail_with(right.error());
    advance_to(shared.phase, checked);
    ::_exit(0);
}

WorkloadProcess::WorkloadProcess(WorkloadProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), memory_(std::move(other.memory_)), checks_itself_(other.checks_itself_) {}

WorkloadProcess::~WorkloadProcess() {
    if (pid_ <= 0)
        return;
    ::kill(pid_, SIGKILL); // still ours: a zombie keeps its pid until it is reaped
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Status WorkloadProcess::wait_for(unsigned phase, const Patience& patience) {
    Waiting waiting(patience, "the workload");
    for (;;) {
        const std::uint32_t now = shared().phase.load(std::memory_order_acquire);
        if (now >= phase)
            return {};
        if (const auto end = ended(pid_); end && shared().phase.load(std::memory_order_acquire) < phase) {
            if (end->si_code == CLD_EXITED)
                return fail(fmt::format("the workload exited with {} before it was done: run again", end->si_status));
            return fail(fmt::format("the workload died of signal {} ({}): look into `dmesg`", end->si_status,
                                    ::strsignal(end->si_status)));
        }
        TRY(waiting.look(progress_mark(pid_)));
        futex_wait(shared().phase, now, patience_slice);
    }
}

Status WorkloadProcess::outcome() const {
    if (shared().failed)
        return fail(shared().message, shared().code);
    return {};
}

Status WorkloadProcess::wait_ready(const Patience& patience) {
    TRY(wait_for(ready, patience));
    return outcome();
}

void WorkloadProcess::release() {
    advance_to(shared().phase, released);
}

Result<Moved> WorkloadProcess::wait_done(const Patience& patience) {
    TRY(wait_for(finished, patience));
    if (!checks_itself_ || shared().failed)
        TRY(wait_exit(patience));
    TRY(outcome());
    return shared().moved;
}

Status WorkloadProcess::verify(const Patience& patience) {
    advance_to(shared().phase, checking);
    TRY(wait_for(checked, patience));
    return outcome();
}

// Between the last futex and the zombie lies the exit alone, but closing the target may take its time.
Status WorkloadProcess::wait_exit(const Patience& patience) {
    Waiting waiting(patience, "the exit of the workload");
    while (!ended(pid_)) {
        TRY(waiting.look(0));
        const timespec pause = {.tv_sec = 0, .tv_nsec = 1'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return {};
}

} // namespace copyscope
