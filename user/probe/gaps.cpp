// SPDX-License-Identifier: Apache-2.0
// What moves bytes and has no hook in this version: ways into the kernel, copies and DMA. The second place in user
// space that names functions of the kernel, because what a kernel cannot do is not missing there.
#include "probe/gaps.h"

#include <algorithm>
#include <array>

namespace copyscope {
namespace {

// Not seen if the kernel has one of the functions; always, if there is none to look for.
struct Gap {
    const char* what;
    std::vector<const char*> functions{};
    CopySource least = CopySource::module; // of the sources that do not see it, the best one
};

const std::vector<Gap>& table() {
    static const std::vector<Gap> gaps = {
        {.what = "io_uring", .functions = {"io_read", "io_issue_sqe"}},
        {.what = "AIO (io_submit)", .functions = {"aio_read"}},
        {.what = "sendmmsg and recvmmsg", .functions = {"__x64_sys_sendmmsg"}},
        {.what = "vmsplice", .functions = {"__x64_sys_vmsplice"}},
        {.what = "tee", .functions = {"__x64_sys_tee"}},
        {.what = "process_vm_readv and process_vm_writev", .functions = {"process_vm_rw"}},
        {.what = "TCP_ZEROCOPY_RECEIVE", .functions = {"tcp_zerocopy_receive"}},
        {.what = "system calls of 32-bit programs", .functions = {"__ia32_compat_sys_preadv", "__ia32_sys_read"}},
        {.what = "copies by drivers of their own and by the loop device"},
        {.what = "bounce buffers of an IOMMU", .functions = {"iommu_dma_map_page", "iommu_dma_map_phys"}},
        {.what = "maps, unmaps and list syncs of the DMA API"},
        {.what = "PIO of drivers other than libata"},
        {.what = "NIC DMA of UDP and unix sockets"},
        {.what = "pages that are swapped out", .functions = {"swap_writepage", "swap_writeout"}},
        {.what = "pages that fork copies", .functions = {"copy_page_range"}},
        {.what = "copies of terminals", .least = CopySource::breakpoints},
    };
    return gaps;
}

} // namespace

std::vector<std::string> functions_of_gaps() {
    std::vector<std::string> functions;
    for (const auto& gap : table())
        functions.insert(functions.end(), gap.functions.begin(), gap.functions.end());
    return functions;
}

std::vector<std::string> gaps_of(const Facts& facts, CopySource source) {
    std::vector<std::string> found;
    for (const auto& gap : table()) {
        const bool there = gap.functions.empty() || std::ranges::any_of(gap.functions, [&](const char* name) {
                               return facts.has_function(name);
                           });
        if (there && source <= gap.least)
            found.emplace_back(gap.what);
    }
    return found;
}

} // namespace copyscope
