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
	__type(value, __u64); /* account */
} writers __weak SEC(".maps");

static __always_inline void remember_writer(struct ledger *ledger, struct inode *inode)
{
	__u64 id = (__u64)inode, account = ledger_account(ledger), *known = bpf_map_lookup_elem(&writers, &id);

	if (known && *known == account)
		return;
	if (bpf_map_update_elem(&writers, &id, &account, BPF_ANY)) {
		lose(COPYSCOPE_LOSS_INODE);
		ledger->lost++;
		ledger->dirty |= DIRTY_OTHER;
	}
}

#endif
