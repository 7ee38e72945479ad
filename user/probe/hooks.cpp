// SPDX-License-Identifier: Apache-2.0
// The table of hooks: the only place in user space that names functions of the kernel.
#include "probe/plan.h"

namespace copyscope {
namespace {

// A call whose beginning and end are both seen at the call itself.
void add_pair(std::vector<Hook>& table, const Hook& enter) {
    auto exit = enter;
    exit.program = enter.partner;
    exit.partner = enter.program;
    table.push_back(enter);
    table.push_back(exit);
}

std::vector<Hook> system_calls() {
    std::vector<Hook> table;
    // These are opened in vfs_read, vfs_readv and their like, see bpf/file.bpf.c. Without the exit they would stay
    // open.
    for (const std::string call :
         {"read", "pread64", "readv", "preadv", "preadv2", "write", "pwrite64", "writev", "pwritev", "pwritev2"})
        table.push_back({.metric = "operations",
                         .program = "exit_" + call,
                         .functions = {call},
                         .required = true,
                         .system_call = true});
    for (const char* call : {"sendto", "sendmsg", "recvfrom", "recvmsg", "sendfile64", "splice", "copy_file_range"})
        add_pair(table, {.metric = "operations",
                         .program = std::string("enter_") + call,
                         .functions = {call},
                         .system_call = true,
                         .absent = call,
                         .partner = std::string("exit_") + call});
    add_pair(table, {.metric = "DMA buffer calls",
                     .program = "enter_ioctl",
                     .functions = {"ioctl"},
                     .system_call = true,
                     .absent = "calls of the DMA buffer",
                     .dma_buffer = true,
                     .partner = "exit_ioctl"});
    return table;
}

std::vector<Hook> functions_and_tracepoints() {
    return {
        {.metric = "operations", .program = "enter_vfs_read", .functions = {"vfs_read"}, .required = true},
        {.metric = "operations", .program = "enter_vfs_write", .functions = {"vfs_write"}, .required = true},
        {.metric = "operations",
         .program = "enter_vfs_readv",
         .functions = {"vfs_readv"},
         .absent = "readv, preadv and preadv2"},
        {.metric = "operations",
         .program = "enter_vfs_writev",
         .functions = {"vfs_writev"},
         .absent = "writev, pwritev and pwritev2"},
        {.metric = "scope",
         .program = "inherit_scope",
         .functions = {"btf_trace_sched_process_fork"},
         .required = true},
        {.metric = "scope", .program = "follow_exec", .functions = {"btf_trace_sched_process_exec"}, .required = true},
        {.metric = "scope", .program = "end_thread", .functions = {"btf_trace_sched_process_exit"}, .required = true},
        {.metric = "cgroup names", .program = "name_cgroup", .functions = {}, .tracepoint = "cgroup:cgroup_mkdir"},

        {.metric = "page faults",
         .program = "enter_fault",
         .functions = {"handle_mm_fault"},
         .absent = "page faults and what they copy",
         .partner = "exit_fault"},
        {.metric = "page faults",
         .program = "exit_fault",
         .functions = {"handle_mm_fault"},
         .absent = "page faults and what they copy",
         .partner = "enter_fault"},
        {.metric = "copy-on-write",
         .program = "cow_copy",
         .functions = {"copy_mc_to_kernel"},
         .absent = "copy-on-write copies"},
        {.metric = "copy-on-write",
         .program = "cow_finish",
         .functions = {"finish_fault"},
         .absent = "copies of private file mappings"},
        {.metric = "copy-on-write", .program = "cow_huge", .functions = {"copy_user_huge_page"}},
        // from 6.11 on migration has a copy routine of its own
        {.metric = "page migration",
         .program = "move_folio",
         .functions = {"folio_copy"},
         .absent = "pages that memory management moves"},
        {.metric = "page migration", .program = "begin_move", .functions = {"folio_mc_copy"}, .partner = "end_move"},
        {.metric = "page migration", .program = "end_move", .functions = {"folio_mc_copy"}, .partner = "begin_move"},
        {.metric = "pages mapped around", .program = "map_page", .functions = {"do_set_pte"}},
        {.metric = "pages mapped around", .program = "map_pages", .functions = {"set_pte_range"}},
        {.metric = "swap-ins", .program = "swap_in_page", .functions = {"swap_readpage"}},
        {.metric = "swap-ins", .program = "swap_in_folio", .functions = {"swap_read_folio"}},

        {.metric = "copies to user",
         .program = "read_page_cache",
         .functions = {"filemap_read"},
         .absent = "copies from the page cache"},
        {.metric = "copies to user",
         .program = "read_tmpfs",
         .functions = {"shmem_file_read_iter"},
         .absent = "copies from tmpfs"},
        {.metric = "copies to user",
         .program = "read_pipe",
         .functions = {"pipe_read", "anon_pipe_read"},
         .absent = "copies from pipes"},
        {.metric = "copies to user",
         .program = "receive_skb",
         .functions = {"skb_copy_datagram_iter"},
         .absent = "copies from TCP and unix sockets"},
        {.metric = "copies to user",
         .program = "receive_checksum",
         .functions = {"skb_copy_and_csum_datagram_msg"},
         .absent = "UDP receive that verifies checksums"},
        {.metric = "copies from user",
         .program = "write_generic",
         .functions = {"generic_perform_write"},
         .absent = "copies into the page cache"},
        {.metric = "copies from user",
         .program = "write_iomap",
         .functions = {"iomap_file_buffered_write"},
         .absent = "copies into xfs"},
        {.metric = "copies from user", .program = "write_btrfs", .functions = {"btrfs:btrfs_copy_from_user"}},
        {.metric = "copies from user",
         .program = "write_pipe",
         .functions = {"pipe_write", "anon_pipe_write"},
         .absent = "copies into pipes"},
        {.metric = "copies from user",
         .program = "send_tcp",
         .functions = {"tcp_sendmsg_locked"},
         .absent = "copies into TCP sockets"},
        {.metric = "copies from user",
         .program = "send_unix",
         .functions = {"skb_copy_datagram_from_iter"},
         .absent = "copies into unix sockets"},
        {.metric = "copies from user",
         .program = "send_udp",
         .functions = {"ip_generic_getfrag"},
         .absent = "copies into UDP sockets"},
        {.metric = "copies on transmit",
         .program = "copy_bits",
         .functions = {"skb_copy_bits"},
         .absent = "copies on transmit"},
        {.metric = "copies on transmit", .program = "copy_checksum_bits", .functions = {"skb_copy_and_csum_bits"}},
        {.metric = "late zero-copy copies",
         .program = "pin_pages",
         .functions = {"msg_zerocopy_realloc"},
         .absent = "owners of MSG_ZEROCOPY pages that are copied after all",
         .partner = "unpin_pages"},
        {.metric = "late zero-copy copies",
         .program = "unpin_pages",
         .functions = {"msg_zerocopy_callback", "msg_zerocopy_complete"}},
        {.metric = "late zero-copy copies",
         .program = "begin_late_copy",
         .functions = {"skb_copy_ubufs"},
         .partner = "finish_late_copy"},
        {.metric = "late zero-copy copies",
         .program = "finish_late_copy",
         .functions = {"skb_copy_ubufs"},
         .absent = "MSG_ZEROCOPY pages that are copied after all",
         .partner = "begin_late_copy"},

        // up to 6.4 splice reads through filemap_read with an ITER_PIPE and sends through do_tcp_sendpages
        {.metric = "references", .program = "splice_page_cache", .functions = {"filemap_splice_read"}},
        {.metric = "references", .program = "splice_tmpfs", .functions = {"shmem_file_splice_read"}},
        {.metric = "references",
         .program = "share_blocks",
         .functions = {"generic_remap_file_range_prep"},
         .absent = "blocks shared by reflink"},
        {.metric = "references",
         .program = "splice_socket",
         .functions = {"skb_splice_bits"},
         .absent = "splice from sockets"},
        {.metric = "references",
         .program = "send_pages",
         .functions = {"do_tcp_sendpages"},
         .partner = "begin_send_pages"},
        {.metric = "references",
         .program = "begin_send_pages",
         .functions = {"do_tcp_sendpages"},
         .partner = "send_pages"},
        {.metric = "references", .program = "send_spliced", .functions = {"skb_splice_from_iter"}},
        {.metric = "references",
         .program = "send_zerocopy",
         .functions = {"skb_zerocopy_iter_stream"},
         .absent = "MSG_ZEROCOPY references"},
        {.metric = "references",
         .program = "pin_user_pages",
         .functions = {"bio_iov_iter_get_pages"},
         .absent = "pages of direct I/O"},

        {.metric = "socket owners",
         .program = "begin_send",
         .functions = {"tcp_sendmsg_locked"},
         .absent = "owners of what TCP sends"},
        {.metric = "NIC DMA",
         .program = "start_frame",
         .functions = {"btf_trace_net_dev_start_xmit"},
         .required = true,
         .partner = "finish_frame"},
        {.metric = "NIC DMA",
         .program = "finish_frame",
         .functions = {"btf_trace_net_dev_xmit"},
         .required = true,
         .partner = "start_frame"},
        {.metric = "disk DMA", .program = "submit_io", .functions = {"submit_bio_noacct"}, .required = true},
        {.metric = "disk DMA",
         .program = "end_io",
         .functions = {"bio_endio"},
         .absent = "block I/O that ends without its driver"},
        {.metric = "disk DMA",
         .program = "complete_io",
         .functions = {"btf_trace_block_rq_complete"},
         .required = true},
        {.metric = "disk DMA",
         .program = "forget_inode",
         .functions = {"clear_inode"},
         .absent = "inodes that are gone, whose write-back may be charged to who wrote the last one"},

        {.metric = "bounce copies",
         .program = "begin_mapping",
         .functions = {"swiotlb_map"},
         .absent = "bounce-buffer copies",
         .bounce_buffers = true,
         .partner = "end_mapping"},
        // on newer kernels (6.12, not 6.1) those that do the work are wrapped by functions of the older names that skip
        // what needs none; the wrappers have types as well, and cannot be hooked
        {.metric = "bounce copies",
         .program = "end_mapping",
         .functions = {"__swiotlb_tbl_unmap_single", "swiotlb_tbl_unmap_single"},
         .absent = "bounce-buffer copies from devices",
         .bounce_buffers = true,
         .partner = "begin_mapping"},
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
}

} // namespace

std::span<const Hook> hooks() {
    static const std::vector<Hook> table = [] {
        auto all = system_calls();
        const auto rest = functions_and_tracepoints();
        all.insert(all.end(), rest.begin(), rest.end());
        return all;
    }();
    return table;
}

} // namespace copyscope
