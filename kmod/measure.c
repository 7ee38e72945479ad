// SPDX-License-Identifier: GPL-2.0
/*
 * How many bytes a call copies, and from what kind of memory to which: read from its arguments, and from its return
 * value where the arguments do not know. Knows the functions of the kernel that are in the table; must not know how
 * they are probed.
 */
#include <linux/dma-direction.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/uio.h>

#include "compat.h"
#include "sites.h"

/* Smaller ones are control structures: the arguments and results of system calls, not payload. */
static unsigned int user_copy_min = 4096;
module_param(user_copy_min, uint, 0644);
MODULE_PARM_DESC(user_copy_min, "bytes from which on _copy_to_user and _copy_from_user are reported");

/*
 * The length argument may be more than what is left in the iterator (mm/shmem.c:shmem_file_read_iter passes the rest
 * of the page), which all functions of lib/iov_iter.c then take as the limit. A bvec may hold user pages (io_uring's
 * fixed buffers); it is reported as kernel memory, for the iterator does not say.
 */
bool copyscope_describe_iter(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy)
{
	const struct iov_iter *iter = (const struct iov_iter *)call->argument[site->iter];

	copy->bytes = min_t(u64, call->argument[site->length], iov_iter_count(iter));
	if (!copy->bytes || iov_iter_is_discard(iter))
		return false;
	if (user_backed_iter(iter)) {
		copy->iter = COPYSCOPE_ITER_USER;
	} else {
		copy->iter = copyscope_iter_is_pipe(iter) ? COPYSCOPE_ITER_PIPE : COPYSCOPE_ITER_KERNEL;
		copy->class = COPYSCOPE_CLASS_KERNEL;
	}
	return true;
}

bool copyscope_describe_user(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy)
{
	copy->bytes = call->argument[site->length];
	return copy->bytes >= READ_ONCE(user_copy_min);
}

bool copyscope_describe_page(const struct copyscope_site *site, const struct copyscope_call *call,
			     struct copyscope_copy *copy)
{
	copy->bytes = PAGE_SIZE;
	return true;
}

bool copyscope_describe_units(const struct copyscope_site *site, const struct copyscope_call *call,
			      struct copyscope_copy *copy)
{
	copy->bytes = (u64)call->argument[site->length] * site->width;
	return copy->bytes;
}

/* (dst, src); all pages of src are copied */
bool copyscope_describe_folio(const struct copyscope_site *site, const struct copyscope_call *call,
			      struct copyscope_copy *copy)
{
	copy->bytes = folio_size((struct folio *)call->argument[1]);
	return true;
}

/*
 * (skb, offset, to, length). The function calls itself for each skb on the frag_list, which is reported on its own.
 * What this call copies itself lies in the linear part and the page fragments.
 */
static u64 copyscope_own_bytes(const struct sk_buff *skb, int offset, int length)
{
	int own = skb_pagelen(skb) - offset;

	return own > 0 && length > 0 ? min(own, length) : 0;
}

bool copyscope_describe_skb_sum(const struct copyscope_site *site, const struct copyscope_call *call,
				struct copyscope_copy *copy)
{
	const struct sk_buff *skb = (const struct sk_buff *)call->argument[0];

	copy->object = skb;
	copy->bytes = copyscope_own_bytes(skb, call->argument[1], call->argument[site->length]);
	return copy->bytes;
}

/*
 * The same, but it refuses (-EFAULT) what reaches beyond the end, and only that: net/core/skbuff.c:skb_copy_bits.
 * Since v6.12 also device memory (skb_frags_readable()), whose bytes no CPU can copy: those would be reported.
 */
bool copyscope_describe_skb_bits(const struct copyscope_site *site, const struct copyscope_call *call,
				 struct copyscope_copy *copy)
{
	const struct sk_buff *skb = (const struct sk_buff *)call->argument[0];
	int offset = call->argument[1], length = call->argument[site->length];

	return offset <= (int)skb->len - length && copyscope_describe_skb_sum(site, call, copy);
}

/* (skb, flags); the page fragments, not those of the frag_list */
bool copyscope_describe_fragments(const struct copyscope_site *site, const struct copyscope_call *call,
				  struct copyscope_copy *copy)
{
	const struct sk_buff *skb = (const struct sk_buff *)call->argument[0];

	copy->object = skb;
	copy->bytes = skb_pagelen(skb) - skb_headlen(skb);
	return copy->bytes;
}

/*
 * (dev, address, size, direction). The function cuts size to the mapping's, but warns of a driver's bug then, and
 * copies nothing for an address whose mapping is gone, which is a bug as well.
 */
bool copyscope_describe_bounce(const struct copyscope_site *site, const struct copyscope_call *call,
			       struct copyscope_copy *copy)
{
	copy->object = (const void *)call->argument[1];
	copy->bytes = call->argument[site->length];
	if ((enum dma_data_direction)call->argument[3] != DMA_TO_DEVICE)
		copy->direction = COPYSCOPE_FROM;
	return copy->bytes;
}

u64 copyscope_bytes_at_return(const struct copyscope_site *site, u64 asked, unsigned long value)
{
	switch (site->result) {
	case COPYSCOPE_BYTES_COPIED:
		return value;
	case COPYSCOPE_BYTES_LEFT:
		return value < asked ? asked - value : 0;
	case COPYSCOPE_TRUE_IF_ALL:
		return (bool)(value & 0xff) ? asked : 0; /* of a bool only the lowest byte is set */
	case COPYSCOPE_ZERO_IF_ALL:
		return (int)value ? 0 : asked;
	}
	return 0;
}
