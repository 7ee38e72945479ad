/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Open, add, post: the only writers of ledgers and accounts.
 *
 * A ledger is what the current operation of one thread has cost so far. It lives in task storage, so a copy site finds
 * it without a hash, and it is posted once, when the operation ends. Knows nothing of which function copies what.
 */
#ifndef COPYSCOPE_LEDGER_BPF_H
#define COPYSCOPE_LEDGER_BPF_H

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
	__u64 faults_minor, faults_major, faults_cow, around_pages;
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

/*
 * On-CPU time of the task, up to a constant: now, minus what it slept. The scheduler adds to sum_exec_runtime and moves
 * exec_start to now at every switch and tick (kernel/sched/fair.c:update_curr), so (sum - exec_start) changes only by
 * minus the time spent off the CPU. The difference of two readings is the time run between them.
 */
static __always_inline __u64 cpu_clock(const struct task_struct *task)
{
	return bpf_ktime_get_ns() + task->se.sum_exec_runtime - task->se.exec_start;
}

/* The ledger of the current thread if an operation is open in it, else NULL. For copy sites. */
static __always_inline struct ledger *open_ledger(void)
{
	struct ledger *ledger = bpf_task_storage_get(&ledgers, bpf_get_current_task_btf(), 0, 0);

	return ledger && ledger->key.op != COPYSCOPE_OP_NONE ? ledger : NULL;
}

static __always_inline void ledger_copy(struct ledger *ledger, enum ledger_class class, enum leg leg, __u64 bytes)
{
	ledger->bytes[class] += bytes;
	ledger->calls[class]++;
	ledger->leg[leg] += bytes;
	ledger->copied[leg] += bytes;
	ledger->dirty |= 1U << class;
}

static __always_inline void ledger_reference(struct ledger *ledger, enum leg leg, __u64 bytes)
{
	ledger->referenced += bytes;
	ledger->leg[leg] += bytes;
	ledger->copied[leg] += bytes;
	ledger->dirty |= DIRTY_OTHER;
}

/* A copy between an iov_iter and the kernel: the iter tells what stands on the other side. */
static __always_inline void ledger_iter(struct ledger *ledger, const struct iov_iter *iter, enum leg leg, __u64 bytes)
{
	switch (iter_class(iter)) {
	case ITER_CLASS_USER:
		if (leg == LEG_SOURCE)
			ledger_copy(ledger, CLASS_TO_USER, leg, bytes);
		else
			ledger_copy(ledger, CLASS_FROM_USER, leg, bytes);
		break;
	case ITER_CLASS_KERNEL:
		ledger_copy(ledger, CLASS_KERNEL, leg, bytes);
		break;
	case ITER_CLASS_PIPE:
		ledger_reference(ledger, leg, bytes);
		break;
	}
}

/*
 * Who the thread belongs to, once per thread. group_leader keeps pid and start time through an exec by another thread
 * (fs/exec.c:de_thread), so the key is good as long as the storage lives.
 */
static __noinline int ledger_identify(struct ledger *ledger)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copyscope_process_info info = {};
	__u64 ids;

	if (!ledger)
		return 0;
	ledger->key.process.tgid = task->tgid;
	ledger->key.process.start_ns = task->group_leader->start_boottime;
	if (bpf_map_lookup_elem(&processes, &ledger->key.process))
		return 0;
	ids = bpf_get_current_uid_gid();
	bpf_get_current_comm(info.comm, sizeof(info.comm));
	info.uid = (__u32)ids;
	info.parent_tgid = task->real_parent->tgid;
	info.cgroup_id = bpf_get_current_cgroup_id();
	if (bpf_map_update_elem(&processes, &ledger->key.process, &info, BPF_ANY))
		lose(COPYSCOPE_LOSS_PROCESS);
	return 0;
}

/* The ledger for a new operation of the current thread, or NULL if the thread is out of scope. */
static __always_inline struct ledger *ledger_begin(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger;

	if (scope == COPYSCOPE_SCOPE_TREE) {
		ledger = bpf_task_storage_get(&ledgers, task, 0, 0);
		if (!ledger)
			return NULL;
	} else if (scope == COPYSCOPE_SCOPE_ALL) {
		ledger = bpf_task_storage_get(&ledgers, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!ledger) {
			lose(COPYSCOPE_LOSS_LEDGER);
			return NULL;
		}
	} else {
		return NULL;
	}
	if (!ledger->key.process.tgid)
		ledger_identify(ledger);
	return ledger;
}

static __always_inline void ledger_reset(struct ledger *ledger)
{
	int i;

	for (i = 0; i < CLASSES; i++)
		ledger->bytes[i] = ledger->calls[i] = 0;
	ledger->referenced = ledger->direct = 0;
	ledger->faults_minor = ledger->faults_major = ledger->faults_cow = ledger->around_pages = 0;
	ledger->lost = 0;
	ledger->dirty = 0;
}

