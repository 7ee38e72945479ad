/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which account dirtied an inode last, so that write-back by a kernel thread finds its owner. Knows no hook. */
#ifndef COPYSCOPE_WRITERS_BPF_H
#define COPYSCOPE_WRITERS_BPF_H

#include "ledger.bpf.h"

/* A full one gives away what was used longest ago: mostly inodes that were written back long since. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COPYSCOPE_MAX_INODES);
	__type(key, __u64); /* struct inode *; forgotten in clear_inode */
	__type(value, __u64); /* account, and NOBODYS */
} writers __weak SEC(".maps");

/* How many there are in `writers`, or more: those that it gave away are among them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} writers_held __weak SEC(".maps");

/* Of an account, where it is remembered: it stands for a kernel thread that works for nobody. */
#define NOBODYS (1ULL << 63)

static __always_inline __u64 hold_writers(__s64 more)
{
	__u32 zero = 0;
	__u64 *held = bpf_map_lookup_elem(&writers_held, &zero);

	if (!held)
		return 0;
	if (more)
		__sync_fetch_and_add(held, more);
	return *held;
}

static __always_inline void forget_writer(__u64 inode)
{
	if (bpf_map_lookup_elem(&writers, &inode) && !bpf_map_delete_elem(&writers, &inode))
		hold_writers(-1);
}

/* 0: nobody of whom we know. */
static __always_inline void remember_writer(__u64 inode, __u64 account)
{
	__u64 *known = bpf_map_lookup_elem(&writers, &inode);

	if (known && *known == account)
		return;
	if (!account) {
		if (known)
			forget_writer(inode);
		return;
	}
	if (bpf_map_update_elem(&writers, &inode, &account, BPF_ANY))
		lose(COPYSCOPE_LOSS_INODE);
	else if (!known)
		hold_writers(1);
}

static __always_inline __u64 find_writer(__u64 inode)
{
	__u64 *known = bpf_map_lookup_elem(&writers, &inode);

	if (known)
		return *known;
	if (hold_writers(0) > COPYSCOPE_MAX_INODES) /* it may have been given away while it was dirty */
		lose(COPYSCOPE_LOSS_INODE);
	return 0;
}

#endif
