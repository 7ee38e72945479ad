/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * For whom a loop device's worker reads and writes the file behind it. What the worker is given to fill or to write are the
 * pages of the bio that the loop device was given (drivers/block/loop.c: lo_read_simple, lo_write_bvec, lo_rw_aio).
 */
#ifndef COPYSCOPE_LOOP_BPF_H
#define COPYSCOPE_LOOP_BPF_H

#include "device_copies.bpf.h"

#define LOOP_MAJOR 7 /* include/uapi/linux/major.h */

/* Where in a bio a page lies. Only good while it still does. */
struct place {
	__u64 bio;
	__u32 index, position; /* in its vectors, in the vector */
};

/* The first page of each bio that a loop device was given, and of what was left of it when it was split. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COPYSCOPE_MAX_BIOS);
	__type(key, __u64); /* struct page * */
	__type(value, struct place);
} loop_pages __weak SEC(".maps");

/* Whether there was any: others need not look. */
__u32 loop_seen __weak SEC(".data") = 0;

/* Whom a worker works for. */
struct client {
	__u64 payer;  /* NOBODYS alone: somebody who is out of scope; 0: not known */
	__u64 active; /* inside a call that reads or writes the file */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct client);
} clients __weak SEC(".maps");

/* Of a vector that spans several pages each is 4 KiB of it: the one in which byte `position` lies. */
static __always_inline __u64 page_at(__u64 bio, __u32 index, __u32 position)
{
	struct bio_vec *vector = BPF_CORE_READ((struct bio *)bio, bi_io_vec);

	if (!vector)
		return 0;
	vector += index;
	position += BPF_CORE_READ(vector, bv_offset);
	return (__u64)BPF_CORE_READ(vector, bv_page) + position / PAGE_BYTES * bpf_core_type_size(struct page);
}

static __always_inline struct place first_place(__u64 address)
{
	struct bio *bio = (struct bio *)address;

	return (struct place){.bio = address,
			      .index = BPF_CORE_READ(bio, bi_iter.bi_idx),
			      .position = BPF_CORE_READ(bio, bi_iter.bi_bvec_done)};
}

static __always_inline __u64 first_page(__u64 bio)
{
	struct place place = first_place(bio);

	return page_at(bio, place.index, place.position);
}

static __always_inline void note_loop_bio(__u64 bio)
{
	struct place place = first_place(bio);
	__u64 page = page_at(bio, place.index, place.position);

	loop_seen = 1;
	if (page)
		bpf_map_update_elem(&loop_pages, &page, &place, BPF_ANY);
}

/* The bio of a loop device that this page is the first of; 0: none. */
static __always_inline __u64 loop_bio(__u64 page)
{
	struct place *place = loop_seen && page ? bpf_map_lookup_elem(&loop_pages, &page) : NULL;

	return place && page_at(place->bio, place->index, place->position) == page ? place->bio : 0;
}

static __always_inline struct client *active_client(struct task_struct *task)
{
	struct client *client = loop_seen ? bpf_task_storage_get(&clients, task, 0, 0) : NULL;

	return client && client->active ? client : NULL;
}

#endif
