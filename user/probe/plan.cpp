// SPDX-License-Identifier: Apache-2.0
#include "probe/plan.h"

#include <algorithm>
#include <fmt/format.h>

#include "probe/gaps.h"

namespace copyscope {
namespace {

// System call wrappers, arch/x86/include/asm/syscall_wrapper.h. Calls by 32-bit programs (__ia32_*) are not seen.
constexpr const char* system_call_prefix = "__x64_sys_";

std::string name_of(const Hook& hook, const std::string& function) {
    return hook.system_call ? system_call_prefix + function : function;
}

const Refusal* refusal_of(std::span<const Refusal> refusals, const Hook& hook, const std::string& function) {
    const auto found = std::ranges::find_if(refusals, [&](const Refusal& refusal) {
        return refusal.program == hook.program && refusal.function == function;
    });
    return found == refusals.end() ? nullptr : &*found;
}

Binding bind(const Hook& hook, const Facts& facts, std::span<const Refusal> refusals) {
    Binding binding{.hook = &hook, .function = ""};
    if ((hook.dma_buffer && !facts.dma_device) || (hook.bounce_buffers && !facts.bounce_buffers)) {
        binding.needed = false;
        return binding;
    }
    const auto take = [&](const std::string& name) {
        if (const auto* refusal = refusal_of(refusals, hook, name))
            binding.refusal = fmt::format("{}: {}", name, refusal->reason);
        else
            binding.function = name;
        return binding.bound();
    };
    if (*hook.tracepoint && facts.has_tracepoint(hook.tracepoint))
        take(hook.tracepoint);
    for (const auto& function : hook.functions)
        if (const auto name = name_of(hook, function); facts.has_function(name) && take(name))
            break;
    return binding;
}

// One of a pair without the other would leave open what it has begun, or end what nobody began.
void unbind_halves(std::vector<Binding>& bindings) {
    for (auto& binding : bindings) {
        const auto& partner = binding.hook->partner;
        if (partner.empty() || !binding.bound())
            continue;
        const auto other = std::ranges::find(bindings, partner, [](const Binding& each) { return each.hook->program; });
        if (other == bindings.end() || other->bound())
            continue;
        binding.refusal =
            other->refusal.empty() ? fmt::format("no {} to attach to", wanted(*other->hook)) : other->refusal;
        binding.function.clear();
    }
}

} // namespace

Asked asked_of_kernel() {
    Asked asked{.functions = functions_of_gaps(), .tracepoints = {}};
    for (const auto& hook : hooks()) {
        for (const auto& function : hook.functions)
            asked.functions.push_back(name_of(hook, function));
        if (*hook.tracepoint)
            asked.tracepoints.emplace_back(hook.tracepoint);
    }
    return asked;
}

std::string wanted(const Hook& hook) {
    constexpr std::string_view type = "btf_trace_";
    if (*hook.tracepoint)
        return fmt::format("tracepoint {}", hook.tracepoint);
    const auto& function = hook.functions.front();
    return function.starts_with(type) ? "tracepoint " + function.substr(type.size()) : function;
}

Result<Plan> make_plan(const Facts& facts, std::span<const Refusal> refusals) {
    Plan plan{.bindings = {}, .facts = facts};
    for (const auto& hook : hooks())
        plan.bindings.push_back(bind(hook, facts, refusals));
    unbind_halves(plan.bindings);
    for (const auto& binding : plan.bindings) {
        const auto& hook = *binding.hook;
        if (!hook.required || binding.bound())
            continue;
        return fail(
            binding.refusal.empty()
                ? fmt::format("kernel {} does not let {} be attached, which {} need: `copyscope doctor` lists "
                              "what it does",
                              facts.release, wanted(hook), hook.metric)
                : fmt::format("the kernel refuses {}, which {} need: {}", hook.program, hook.metric, binding.refusal));
    }
    return plan;
}

std::string Binding::not_seen() const {
    if (refusal.empty())
        return fmt::format("{} (no {} to attach to)", hook->absent, wanted(*hook));
    return fmt::format("{} ({})", *hook->absent ? hook->absent : hook->metric, refusal);
}

bool Plan::sees(std::string_view metric) const {
    bool any = false;
    for (const auto& binding : bindings) {
        if (binding.hook->metric != metric)
            continue;
        if (binding.missing())
            return false;
        any = any || binding.bound() || !binding.needed;
    }
    return any;
}

std::vector<std::string> Plan::not_seen(CopySource source) const {
    std::vector<std::string> lines;
    for (const auto& binding : bindings)
        if (const auto line = binding.not_seen(); binding.missing() && std::ranges::find(lines, line) == lines.end())
            lines.push_back(line); // once for both of a pair
    const auto no_hooks = gaps_of(facts, source);
    lines.insert(lines.end(), no_hooks.begin(), no_hooks.end());
    return lines;
}

} // namespace copyscope
