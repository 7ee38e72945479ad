// SPDX-License-Identifier: Apache-2.0
#include "probe/aim.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace copyscope {
namespace {

// libbpf's callback has no place for a pointer of ours.
thread_local Aim* current = nullptr;

int before_load(bpf_program* program, bpf_prog_load_opts* options, long) {
    if (!current)
        return 0;
    current->note(program);
    if (const auto target = current->of(program))
        options->attach_btf_id = target; // else it is what libbpf was told
    return 0;
}

// Instead of libbpf's own for sections of these names, in this process, for good.
bool register_handlers() {
    constexpr bpf_attach_type no_attach_type{};
    LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = before_load);
    return libbpf_register_prog_handler("fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, &options) >= 0 &&
           libbpf_register_prog_handler("fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, &options) >= 0 &&
           libbpf_register_prog_handler("tp_btf/", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, &options) >= 0 &&
           libbpf_register_prog_handler("raw_tp+", BPF_PROG_TYPE_RAW_TRACEPOINT, no_attach_type, &options) >= 0 &&
           libbpf_register_prog_handler("perf_event", BPF_PROG_TYPE_PERF_EVENT, no_attach_type, &options) >= 0;
}

} // namespace

Aim::Aim() {
    // It can only fail for want of memory; the programs then have no target, and loading says so.
    static const bool registered [[maybe_unused]] = register_handlers();
    current = this;
}

Aim::~Aim() {
    current = nullptr;
}

std::uint32_t Aim::of(const bpf_program* program) const {
    const auto found = targets_.find(program);
    return found == targets_.end() ? 0 : found->second;
}

} // namespace copyscope
