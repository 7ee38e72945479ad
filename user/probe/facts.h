// SPDX-License-Identifier: Apache-2.0
// What the running kernel offers: asked, never derived from its version. Knows nothing of which metric wants what.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/result.h"

namespace copyscope {

struct Facts {
    std::string release;          // uname -r
    std::string machine;          // uname -m
    bool btf = false;             // /sys/kernel/btf/vmlinux is readable
    bool root = false;            // CAP_BPF + CAP_PERFMON, or CAP_SYS_ADMIN
    std::string tracefs;          // where it is mounted and lists what can be attached; empty: nowhere
    bool bounce_buffers = true;   // the kernel has some, or does not say (debugfs is not mounted)
    std::string lockdown;         // "none", "integrity", "confidentiality"; empty: the kernel has no lockdown
    bool module_loaded = false;   // our kernel module
    std::uint32_t dma_device = 0; // /dev/copyscope, in the kernel's form (make_device); 0: it is not there
    int module_abi = 0;           // of its tracepoints, see COPYSCOPE_MODULE_ABI; 0: unknown
    std::unordered_set<std::string> attachable;  // available_filter_functions, without module names
    std::unordered_set<std::string> tracepoints; // available_events: "system:name", those of loaded modules included

    bool can_attach(const std::string& function) const { return attachable.contains(function); }
    bool has_tracepoint(const std::string& tracepoint) const { return tracepoints.contains(tracepoint); }

    // OK if profiling is possible, else one line that says why not and what to do about it.
    Status possible() const;
};

// Whether our kernel module is there now. Needs no privilege.
bool module_is_loaded(const std::string& root = "");

// Reads the facts below `root` ("" for the running kernel; a fixture tree in tests). Mounts nothing.
Facts read_facts(const std::string& root = "");

// The same but for the two lists, which the kernel prints slowly: most of a second on an emulated machine.
Facts read_quick_facts(const std::string& root = "");

} // namespace copyscope
