// SPDX-License-Identifier: GPL-2.0
/*
 * The table of copy sites: the functions of the kernel in which a CPU moves bytes, and nothing that calls another row
 * and copies nothing itself (copy_page_to_iter calls _copy_to_iter, __pskb_pull_tail calls skb_copy_bits). Checked
 * against Linux 6.1 and 6.12. A name that a kernel lacks is no error, the row is unavailable then.
 *
 * RETURN where user memory may fault in the middle of a copy or the function decides how much it does; ENTRY and
 * FTRACE where the arguments tell all.
 */
#include <linux/kernel.h>

#include "sites.h"

/* lib/iov_iter.c: returns the bytes copied, less than asked after a fault. */
#define COPYSCOPE_ITER(direction_, class_, length_, iter_)	\
	.class = COPYSCOPE_CLASS_##class_,			\
	.direction = COPYSCOPE_##direction_,			\
	.event = COPYSCOPE_CPU_COPY,				\
	.how = COPYSCOPE_RETURN,				\
	.result = COPYSCOPE_BYTES_COPIED,			\
	.length = length_,					\
	.iter = iter_,						\
	.describe = copyscope_describe_iter

/* lib/usercopy.c: returns the bytes not copied. */
#define COPYSCOPE_USER(direction_, class_)			\
	.class = COPYSCOPE_CLASS_##class_,			\
	.direction = COPYSCOPE_##direction_,			\
	.event = COPYSCOPE_CPU_COPY,				\
	.how = COPYSCOPE_RETURN,				\
	.result = COPYSCOPE_BYTES_LEFT,				\
	.length = 2,						\
	.describe = copyscope_describe_user

/*
 * lib/iomap.c: (address, memory, count), always all of it. They do not call each other. Not traceable by ftrace, like
 * all of lib/; a return probe would have nothing to add.
 */
#define COPYSCOPE_PORT(direction_, width_)			\
	.class = COPYSCOPE_CLASS_PIO,				\
	.direction = COPYSCOPE_##direction_,			\
	.event = COPYSCOPE_DEVICE_COPY,				\
	.how = COPYSCOPE_ENTRY,					\
	.length = 2,						\
	.width = width_,					\
	.describe = copyscope_describe_units

