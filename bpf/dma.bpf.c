// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The DMA buffer of /dev/copyscope: its calls are operations, so that a SYNC, which moves nothing, has an account for its
 * mode switches, its time and its hand-over. And the DMA API's own syncs, of whatever device, inside operations.
 *
 * Counters are added atomically and not through the ledger: posting, which every read pays for, does not know them.
 */
#include "syscall.bpf.h"

/* ioctl(fd, command, argument). Calls of other devices are no operations. */
SEC("?fentry")
int BPF_PROG(enter_ioctl, const struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copyscope_endpoint end;
	struct ledger *ledger = ledger_begin(task);

	if (!ledger)
		return 0;
	fd_endpoint(task, SYSCALL_ARG1(regs), &end);
	if (end.kind != COPYSCOPE_END_DMA)
		return 0;
	ledger->key.source = ledger->key.sink = end;
	ledger->asked = 0;
	ledger_open(ledger, task, COPYSCOPE_OP_IOCTL);
	return 0;
}

/* The argument is read when the call has succeeded: the kernel has read it then, and has found it to be right. */
static __always_inline void count_sync(struct ledger *ledger, __u64 argument)
{
	struct copyscope_call_sync call;
	__u32 counter;

	if (bpf_probe_read_user(&call, sizeof(call), (void *)argument)) {
		ledger->lost++;
		ledger->dirty |= DIRTY_OTHER;
		return;
	}
	counter = call.owner == COPYSCOPE_CALL_SYNC_FOR_CPU ? COPYSCOPE_SYNC_CPU_BYTES : COPYSCOPE_SYNC_DEVICE_BYTES;
	account_copied(ledger_account(ledger), counter, call.length);
}

SEC("?fexit")
int BPF_PROG(exit_ioctl, const struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = open_ledger_of(task);

	if (!ledger || ledger->key.op != COPYSCOPE_OP_IOCTL)
		return 0;
	if (!result && (__u32)SYSCALL_ARG2(regs) == COPYSCOPE_CALL_SYNC)
		count_sync(ledger, SYSCALL_ARG3(regs));
	ledger_post_call(ledger, task, result < 0 ? result : 0, 0);
	return 0;
}

/*
 * kernel/dma/mapping.c. In the task that is inside an operation only: what runs in an interrupt (a NIC's receive ring) or
 * in a kernel thread is nobody's. On 6.12, not on 6.1, they are called for devices that need a sync alone.
 */
static __always_inline int count_api_sync(__u32 counter, __u64 bytes)
{
	struct ledger *ledger = in_task() ? open_ledger() : NULL;

	if (ledger)
		account_copied(ledger_account(ledger), counter, bytes);
	return 0;
}

SEC("?fentry")
int BPF_PROG(api_sync_cpu_single, struct device *device, __u64 address, size_t bytes)
{
	return count_api_sync(COPYSCOPE_API_SYNC_CPU_BYTES, bytes);
}

SEC("?fentry")
int BPF_PROG(api_sync_device_single, struct device *device, __u64 address, size_t bytes)
{
	return count_api_sync(COPYSCOPE_API_SYNC_DEVICE_BYTES, bytes);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
