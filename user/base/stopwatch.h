// SPDX-License-Identifier: Apache-2.0
// How long a phase of this program took, for who measures it: where the environment names a file in COPYSCOPE_TIMES, a
// line "PHASE SECONDS" is appended to it when the phase ends. Otherwise nothing happens, and it costs a look.
#pragma once

#include <cstdint>

namespace copyscope {

class Stopwatch {
public:
    explicit Stopwatch(const char* phase); // keeps the pointer
    Stopwatch(const Stopwatch&) = delete;
    ~Stopwatch();

private:
    const char* phase_;
    std::int64_t begin_ns_;
};

} // namespace copyscope
