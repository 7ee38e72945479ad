// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations between two descriptors: sendfile, splice, copy_file_range. */
#include "syscall.bpf.h"

/* A leg that ends in a pipe moves nothing of its own: the pages were counted where they entered or will leave it. */
static __always_inline void begin_between(struct ledger *ledger, __u32 in, __u32 out, __u64 asked)
{
	fd_endpoint(ledger, in, LEG_SOURCE, &ledger->key.source);
	fd_endpoint(ledger, out, LEG_SINK, &ledger->key.sink);
	ledger->asked = asked;
	ledger->closes = 0;
	if (ledger->key.source.kind != COPYSCOPE_END_PIPE)
		ledger->closes |= 1U << LEG_SOURCE;
	if (ledger->key.sink.kind != COPYSCOPE_END_PIPE)
		ledger->closes |= 1U << LEG_SINK;
}

static __always_inline void begin_sendfile(struct ledger *ledger, const struct pt_regs *regs)
{
	begin_between(ledger, SYSCALL_ARG2(regs), SYSCALL_ARG1(regs), SYSCALL_ARG4(regs));
}

static __always_inline void begin_splice(struct ledger *ledger, const struct pt_regs *regs)
{
	begin_between(ledger, SYSCALL_ARG1(regs), SYSCALL_ARG3(regs), SYSCALL_ARG5(regs));
}

/* Pipe to pipe: fs/splice.c:splice_pipe_to_pipe is inlined everywhere and only ever hands over pages. */
static __always_inline void end_between(struct ledger *ledger, long moved)
{
	if (!ledger->closes && moved > 0)
		ledger_reference(ledger, LEG_SINK, moved);
}

OPERATION(sendfile64, COPYSCOPE_OP_SENDFILE64, begin_sendfile, end_between)
OPERATION(splice, COPYSCOPE_OP_SPLICE, begin_splice, end_between)
OPERATION(copy_file_range, COPYSCOPE_OP_COPY_FILE_RANGE, begin_splice, end_between)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
