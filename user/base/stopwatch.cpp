// SPDX-License-Identifier: Apache-2.0
#include "base/stopwatch.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace copyscope {
namespace {

const char* times_file() {
    return std::getenv("COPYSCOPE_TIMES");
}

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

} // namespace

Stopwatch::Stopwatch(const char* phase) : phase_(phase), begin_ns_(times_file() ? monotonic_ns() : 0) {}

Stopwatch::~Stopwatch() {
    if (!times_file())
        return;
    const auto took = monotonic_ns() - begin_ns_;
    FILE* file = std::fopen(times_file(), "ae");
    if (!file)
        return;
    std::fprintf(file, "%s %.6f\n", phase_, static_cast<double>(took) / 1e9);
    std::fclose(file);
}

} // namespace copyscope
