/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which account dirtied an inode last, so that write-back by a kernel thread finds its owner. */
#ifndef COPYSCOPE_WRITERS_BPF_H
#define COPYSCOPE_WRITERS_BPF_H

#include "ledger.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_INODES);
	__type(key, __u64); /* struct inode *; forgotten in clear_inode */
	__type(value, struct copyscope_account_key);
} writers __weak SEC(".maps");

static __always_inline bool same_account(const struct copyscope_account_key *a, const struct copyscope_account_key *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3] && x[4] == y[4];
}

static __always_inline void remember_writer(struct ledger *ledger, struct inode *inode)
{
	__u64 id = (__u64)inode;
	struct copyscope_account_key *known = bpf_map_lookup_elem(&writers, &id);

	if (known && same_account(known, &ledger->key))
		return;
	if (bpf_map_update_elem(&writers, &id, &ledger->key, BPF_ANY)) {
		lose(COPYSCOPE_LOSS_INODE);
		ledger->lost++;
		ledger->dirty |= DIRTY_OTHER;
	}
}

#endif
