// SPDX-License-Identifier: Apache-2.0
#include "probe/programs.h"

#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

#include "base/stopwatch.h"
#include "copyscope.h" // the contract of /dev/copyscope
#include "copyscope.skel.h"
#include "probe/aim.h"
#include "probe/libbpf_words.h"
#include "probe/proof.h"
#include "probe/snapshot.h"
#include "probe/verifier_log.h"

static_assert(COPYSCOPE_CALL_SYNC == COPYSCOPE_DMA_SYNC && COPYSCOPE_CALL_SYNC_FOR_CPU == COPYSCOPE_DMA_FOR_CPU &&
                  offsetof(copyscope_call_sync, length) == offsetof(copyscope_dma_sync, length) &&
                  offsetof(copyscope_call_sync, owner) == offsetof(copyscope_dma_sync, owner),
              "BPF reads the SYNC that the module is given");

namespace copyscope {
namespace {

// Those that listen to the module's sites.
std::array<bpf_program*, 3> module_programs(const copyscope_bpf& skeleton) {
    const auto& progs = skeleton.progs;
    return {progs.measure_copy, progs.measure_skb_copy, progs.measure_device_copy};
}

// The programs that measure. What they need besides is read-only to BPF and must be set before loading.
void choose(copyscope_bpf& skeleton, CopySource source) {
    skeleton.rodata->measures = source != CopySource::derived;
    skeleton.rodata->module_measures = source == CopySource::module;
    if (source != CopySource::module) // 5 MB, as long as it is there
        bpf_map__set_max_entries(skeleton.maps.sender_cookies, 1);
    for (auto* program : module_programs(skeleton))
        bpf_program__set_autoload(program, source == CopySource::module);
    bpf_program__set_autoload(skeleton.progs.measure_breakpoint, source == CopySource::breakpoints);
}

// "btrfs:btrfs_copy_from_user": libbpf goes through the modules for it.
const char* name_in_module(const std::string& function) {
    return function.c_str() + function.find(':') + 1;
}

std::string words_of_attaching(int err) {
    switch (err) {
    case EBUSY: // arch/x86/net/bpf_jit_comp.c:__bpf_arch_text_poke
        return "no room in it for a hook";
    case E2BIG: // kernel/bpf/trampoline.c:__bpf_trampoline_link_prog, BPF_MAX_TRAMP_LINKS
        return "no room for another program beside those of others";
    default:
        return std::strerror(err);
    }
}

// COPYSCOPE_SKIP=PROGRAM[,PROGRAM...] in the environment: these are loaded and not attached, and nobody is told. For
// tests that what misses a hook is noticed.
bool is_skipped(const std::string& program) {
    static const char* named = std::getenv("COPYSCOPE_SKIP");
    return named && fmt::format(",{},", named).contains(fmt::format(",{},", program));
}

// COPYSCOPE_AIM=PROGRAM:FUNCTION in the environment: it is aimed at that function instead of its own, and the kernel
// refuses it where the function has not its parameters. For tests of what a refused program costs.
void aim_elsewhere(const bpf_object* object, Aim& aim) {
    const char* named = std::getenv("COPYSCOPE_AIM");
    const std::string text = named ? named : "";
    const auto colon = text.find(':');
    auto* program = bpf_object__find_program_by_name(object, text.substr(0, colon).c_str());
    if (!program || colon == std::string::npos)
        return;
    aim.at(program, 0); // libbpf looks for the function by its name
    bpf_program__set_attach_target(program, 0, text.c_str() + colon + 1);
}

} // namespace

Programs::~Programs() {
    const Stopwatch stopwatch("detach");
    if (skeleton_ && skeleton_->data)
        skeleton_->data->scope = COPYSCOPE_SCOPE_OFF;
    for (auto* link : links_)
        bpf_link__destroy(link);
    copyscope_bpf__destroy(skeleton_);
}

Status Programs::attach(const Plan& plan, const Facts& facts) {
    listen_to_libbpf();
    TRY(open_source());
    TRY(load(plan, facts));
    const Stopwatch stopwatch("attach");
    TRY(attach_plan(plan));
    return attach_source();
}

// Whether there are breakpoints to be had is known before anything is loaded.
Status Programs::open_source() {
    if (source_ != CopySource::breakpoints)
        return {};
    auto breakpoints = TRY(open_breakpoints());
    breakpoints_ = std::move(breakpoints);
    not_measured_ = breakpoints_.not_set;
    return {};
}

Status Programs::load(const Plan& plan, const Facts& facts) {
    const Stopwatch stopwatch("load");
    const VerifierLog log;
    Aim aim; // before the object is opened: libbpf then looks who cares for which section
    skeleton_ = copyscope_bpf__open();
    if (!skeleton_)
        return explain("cannot open the BPF object", -errno);
    for (const auto& binding : plan.bindings) {
        if (!binding.bound())
            continue;
        auto* program = bpf_object__find_program_by_name(skeleton_->obj, binding.hook->program.c_str());
        if (!program)
            return fail(fmt::format("this build has no BPF program {}", binding.hook->program));
        bpf_program__set_autoload(program, true);
        log.listen_to(program);
        if (*binding.hook->tracepoint) // is named when the program is attached
            continue;
        if (const auto id = facts.functions.at(binding.function)) {
            aim.at(program, id);
        } else if (bpf_program__set_attach_target(program, 0, name_in_module(binding.function))) {
            // its module was built without types, or has just gone
            return refuse(binding, "cannot aim", std::strerror(errno));
        }
    }
    aim_elsewhere(skeleton_->obj, aim);
    choose(*skeleton_, source_);
    skeleton_->rodata->dma_buffer_device = facts.dma_device;
    const int err = copyscope_bpf__load(skeleton_);
    if (!err)
        return {};
    for (const auto& binding : plan.bindings)
        if (aim.last() && binding.bound() && binding.hook->program == bpf_program__name(aim.last()))
            return refuse(binding, "the kernel refused", log.reason(err));
    const char* name = aim.last() ? bpf_program__name(aim.last()) : "the BPF programs";
    return fail(fmt::format("the kernel refused {}: {}", name, log.reason(err)));
}

Status Programs::refuse(const Binding& binding, const std::string& what, std::string reason) {
    refused_ = Refusal{.program = binding.hook->program, .function = binding.function, .reason = std::move(reason)};
    return fail(fmt::format("{} {} for {}: {}", what, refused_->program, refused_->function, refused_->reason));
}

Status Programs::attach_plan(const Plan& plan) {
    for (const auto& binding : plan.bindings)
        if (binding.bound())
            TRY(attach_binding(binding));
    trampolines_.seal();
    return {};
}

Status Programs::attach_binding(const Binding& binding) {
    if (is_skipped(binding.hook->program))
        return {};
    auto* program = bpf_object__find_program_by_name(skeleton_->obj, binding.hook->program.c_str());
    const std::string_view tracepoint = binding.hook->tracepoint;
    auto* link = tracepoint.empty()
                     ? bpf_program__attach_trace(program)
                     : bpf_program__attach_raw_tracepoint(program, tracepoint.substr(tracepoint.find(':') + 1).data());
    if (!link)
        return refuse(binding, "cannot attach", words_of_attaching(errno));
    if (!binding.is_tracepoint())
        trampolines_.hold(link);
    else
        links_.push_back(link);
    return {};
}

Status Programs::attach_source() {
    switch (source_) {
    case CopySource::module:
        return attach_module();
    case CopySource::breakpoints:
        return attach_breakpoints();
    case CopySource::derived:
        break;
    }
    return {};
}

Status Programs::attach_breakpoints() {
    for (auto& breakpoint : breakpoints_.set)
        for (auto& event : breakpoint.events) {
            LIBBPF_OPTS(bpf_perf_event_opts, options, .bpf_cookie = breakpoint.cookie);
            auto* link =
                bpf_program__attach_perf_event_opts(skeleton_->progs.measure_breakpoint, event.get(), &options);
            if (!link)
                return explain("cannot attach to the breakpoint on " + breakpoint.function, -errno);
            event.release(); // the link's now
            links_.push_back(link);
        }
    return {};
}

// From the first of these on the module's sites are probed; with the last link they are as before.
Status Programs::attach_module() {
    for (auto* program : module_programs(*skeleton_)) {
        const std::string_view section = bpf_program__section_name(program); // "raw_tp/TRACEPOINT"
        auto* link = bpf_program__attach_raw_tracepoint(program, section.substr(section.find('/') + 1).data());
        if (!link)
            return explain(fmt::format("cannot attach {} to the module copyscope", bpf_program__name(program)), -errno);
        links_.push_back(link);
    }
    auto table = TRY(SiteTable::open());
    sites_ = std::move(table);
    const auto sites = sites_->read(); // returns when they are armed
    if (!sites)
        return std::unexpected(sites.error());
    for (const auto& site : *sites)
        if (site.state != "armed" && site.state != "unavailable")
            not_measured_.push_back(fmt::format("{} (the module's site is {})", site.name, site.state));
    return {};
}

Result<std::vector<std::string>> Programs::quiet(const Plan& plan) {
    return quiet_hooks(known_, plan, skeleton_->obj);
}

Result<Losses> Programs::losses() const {
    auto losses = read_losses(skeleton_->maps.losses, skeleton_->obj, skeleton_->data->made_up_for);
    if (!losses || source_ != CopySource::module)
        return losses;
    const auto sites = TRY(sites_->read());
    losses->missed += missed_hits(sites);
    return losses;
}

} // namespace copyscope
