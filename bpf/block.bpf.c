// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Disk DMA: what the device has moved when a request completes, charged to the account that submitted the bio or, for
 * write-back, to the one that dirtied the inode. Completion comes in interrupt context under any task's name.
 */
#include "device_copies.bpf.h"
#include "writers.bpf.h"

#define LOOP_MAJOR 7   /* include/uapi/linux/major.h: completes again on the disk behind it */
#define NBD_MAJOR 43
#define REQ_OP_MASK 0xff
#define OP_READ 0      /* include/linux/blk_types.h: enum req_op */
#define OP_WRITE 1
#define OP_ZONE_APPEND 7

/* The inode whose page cache a bio reads or writes; NULL for direct I/O and for buffers that are no page cache. */
static __always_inline __u64 bio_inode(struct bio *bio)
{
	struct bio_vec *vectors = bio->bi_io_vec;
	struct address_space *mapping;
	struct page *page;

	if (!vectors || !bio->bi_vcnt)
		return 0;
	/* read and not loaded: the address is computed with, which is not done to a pointer the verifier knows */
	if (bpf_core_read(&page, sizeof(page), &vectors->bv_page) || !page)
		return 0;
	page = head_page(page); /* only that one has the mapping */
	mapping = BPF_CORE_READ(page, mapping);
	if (!mapping || ((__u64)mapping & 3)) /* PAGE_MAPPING_FLAGS: anonymous or movable */
		return 0;
	return (__u64)BPF_CORE_READ(mapping, host);
}

/* The account that a bio is submitted for; 0: nobody's. */
static __always_inline __u64 submitter(struct bio *bio)
{
	struct ledger *ledger = open_ledger();
	__u64 inode, *writer;

	if (ledger)
		return ledger_account(ledger);
	inode = bio_inode(bio);
	writer = inode ? bpf_map_lookup_elem(&writers, &inode) : NULL;
	return writer ? *writer : 0;
}

SEC("?fentry")
int BPF_PROG(submit_io, struct bio *bio)
{
	__u64 id = (__u64)bio, owner = submitter(bio);

	if (owner) {
		if (bpf_map_update_elem(&bios, &id, &owner, BPF_ANY))
			lose(COPYSCOPE_LOSS_BIO);
	} else {
		bpf_map_delete_elem(&bios, &id); /* an earlier bio at this address, see end_io */
	}
	return 0;
}

/*
 * A bio that others were split from (bio_chain) is ended once for each of them and once for itself, and is done with
 * the last; until then they find their owner through it. If the last two end at the same time, the entry stays until
 * the address is used again.
 */
SEC("?fentry")
int BPF_PROG(end_io, struct bio *bio)
{
	__u64 id = (__u64)bio;

	if (bio->__bi_remaining.counter <= 1)
		bpf_map_delete_elem(&bios, &id);
	return 0;
}

SEC("?fentry")
int BPF_PROG(forget_inode, struct inode *inode)
{
	__u64 id = (__u64)inode;

	bpf_map_delete_elem(&writers, &id);
	return 0;
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
	__u32 size; /* of what is left of the bio */
	__u32 bytes; /* that the completion still covers */
	__u32 counter;
	__u32 reserved;
};

/*
 * Charges what the device moved for one bio. A function of its own to the verifier, which otherwise goes through it once
 * for each bio that a request could have: that was two fifths of what the whole object cost to load.
 */
__noinline int charge_bio(struct progress *at)
{
	__u64 owner;
	__u32 done;

	if (!at)
		return 0;
	done = at->size < at->bytes ? at->size : at->bytes;
	owner = bio_owner((struct bio *)at->bio);
	if (owner)
		account_add(owner, at->counter, done);
	at->bytes -= done;
	return at->bytes;
}

/*
 * Fired by blk_update_request and blk_complete_request, before the bios are advanced: nr_bytes is what this completion
 * covers, from the first bio on. Requeues and merges are not seen here, so nothing is counted twice.
 */
SEC("?tp_btf/block_rq_complete")
int BPF_PROG(complete_io, struct request *request, u8 error, unsigned int bytes)
{
	__u32 op = request->cmd_flags & REQ_OP_MASK, major = request->q->disk->major, i;
	struct progress at = {.bytes = bytes};
	struct bio *bio = request->bio;

	if (moved_by_cpu(request) || error || !bytes || (op != OP_READ && op != OP_WRITE && op != OP_ZONE_APPEND) ||
	    major == LOOP_MAJOR || major == NBD_MAJOR)
		return 0;
	at.counter = op == OP_READ ? COPYSCOPE_DMA_FROM_DEVICE : COPYSCOPE_DMA_TO_DEVICE;
	for (i = 0; i < MAX_BIOS_PER_REQUEST && bio; i++) {
		at.bio = (__u64)bio;
		at.size = bio->bi_iter.bi_size;
		if (!charge_bio(&at))
			return 0;
		bio = bio->bi_next;
	}
	if (bio)
		lose(COPYSCOPE_LOSS_BIO);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
