// SPDX-License-Identifier: Apache-2.0
// Hardware execution breakpoints on the busiest copying functions of lib/iov_iter.c, through perf_event_open. They need
// no module and see functions that BPF cannot attach to. An x86-64 processor has four.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace copyscope {

// One function that has a breakpoint on every processor.
struct Breakpoint {
    std::string function;
    std::uint64_t cookie = 0; // COPYSCOPE_BREAK_*: where its arguments are
    std::vector<Fd> events;   // one per processor, disabled until a program is attached
};

struct Breakpoints {
    std::vector<Breakpoint> set;
    std::vector<std::string> not_set; // copying functions without one, with the reason
};

// Fails with the remedy if a function without which nothing can be measured gets no breakpoint: no privilege, all debug
// registers taken, kernel locked down, addresses hidden. `kallsyms` is a file of lines "address type name [module]".
Result<Breakpoints> open_breakpoints(const std::string& kallsyms = "/proc/kallsyms");

} // namespace copyscope
