// SPDX-License-Identifier: Apache-2.0
// Aims fentry, fexit and tp_btf programs at their targets by BTF ids. libbpf does the same by name, and walks through
// all types of the kernel for each program to find it: 2.6 million instructions, seventy times. Knows which one libbpf
// was about to load when it failed, which libbpf does not tell.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/result.h"

struct bpf_program;

namespace copyscope {

class Aim {
public:
    Aim();
    Aim(const Aim&) = delete;
    ~Aim();

    // Before the object is loaded, by this thread, as long as this lives. `target`: the function's BTF id in the
    // kernel, or that of the tracepoint's type.
    void at(const bpf_program* program, std::uint32_t target) { targets_[program] = target; }

    // 0: nobody has said.
    std::uint32_t of(const bpf_program* program) const;

    // The program that was handed to the kernel last: where loading fails, the one that it refused. Null: none.
    const bpf_program* last() const { return last_; }

    void note(const bpf_program* program) { last_ = program; } // libbpf's callback

private:
    const bpf_program* last_ = nullptr;
    std::unordered_map<const bpf_program*, std::uint32_t> targets_;
};

} // namespace copyscope
