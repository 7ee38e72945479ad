/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who pays for disk I/O of a task that has no operation open. A program's: its process, for calls that are no operations
 * (mount, fsync, posix_fadvise, io_uring_enter...). A kernel thread's: nobody, by the name of the thread.
 */
#ifndef COPYSCOPE_BYSTANDERS_BPF_H
#define COPYSCOPE_BYSTANDERS_BPF_H

#include "writers.bpf.h"

/* include/linux/sched.h */
#define PF_WQ_WORKER 0x00000020
#define PF_KTHREAD 0x00200000

/* Threads that io_uring makes for a process are not seen by sched_process_fork: their leader tells. */
static __always_inline bool in_scope(struct task_struct *task)
{
	struct ledger *ledger;
	__u32 leader = task->tgid, place = leader & (COPYSCOPE_LEDGERS - 1);

	if (scope != COPYSCOPE_SCOPE_TREE)
		return scope == COPYSCOPE_SCOPE_ALL;
	if (find_ledger(task))
		return true;
	ledger = bpf_map_lookup_elem(&ledgers, &place);
	return ledger && ledger->owner == leader;
}

/*
 * Workers of workqueues are one: which of them takes what work is chance, and the name does not tell. Their process is their
 * parent's, kthreadd.
 */
static __always_inline void name_kernel_thread(const struct task_struct *task, struct copyscope_process *process)
{
	struct copyscope_process_info info = {.comm = "kworker"};
	const struct task_struct *parent = task->real_parent;

	if (task->flags & PF_WQ_WORKER)
		*process = (struct copyscope_process){.tgid = parent->tgid, .start_ns = parent->start_boottime};
	if (bpf_map_lookup_elem(&processes, process))
		return;
	if (!(task->flags & PF_WQ_WORKER))
		describe_process(&info);
	info.parent_tgid = parent->tgid;
	if (bpf_map_update_elem(&processes, process, &info, BPF_ANY))
		lose(COPYSCOPE_LOSS_PROCESS);
}

/* The account of what is read from `kind`, `device`, or written to it; NOBODYS with it; 0: out of scope. */
__weak __noinline __u64 bystander_account(__u32 kind, __u32 device, __u32 write)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copyscope_endpoint disk = {.kind = kind, .device = device};
	struct copyscope_endpoint memory = {.kind = COPYSCOPE_END_MEMORY};
	struct copyscope_account_key key = {
		.process = {.tgid = task->tgid, .start_ns = task->group_leader->start_boottime},
		.op = COPYSCOPE_OP_OTHER,
		.source = write ? memory : disk,
		.sink = write ? disk : memory,
	};
	__u64 account;

	if (!(task->flags & PF_KTHREAD)) {
		if (!in_scope(task))
			return 0;
		name_process(task, &key.process);
		return find_account(&key);
	}
	if (scope != COPYSCOPE_SCOPE_ALL)
		return 0;
	name_kernel_thread(task, &key.process);
	key.op = COPYSCOPE_OP_NOBODYS;
	account = find_account(&key);
	return account ? account | NOBODYS : 0;
}

/* The same for what was submitted before counting began, or could not be remembered: not even the thread is known. */
__weak __noinline __u64 unknown_account(__u32 device, __u32 write)
{
	struct copyscope_endpoint disk = {.kind = COPYSCOPE_END_BLOCK, .device = device};
	struct copyscope_endpoint memory = {.kind = COPYSCOPE_END_MEMORY};
	struct copyscope_account_key key = {
		.op = COPYSCOPE_OP_NOBODYS,
		.source = write ? memory : disk,
		.sink = write ? disk : memory,
	};
	__u64 account = scope == COPYSCOPE_SCOPE_ALL ? find_account(&key) : 0;

	return account ? account | NOBODYS : 0;
}

#endif
