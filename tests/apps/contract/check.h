// SPDX-License-Identifier: Apache-2.0
// How the tests of /dev/copyscope say what they found: lines "ok NAME", "FAIL NAME: why", "skip NAME: why", each by one
// write(), as several processes say something. Knows nothing of the device.
#pragma once

#include <cstring>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace contract {

inline int failures = 0; // of this process
inline std::string group;

inline void line(const std::string& text) {
    const std::string whole = text + "\n";
    if (write(STDOUT_FILENO, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
        _exit(3);
}
inline void ok(const std::string& name) {
    line("ok " + group + ": " + name);
}
inline void fail(const std::string& name, const std::string& why) {
    line("FAIL " + group + ": " + name + ": " + why);
    failures++;
}
inline void skip(const std::string& name, const std::string& why) {
    line("skip " + group + ": " + name + ": " + why);
}
inline bool check(const std::string& name, bool good, const std::string& why) {
    good ? ok(name) : fail(name, why);
    return good;
}

inline std::string error_name(int error) {
    if (error == 0)
        return "success";
    const char* name = strerrorname_np(error);
    return name ? name : std::to_string(error);
}
// What a call answered. usage: answers("SYNC twice", for_device(...), EALREADY)
inline bool answers(const std::string& name, int error, int expected) {
    return check(name, error == expected, "got " + error_name(error) + ", expected " + error_name(expected));
}
template<typename A, typename B>
bool equal(const std::string& name, A actual, B expected) {
    return check(name, static_cast<long long>(actual) == static_cast<long long>(expected),
                 "got " + std::to_string(actual) + ", expected " + std::to_string(expected));
}
inline bool same(const std::string& name, const std::string& problem) { // no problem, no failure
    return check(name, problem.empty(), problem);
}

// One line for many alike: the first that fails is named.
class All {
public:
    explicit All(std::string name) : name_(std::move(name)) {}
    All(const All&) = delete;
    ~All() {
        check(name_ + " (" + std::to_string(count_) + ")", why_.empty() && count_ > 0,
              why_.empty() ? "nothing was tried" : why_);
    }
    void answers(const std::string& what, int error, int expected) {
        note(error == expected, what + ": got " + error_name(error) + ", expected " + error_name(expected));
    }
    void note(bool good, const std::string& why) {
        count_++;
        if (!good && why_.empty())
            why_ = why;
    }

private:
    std::string name_, why_;
    int count_ = 0;
};

// Waits until something is so, as long as a machine may stall; not a measure of time.
inline bool eventually(const std::function<bool()>& so) {
    for (int i = 0; i < 3000; i++) {
        if (so())
            return true;
        const timespec nap{0, 10'000'000};
        nanosleep(&nap, nullptr);
    }
    return false;
}

// The exit status of `body` in a process of its own; 128 + N if signal N ended it.
template<typename Body>
int in_child(Body body) {
    const pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace contract
