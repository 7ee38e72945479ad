// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Who is profiled: children inherit the scope of their parent, an exec changes name and pid, an exit ends it. */
#include "ledger.bpf.h"

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(inherit_scope, struct task_struct *parent, struct task_struct *child)
{
	if (scope != COPYSCOPE_SCOPE_TREE || !find_ledger(parent))
		return 0;
	if (!make_ledger(child))
		lose(COPYSCOPE_LOSS_INHERIT);
	return 0;
}

static __always_inline void give_back(__u32 pid)
{
	__u32 place = pid & (COPYSCOPE_LEDGERS - 1);
	struct ledger *ledger = bpf_map_lookup_elem(&ledgers, &place);

	if (!ledger || ledger->owner != pid)
		return;
	__builtin_memset(&ledger->key, 0, sizeof(*ledger) - offsetof(struct ledger, key));
	barrier();
	ledger->owner = 0;
}

/* do_exit() has counted the thread out of signal->live before, so that the last one finds 0; two at a time both may. */
static __always_inline void end_process(struct task_struct *task)
{
	struct copyscope_process process = {
		.tgid = task->tgid,
		.start_ns = process_start(task),
	};
	struct copyscope_process_info *info;

	if (task->signal->live.counter)
		return;
	info = bpf_map_lookup_elem(&processes, &process);
	if (info)
		info->ended = 1;
}

/* The storage of a spare ledger ends with the task. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(end_thread, struct task_struct *task)
{
	if (scope == COPYSCOPE_SCOPE_OFF)
		return 0;
	give_back(task->pid);
	if (spares && bpf_task_storage_get(&spare_ledgers, task, 0, 0) &&
	    !bpf_task_storage_delete(&spare_ledgers, task))
		__sync_fetch_and_add(&spares, -1);
	end_process(task);
	return 0;
}

/*
 * A thread that execs takes the pid of its group leader (fs/exec.c:de_thread), whose ledger was given back when it ended;
 * and the thread that user space marked leaves its spare ledger here.
 */
static __always_inline void move_ledger(struct task_struct *task, __u32 old_pid)
{
	__u32 pid = task->pid, place = old_pid & (COPYSCOPE_LEDGERS - 1);
	struct ledger *ledger = bpf_map_lookup_elem(&ledgers, &place);
	bool marked = ledger && ledger->owner == old_pid;

	if (marked && old_pid == pid)
		return;
	if (marked)
		give_back(old_pid);
	if (spares && bpf_task_storage_get(&spare_ledgers, task, 0, 0) &&
	    !bpf_task_storage_delete(&spare_ledgers, task)) {
		__sync_fetch_and_add(&spares, -1);
		marked = true;
	}
	if (marked && !make_ledger(task))
		lose(COPYSCOPE_LOSS_INHERIT);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(follow_exec, struct task_struct *task, pid_t old_pid)
{
	struct copyscope_process process = {
		.tgid = task->tgid,
		.start_ns = process_start(task),
	};
	struct copyscope_process_info *info = bpf_map_lookup_elem(&processes, &process);

	if (info) {
		describe_process(info);
		info->execs++;
	}
	if (scope != COPYSCOPE_SCOPE_OFF)
		move_ledger(task, old_pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
