// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations between two descriptors: sendfile, splice, copy_file_range. */
#include "syscall.bpf.h"

static __always_inline void begin_between(struct ledger *ledger, const struct task_struct *task, __u32 in, __u32 out,
					  __u64 asked)
{
	fd_endpoint(task, in, &ledger->key.source);
	fd_endpoint(task, out, &ledger->key.sink);
	ledger->asked = asked;
}

static __always_inline void begin_sendfile(struct ledger *ledger, const struct task_struct *task,
					   const struct pt_regs *regs)
{
	begin_between(ledger, task, SYSCALL_ARG2(regs), SYSCALL_ARG1(regs), SYSCALL_ARG4(regs));
}

static __always_inline void begin_splice(struct ledger *ledger, const struct task_struct *task,
					 const struct pt_regs *regs)
{
	begin_between(ledger, task, SYSCALL_ARG1(regs), SYSCALL_ARG3(regs), SYSCALL_ARG5(regs));
}

/*
 * A leg that ends in a pipe moves nothing of its own: the pages were counted where they entered or will leave it. From
 * pipe to pipe they are only ever handed over, in fs/splice.c:splice_pipe_to_pipe, which is inlined everywhere.
 */
static __always_inline __u32 end_between(struct ledger *ledger, long moved)
{
	__u32 closes = 0;

	/* splice() out of /dev/copyscope hands out pages and knows no other way (kmod/uapi/copyscope.h) */
	if (ledger->key.source.kind == COPYSCOPE_END_DMA && moved > 0)
		ledger_reference(ledger, LEG_SOURCE, moved);
	if (ledger->key.source.kind != COPYSCOPE_END_PIPE)
		closes |= 1U << LEG_SOURCE;
	if (ledger->key.sink.kind != COPYSCOPE_END_PIPE)
		closes |= 1U << LEG_SINK;
	/* pages that TLS encrypts from where they lie, some of them with the next call (net/tls/tls_sw.c) */
	if ((ledger->key.sink.flags & COPYSCOPE_END_TLS) && moved > 0 && ledger->seen[LEG_SINK] < (__u64)moved)
		ledger->seen[LEG_SINK] = moved;
	if (!closes && moved > 0)
		ledger_reference(ledger, LEG_SINK, moved);
	return closes;
}

OPERATION(sendfile64, COPYSCOPE_OP_SENDFILE64, begin_sendfile, end_between)
OPERATION(splice, COPYSCOPE_OP_SPLICE, begin_splice, end_between)
OPERATION(copy_file_range, COPYSCOPE_OP_COPY_FILE_RANGE, begin_splice, end_between)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
