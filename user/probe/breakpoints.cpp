// SPDX-License-Identifier: Apache-2.0
#include "probe/breakpoints.h"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/types.h>
#include <map>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "copyscope_abi.h"

namespace copyscope {
namespace {

// In the order of what they are worth. Each is a leaf: none calls another (lib/iov_iter.c).
struct Site {
    std::vector<std::string> names; // over kernel versions, newest last
    std::uint64_t cookie;
    bool required;
};
const std::vector<Site>& sites() {
    static const std::vector<Site> table = {
        {{"_copy_to_iter"}, 0, true},
        {{"_copy_from_iter"}, COPYSCOPE_BREAK_FROM, true},
        // v7.0 renamed it and takes a folio
        {{"copy_page_from_iter_atomic", "copy_folio_from_iter_atomic"},
         COPYSCOPE_BREAK_FROM | COPYSCOPE_BREAK_PAGE,
         true},
        {{"_copy_from_iter_nocache"}, COPYSCOPE_BREAK_FROM, false},
    };
    return table;
}

// Addresses of the sites' functions in the kernel itself; all are zero where kptr_restrict hides them.
std::map<std::string, std::uint64_t> find_addresses(const std::string& kallsyms) {
    std::map<std::string, std::uint64_t> found;
    for (const auto& site : sites())
        for (const auto& name : site.names)
            found[name] = 0;
    std::ifstream file(kallsyms);
    std::string line;
    while (std::getline(file, line)) {
        const auto first = line.find(' '), second = line.find(' ', first + 1);
        if (second == std::string::npos || line.find('\t', second) != std::string::npos) // of a module
            continue;
        if (const auto wanted = found.find(line.substr(second + 1)); wanted != found.end())
            wanted->second = std::strtoull(line.c_str(), nullptr, 16);
    }
    return found;
}

Result<Fd> open_event(std::uint64_t address, int cpu) {
    perf_event_attr attr{};
    attr.size = sizeof(attr);
    attr.type = PERF_TYPE_BREAKPOINT;
    attr.bp_type = HW_BREAKPOINT_X;
    attr.bp_addr = address;
    attr.bp_len = sizeof(long); // what x86 demands of an execution breakpoint, arch/x86/kernel/hw_breakpoint.c
    attr.sample_period = 1;     // every hit
    attr.exclude_user = 1;
    attr.disabled = 1;
    const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0)
        return Fd(static_cast<int>(fd));
    switch (errno) {
    case ENOSPC:
        return fail("all debug registers are taken: end the debugger or perf that holds them (perf list, gdb)");
    case EACCES:
    case EPERM:
        return fail("the kernel permits no breakpoint on itself: run as root, boot without lockdown=confidentiality");
    case EOPNOTSUPP:
    case ENODEV:
    case ENOENT:
        return fail("this machine has no hardware breakpoints (or its hypervisor hides them): use the module");
    default:
        return fail_errno("cannot set a breakpoint on the kernel");
    }
}

std::vector<int> online_processors() {
    // Of the machine and not of this process, whose affinity may be narrower.
    std::vector<int> cpus;
    std::ifstream file("/sys/devices/system/cpu/online"); // "0-3,5"
    std::string range;
    while (std::getline(file, range, ',')) {
        int first = 0, last = 0;
        const int read = std::sscanf(range.c_str(), "%d-%d", &first, &last);
        for (int cpu = first; read > 0 && cpu <= (read == 2 ? last : first); cpu++)
            cpus.push_back(cpu);
    }
    return cpus;
}

Result<Breakpoint> set_breakpoint(const Site& site, const std::map<std::string, std::uint64_t>& addresses) {
    Breakpoint breakpoint{.function = site.names.front(), .cookie = site.cookie, .events = {}};
    std::uint64_t address = 0;
    for (const auto& name : site.names)
        if (const auto known = addresses.at(name)) {
            breakpoint.function = name;
            address = known;
        }
    if (!address)
        return fail("its address is not in /proc/kallsyms: run as root with kernel.kptr_restrict at most 1");
    for (const int cpu : online_processors()) {
        auto event = TRY(open_event(address, cpu));
        breakpoint.events.push_back(std::move(event));
    }
    return breakpoint;
}

} // namespace

Result<Breakpoints> open_breakpoints(const std::string& kallsyms) {
    const auto addresses = find_addresses(kallsyms);
    Breakpoints result;
    for (const auto& site : sites()) {
        auto breakpoint = set_breakpoint(site, addresses);
        if (breakpoint)
            result.set.push_back(std::move(*breakpoint));
        else if (site.required)
            return std::unexpected(breakpoint.error().within(fmt::format("no breakpoint on {}", site.names.front())));
        else
            result.not_set.push_back(fmt::format("{} ({})", site.names.front(), breakpoint.error().message));
    }
    return result;
}

} // namespace copyscope
