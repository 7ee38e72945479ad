// SPDX-License-Identifier: Apache-2.0
// What the running kernel offers: asked, never derived from its version. Knows nothing of which metric wants what.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "probe/kernel_functions.h"

namespace copyscope {

struct Facts {
    std::string release;          // uname -r
    std::string machine;          // uname -m
    bool btf = false;             // /sys/kernel/btf/vmlinux is readable
    bool root = false;            // CAP_BPF + CAP_PERFMON, or CAP_SYS_ADMIN
    std::string tracefs;          // where it is mounted and can list functions; empty: nowhere
    bool ftrace_enabled = true;   // kernel.ftrace_enabled; while it is 0, hooks are attached and never run
    bool jit_enabled = true;      // net.core.bpf_jit_enable; without it no program can be attached to a function
    bool bounce_buffers = true;   // the kernel has some, or does not say (debugfs is not mounted)
    std::string lockdown;         // "none", "integrity", "confidentiality"; empty: the kernel has no lockdown
    bool module_loaded = false;   // our kernel module
    std::uint32_t dma_device = 0; // /dev/copyscope, in the kernel's form (make_device); 0: it is not there
    int module_abi = 0;           // of its tracepoints, see COPYSCOPE_MODULE_ABI; 0: unknown
    KernelFunctions functions;    // of those asked for; those of a module have no id, only that it is there is known
    std::unordered_set<std::string> tracepoints; // of those asked for: "system:name", those of loaded modules included

    bool has_function(const std::string& function) const { return functions.contains(function); }
    bool has_tracepoint(const std::string& tracepoint) const { return tracepoints.contains(tracepoint); }

    // OK if profiling is possible, else one line that says why not and what to do about it.
    Status possible() const;
};

// Whether our kernel module is there now. Needs no privilege.
bool module_is_loaded(const std::string& root = "");

// What to look for, because the kernel has tens of thousands: functions, also of modules
// ("btrfs:btrfs_copy_from_user"), types of tracepoints ("btf_trace_...") and tracepoints of modules
// ("nvme:nvme_setup_cmd").
struct Asked {
    std::vector<std::string> functions, tracepoints;
};

// Reads the facts below `root` ("" for the running kernel; a fixture tree in tests). Mounts nothing.
Facts read_facts(const Asked& asked, const std::string& root = "");

// The same but for the functions and tracepoints, which take some time.
Facts read_quick_facts(const std::string& root = "");

} // namespace copyscope
