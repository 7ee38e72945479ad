/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The two programs of a system call that is an operation, and what the families of calls have in common. The attach
 * targets (__x64_sys_read...) are architecture's business and are set by user space (user/probe/plan).
 */
#ifndef COPYSCOPE_SYSCALL_BPF_H
#define COPYSCOPE_SYSCALL_BPF_H

#include "endpoint.bpf.h"

/*
 * Defines enter_NAME and exit_NAME. `enter` fills the ledger: key, asked, closes. `exit` may mend the key before it is
 * posted. fentry and fexit see every call of the function itself, failed ones included.
 */
#define OPERATION(name, op_, enter, exit)                                                                              \
	SEC("?fentry")                                                                                                 \
	int BPF_PROG(enter_##name, const struct pt_regs *regs)                                                         \
	{                                                                                                              \
		struct ledger *ledger = ledger_begin();                                                                \
                                                                                                                       \
		if (!ledger)                                                                                           \
			return 0;                                                                                      \
		ledger->mode_switches = 2;                                                                             \
		enter(ledger, regs);                                                                                   \
		ledger_open(ledger, op_);                                                                              \
		return 0;                                                                                              \
	}                                                                                                              \
	SEC("?fexit")                                                                                                  \
	int BPF_PROG(exit_##name, const struct pt_regs *regs, long moved)                                              \
	{                                                                                                              \
		struct ledger *ledger = open_ledger();                                                                 \
                                                                                                                       \
		if (!ledger)                                                                                           \
			return 0;                                                                                      \
		exit(ledger, moved);                                                                                   \
		ledger_post(ledger, moved, 1);                                                                         \
		return 0;                                                                                              \
	}

/* fd -> memory */
static __always_inline void enter_input(struct ledger *ledger, __u32 fd, __u64 address, __u64 asked)
{
	fd_endpoint(ledger, fd, LEG_SOURCE, &ledger->key.source);
	memory_endpoint(ledger, address, &ledger->key.sink);
	ledger->asked = asked;
	ledger->closes = 1U << LEG_SOURCE;
}

/* memory -> fd */
static __always_inline void enter_output(struct ledger *ledger, __u32 fd, __u64 address, __u64 asked)
{
	memory_endpoint(ledger, address, &ledger->key.source);
	fd_endpoint(ledger, fd, LEG_SINK, &ledger->key.sink);
	ledger->asked = asked;
	ledger->closes = 1U << LEG_SINK;
}

/*
 * What a program receives from a device came by its DMA: derived from the return value, without headers and without
 * what was retransmitted. Atomic, as all of DMA is (see account_add).
 */
static __always_inline void count_arrival(const struct ledger *ledger, long moved)
{
	const struct copyscope_endpoint *source = &ledger->key.source;

	if (source->kind == COPYSCOPE_END_TCP && source->device && moved > 0 &&
	    !(source->flags & (COPYSCOPE_END_LOOPBACK | COPYSCOPE_END_VIRTUAL)))
		account_add(&ledger->key, COPYSCOPE_DMA_FROM_DEVICE, moved);
}

static __always_inline void exit_input(struct ledger *ledger, long moved)
{
	count_arrival(ledger, moved);
	memory_recheck(ledger, &ledger->key.sink);
}

static __always_inline void exit_output(struct ledger *ledger, long moved)
{
	memory_recheck(ledger, &ledger->key.source);
}

#endif
