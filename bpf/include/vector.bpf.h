/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the operations that take an iovec array have in common. */
#ifndef COPYSCOPE_VECTOR_BPF_H
#define COPYSCOPE_VECTOR_BPF_H

#include "syscall.bpf.h"

/* Vectors longer than this are not added up; what was asked is then taken to be what was moved. */
#define VECTORS_READ 16

/* As exit_input and exit_output, for vectors that were too long to add up, or not readable. */
#define ASKED_UNKNOWN (~0ULL)

static __always_inline void settle_asked(struct ledger *ledger, long moved)
{
	if (ledger->asked == ASKED_UNKNOWN)
		ledger->asked = moved > 0 ? moved : 0;
}

static __always_inline __u32 exit_input_vector(struct ledger *ledger, long moved)
{
	settle_asked(ledger, moved);
	return exit_input(ledger, moved);
}

static __always_inline __u32 exit_output_vector(struct ledger *ledger, long moved)
{
	settle_asked(ledger, moved);
	return exit_output(ledger, moved);
}

struct vector {
	__u64 base;  /* of the iovec array; after read_vector() of the first segment */
	__u64 asked; /* sum of all segments */
};

/* Adds up a user-space iovec array. The first segment stands for all as to what memory it is. */
__weak __noinline int read_vector(struct vector *vector, __u64 segments)
{
	struct iovec iov[VECTORS_READ];
	__u64 address;
	__u32 i;

	if (!vector)
		return 0;
	address = vector->base;
	vector->base = 0;
	vector->asked = ASKED_UNKNOWN;
	if (segments > VECTORS_READ)
		segments = 1; /* enough for the base */
	else
		vector->asked = 0;
	if (!segments || bpf_probe_read_user(iov, segments * sizeof(iov[0]), (void *)address)) {
		vector->asked = segments ? ASKED_UNKNOWN : 0;
		return 0;
	}
	vector->base = (__u64)iov[0].iov_base;
	if (vector->asked == ASKED_UNKNOWN)
		return 0;
	for (i = 0; i < VECTORS_READ && i < segments; i++)
		vector->asked += iov[i].iov_len;
	return 0;
}

#endif
