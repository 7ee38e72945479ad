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

/* Kinds of memory that are told apart in one vector; it takes a program made for it to have more. */
#define VECTOR_KINDS 4

/*
 * One lies on the stack of a program, which hands it to read_vector(): a function of its own to the verifier, which there
 * takes what it points to for anything. In a variable of the loop's own the verifier would follow the kinds of memory through
 * every segment: four seconds on 7.2 for each program that reads vectors; and before v6.7 (ab5cfac139ab) it looks at a
 * callback of bpf_loop() as if it ran once, takes zeros that lie on the stack for constants, and removes the branches for
 * anything else.
 */
struct vector {
	__u64 base;  /* of the iovec array; after read_vector() of the segment that stands for all */
	__u64 asked; /* sum of all segments */
	__u32 sink;  /* 1: will be written to */
	__u32 unreadable;
	struct vma_answer last; /* segments often follow each other in one mapping */
	__u64 bytes[VECTOR_KINDS], first[VECTOR_KINDS]; /* of each kind: how much, and where the first of it is */
	__u32 kind[VECTOR_KINDS]; /* and flags; 0: free */
};

static __always_inline bool add_kind(struct vector *vector, __u32 place, __u32 kind, const struct iovec *segment)
{
	if (vector->kind[place] && vector->kind[place] != kind)
		return false;
	if (!vector->kind[place])
		vector->first[place] = (__u64)segment->iov_base;
	vector->kind[place] = kind;
	vector->bytes[place] += segment->iov_len;
	return true;
}

/* What bpf_loop() hands on lies on the stack: where the vector is. */
static long add_segment(__u32 index, struct vector **at)
{
	struct vector *vector = *at;
	struct iovec segment;
	__u64 address;
	__u32 kind;

	if (bpf_probe_read_user(&segment, sizeof(segment), (struct iovec *)vector->base + index)) {
		vector->unreadable = 1;
		return 1;
	}
	vector->asked += segment.iov_len;
	if (!segment.iov_len)
		return 0;
	address = (__u64)segment.iov_base;
	if (address < vector->last.start || address >= vector->last.end) {
		struct vma_answer answer = {.kind = COPYSCOPE_END_MEMORY, .sink = vector->sink};

		bpf_find_vma(bpf_get_current_task_btf(), address, classify_vma, &answer, 0);
		vector->last = answer;
	}
	kind = vector->last.kind | (__u32)vector->last.flags << 16;
	if (!add_kind(vector, 0, kind, &segment) && !add_kind(vector, 1, kind, &segment) &&
	    !add_kind(vector, 2, kind, &segment))
		add_kind(vector, 3, kind, &segment);
	return 0;
}

/* Most vectors are of one kind, or of one segment. */
static __always_inline __u64 base_of_most(const struct vector *vector)
{
	__u64 base = vector->first[0], most = vector->bytes[0];
	int i;

	for (i = 1; i < VECTOR_KINDS; i++)
		if (vector->bytes[i] > most) {
			most = vector->bytes[i];
			base = vector->first[i];
		}
	return base;
}

/*
 * Adds up a user-space iovec array. What memory it is says the kind that most of its bytes lie in: a header of a few bytes
 * before a body is not what the call is about. Of a longer vector the first segments are looked at. `vector` is zero but for
 * base and sink.
 */
__weak __noinline int read_vector(struct vector *vector, __u64 segments)
{
	struct iovec first;

	if (!vector)
		return 0;
	if (segments == 1) {
		if (!bpf_probe_read_user(&first, sizeof(first), (void *)vector->base)) {
			vector->asked = first.iov_len;
			vector->base = (__u64)first.iov_base;
		} else {
			vector->asked = ASKED_UNKNOWN;
			vector->base = 0;
		}
		return 0;
	}
	bpf_loop(segments < VECTORS_READ ? segments : VECTORS_READ, add_segment, &vector, 0);
	vector->base = base_of_most(vector);
	if (segments > VECTORS_READ || vector->unreadable)
		vector->asked = ASKED_UNKNOWN;
	return 0;
}

#endif
