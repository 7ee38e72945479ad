// SPDX-License-Identifier: Apache-2.0
#include "bench/command.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/program.h"

namespace copyscope {
namespace {

sigset_t forwarded_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT, SIGCHLD})
        sigaddset(&signals, signal);
    return signals;
}

[[noreturn]] void run_child(std::vector<char*> words, int barrier, int failure) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char byte = 0;
    [[maybe_unused]] const auto ready = write(failure, &byte, 1);
    while (read(barrier, &byte, 1) < 0 && errno == EINTR)
        ;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    restore_inherited_signals();
    prctl(PR_SET_PDEATHSIG, 0);
    execvp(words[0], words.data());
    const int number = errno;
    [[maybe_unused]] const auto written = write(failure, &number, sizeof(number));
    _exit(127);
}

} // namespace

Result<Command> Command::start(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const auto& word : words)
        pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    int barrier[2], failure[2];
    if (pipe2(barrier, O_CLOEXEC))
        return fail_errno("cannot make a pipe");
    Fd barrier_read(barrier[0]), barrier_write(barrier[1]);
    if (pipe2(failure, O_CLOEXEC))
        return fail_errno("cannot make a pipe");
    Fd failure_read(failure[0]), failure_write(failure[1]);

    const auto signals = forwarded_signals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    const pid_t pid = fork();
    if (pid < 0)
        return fail_errno("cannot fork");
    if (pid == 0) {
        barrier_write.reset(); // else it would hold its own barrier shut
        run_child(std::move(pointers), barrier_read.get(), failure_write.get());
    }
    // A child that has not run yet would copy pages of ours on write later, when they are counted as the command's.
    failure_write.reset();
    char byte;
    while (read(failure_read.get(), &byte, 1) < 0 && errno == EINTR)
        ;
    return Command(pid, std::move(barrier_write), std::move(failure_read));
}

Command::Command(Command&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), barrier_(std::move(other.barrier_)), failure_(std::move(other.failure_)) {}

Command::~Command() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

Status Command::release() {
    barrier_.reset();
    int number = 0;
    ssize_t got;
    while ((got = read(failure_.get(), &number, sizeof(number))) < 0 && errno == EINTR)
        ;
    if (got <= 0)
        return {};
    return fail(fmt::format("cannot run the command: {}", std::strerror(number)), ExitCode::usage);
}

Result<int> Command::wait() {
    const auto signals = forwarded_signals();
    for (;;) {
        int status;
        const pid_t done = waitpid(pid_, &status, WNOHANG);
        if (done < 0)
            return fail_errno("cannot wait for the command");
        if (done == pid_) {
            pid_ = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        siginfo_t info;
        if (sigwaitinfo(&signals, &info) < 0 || info.si_signo == SIGCHLD)
            continue;
        const bool from_terminal = info.si_code == SI_KERNEL;
        if (!from_terminal)
            kill(pid_, info.si_signo);
    }
}

bool Command::pause(int milliseconds) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT})
        sigaddset(&signals, signal);
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    return sigtimedwait(&signals, nullptr, &time) < 0;
}

} // namespace copyscope