static __always_inline void ledger_open(struct ledger *ledger, __u32 op)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (ledger->key.op != COPYSCOPE_OP_NONE) {
		/* The exit of the earlier operation was missed; what it had gathered cannot be trusted. */
		lose(COPYSCOPE_LOSS_UNCLOSED);
		ledger_reset(ledger);
	}
	ledger->leg[LEG_SOURCE] = ledger->leg[LEG_SINK] = 0;
	ledger->copied[LEG_SOURCE] = ledger->copied[LEG_SINK] = 0;
	ledger->in_fault = 0;
	ledger->nvcsw = task->nvcsw;
	ledger->nivcsw = task->nivcsw;
	ledger->key.op = op;
	ledger->cpu_base = cpu_clock(task);
}

#define POST(counter_, value_) (account->counter[counter_] += (value_))

static __always_inline void post_classes(struct ledger *ledger, struct copyscope_account *account)
{
	if (ledger->dirty & (1U << CLASS_TO_USER)) {
		POST(COPYSCOPE_TO_USER_BYTES, ledger->bytes[CLASS_TO_USER]);
		POST(COPYSCOPE_TO_USER_CALLS, ledger->calls[CLASS_TO_USER]);
	}
	if (ledger->dirty & (1U << CLASS_FROM_USER)) {
		POST(COPYSCOPE_FROM_USER_BYTES, ledger->bytes[CLASS_FROM_USER]);
		POST(COPYSCOPE_FROM_USER_CALLS, ledger->calls[CLASS_FROM_USER]);
	}
	if (ledger->dirty & ~((1U << CLASS_TO_USER) | (1U << CLASS_FROM_USER))) {
		POST(COPYSCOPE_KERNEL_BYTES, ledger->bytes[CLASS_KERNEL]);
		POST(COPYSCOPE_KERNEL_CALLS, ledger->calls[CLASS_KERNEL]);
		POST(COPYSCOPE_COW_BYTES, ledger->bytes[CLASS_COW]);
		POST(COPYSCOPE_COW_CALLS, ledger->calls[CLASS_COW]);
		POST(COPYSCOPE_REFERENCED_BYTES, ledger->referenced);
		POST(COPYSCOPE_DIRECT_BYTES, ledger->direct);
		POST(COPYSCOPE_FAULTS_MINOR, ledger->faults_minor);
		POST(COPYSCOPE_FAULTS_MAJOR, ledger->faults_major);
		POST(COPYSCOPE_FAULTS_COW, ledger->faults_cow);
		POST(COPYSCOPE_AROUND_PAGES, ledger->around_pages);
		POST(COPYSCOPE_LOST, ledger->lost);
	}
	if (ledger->dirty)
		ledger_reset(ledger);
}

/*
 * Conservation, per operation and leg: more copied or referenced than moved is excess (a retried or failed operation),
 * moved without a trace is unexplained. Device blocks are larger than a short tail, so direct bytes are never excess.
 */
static __always_inline void post_closure(struct ledger *ledger, struct copyscope_account *account, __u64 moved)
{
	int leg;

	for (leg = 0; leg < LEGS; leg++) {
		if (!(ledger->closes & (1U << leg)))
			continue;
		if (ledger->leg[leg] < moved)
			POST(COPYSCOPE_UNEXPLAINED_BYTES, moved - ledger->leg[leg]);
		if (ledger->copied[leg] > moved)
			POST(COPYSCOPE_EXCESS_BYTES, ledger->copied[leg] - moved);
	}
}

/*
 * Ends the operation: adds the ledger to its account and closes it. `moved` is the system call's return value;
 * `operations` is 0 for a fault that will be tried again, and 1 for everything else.
 */
static __always_inline void ledger_post(struct ledger *ledger, long moved, __u32 operations)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copyscope_account *account = account_of(&ledger->key);
	__s64 run = cpu_clock(task) - ledger->cpu_base;

	if (account) {
		POST(COPYSCOPE_OPERATIONS, operations);
		POST(COPYSCOPE_MODE_SWITCHES, ledger->mode_switches);
		POST(COPYSCOPE_BYTES_ASKED, ledger->asked);
		POST(COPYSCOPE_CTX_VOLUNTARY, task->nvcsw - ledger->nvcsw);
		POST(COPYSCOPE_CTX_INVOLUNTARY, task->nivcsw - ledger->nivcsw);
		/* Two clocks meet in cpu_clock(); a nap of minutes could leave a few ns below zero. */
		if (run > 0)
			POST(COPYSCOPE_KERNEL_NS, run);
		if (moved < 0) {
			POST(COPYSCOPE_ERRORS, 1);
			moved = 0;
		}
		POST(COPYSCOPE_BYTES_MOVED, moved);
		post_closure(ledger, account, moved);
		post_classes(ledger, account);
	} else {
		ledger_reset(ledger);
	}
	ledger->key.op = COPYSCOPE_OP_NONE;
}

#endif
