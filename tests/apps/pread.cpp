// SPDX-License-Identifier: Apache-2.0
// What one pread of a cached page costs: `copyscope-pread FILE BYTES` prints nanoseconds per call, of the cheapest of
// some rounds of 2,000 calls. On an emulated processor that counts instructions, a nanosecond is one. For
// tools/overhead.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int calls = 2000;
constexpr int rounds = 3; // a timer interrupt in one of them does not count

std::int64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// Returns nanoseconds, or -1 if a call came back short.
std::int64_t one_round(int fd, std::vector<char>& buffer) {
    const auto begin = now();
    for (int i = 0; i < calls; i++)
        if (pread(fd, buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(buffer.size()))
            return -1;
    return now() - begin;
}

} // namespace

int main(int argc, char** argv) {
    const long bytes = argc == 3 ? std::atol(argv[2]) : 0;
    if (bytes <= 0) {
        std::fprintf(stderr, "usage: copyscope-pread FILE BYTES\n");
        return 2;
    }
    const int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        std::fprintf(stderr, "copyscope-pread: %s: %s\n", argv[1], std::strerror(errno));
        return 1;
    }
    std::vector<char> buffer(static_cast<std::size_t>(bytes), 'x'); // touched: no fault in pread
    std::int64_t best = one_round(fd, buffer);                      // the first one warms up
    for (int i = 0; i < rounds; i++) {
        const auto time = one_round(fd, buffer);
        best = i && best >= 0 ? std::min(best, time) : time;
    }
    if (best < 0) {
        std::fprintf(stderr, "copyscope-pread: %s is shorter than %ld bytes, or cannot be read\n", argv[1], bytes);
        return 1;
    }
    std::printf("%.1f\n", static_cast<double>(best) / calls);
    return 0;
}
