// SPDX-License-Identifier: Apache-2.0
// See coverage.h. Must not be compiled with what it is for.
#include "coverage.h"

#include <array>
#include <cstdint>

namespace {

std::array<bool, 1 << 18> seen;
std::size_t count = 0;
std::uintptr_t before = 0;

} // namespace

extern "C" void __sanitizer_cov_trace_pc() {
    // From where the program begins, which is somewhere else each time.
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)) -
                      reinterpret_cast<std::uintptr_t>(&__sanitizer_cov_trace_pc);
    const std::size_t way = ((here ^ before) * 0x9e3779b97f4a7c15ULL) >> (64 - 18);
    before = here << 1;
    count += !seen[way];
    seen[way] = true;
}

namespace fuzz {

std::size_t ways_seen() {
    before = 0; // what comes next is the begin of an input
    return count;
}

} // namespace fuzz
