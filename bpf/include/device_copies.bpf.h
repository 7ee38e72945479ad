/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who owns what the CPU copies for a device: through a bounce buffer, or word by word (PIO). Such copies run in any task's
 * name, so their owner is found through what is being moved: a frame, a block request, a mapping. Knows no copy routine.
 */
#ifndef COPYSCOPE_DEVICE_COPIES_BPF_H
#define COPYSCOPE_DEVICE_COPIES_BPF_H

#include "writers.bpf.h"

/* More than any driver lets the block layer merge: a limit for the verifier. */
#define MAX_BIOS_PER_REQUEST 65536

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COPYSCOPE_MAX_BIOS);
	__type(key, __u64); /* struct bio *; forgotten in bio_endio */
	__type(value, __u64); /* account, and NOBODYS */
} bios __weak SEC(".maps");

/* The frame handed to the driver on this CPU: its socket may be gone when the driver's answer is known. */
struct frame {
	__u64 skb; /* 0: no driver is at work */
	__u64 bytes;
	__u64 owner; /* 0: nobody in scope */
	__u32 segments, repeated; /* that the device makes besides, and bytes of headers in front of them */
	__u32 padding;            /* bytes that the driver has added */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame);
} frames __weak SEC(".maps");

/* The block request whose data a thread is about to map for its device, and how much of it was mapped. */
struct dispatch {
	__u64 request;
	__u32 mapped, bytes; /* equal: nothing is left to map */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dispatch);
} dispatches __weak SEC(".maps");

/* Mappings that are copied back when they end. An entry goes before its buffer can be used again (end_mapping). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COPYSCOPE_MAX_BOUNCES);
	__type(key, __u64); /* address in the bounce buffer */
	__type(value, __u64); /* account, and BOUNCE_ENDS */
} bounces __weak SEC(".maps");

/* The mapping is being ended and its entry kept for the copy that is still to come, while that is measured as well. */
#define BOUNCE_ENDS (1ULL << 63)

/* The PIO transfer that runs on this CPU; interrupts are off in it. */
struct transfer {
	__u64 owner; /* account, 0: nobody's */
	__u64 left;  /* bytes to be moved: what other drivers move afterwards is not its */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct transfer);
} transfers __weak SEC(".maps");

/* Requests that PIO moves: forgotten when they complete, which must not count as DMA. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* struct request * */
	__type(value, __u64); /* bytes moved */
} pio_requests __weak SEC(".maps");

/* There were any since the programs were loaded. */
__u32 pio_seen __weak SEC(".data") = 0;

/* With NOBODYS; 0: none that is known. */
static __always_inline __u64 known_owner(__u64 bio)
{
	__u64 *owner = bio ? bpf_map_lookup_elem(&bios, &bio) : NULL;

	return owner ? *owner : 0;
}

/* block/bio.c:bio_split leaves the front part as a new bio, chained to the one that was submitted. */
static __always_inline __u64 bio_payer(const struct bio *bio)
{
	__u64 owner = known_owner((__u64)bio);

	return owner ? owner : known_owner((__u64)BPF_CORE_READ(bio, bi_private));
}

/* How far the bios of a request were gone through. */
struct position {
	__u64 bio;
	__u64 left; /* bytes before the one looked for */
};

static long pass_bio(__u32 index, struct position *at)
{
	/* not within BPF_CORE_READ(): that would look for `struct position` in the kernel */
	struct bio *bio = (struct bio *)at->bio;
	__u32 bytes;

	if (!bio)
		return 1;
	bytes = BPF_CORE_READ(bio, bi_iter.bi_size);
	if (at->left < bytes)
		return 1;
	at->left -= bytes;
	at->bio = (__u64)BPF_CORE_READ(bio, bi_next);
	return 0;
}

/* The account of the bio that holds byte `position` of a request's data; 0: nobody's. */
__weak __noinline __u64 request_owner(__u64 request, __u32 position)
{
	struct position at = {.bio = (__u64)BPF_CORE_READ((struct request *)request, bio), .left = position};
	__u64 payer;

	if (bpf_loop(MAX_BIOS_PER_REQUEST, pass_bio, &at, 0) >= MAX_BIOS_PER_REQUEST)
		lose(COPYSCOPE_LOSS_BIO);
	payer = at.bio ? bio_payer((struct bio *)at.bio) : 0;
	return payer & NOBODYS ? 0 : payer;
}

/* Who the thing at work on this CPU is for, when nothing is known of a mapping yet. Advances by `bytes` of it. */
static __always_inline __u64 owner_at_work(__u32 bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dispatch *dispatch;
	struct ledger *ledger;
	struct frame *frame;
	__u32 zero = 0;
	__u64 owner;

	frame = bpf_map_lookup_elem(&frames, &zero);
	if (frame && frame->skb)
		return frame->owner;
	if (!in_task())
		return 0;
	dispatch = bpf_task_storage_get(&dispatches, task, 0, 0);
	if (dispatch && dispatch->mapped < dispatch->bytes) {
		owner = request_owner(dispatch->request, dispatch->mapped);
		dispatch->mapped += bytes;
		return owner;
	}
	ledger = open_ledger_of(task);
	return ledger ? ledger_account(ledger) : 0;
}

/* The account that a copy to the bounce buffer at `address` belongs to; 0: nobody's. Changes nothing. */
static __always_inline __u64 bounce_owner(__u64 address)
{
	__u64 *owner = bpf_map_lookup_elem(&bounces, &address);

	return owner && !(*owner & BOUNCE_ENDS) ? *owner : owner_at_work(0);
}

/* The same for a copy out of it, by swiotlb_bounce() itself: the last thing that is asked about a mapping that ends. */
static __always_inline __u64 bounce_end_owner(__u64 address)
{
	__u64 *known = bpf_map_lookup_elem(&bounces, &address), owner;

	if (!known)
		return 0;
	owner = *known;
	if (owner & BOUNCE_ENDS)
		bpf_map_delete_elem(&bounces, &address);
	return owner & ~BOUNCE_ENDS;
}

/* The account for which the CPU moves `bytes` word by word now; 0: nobody's. */
static __always_inline __u64 pio_owner(__u64 bytes)
{
	__u32 zero = 0;
	struct transfer *transfer = bpf_map_lookup_elem(&transfers, &zero);

	if (!transfer || bytes > transfer->left)
		return 0;
	transfer->left -= bytes;
	return transfer->owner;
}

#endif
