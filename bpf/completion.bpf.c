// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Disk DMA: what the device has moved when a request completes, charged to whoever pays for the bio (block.bpf.c). Completion
 * comes in interrupt context under any task's name.
 */
#include "block_ops.bpf.h"
#include "bystanders.bpf.h"
#include "device_copies.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COPYSCOPE_MAX_DISKS);
	__type(key, __u64); /* kernel dev_t */
	__type(value, struct copyscope_disk);
} disks SEC(".maps");

static const struct copyscope_disk no_disk;

static __always_inline struct copyscope_disk *find_disk(__u64 device)
{
	struct copyscope_disk *disk = bpf_map_lookup_elem(&disks, &device);

	if (disk)
		return disk;
	bpf_map_update_elem(&disks, &device, &no_disk, BPF_NOEXIST);
	return bpf_map_lookup_elem(&disks, &device);
}

/* The request was moved by PIO (pio.bpf.c). Asked once: it is forgotten then. */
static __always_inline bool moved_by_cpu(struct request *request)
{
	__u64 id = (__u64)request;

	return pio_seen && !bpf_map_delete_elem(&pio_requests, &id);
}

/* How far the completion of a request has come. */
struct progress {
	__u64 bio;
	__u64 bytes; /* that the completion still covers */
	__u32 device, write;
	__u64 share[COPYSCOPE_DISK_OUTSIDE + 1];
};

/* Charges what the device moved for one bio. */
static long charge_bio(__u32 index, struct progress *at)
{
	struct bio *bio = (struct bio *)at->bio;
	__u64 owner;
	__u32 done;

	if (!bio || !at->bytes)
		return 1;
	done = BPF_CORE_READ(bio, bi_iter.bi_size);
	if (done > at->bytes)
		done = at->bytes;
	owner = bio_payer(bio);
	if (!owner)
		owner = unknown_account(at->device, at->write);
	if (owner)
		account_add(owner & ~NOBODYS, at->write ? COPYSCOPE_DMA_TO_DEVICE : COPYSCOPE_DMA_FROM_DEVICE, done);
	if (!owner)
		at->share[COPYSCOPE_DISK_OUTSIDE] += done;
	else if (owner & NOBODYS)
		at->share[COPYSCOPE_DISK_NOBODYS] += done;
	else
		at->share[COPYSCOPE_DISK_OWNED] += done;
	at->bytes -= done;
	at->bio = (__u64)BPF_CORE_READ(bio, bi_next);
	return 0;
}

static __always_inline void share_out(__u32 device, bool write, __u32 share, __u64 bytes)
{
	struct copyscope_disk *disk = bytes ? find_disk(device) : NULL;

	if (!disk || share >= COPYSCOPE_DISK_SHARES)
		return;
	if (write)
		__sync_fetch_and_add(&disk->written[share], bytes);
	else
		__sync_fetch_and_add(&disk->read[share], bytes);
}

/*
 * `bytes` is what this completion covers, from the first bio on, before they are advanced. A disk without hardware (loop, nbd,
 * dm-multipath) hands its requests to others, which count.
 */
static __always_inline void complete(struct request *request, u8 error, unsigned int bytes)
{
	__u32 op = request->cmd_flags & REQ_OP_MASK, device, i;
	struct gendisk *disk = request->q->disk;
	struct progress at = {.bytes = bytes, .bio = (__u64)request->bio};
	bool by_cpu = moved_by_cpu(request);

	if (scope == COPYSCOPE_SCOPE_OFF || !bytes || !disk || !disk->part0->bd_device.parent)
		return;
	device = disk->part0->bd_dev;
	if (error || by_cpu || op == OP_WRITE_ZEROES) {
		if (moves_data(op) || op == OP_WRITE_ZEROES)
			share_out(device, op != OP_READ,
				  error    ? COPYSCOPE_DISK_FAILED
				  : by_cpu ? COPYSCOPE_DISK_PIO
					   : COPYSCOPE_DISK_ZEROED,
				  bytes);
		return;
	}
	if (!moves_data(op))
		return;
	at.device = device;
	at.write = op != OP_READ;
	if (bpf_loop(MAX_BIOS_PER_REQUEST, charge_bio, &at, 0) >= MAX_BIOS_PER_REQUEST)
		lose(COPYSCOPE_LOSS_BIO);
	for (i = 0; i <= COPYSCOPE_DISK_OUTSIDE; i++)
		share_out(device, at.write, i, at.share[i]);
}

/*
 * The kernel leaves out a program that is at work on this CPU already (kernel/trace/bpf_trace.c:__bpf_trace_run), and the
 * interrupt of one disk comes while a task or a softirq completes requests of another. So there are two, and the second does
 * what the first was kept from: an interrupt finds at most one of them at work. What the first one does at each level is
 * remembered for the second.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LEVELS);
	__type(key, __u32); /* enum interrupt_level */
	__type(value, __u64); /* struct request *; 0: none */
} completed SEC(".maps");

__u64 made_up_for SEC(".data") = 0; /* runs of the first one that the kernel has left out, and the second has made */

/*
 * Fired by blk_update_request and blk_complete_request. Requeues and merges are not seen here, so nothing is counted twice.
 */
SEC("?tp_btf/block_rq_complete")
int BPF_PROG(complete_io, struct request *request, u8 error, unsigned int bytes)
{
	__u32 level = interrupt_level();
	__u64 *done = bpf_map_lookup_elem(&completed, &level);

	if (done)
		*done = (__u64)request;
	complete(request, error, bytes);
	return 0;
}

/*
 * Attached after it, so called after it. While this one was at work, interrupts found the first one free, and this one not:
 * what they have left is of no more use.
 */
SEC("?tp_btf/block_rq_complete")
int BPF_PROG(complete_missed, struct request *request, u8 error, unsigned int bytes)
{
	__u32 level = interrupt_level(), i;
	__u64 *done = bpf_map_lookup_elem(&completed, &level);

	if (!done)
		return 0;
	if (*done != (__u64)request) {
		__sync_fetch_and_add(&made_up_for, 1);
		complete(request, error, bytes);
	}
	for (i = 0; i < LEVELS; i++) {
		__u32 key = i;

		done = i < level ? NULL : bpf_map_lookup_elem(&completed, &key);
		if (done)
			*done = 0;
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
