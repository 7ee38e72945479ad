// SPDX-License-Identifier: Apache-2.0
// A command of the user's, held at a barrier until somebody counts it. Knows fork, exec and signals; counts nothing.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

class Command {
public:
    // Forks a child that waits before its exec. `words` is the command and its arguments, not empty.
    // Signals that Command forwards stay blocked in this process until it is destroyed.
    static Result<Command> start(const std::vector<std::string>& words);

    Command(Command&& other) noexcept;
    Command& operator=(Command&&) = delete;
    ~Command(); // a child that was not waited for is killed

    pid_t pid() const { return pid_; }

    // Lets it exec. An error says why it could not, and is a usage error: the name is wrong.
    Status release();

    // Waits until it has ended and passes on the signals sent to this process (SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, and
    // SIGINT and SIGQUIT unless they came from the terminal, which has told the child itself). Returns its exit code as
    // a shell would: 128 + N if signal N ended it.
    Result<int> wait();

    // After wait(): passes so much time; false if this process was meanwhile asked to stop (SIGINT, SIGQUIT, SIGTERM,
    // SIGHUP).
    static bool pause(int milliseconds);

private:
    Command(pid_t pid, Fd barrier, Fd failure)
        : pid_(pid), barrier_(std::move(barrier)), failure_(std::move(failure)) {}

    pid_t pid_;  // 0: waited for
    Fd barrier_; // closing it lets the child go
    Fd failure_; // the child's errno if its exec failed, else end of file
};

} // namespace copyscope
