// SPDX-License-Identifier: Apache-2.0
// The plan: which BPF program is bound to which kernel function, per metric, with fallbacks. The table in hooks.cpp is
// the only place that names kernel functions in user space. Pure: facts in, decisions out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/account.h"
#include "probe/facts.h"

namespace copyscope {

// One program of the BPF object and the functions it can be attached to, best first.
struct Hook {
    const char* metric;  // what it counts, in words; hooks of one metric stand together
    std::string program; // name in bpf/
    // A tracepoint of the kernel itself is "btf_trace_NAME", its type in BTF (include/trace/bpf_probe.h), a function of
    // a module "MODULE:NAME".
    std::vector<std::string> functions{};
    bool required = false;    // profiling makes no sense without it
    bool system_call = false; // functions are names of system calls ("read"), the architecture's prefix is added
    // What is not seen without it. Empty: on a kernel without these functions others do the work, and are hooked.
    const char* absent = "";
    // "system:name": a raw tracepoint, which is there only while its module is loaded; then there are no functions
    const char* tracepoint = "";
    bool dma_buffer = false;     // of use only where /dev/copyscope is
    bool bounce_buffers = false; // of use only where the kernel has some; it makes them when it boots, or never
    std::string partner{};       // the program without which this one is not attached either
};

// A program that the kernel did not take, for one function.
struct Refusal {
    std::string program, function;
    std::string reason; // the kernel's own
};

// What a hook would be attached to in the best case, in words.
std::string wanted(const Hook& hook);

struct Binding {
    const Hook* hook;
    std::string function;  // the chosen one, or the tracepoint; empty: none can be attached
    bool needed = true;    // false: there is nothing on this machine that it could see
    std::string refusal{}; // if it is not bound although the kernel has the function: "FUNCTION: why"
    bool bound() const { return !function.empty(); }
    bool is_tracepoint() const { return *hook->tracepoint || function.starts_with("btf_trace_"); }
    bool missing() const { return needed && !bound() && (*hook->absent || !refusal.empty()); }
    std::string not_seen() const; // if it is missing: what, and why
};

struct Plan {
    std::vector<Binding> bindings;            // in table order
    Facts facts;                              // that it was made of
    bool sees(std::string_view metric) const; // it has hooks, and none without which something is not seen is missing

    // One line for each thing that this kernel hides, some of it only from those who do not measure at the copy sites.
    std::vector<std::string> not_seen(CopySource source = CopySource::derived) const;
};

std::span<const Hook> hooks();

// What the hooks can be attached to, on any kernel.
Asked asked_of_kernel();

// Without what the kernel has refused. Fails if a required hook has no function on this kernel.
Result<Plan> make_plan(const Facts& facts, std::span<const Refusal> refusals = {});

} // namespace copyscope
