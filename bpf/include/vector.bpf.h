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
	__u64 base;  /* of the iovec array; after read_vector() of the segment that stands for all */
	__u64 asked; /* sum of all segments */
	__u32 sink;  /* 1: will be written to */
};

/* Kinds of memory that are told apart in one vector; it takes a program made for it to have more. */
#define VECTOR_KINDS 4

struct vector_sums {
	struct iovec *segments; /* in user memory */
	__u64 asked;
	struct vma_answer last; /* segments often follow each other in one mapping */
	__u64 bytes[VECTOR_KINDS], base[VECTOR_KINDS]; /* of each kind: how much, and where the first of it is */
	__u32 kind[VECTOR_KINDS]; /* and flags; 0: free */
	__u32 unreadable;
};

/*
 * Before v6.7 (ab5cfac139ab) the verifier looks at a callback of bpf_loop() as if it ran once, takes what lies on the stack
 * for constants, and removes the branches for anything else. So the zeros must be none that it knows.
 */
__u64 unknown_zero __weak SEC(".data") = 0;

static __always_inline void clear_sums(struct vector_sums *sums)
{
	__u64 zero = *(volatile __u64 *)&unknown_zero;
	int i;

	sums->asked = sums->last.start = sums->last.end = zero;
	sums->last.kind = sums->last.flags = zero;
	sums->unreadable = zero;
	for (i = 0; i < VECTOR_KINDS; i++) {
		sums->bytes[i] = sums->base[i] = zero;
		sums->kind[i] = zero;
	}
}

static __always_inline bool add_kind(struct vector_sums *sums, __u32 place, __u32 kind, const struct iovec *segment)
{
	if (sums->kind[place] && sums->kind[place] != kind)
		return false;
	if (!sums->kind[place])
		sums->base[place] = (__u64)segment->iov_base;
	sums->kind[place] = kind;
	sums->bytes[place] += segment->iov_len;
	return true;
}

static long add_segment(__u32 index, struct vector_sums *sums)
{
	struct iovec segment;
	__u64 address;
	__u32 kind;

	if (bpf_probe_read_user(&segment, sizeof(segment), sums->segments + index)) {
		sums->unreadable = 1;
		return 1;
	}
	sums->asked += segment.iov_len;
	if (!segment.iov_len)
		return 0;
	address = (__u64)segment.iov_base;
	if (address < sums->last.start || address >= sums->last.end) {
		struct vma_answer answer = {.kind = COPYSCOPE_END_MEMORY, .sink = sums->last.sink};

		bpf_find_vma(bpf_get_current_task_btf(), address, classify_vma, &answer, 0);
		sums->last = answer;
	}
	kind = sums->last.kind | (__u32)sums->last.flags << 16;
	if (!add_kind(sums, 0, kind, &segment) && !add_kind(sums, 1, kind, &segment) &&
	    !add_kind(sums, 2, kind, &segment))
		add_kind(sums, 3, kind, &segment);
	return 0;
}

/* Most vectors are of one kind, or of one segment. */
static __always_inline __u64 base_of_most(const struct vector_sums *sums)
{
	__u64 base = sums->base[0], most = sums->bytes[0];
	int i;

	for (i = 1; i < VECTOR_KINDS; i++)
		if (sums->bytes[i] > most) {
			most = sums->bytes[i];
			base = sums->base[i];
		}
	return base;
}

/*
 * Adds up a user-space iovec array. What memory it is says the kind that most of its bytes lie in: a header of a few bytes
 * before a body is not what the call is about. Of a longer vector the first segments are looked at.
 */
__weak __noinline int read_vector(struct vector *vector, __u64 segments)
{
	struct vector_sums sums;
	struct iovec first;

	if (!vector)
		return 0;
	clear_sums(&sums);
	sums.segments = (struct iovec *)vector->base;
	sums.last.sink = vector->sink;
	vector->base = vector->asked = 0;
	if (!segments)
		return 0;
	if (segments == 1) {
		if (!bpf_probe_read_user(&first, sizeof(first), sums.segments)) {
			vector->base = (__u64)first.iov_base;
			vector->asked = first.iov_len;
		} else {
			vector->asked = ASKED_UNKNOWN;
		}
		return 0;
	}
	bpf_loop(segments < VECTORS_READ ? segments : VECTORS_READ, add_segment, &sums, 0);
	vector->base = base_of_most(&sums);
	vector->asked = segments > VECTORS_READ || sums.unreadable ? ASKED_UNKNOWN : sums.asked;
	return 0;
}

#endif
