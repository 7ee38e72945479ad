// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Who is profiled: children inherit the scope of their parent; an exec changes the name a process goes by. */
#include "ledger.bpf.h"

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(inherit_scope, struct task_struct *parent, struct task_struct *child)
{
	if (scope != COPYSCOPE_SCOPE_TREE || !bpf_task_storage_get(&ledgers, parent, 0, 0))
		return 0;
	if (!bpf_task_storage_get(&ledgers, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		lose(COPYSCOPE_LOSS_INHERIT);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(rename_process, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct copyscope_process process = {
		.tgid = task->tgid,
		.start_ns = task->group_leader->start_boottime,
	};
	struct copyscope_process_info *info = bpf_map_lookup_elem(&processes, &process);

	if (info)
		bpf_get_current_comm(info->comm, sizeof(info->comm));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
