// SPDX-License-Identifier: Apache-2.0
#include "probe/facts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <linux/capability.h>
#include <sstream>
#include <sys/utsname.h>

#include "base/stopwatch.h"
#include "model/account.h"

namespace copyscope {
namespace {

constexpr const char* btf_folder = "/sys/kernel/btf/"; // a file for the kernel, and one for each module that is loaded
constexpr const char* btf_file = "/sys/kernel/btf/vmlinux";
constexpr const char* vm_remedy = "or measure in a VM that boots one";

bool readable(const std::string& path) {
    return std::ifstream(path).good();
}

// Of this thread: others may have given theirs up. "CapEff:\t000001ffffffffff"
bool has_capabilities(const std::string& root) {
    std::ifstream status(root + "/proc/thread-self/status");
    std::string line;
    while (std::getline(status, line)) {
        if (!line.starts_with("CapEff:"))
            continue;
        const auto effective = std::stoull(line.substr(7), nullptr, 16);
        const auto has = [&](int capability) { return (effective >> capability) & 1; };
        return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
    }
    return false;
}

// "none [integrity] confidentiality": the one in force stands in brackets.
std::string read_lockdown(const std::string& root) {
    std::ifstream file(root + "/sys/kernel/security/lockdown");
    std::string word;
    while (file >> word)
        if (word.size() > 2 && word.front() == '[')
            return word.substr(1, word.size() - 2);
    return "";
}

// "nvme:nvme_setup_cmd" is the folder events/nvme/nvme_setup_cmd.
bool has_event(const std::string& tracefs, std::string tracepoint) {
    std::ranges::replace(tracepoint, ':', '/');
    std::error_code hidden;
    return std::filesystem::exists(tracefs + "/events/" + tracepoint, hidden);
}

// A sysctl that is not there, or that not everybody may read, is not off.
bool is_off(const std::string& sysctl) {
    std::ifstream file(sysctl);
    int value = 1;
    return file >> value && value == 0;
}

// "10:123". The module's node, whatever it is called in /dev.
std::uint32_t read_dma_device(const std::string& root) {
    std::ifstream file(root + "/sys/class/misc/copyscope/dev");
    std::uint32_t major = 0, minor = 0;
    char colon = 0;
    return file >> major >> colon >> minor && colon == ':' ? make_device(major, minor) : 0;
}

// 6.1 has the folder only if there are bounce buffers, 6.12 always.
bool read_bounce_buffers(const std::string& root) {
    const auto debugfs = root + "/sys/kernel/debug";
    std::ifstream file(debugfs + "/swiotlb/io_tlb_nslabs");
    std::uint64_t slabs = 0;
    if (file >> slabs)
        return slabs > 0;
    std::error_code hidden;                                        // only root may look into it
    return !std::filesystem::exists(debugfs + "/tracing", hidden); // nothing mounted there: unknown
}

constexpr std::array tracefs_mounts = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

} // namespace

bool module_is_loaded(const std::string& root) {
    return readable(root + "/sys/module/copyscope/initstate");
}

Facts read_quick_facts(const std::string& root) {
    Facts facts;
    utsname name{};
    if (uname(&name) == 0) {
        facts.release = name.release;
        facts.machine = name.machine;
    }
    facts.btf = readable(root + btf_file);
    facts.root = has_capabilities(root);
    facts.ftrace_enabled = !is_off(root + "/proc/sys/kernel/ftrace_enabled");
    facts.jit_enabled = !is_off(root + "/proc/sys/net/core/bpf_jit_enable");
    facts.bounce_buffers = read_bounce_buffers(root);
    facts.lockdown = read_lockdown(root);
    facts.dma_device = read_dma_device(root);
    std::ifstream abi(root + "/sys/module/copyscope/parameters/abi");
    facts.module_loaded = module_is_loaded(root) || abi.good();
    abi >> facts.module_abi;
    // Only whether it is there: its first line is already printed under ftrace's lock, which takes seconds to get while
    // a session's programs are being detached.
    for (const char* mount : tracefs_mounts)
        if (facts.tracefs.empty() && readable(root + mount + "/available_filter_functions"))
            facts.tracefs = root + mount;
    return facts;
}

Facts read_facts(const Asked& asked, const std::string& root) {
    const Stopwatch stopwatch("facts");
    Facts facts = read_quick_facts(root);
    for (const auto& tracepoint : asked.tracepoints)
        if (!facts.tracefs.empty() && has_event(facts.tracefs, tracepoint))
            facts.tracepoints.insert(tracepoint);
    if (auto functions = read_kernel_functions(root + btf_file, asked.functions))
        facts.functions = std::move(*functions);
    else
        facts.btf = false;
    for (const auto& function : asked.functions)
        if (const auto colon = function.find(':'); colon != std::string::npos)
            if (readable(root + btf_folder + function.substr(0, colon)))
                facts.functions.emplace(function, 0);
    return facts;
}

Status Facts::possible() const {
    if (machine != "x86_64")
        return fail(fmt::format("this build measures on x86_64, not on {}", machine));
    if (!root)
        return fail(
            "not permitted to trace the kernel: run it as root (or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN)");
    if (lockdown == "confidentiality")
        return fail("the kernel is locked down (confidentiality): boot without lockdown=confidentiality, or "
                    "turn secure boot off");
    if (!btf)
        return fail(fmt::format(
            "kernel {} has no BTF (/sys/kernel/btf/vmlinux is missing or damaged): boot a kernel built with "
            "CONFIG_DEBUG_INFO_BTF; {}",
            release, vm_remedy));
    if (tracefs.empty())
        return fail(fmt::format("kernel {} cannot trace functions (tracefs lists none): boot a kernel built with "
                                "CONFIG_FUNCTION_TRACER and CONFIG_BPF_EVENTS, or mount -t tracefs tracefs "
                                "/sys/kernel/tracing; {}",
                                release, vm_remedy));
    if (!ftrace_enabled)
        return fail("function tracing is switched off, hooks would not run: sysctl kernel.ftrace_enabled=1");
    if (!jit_enabled)
        return fail("the BPF JIT compiler is switched off, and functions can only be hooked with it: sysctl "
                    "net.core.bpf_jit_enable=1");
    return {};
}

} // namespace copyscope
