// SPDX-License-Identifier: Apache-2.0
#include "probe/plan.h"

#include <fmt/format.h>

namespace copyscope {
namespace {

// System call wrappers, arch/x86/include/asm/syscall_wrapper.h. Calls by 32-bit programs (__ia32_*) are not seen.
constexpr const char* system_call_prefix = "__x64_sys_";

std::vector<Hook> build_table() {
    std::vector<Hook> table;
    for (const std::string call :
         {"read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "pwritev", "pwritev2",
          "sendto", "sendmsg", "recvfrom", "recvmsg", "sendfile64", "splice", "copy_file_range"}) {
        // These are opened in vfs_read, vfs_readv and their like, see bpf/file.bpf.c.
        const bool vfs = call.contains("read") || call.contains("write");
        if (!vfs)
            table.push_back({"operations", "enter_" + call, {call}, true, true});
        table.push_back({"operations", "exit_" + call, {call}, true, true});
    }
    for (const char* program : {"enter_ioctl", "exit_ioctl"})
        table.push_back({.metric = "DMA buffer calls",
                         .program = program,
                         .functions = {"ioctl"},
                         .system_call = true,
                         .dma_buffer = true});
    const std::vector<Hook> rest = {
        {"operations", "enter_vfs_read", {"vfs_read"}, true},
        {"operations", "enter_vfs_write", {"vfs_write"}, true},
        {.metric = "operations",
         .program = "enter_vfs_readv",
         .functions = {"vfs_readv"},
         .absent = "readv, preadv and preadv2"},
        {.metric = "operations",
         .program = "enter_vfs_writev",
         .functions = {"vfs_writev"},
         .absent = "writev, pwritev and pwritev2"},
        {"scope", "inherit_scope", {"btf_trace_sched_process_fork"}, true},
        {"scope", "follow_exec", {"btf_trace_sched_process_exec"}, true},
        {"scope", "end_thread", {"btf_trace_sched_process_exit"}, true},
        {.metric = "cgroup names", .program = "name_cgroup", .functions = {}, .tracepoint = "cgroup:cgroup_mkdir"},

        {"page faults", "enter_fault", {"handle_mm_fault"}, true},
        {"page faults", "exit_fault", {"handle_mm_fault"}, true},
        {"copy-on-write", "cow_copy", {"copy_mc_to_kernel"}, false, false, "copy-on-write copies"},
        {"copy-on-write", "cow_finish", {"finish_fault"}, false, false, "copies of private file mappings"},
        {"copy-on-write", "cow_huge", {"copy_user_huge_page"}},
        // from 6.11 on migration has a copy routine of its own
        {"page migration", "move_folio", {"folio_copy"}, false, false, "pages that memory management moves"},
        {"page migration", "begin_move", {"folio_mc_copy"}},
        {"page migration", "end_move", {"folio_mc_copy"}},
        {"pages mapped around", "map_page", {"do_set_pte"}},
        {"pages mapped around", "map_pages", {"set_pte_range"}},
        {"swap-ins", "swap_in_page", {"swap_readpage"}},
        {"swap-ins", "swap_in_folio", {"swap_read_folio"}},

        {"copies to user", "read_page_cache", {"filemap_read"}, true},
        {"copies to user", "read_tmpfs", {"shmem_file_read_iter"}, false, false, "copies from tmpfs"},
        {"copies to user", "read_pipe", {"pipe_read", "anon_pipe_read"}, false, false, "copies from pipes"},
        {"copies to user", "receive_skb", {"skb_copy_datagram_iter"}, true},
        {"copies to user",
         "receive_checksum",
         {"skb_copy_and_csum_datagram_msg"},
         false,
         false,
         "UDP receive that verifies checksums"},
        {"copies from user", "write_generic", {"generic_perform_write"}, true},
        {"copies from user", "write_iomap", {"iomap_file_buffered_write"}, false, false, "copies into xfs"},
        {"copies from user", "write_btrfs", {"btrfs:btrfs_copy_from_user"}},
        {"copies from user", "write_pipe", {"pipe_write", "anon_pipe_write"}, false, false, "copies into pipes"},
        {"copies from user", "send_tcp", {"tcp_sendmsg_locked"}, true},
        {"copies from user", "send_unix", {"skb_copy_datagram_from_iter"}, false, false, "copies into unix sockets"},
        {"copies from user", "send_udp", {"ip_generic_getfrag"}, false, false, "copies into UDP sockets"},
        {"copies on transmit", "copy_bits", {"skb_copy_bits"}, true},
        {"copies on transmit", "copy_checksum_bits", {"skb_copy_and_csum_bits"}},
        {"late zero-copy copies",
         "pin_pages",
         {"msg_zerocopy_realloc"},
         false,
         false,
         "owners of MSG_ZEROCOPY pages that are copied after all"},
        {"late zero-copy copies", "unpin_pages", {"msg_zerocopy_callback", "msg_zerocopy_complete"}},
        {"late zero-copy copies", "begin_late_copy", {"skb_copy_ubufs"}},
        {"late zero-copy copies",
         "finish_late_copy",
         {"skb_copy_ubufs"},
         false,
         false,
         "MSG_ZEROCOPY pages that are copied after all"},

        // up to 6.4 splice reads through filemap_read with an ITER_PIPE and sends through do_tcp_sendpages
        {"references", "splice_page_cache", {"filemap_splice_read"}},
        {"references", "splice_tmpfs", {"shmem_file_splice_read"}},
        {"references", "share_blocks", {"generic_remap_file_range_prep"}, false, false, "blocks shared by reflink"},
        {"references", "splice_socket", {"skb_splice_bits"}, false, false, "splice from sockets"},
        {"references", "send_pages", {"do_tcp_sendpages"}},
        {"references", "begin_send_pages", {"do_tcp_sendpages"}},
        {"references", "send_spliced", {"skb_splice_from_iter"}},
        {"references", "send_zerocopy", {"skb_zerocopy_iter_stream"}, false, false, "MSG_ZEROCOPY references"},
        {"references", "pin_user_pages", {"bio_iov_iter_get_pages"}, true},

        {"socket owners", "begin_send", {"tcp_sendmsg_locked"}, true},
        {"NIC DMA", "start_frame", {"btf_trace_net_dev_start_xmit"}, true},
        {"NIC DMA", "finish_frame", {"btf_trace_net_dev_xmit"}, true},
        {"disk DMA", "submit_io", {"submit_bio_noacct"}, true},
        {"disk DMA", "end_io", {"bio_endio"}, true},
        {"disk DMA", "complete_io", {"btf_trace_block_rq_complete"}, true},
        {"disk DMA", "forget_inode", {"clear_inode"}, true},

        {.metric = "bounce copies",
         .program = "begin_mapping",
         .functions = {"swiotlb_map"},
         .absent = "bounce-buffer copies",
         .bounce_buffers = true},
        // on newer kernels (6.12, not 6.1) those that do the work are wrapped by functions of the older names that skip
        // what needs none; the wrappers have types as well, and cannot be hooked
        {.metric = "bounce copies",
         .program = "end_mapping",
         .functions = {"__swiotlb_tbl_unmap_single", "swiotlb_tbl_unmap_single"},
         .absent = "bounce-buffer copies from devices",
         .bounce_buffers = true},
        {.metric = "bounce copies",
         .program = "sync_for_device",
         .functions = {"__swiotlb_sync_single_for_device", "swiotlb_sync_single_for_device"},
         .bounce_buffers = true},
        {.metric = "bounce copies",
         .program = "sync_for_cpu",
         .functions = {"__swiotlb_sync_single_for_cpu", "swiotlb_sync_single_for_cpu"},
         .bounce_buffers = true},
        {.metric = "bounce copies",
         .program = "begin_request",
         .functions = {"btf_trace_block_rq_issue"},
         .bounce_buffers = true},
        {.metric = "bounce copies",
         .program = "begin_nvme_request",
         .functions = {},
         .tracepoint = "nvme:nvme_setup_cmd",
         .bounce_buffers = true},
        {.metric = "DMA API syncs",
         .program = "api_sync_cpu_single",
         .functions = {"__dma_sync_single_for_cpu", "dma_sync_single_for_cpu"},
         .absent = "syncs by the DMA API for the CPU"},
        {.metric = "DMA API syncs",
         .program = "api_sync_device_single",
         .functions = {"__dma_sync_single_for_device", "dma_sync_single_for_device"},
         .absent = "syncs by the DMA API for devices"},
        {.metric = "PIO copies",
         .program = "transfer_sector",
         .functions = {},
         .absent = "PIO copies of disks",
         .tracepoint = "libata:ata_sff_pio_transfer_data"},
        {.metric = "PIO copies",
         .program = "transfer_packet",
         .functions = {},
         .tracepoint = "libata:atapi_pio_transfer_data"},
    };
    table.insert(table.end(), rest.begin(), rest.end());
    return table;
}

std::string name_of(const Hook& hook, const std::string& function) {
    return hook.system_call ? system_call_prefix + function : function;
}

Binding bind(const Hook& hook, const Facts& facts) {
    if ((hook.dma_buffer && !facts.dma_device) || (hook.bounce_buffers && !facts.bounce_buffers))
        return {&hook, "", false};
    if (*hook.tracepoint)
        return {&hook, facts.has_tracepoint(hook.tracepoint) ? hook.tracepoint : ""};
    for (const auto& function : hook.functions) {
        const auto name = name_of(hook, function);
        if (facts.has_function(name))
            return {&hook, name};
    }
    return {&hook, ""};
}

} // namespace

std::span<const Hook> hooks() {
    static const std::vector<Hook> table = build_table();
    return table;
}

Asked asked_of_kernel() {
    Asked asked;
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

Result<Plan> make_plan(const Facts& facts) {
    Plan plan;
    for (const auto& hook : hooks()) {
        plan.bindings.push_back(bind(hook, facts));
        if (hook.required && !plan.bindings.back().bound())
            return fail(fmt::format("kernel {} does not let {} be attached, which {} need: `copyscope doctor` lists "
                                    "what it does",
                                    facts.release, wanted(hook), hook.metric));
    }
    return plan;
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
        if (binding.missing())
            lines.push_back(fmt::format("{} (no {} to attach to)", binding.hook->absent, wanted(*binding.hook)));
    // What no hook of this version covers, on any kernel.
    lines.insert(lines.end(), {"copies by drivers of their own and by the loop device", "bounce buffers of an IOMMU",
                               "maps, unmaps and list syncs of the DMA API", "NIC DMA of UDP and unix sockets",
                               "write-back of mapped pages", "system calls of 32-bit programs",
                               "io_uring, AIO, sendmmsg, vmsplice, tee, process_vm_readv"});
    if (source != CopySource::module)
        lines.push_back("copies of seq_file, terminals and most UDP receive");
    return lines;
}

} // namespace copyscope
