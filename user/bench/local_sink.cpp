// SPDX-License-Identifier: Apache-2.0
// See local_sink.h.
#include "bench/local_sink.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/sink.h"

namespace copyscope {

namespace {

[[noreturn]] void receive_for_ever(pid_t parent, int report_fd) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) // it died before the line above
        ::_exit(1);
    ::prctl(PR_SET_NAME, "copyscope-sink");
    ::signal(SIGINT, SIG_IGN); // Ctrl-C reaches the whole group; the parent decides when the sink goes
    ::signal(SIGTERM, SIG_DFL);
    // Nothing of the parent's may live on in here: BPF links, sockets, lock files.
    if (::dup2(report_fd, 3) < 0)
        ::_exit(1);
    (void)::syscall(SYS_close_range, 4U, ~0U, 0U);
    const Fd report(3);
    const auto on_event = [&](const SinkEvent& event) {
        if (event.kind == SinkEvent::Kind::listening)
            (void)!::write(report.get(), &event.address.port, sizeof(event.address.port));
    };
    (void)run_sink(SinkOptions{}, on_event);
    ::_exit(1);
}

} // namespace

Result<LocalSink> LocalSink::start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail_errno("cannot make a pipe: close some files or raise `ulimit -n`");
    const Fd out(ends[0]);
    Fd in(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return fail_errno("cannot start the local receiver: raise `ulimit -u`");
    if (pid == 0)
        receive_for_ever(parent, in.get());
    in.reset();
    LocalSink sink(pid, {.host = "127.0.0.1", .port = 0}); // from here on the destructor cleans up
    ssize_t got;
    do
        got = ::read(out.get(), &sink.address_.port, sizeof(sink.address_.port));
    while (got < 0 && errno == EINTR);
    if (got != sizeof(sink.address_.port))
        return fail("the local receiver could not listen at 127.0.0.1: bring `lo` up, or name a --target");
    return sink;
}

LocalSink::LocalSink(LocalSink&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), address_(std::move(other.address_)) {}

LocalSink::~LocalSink() {
    if (pid_ <= 0)
        return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace copyscope
