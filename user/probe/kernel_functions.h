// SPDX-License-Identifier: Apache-2.0
// What BPF programs can be aimed at in the running kernel, as its BTF knows it: functions, and tracepoints of the
// kernel itself. Knows nothing of what can be attached to them: a few functions have no room for a hook (notrace,
// inlined), and only attaching finds that out without asking ftrace for its list of all functions, which takes a third
// of a billion instructions to print and waits while programs are being detached.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.h"

namespace copyscope {

// Name to BTF id. A tracepoint's name is that of its type, "btf_trace_block_rq_complete". Of two functions of one name
// the first one counts, as it does for libbpf.
using KernelFunctions = std::unordered_map<std::string, std::uint32_t>;

// Those of `asked` that are there. From a file of raw BTF (Documentation/bpf/btf.rst), /sys/kernel/btf/vmlinux;
// libbpf's parser would index and check all types for it, which costs eight times as much, in every session.
Result<KernelFunctions> read_kernel_functions(const std::string& path, std::span<const std::string> asked);

} // namespace copyscope
