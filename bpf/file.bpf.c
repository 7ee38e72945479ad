// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Operations of the read and write family. Which bytes were copied is the business of copies.bpf.c. */
#include "vector.bpf.h"

static __always_inline void enter_read_like(struct ledger *ledger, const struct pt_regs *regs)
{
	enter_input(ledger, SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs));
}

static __always_inline void enter_write_like(struct ledger *ledger, const struct pt_regs *regs)
{
	enter_output(ledger, SYSCALL_ARG1(regs), SYSCALL_ARG2(regs), SYSCALL_ARG3(regs));
}

static __always_inline void enter_readv_like(struct ledger *ledger, const struct pt_regs *regs)
{
	struct vector vector;

	read_vector(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), &vector);
	enter_input(ledger, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

static __always_inline void enter_writev_like(struct ledger *ledger, const struct pt_regs *regs)
{
	struct vector vector;

	read_vector(SYSCALL_ARG2(regs), SYSCALL_ARG3(regs), &vector);
	enter_output(ledger, SYSCALL_ARG1(regs), vector.base, vector.asked);
}

OPERATION(read, COPYSCOPE_OP_READ, enter_read_like, exit_input)
OPERATION(pread64, COPYSCOPE_OP_PREAD64, enter_read_like, exit_input)
OPERATION(readv, COPYSCOPE_OP_READV, enter_readv_like, exit_input_vector)
OPERATION(preadv, COPYSCOPE_OP_PREADV, enter_readv_like, exit_input_vector)
OPERATION(preadv2, COPYSCOPE_OP_PREADV2, enter_readv_like, exit_input_vector)
OPERATION(write, COPYSCOPE_OP_WRITE, enter_write_like, exit_output)
OPERATION(pwrite64, COPYSCOPE_OP_PWRITE64, enter_write_like, exit_output)
OPERATION(writev, COPYSCOPE_OP_WRITEV, enter_writev_like, exit_output_vector)
OPERATION(pwritev, COPYSCOPE_OP_PWRITEV, enter_writev_like, exit_output_vector)
OPERATION(pwritev2, COPYSCOPE_OP_PWRITEV2, enter_writev_like, exit_output_vector)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