const struct copyscope_site copyscope_sites[] = {
	{ .names = { "_copy_to_iter" }, COPYSCOPE_ITER(TOWARDS, TO_USER, 1, 2) },
	/* Reads of DAX. Its copies to kernel memory are calls of copy_mc_to_kernel. */
	{ .names = { "_copy_mc_to_iter" }, COPYSCOPE_ITER(TOWARDS, TO_USER, 1, 2), .outer = true },
	/* Since v6.4, reads of /proc/kcore: does not call _copy_to_iter. */
	{ .names = { "copy_page_to_iter_nofault" }, COPYSCOPE_ITER(TOWARDS, TO_USER, 2, 3) },
	{ .names = { "_copy_from_iter" }, COPYSCOPE_ITER(FROM, FROM_USER, 1, 2) },
	{ .names = { "_copy_from_iter_nocache" }, COPYSCOPE_ITER(FROM, FROM_USER, 1, 2) },
	{ .names = { "_copy_from_iter_flushcache" }, COPYSCOPE_ITER(FROM, FROM_USER, 1, 2) },
	/* Writes to files: does not call _copy_from_iter. The second name has taken over by v7.2. */
	{ .names = { "copy_page_from_iter_atomic", "copy_folio_from_iter_atomic" },
	  COPYSCOPE_ITER(FROM, FROM_USER, 2, 3) },
	/* (address, bytes, state, iter); in net/core/datagram.c since v6.7 */
	{ .names = { "csum_and_copy_to_iter" }, COPYSCOPE_ITER(TOWARDS, TO_USER, 1, 3) },
	{ .names = { "csum_and_copy_from_iter" }, COPYSCOPE_ITER(FROM, FROM_USER, 1, 3) },
	/* net/core/skbuff.c, instead of the above since v6.7. What it copied before a fault is not known. */
	{ .names = { "csum_and_copy_from_iter_full" },
	  .class = COPYSCOPE_CLASS_FROM_USER,
	  .direction = COPYSCOPE_FROM,
	  .event = COPYSCOPE_CPU_COPY,
	  .how = COPYSCOPE_RETURN,
	  .result = COPYSCOPE_TRUE_IF_ALL,
	  .length = 1,
	  .iter = 3,
	  .describe = copyscope_describe_iter },

	{ .names = { "_copy_to_user" }, COPYSCOPE_USER(TOWARDS, TO_USER) },
	{ .names = { "_copy_from_user" }, COPYSCOPE_USER(FROM, FROM_USER) },

	/*
	 * Copy on write is what these two do in a page fault; who reads the tracepoint knows whether it is in one.
	 * Elsewhere: coredumps, DAX, khugepaged, uprobes.
	 *
	 * arch/x86/lib/copy_mc.c: (dst, src, bytes). Returns what a broken memory cell kept it from copying; the
	 * caller fails then, so the entry knows enough. Huge pages are copied by it, page by page, in v6.12.
	 */
	{ .names = { "copy_mc_to_kernel" },
	  .class = COPYSCOPE_CLASS_COW,
	  .event = COPYSCOPE_CPU_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .length = 2,
	  .width = 1,
	  .inner = true,
	  .describe = copyscope_describe_units },
	/* arch/x86/lib/copy_page_64.S: not traceable by ftrace; cannot fail. Huge pages in v6.1. */
	{ .names = { "copy_page" },
	  .class = COPYSCOPE_CLASS_COW,
	  .event = COPYSCOPE_CPU_COPY,
	  .how = COPYSCOPE_ENTRY,
	  .inner = true,
	  .describe = copyscope_describe_page },

	/*
	 * mm/util.c: (dst, src). Migration; also a page of shmem that must lie elsewhere, and in v6.12 write-back of
	 * FUSE. One copy of a folio, not one per page: the calls of copy_page and copy_mc_to_kernel are inner ones.
	 */
	{ .names = { "folio_copy" },
	  .class = COPYSCOPE_CLASS_MIGRATION,
	  .event = COPYSCOPE_CPU_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .outer = true,
	  .describe = copyscope_describe_folio },
	/* Since v6.12. Stops at a broken memory cell. */
	{ .names = { "folio_mc_copy" },
	  .class = COPYSCOPE_CLASS_MIGRATION,
	  .event = COPYSCOPE_CPU_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .outer = true,
	  .describe = copyscope_describe_folio },

	/* net/core/skbuff.c: segmentation and linearization on the way out, but also headers on the way in. */
	{ .names = { "skb_copy_bits" },
	  .class = COPYSCOPE_CLASS_TRANSMIT,
	  .event = COPYSCOPE_SKB_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .length = 3,
	  .describe = copyscope_describe_skb_bits },
	/* The same for a device that cannot checksum; calls itself as well. Returns the sum. */
	{ .names = { "skb_copy_and_csum_bits" },
	  .class = COPYSCOPE_CLASS_TRANSMIT,
	  .event = COPYSCOPE_SKB_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .length = 3,
	  .describe = copyscope_describe_skb_sum },
	/* Pages of a MSG_ZEROCOPY send replaced by copies. -ENOMEM and a shared skb (-EINVAL) copy nothing. */
	{ .names = { "skb_copy_ubufs" },
	  .class = COPYSCOPE_CLASS_LATE,
	  .event = COPYSCOPE_SKB_COPY,
	  .how = COPYSCOPE_RETURN,
	  .result = COPYSCOPE_ZERO_IF_ALL,
	  .describe = copyscope_describe_fragments },

	/* kernel/dma/swiotlb.c */
	{ .names = { "swiotlb_bounce" },
	  .class = COPYSCOPE_CLASS_BOUNCE,
	  .event = COPYSCOPE_DEVICE_COPY,
	  .how = COPYSCOPE_FTRACE,
	  .length = 2,
	  .describe = copyscope_describe_bounce },

	{ .names = { "ioread8_rep" }, COPYSCOPE_PORT(FROM, 1) },
	{ .names = { "ioread16_rep" }, COPYSCOPE_PORT(FROM, 2) },
	{ .names = { "ioread32_rep" }, COPYSCOPE_PORT(FROM, 4) },
	{ .names = { "iowrite8_rep" }, COPYSCOPE_PORT(TOWARDS, 1) },
	{ .names = { "iowrite16_rep" }, COPYSCOPE_PORT(TOWARDS, 2) },
	{ .names = { "iowrite32_rep" }, COPYSCOPE_PORT(TOWARDS, 4) },
};

const unsigned int copyscope_site_count = ARRAY_SIZE(copyscope_sites);
