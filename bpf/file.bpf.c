// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations of the read and write family. Which bytes were copied is the business of copies.bpf.c. */
#include "vector.bpf.h"

/*
 * read, pread64, write and pwrite64 are the calls that are made most. They are opened where the kernel has turned the
 * descriptor into a file: following that pointer by plain loads saves three helper calls. Which call it is says the
 * system call number; vfs_read() on behalf of anything else is no operation.
 */
SEC("?fentry")
int BPF_PROG(enter_vfs_read, struct file *file, __u64 buffer, size_t bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = ledger_begin(task);
	__u64 call;

	if (!ledger)
		return 0;
	call = syscall_number(task);
	if (call != SYSCALL_READ && call != SYSCALL_PREAD64)
		return 0;
	file_endpoint(file, &ledger->key.source);
	sink_memory(ledger, task, buffer);
	ledger->asked = bytes;
	ledger_open(ledger, task, call == SYSCALL_READ ? COPYSCOPE_OP_READ : COPYSCOPE_OP_PREAD64);
	return 0;
}

SEC("?fentry")
int BPF_PROG(enter_vfs_write, struct file *file, __u64 buffer, size_t bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = ledger_begin(task);
	__u64 call;

	if (!ledger)
		return 0;
	call = syscall_number(task);
	if (call != SYSCALL_WRITE && call != SYSCALL_PWRITE64)
		return 0;
	source_memory(ledger, buffer);
	file_endpoint(file, &ledger->key.sink);
	ledger->asked = bytes;
	ledger_open(ledger, task, call == SYSCALL_WRITE ? COPYSCOPE_OP_WRITE : COPYSCOPE_OP_PWRITE64);
	return 0;
}

/*
 * A call that failed on its way to vfs_read() (fs/read_write.c:ksys_read, ksys_pread64) is an operation all the same. Any
 * other result without an open ledger belongs to a call that began before counting.
 */
static __always_inline struct ledger *failed_early(struct task_struct *task, long result)
{
	if (result != -EBADF && result != -ESPIPE && result != -EINVAL)
		return NULL;
	return ledger_begin(task);
}

#define VFS_EXIT(name, op_, enter, exit)                                                                               \
	SEC("?fexit")                                                                                                  \
	int BPF_PROG(exit_##name, const struct pt_regs *regs, long moved)                                              \
	{                                                                                                              \
		struct task_struct *task = bpf_get_current_task_btf();                                                 \
		struct ledger *ledger = open_ledger_of(task);                                                          \
                                                                                                                       \
		if (!ledger) {                                                                                         \
			ledger = failed_early(task, moved);                                                            \
			if (!ledger)                                                                                   \
				return 0;                                                                              \
			enter(ledger, task, SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs));               \
			ledger_open(ledger, task, op_);                                                                \
		}                                                                                                      \
		ledger_post_call(ledger, task, moved, exit(ledger, moved));                                            \
		return 0;                                                                                              \
	}

static __always_inline void enter_readv_like(struct ledger *ledger, const struct task_struct *task,
					     const struct pt_regs *regs)
{
	struct vector vector;

	read_vector(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), &vector);
	enter_input(ledger, task, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

static __always_inline void enter_writev_like(struct ledger *ledger, const struct task_struct *task,
					      const struct pt_regs *regs)
{
	struct vector vector;

	read_vector(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), &vector);
	enter_output(ledger, task, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

VFS_EXIT(read, COPYSCOPE_OP_READ, enter_input, exit_input)
VFS_EXIT(pread64, COPYSCOPE_OP_PREAD64, enter_input, exit_input)
VFS_EXIT(write, COPYSCOPE_OP_WRITE, enter_output, exit_output)
VFS_EXIT(pwrite64, COPYSCOPE_OP_PWRITE64, enter_output, exit_output)
OPERATION(readv, COPYSCOPE_OP_READV, enter_readv_like, exit_input_vector)
OPERATION(preadv, COPYSCOPE_OP_PREADV, enter_readv_like, exit_input_vector)
OPERATION(preadv2, COPYSCOPE_OP_PREADV2, enter_readv_like, exit_input_vector)
OPERATION(writev, COPYSCOPE_OP_WRITEV, enter_writev_like, exit_output_vector)
OPERATION(pwritev, COPYSCOPE_OP_PWRITEV, enter_writev_like, exit_output_vector)
OPERATION(pwritev2, COPYSCOPE_OP_PWRITEV2, enter_writev_like, exit_output_vector)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
