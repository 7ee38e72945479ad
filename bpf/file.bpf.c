// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations of the read and write family. Which bytes were copied is the business of copies.bpf.c. */
#include "vector.bpf.h"

/*
 * These calls are opened where the kernel has turned the descriptor into a file: following that pointer by plain loads
 * saves three helper calls, and a second program on a function is what costs most to attach. Which call it is says the
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

/* fs/read_write.c:vfs_readv, called by do_readv and do_preadv; the vector lies in user memory. */
static __always_inline __u32 vector_input(__u64 call)
{
	switch (call) {
	case SYSCALL_READV:
		return COPYSCOPE_OP_READV;
	case SYSCALL_PREADV:
		return COPYSCOPE_OP_PREADV;
	case SYSCALL_PREADV2:
		return COPYSCOPE_OP_PREADV2;
	}
	return COPYSCOPE_OP_NONE;
}

static __always_inline __u32 vector_output(__u64 call)
{
	switch (call) {
	case SYSCALL_WRITEV:
		return COPYSCOPE_OP_WRITEV;
	case SYSCALL_PWRITEV:
		return COPYSCOPE_OP_PWRITEV;
	case SYSCALL_PWRITEV2:
		return COPYSCOPE_OP_PWRITEV2;
	}
	return COPYSCOPE_OP_NONE;
}

SEC("?fentry")
int BPF_PROG(enter_vfs_readv, struct file *file, __u64 address, unsigned long segments)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = ledger_begin(task);
	struct vector vector = {.base = address, .sink = 1};
	__u32 op;

	if (!ledger)
		return 0;
	op = vector_input(syscall_number(task));
	if (op == COPYSCOPE_OP_NONE)
		return 0;
	read_vector(&vector, segments);
	file_endpoint(file, &ledger->key.source);
	sink_memory(ledger, task, vector.base);
	ledger->asked = vector.asked;
	ledger_open(ledger, task, op);
	return 0;
}

SEC("?fentry")
int BPF_PROG(enter_vfs_writev, struct file *file, __u64 address, unsigned long segments)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = ledger_begin(task);
	struct vector vector = {.base = address};
	__u32 op;

	if (!ledger)
		return 0;
	op = vector_output(syscall_number(task));
	if (op == COPYSCOPE_OP_NONE)
		return 0;
	read_vector(&vector, segments);
	source_memory(ledger, vector.base);
	file_endpoint(file, &ledger->key.sink);
	ledger->asked = vector.asked;
	ledger_open(ledger, task, op);
	return 0;
}

/*
 * A call that failed on its way to vfs_read() (fs/read_write.c:ksys_read, ksys_pread64, do_preadv) is an operation all the
 * same. Any other result without an open ledger belongs to a call that began before counting.
 */
static __always_inline bool failed_early(long result)
{
	return result == -EBADF || result == -ESPIPE || result == -EINVAL;
}

#define VFS_EXIT(name, op_, enter, exit, post)                                                                         \
	__noinline int fail_##name(__u64 fd, __u64 address, __u64 asked, long error)                                   \
	{                                                                                                              \
		struct task_struct *task = bpf_get_current_task_btf();                                                 \
		struct ledger *ledger = ledger_begin(task);                                                            \
                                                                                                                       \
		if (!ledger)                                                                                           \
			return 0;                                                                                      \
		enter(ledger, task, fd, address, asked);                                                               \
		ledger_open(ledger, task, op_);                                                                        \
		ledger_post_rarely(ledger, error, 0);                                                                  \
		return 0;                                                                                              \
	}                                                                                                              \
                                                                                                                       \
	SEC("?fexit")                                                                                                  \
	int BPF_PROG(exit_##name, const struct pt_regs *regs, long moved)                                              \
	{                                                                                                              \
		struct task_struct *task = bpf_get_current_task_btf();                                                 \
		struct ledger *ledger = open_ledger_of(task);                                                          \
                                                                                                                       \
		if (ledger)                                                                                            \
			post(ledger, task, moved, exit(ledger, moved));                                                \
		else if (failed_early(moved))                                                                          \
			fail_##name(SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), moved);                \
		return 0;                                                                                              \
	}

static __always_inline void enter_input_vector(struct ledger *ledger, const struct task_struct *task, __u32 fd,
					       __u64 address, __u64 segments)
{
	struct vector vector = {.base = address, .sink = 1};

	read_vector(&vector, segments);
	enter_input(ledger, task, fd, vector.base, vector.asked);
}

static __always_inline void enter_output_vector(struct ledger *ledger, const struct task_struct *task, __u32 fd,
						__u64 address, __u64 segments)
{
	struct vector vector = {.base = address};

	read_vector(&vector, segments);
	enter_output(ledger, task, fd, vector.base, vector.asked);
}

VFS_EXIT(read, COPYSCOPE_OP_READ, enter_input, exit_input, ledger_post_call)
VFS_EXIT(pread64, COPYSCOPE_OP_PREAD64, enter_input, exit_input, ledger_post_call)
VFS_EXIT(write, COPYSCOPE_OP_WRITE, enter_output, exit_output, ledger_post_call)
VFS_EXIT(pwrite64, COPYSCOPE_OP_PWRITE64, enter_output, exit_output, ledger_post_call)
VFS_EXIT(readv, COPYSCOPE_OP_READV, enter_input_vector, exit_input_vector, ledger_post_rare_call)
VFS_EXIT(preadv, COPYSCOPE_OP_PREADV, enter_input_vector, exit_input_vector, ledger_post_rare_call)
VFS_EXIT(preadv2, COPYSCOPE_OP_PREADV2, enter_input_vector, exit_input_vector, ledger_post_rare_call)
VFS_EXIT(writev, COPYSCOPE_OP_WRITEV, enter_output_vector, exit_output_vector, ledger_post_rare_call)
VFS_EXIT(pwritev, COPYSCOPE_OP_PWRITEV, enter_output_vector, exit_output_vector, ledger_post_rare_call)
VFS_EXIT(pwritev2, COPYSCOPE_OP_PWRITEV2, enter_output_vector, exit_output_vector, ledger_post_rare_call)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
