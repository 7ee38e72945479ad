/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Open, add, post: the only writers of ledgers and accounts.
 *
 * A ledger is posted once, when its operation ends. Knows nothing of which function copies what.
 */
#ifndef COPYSCOPE_LEDGER_BPF_H
#define COPYSCOPE_LEDGER_BPF_H

#include "maps.bpf.h"

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
	ledger->faults_minor = ledger->faults_major = ledger->faults_cow = 0;
	ledger->around_pages = ledger->swapped_in = 0;
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
		POST(COPYSCOPE_SWAPPED_IN_PAGES, ledger->swapped_in);
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
