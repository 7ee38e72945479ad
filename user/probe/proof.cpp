// SPDX-License-Identifier: Apache-2.0
#include "probe/proof.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <unordered_map>

#include "base/fd.h"

namespace copyscope {
namespace {

constexpr int tries = 3;

using Runs = std::unordered_map<std::string, std::uint64_t>; // by program

std::uint64_t runs_of(const bpf_object* object, const std::string& program) {
    const auto* found = bpf_object__find_program_by_name(object, program.c_str());
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    if (!found || bpf_obj_get_info_by_fd(bpf_program__fd(found), &info, &size))
        return 0;
    return info.run_cnt;
}

Runs runs_of(const Plan& plan, const bpf_object* object) {
    Runs runs;
    for (const auto& binding : plan.bindings)
        if (binding.bound())
            runs[binding.hook->program] = runs_of(object, binding.hook->program);
    return runs;
}

} // namespace

Result<std::vector<std::string>> quiet_hooks(KnownOperations& operations, const Plan& plan, bpf_object* object) {
    const Fd counting(bpf_enable_stats(BPF_STATS_RUN_TIME)); // until it is closed
    if (!counting)
        return fail_errno("the kernel does not count the runs of BPF programs for us");
    const auto before = runs_of(plan, object);
    std::vector<std::string> quiet;
    for (int i = 0; i == 0 || (i < tries && !quiet.empty()); i++) {
        const auto expected = operations.perform();
        quiet.clear();
        for (const auto& binding : plan.bindings) {
            const auto& program = binding.hook->program;
            if (binding.bound() && std::ranges::find(expected, program) != expected.end() &&
                runs_of(object, program) == before.at(program))
                quiet.push_back(fmt::format("{} ({})", program, binding.function));
        }
    }
    return quiet;
}

std::string remedy_of_quiet_hooks() {
    const auto facts = read_quick_facts();
    if (!facts.ftrace_enabled)
        return "sysctl kernel.ftrace_enabled=1";
    return "another tracer may hold these functions: end it, and begin again";
}

} // namespace copyscope
