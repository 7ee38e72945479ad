// SPDX-License-Identifier: Apache-2.0
// See program.h.
#include "base/program.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <new>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "base/escape.h"
#include "base/write.h"

namespace copyscope {

namespace {

constexpr int failed = 1;
const char* program = "copyscope";
struct sigaction inherited_pipe {}; // SIGPIPE as we were given it

// Read-only for those that are written to: writing still fails, and is seen to. A command that we start finds them
// closed.
void keep_standard_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)::open("/dev/null",
                         (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC); // the lowest that is free
}

// Where there may be no memory for a sentence of several parts.
int end_with(const char* what) {
    for (const char* part : {program, ": ", what, "\n"})
        (void)write_all(STDERR_FILENO, part);
    return failed;
}

int end_with_current() {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return end_with("there is not enough memory for this: ask for less at a time");
    } catch (const std::exception& error) {
        return end_with(escaped(error.what()).c_str());
    } catch (...) {
        return end_with("ended by an error without a name");
    }
}

// In other threads, and where nothing may be thrown: there is nobody to catch it.
[[noreturn]] void end_at_once() {
    _exit(std::current_exception() ? end_with_current() : end_with("ended by an error that was seen too late"));
}

} // namespace

int run_program(const char* name, const std::function<int()>& body) {
    program = name;
    keep_standard_streams();
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &inherited_pipe);
    std::set_terminate(end_at_once);
    int status = failed;
    try {
        status = body();
    } catch (...) {
        status = end_with_current();
    }
    errno = 0;
    if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && status == 0)
        status = end_with(
            (std::string("cannot write to standard output") + (errno ? ": " : "") + (errno ? std::strerror(errno) : ""))
                .c_str());
    return status;
}

void tell(std::string_view line) {
    (void)write_all(STDERR_FILENO, escaped_lines(line) + "\n");
}

void tell_if_ready(std::string_view line) {
    pollfd about{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (poll(&about, 1, 0) != 1 || (about.revents & POLLOUT) == 0)
        return;
    std::string text = escaped_lines(line);
    text.resize(std::min<std::size_t>(text.size(), PIPE_BUF - 1)); // for so much there is room
    (void)write_all(STDERR_FILENO, text + "\n");
}

void print_text(std::string_view text) {
    const std::string shown = escaped_lines(text);
    std::fwrite(shown.data(), 1, shown.size(), stdout);
}

void restore_inherited_signals() {
    sigaction(SIGPIPE, &inherited_pipe, nullptr);
}

} // namespace copyscope
