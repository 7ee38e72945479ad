/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps that several programs share, and what lies in them. A ledger is what the current operation of one thread has
 * cost so far; it lives in task storage, so a copy site finds it without a hash.
 */
#ifndef COPYSCOPE_MAPS_BPF_H
#define COPYSCOPE_MAPS_BPF_H

#include "compat.bpf.h"
#include "copyscope_abi.h"

/* The two sides of an operation on which conservation is checked. */
enum leg {
	LEG_SOURCE, /* source -> kernel; of read-like operations: kernel -> user memory */
	LEG_SINK,   /* kernel -> sink; of write-like operations: user memory -> kernel */
	LEGS,
};

/* Classes that sites add to a ledger. One bit each in ledger.dirty, so that posting pays only for what happened. */
enum ledger_class {
	CLASS_TO_USER,
	CLASS_FROM_USER,
	CLASS_KERNEL,
	CLASS_COW,
	CLASSES,
};

struct known_file {
	__u64 file, inode;
	__u32 flags;
	struct copyscope_endpoint endpoint;
};

struct ledger {
	struct copyscope_account_key key; /* key.op != NONE: an operation is open */
	__u64 cpu_base;                   /* see cpu_clock() */
	__u64 nvcsw, nivcsw;
	__u64 asked;
	__u64 leg[LEGS];         /* bytes for which a copy, a reference or a DMA was seen */
	__u64 copied[LEGS];      /* ... of these, by copy or reference: what the return value must cover */
	__u64 bytes[CLASSES];    /* CPU copies */
	__u64 calls[CLASSES];
	__u64 referenced, direct;
	__u64 faults_minor, faults_major, faults_cow, around_pages, swapped_in;
	__u64 lost;
	__u64 send_referenced;   /* references taken by the send in progress, to tell them from what it copied */
	__u32 dirty;             /* 1 << enum ledger_class, DIRTY_OTHER */
	__u32 mode_switches;
	__u32 in_fault;          /* bit FAULT_OPEN, bit FAULT_COPIED */
	__u32 closes;            /* 1 << enum leg: legs whose sum must equal the return value */
	struct known_file files[LEGS];
	__u64 memory_start, memory_end, memory_signature; /* the mapping looked up last */
	__u32 memory_kind;
	__u32 memory_cached;     /* the open operation used it unchecked */
	__u64 memory_address;
};

#define DIRTY_OTHER (1U << CLASSES)
#define FAULT_OPEN 1U
#define FAULT_COPIED 2U /* copy-on-write was seen at its copy routine */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ledger);
} ledgers __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_ACCOUNTS);
	__type(key, struct copyscope_account_key);
	__type(value, struct copyscope_account);
} accounts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_PROCESSES);
	__type(key, struct copyscope_process);
	__type(value, struct copyscope_process_info);
} processes __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COPYSCOPE_LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses __weak SEC(".maps");

/* enum copyscope_scope; written by user space last, when everything is attached */
__u32 scope __weak SEC(".data") = COPYSCOPE_SCOPE_OFF;

static const struct copyscope_account zero_account;

static __always_inline void lose(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline struct copyscope_account *account_of(const struct copyscope_account_key *key)
{
	struct copyscope_account *account = bpf_map_lookup_elem(&accounts, key);

	if (account)
		return account;
	bpf_map_update_elem(&accounts, key, &zero_account, BPF_NOEXIST);
	account = bpf_map_lookup_elem(&accounts, key);
	if (!account)
		lose(COPYSCOPE_LOSS_ACCOUNT);
	return account;
}

/*
 * For what happens outside the operation, in softirq or interrupt context: the counter may be hit from both on one CPU,
 * so the addition is atomic. Counters added here are never posted by ledger_post().
 */
static __always_inline void account_add(const struct copyscope_account_key *key, __u32 counter, __u64 bytes)
{
	struct copyscope_account *account = account_of(key);

	if (account && counter < COPYSCOPE_COUNTERS)
		__sync_fetch_and_add(&account->counter[counter], bytes);
}

#endif
