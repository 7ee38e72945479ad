/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The maps that several programs share, and what lies in them. A ledger is what the current operation of one thread has
 * cost so far; an account is the sum of finished ledgers.
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
	CLASS_MIGRATION,
	CLASSES,
};

struct ledger {
	__u32 owner;                      /* pid of the thread; 0: free */
	__u32 layered;                    /* a layer above TCP copies: what TCP does then is inner work (layers.bpf.c) */
	struct copyscope_account_key key; /* key.op != NONE: an operation is open */
	struct copyscope_account_key posted; /* the last one posted to ... */
	__u64 account;                       /* ... and its account: most operations follow one of their kind */
	__u64 start_ns, cpu_offset;          /* see cpu_offset() */
	__u64 nvcsw, nivcsw;
	__u64 asked;
	__u64 seen[LEGS];        /* bytes copied or referenced on each leg */
	__u64 linked[LEGS];      /* of `seen`: by reference */
	__u64 direct[LEGS];      /* user pages handed to a device */
	__u64 bytes[CLASSES];    /* CPU copies */
	__u64 calls[CLASSES];
	__u64 referenced;
	__u64 faults_minor, faults_major, faults_cow, around_pages, swapped_in;
	__u64 cow_derived;       /* of bytes[CLASS_COW] */
	__u64 overwritten;
	__u64 lost;
	__u64 transformed;       /* by `cipher`, the first struct crypto_tfm that the operation used */
	__u64 cipher;
	__u64 send_referenced;   /* references taken by the send in progress, to tell them from what it copied */
	__u64 packet_bytes;      /* of the packet that pages are being added to, before they are */
	__u32 dirty;             /* 1 << enum ledger_class, DIRTY_OTHER */
	__u32 in_fault;          /* FAULT_* */
	__u64 memory_start, memory_end; /* the mapping looked up last ... */
	__u64 memory_total;      /* ... when the process had mapped so many pages */
	__u64 memory_address;    /* what the open operation asked for */
	__u16 memory_kind, memory_flags;
	__u32 memory_uses;       /* of the remembered answer */
	__s64 read_over;         /* bytes read to memory_address one time after the other, nothing written: note_overwriting */
	__u64 dirtied;           /* an inode, while it is not known from what memory: see settle_source_memory */
	struct copyscope_measured measured; /* CPU copies seen at the copying function itself */
};

#define DIRTY_OTHER (1U << CLASSES)
#define DIRTY_MEASURED (1U << (CLASSES + 1))
#define FAULT_OPEN 1U
#define FAULT_COPIED 2U   /* a page was copied on write */
#define FAULT_MIGRATES 4U /* a folio is being moved elsewhere */

/*
 * Ledgers by pid modulo the size: an array lookup is a few instructions, task storage takes a hundred. A thread whose
 * place is taken by another has its ledger in task storage, and so has the one that user space marks (through a pidfd,
 * which means the same process in every pid namespace).
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COPYSCOPE_LEDGERS);
	__type(key, __u32);
	__type(value, struct ledger);
} ledgers __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ledger);
} spare_ledgers __weak SEC(".maps");

/* Threads that may have a spare ledger; while there is none, nobody looks for it. */
__u32 spares __weak SEC(".data") = 0;

/* An account has a short name, so that it need not be found by hashing its key every time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_ACCOUNTS);
	__type(key, struct copyscope_account_key);
	__type(value, __u64); /* never 0, never used again */
} account_ids __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_ACCOUNTS);
	__type(key, __u64);
	__type(value, struct copyscope_account);
} accounts __weak SEC(".maps");

/*
 * The twin of `accounts`, of the same ids: what the module's sites or breakpoints saw. Apart, so that who does not
 * measure pays nothing, and an audit can compare the two.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_ACCOUNTS);
	__type(key, __u64);
	__type(value, struct copyscope_measured);
} measured __weak SEC(".maps");

/* Copies are measured besides; set before loading, so that the verifier drops what is not used. */
const volatile __u32 measures __weak SEC(".rodata") = 0;
/*
 * ... by the module's sites. They see every copy, so what they measure closes the legs (see post_closure); and they report
 * after the derived programs have been, so an owner that only these know waits for them (late_copies, bounces).
 */
const volatile __u32 module_measures __weak SEC(".rodata") = 0;

__u64 last_account_id __weak SEC(".data") = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_PROCESSES);
	__type(key, struct copyscope_process);
	__type(value, struct copyscope_process_info);
} processes __weak SEC(".maps");

/* By cgroup id. Those made last; a job that outlives 2,048 others is still there to be asked. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COPYSCOPE_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct copyscope_cgroup_path);
} cgroup_paths __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COPYSCOPE_LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} losses __weak SEC(".maps");

/* enum copyscope_scope; written by user space last, when everything is attached */
__u32 scope __weak SEC(".data") = COPYSCOPE_SCOPE_OFF;

static const struct copyscope_account zero_account;
static const struct copyscope_measured zero_measured;

static __always_inline void lose(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &reason);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * Functions that are not static are verified once for each program that calls them, knowing nothing of the caller; static
 * ones again on each path that leads to them. So what is called from much-branched places is not static.
 */

/* 0: there is no room for another account. */
__weak __noinline __u64 find_account(const struct copyscope_account_key *wanted)
{
	struct copyscope_account_key key;
	__u64 *known, id;

	if (!wanted)
		return 0;
	key = *wanted; /* before v6.2 such a function may only look up what lies on the stack or in a map */
	known = bpf_map_lookup_elem(&account_ids, &key);
	if (known)
		return *known;
	id = __sync_fetch_and_add(&last_account_id, 1) + 1;
	bpf_map_update_elem(&account_ids, &key, &id, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&account_ids, &key); /* another CPU may have been first */
	return known ? *known : 0;
}

static __always_inline struct copyscope_account *account_of(__u64 id)
{
	struct copyscope_account *account = bpf_map_lookup_elem(&accounts, &id);

	if (account)
		return account;
	if (id) {
		bpf_map_update_elem(&accounts, &id, &zero_account, BPF_NOEXIST);
		account = bpf_map_lookup_elem(&accounts, &id);
	}
	if (!account)
		lose(COPYSCOPE_LOSS_ACCOUNT);
	return account;
}

static __always_inline struct copyscope_measured *measured_of(__u64 id)
{
	struct copyscope_measured *sum = bpf_map_lookup_elem(&measured, &id);

	if (sum || !id)
		return sum;
	bpf_map_update_elem(&measured, &id, &zero_measured, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&measured, &id);
	if (!sum)
		lose(COPYSCOPE_LOSS_ACCOUNT);
	return sum;
}

/*
 * For what happens outside the operation, in softirq or interrupt context: the counter may be hit from both on one CPU,
 * so the addition is atomic. Counters added here are never posted by ledger_post().
 */
static __always_inline void account_add(__u64 id, __u32 counter, __u64 bytes)
{
	struct copyscope_account *account = account_of(id);

	if (account && counter < COPYSCOPE_COUNTERS)
		__sync_fetch_and_add(&account->counter[counter], bytes);
}

/* The same for one copy: `counter` is that of its class's bytes, calls stand behind them. Nobody's (0) is not counted. */
static __always_inline void account_copied(__u64 id, __u32 counter, __u64 bytes)
{
	struct copyscope_account *account = id && bytes ? account_of(id) : NULL;

	if (!account || counter + 1 >= COPYSCOPE_COUNTERS)
		return;
	__sync_fetch_and_add(&account->counter[counter], bytes);
	__sync_fetch_and_add(&account->counter[counter + 1], 1);
}

#endif
