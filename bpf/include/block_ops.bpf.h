/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a bio or a request does (include/linux/blk_types.h: enum req_op). */
#ifndef COPYSCOPE_BLOCK_OPS_BPF_H
#define COPYSCOPE_BLOCK_OPS_BPF_H

#include "compat.bpf.h"

#define REQ_OP_MASK 0xff
#define OP_READ 0
#define OP_WRITE 1
#define OP_ZONE_APPEND 7
#define OP_WRITE_ZEROES 9

static __always_inline bool moves_data(__u32 op)
{
	return op == OP_READ || op == OP_WRITE || op == OP_ZONE_APPEND;
}

#endif
