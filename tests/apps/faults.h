// SPDX-License-Identifier: Apache-2.0
// Makes one point of a system call after the other fail, for programs that test the module so. Knows how the kernel is
// told to (fail-nth) and what a call that failed must not leave; must not know the calls.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "dma.h"

namespace faults {

inline int failures = 0;
inline void check(const std::string& name, const std::string& why) {
    std::printf("%s\n", why.empty() ? ("ok " + name).c_str() : ("FAIL " + name + ": " + why).c_str());
    std::fflush(stdout);
    failures += !why.empty();
}

// ---- one fault ----

inline const int nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

// From here on the n-th point of this thread fails.
inline void fail_at(unsigned n) {
    char text[16];
    const auto length = static_cast<std::size_t>(std::snprintf(text, sizeof(text), "%u", n));
    if (pwrite(nth, text, length, 0) < 0)
        std::abort();
}
// How many points were not reached; 0: it has failed. Reading and writing the file are such points themselves.
inline unsigned not_reached() {
    char text[16] = {};
    if (pread(nth, text, sizeof(text) - 1, 0) < 0)
        return 1; // this one was the next
    const auto left = static_cast<unsigned>(std::strtoul(text, nullptr, 10));
    while (pwrite(nth, "0", 1, 0) < 0)
        ;
    return left;
}

// ---- what there is to lose ----

inline std::size_t descriptors() {
    std::size_t n = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        n++;
    closedir(folder);
    return n;
}
// Buffers go when their last work is done.
inline std::uint64_t bytes_in_buffers(std::uint64_t expected) {
    std::uint64_t now = 0;
    for (int tries = 0; tries < 100; tries++) {
        now = dma::info().total_bytes;
        if (now == expected)
            break;
        usleep(50'000);
    }
    return now;
}

using Step = std::function<int()>;

// A kind of call: how it is made ready, made (0 or its errno), which errnos it may have, and how what it made goes.
struct Kind {
    const char* name;
    Step prepare, call;
    std::set<int> allowed = {ENOMEM};
    Step undo = [] { return 0; };
};

constexpr unsigned most = 5000;

// One failing point after the other, until there is none left: then the call must succeed.
inline void walk(const Kind& kind) {
    std::map<int, unsigned> answers;
    std::string why;
    unsigned points = 0;
    for (unsigned n = 1; why.empty(); n++) {
        if (const int error = kind.prepare()) {
            why = "cannot be made ready: " + std::string(std::strerror(error));
            break;
        }
        const auto bytes = dma::info().total_bytes;
        const auto files = descriptors();
        fail_at(n);
        const int error = kind.call();
        const bool injected = not_reached() == 0;
        const std::string at = " at point " + std::to_string(n);
        if (error && descriptors() != files)
            why = "it failed and left a descriptor" + at;
        else if (error && bytes_in_buffers(bytes) != bytes)
            why = "it failed and left " + std::to_string(dma::info().total_bytes) + " bytes in buffers, not " +
                  std::to_string(bytes) + at;
        else if (injected && error && !kind.allowed.contains(error))
            why = "errno " + std::to_string(error) + at;
        else if (!injected && error)
            why = "nothing was made to fail, and it failed: errno " + std::to_string(error);
        if (injected)
            answers[error]++;
        if (const int odd = kind.undo(); odd && why.empty())
            why = "what it made cannot go: errno " + std::to_string(odd) + at;
        points = n - 1;
        if (!injected)
            break;
        if (n == most)
            why = "no end after " + std::to_string(most) + " points";
    }
    std::string said;
    for (const auto& [error, times] : answers)
        said += ", " + std::to_string(times) + " times " + (error ? strerrorname_np(error) : "served all the same");
    std::printf("# %s: %u points%s\n", kind.name, points, said.c_str());
    if (why.empty() && !points)
        why = "it has no point that could fail";
    check(kind.name, why);
}

} // namespace faults
