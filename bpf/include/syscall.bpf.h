/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The two programs of a system call that is an operation, and what the families of calls have in common. The attach
 * targets (__x64_sys_read...) are architecture's business and are set by user space (user/probe/plan).
 */
#ifndef COPYSCOPE_SYSCALL_BPF_H
#define COPYSCOPE_SYSCALL_BPF_H

#include "memory.bpf.h"

/*
 * Defines enter_NAME and exit_NAME. `enter` fills the ledger: endpoints and bytes asked for. `exit` may mend them before
 * they are posted, and returns the legs that must close. fentry and fexit see every call, failed ones included.
 */
#define ENTER(name, op_, enter)                                                                                        \
	SEC("?fentry")                                                                                                 \
	int BPF_PROG(enter_##name, const struct pt_regs *regs)                                                         \
	{                                                                                                              \
		struct task_struct *task = bpf_get_current_task_btf();                                                 \
		struct ledger *ledger = ledger_begin(task);                                                            \
                                                                                                                       \
		if (!ledger)                                                                                           \
			return 0;                                                                                      \
		enter(ledger, task, regs);                                                                             \
		ledger_open(ledger, task, op_);                                                                        \
		return 0;                                                                                              \
	}

/* `legs` is evaluated inside the program, which has `ledger`, `moved` and `regs`. */
#define EXIT_AS(name, legs)                                                                                            \
	SEC("?fexit")                                                                                                  \
	int BPF_PROG(exit_##name, const struct pt_regs *regs, long moved)                                              \
	{                                                                                                              \
		struct task_struct *task = bpf_get_current_task_btf();                                                 \
		struct ledger *ledger = open_ledger_of(task);                                                          \
                                                                                                                       \
		if (!ledger)                                                                                           \
			return 0;                                                                                      \
		ledger_post_rare_call(ledger, task, moved, legs);                                                      \
		return 0;                                                                                              \
	}

#define EXIT(name, exit) EXIT_AS(name, exit(ledger, moved))

#define OPERATION(name, op_, enter, exit)                                                                              \
	ENTER(name, op_, enter)                                                                                        \
	EXIT(name, exit)

/* `closes`: 1 << enum leg, of the legs on which what was seen must equal `moved`, the return value. */
static __always_inline void ledger_post_call(struct ledger *ledger, const struct task_struct *task, long moved,
					     __u32 closes)
{
	const struct ending ending = {.moved = moved, .operations = 1, .mode_switches = 2, .closes = closes};

	ledger_post(ledger, task, &ending);
}

__weak __noinline int ledger_post_rarely(struct ledger *ledger, long moved, __u32 closes)
{
	if (ledger)
		ledger_post_call(ledger, bpf_get_current_task_btf(), moved, closes);
	return 0;
}

/* The same out of line, so that it is verified once: for all but the calls that are made most. */
static __always_inline void ledger_post_rare_call(struct ledger *ledger, const struct task_struct *task, long moved,
						  __u32 closes)
{
	ledger_post_rarely(ledger, moved, closes);
}

/* fd -> memory */
static __always_inline void enter_input(struct ledger *ledger, const struct task_struct *task, __u32 fd,
					 __u64 address, __u64 asked)
{
	fd_endpoint(task, fd, &ledger->key.source);
	sink_memory(ledger, task, address);
	ledger->asked = asked;
}

/* memory -> fd */
static __always_inline void enter_output(struct ledger *ledger, const struct task_struct *task, __u32 fd,
					 __u64 address, __u64 asked)
{
	source_memory(ledger, address);
	fd_endpoint(task, fd, &ledger->key.sink);
	ledger->asked = asked;
}

/*
 * What a program receives from a device came by its DMA: derived from the return value, without headers and without
 * what was retransmitted. Atomic, as all of DMA is (see account_add).
 */
static __always_inline void count_arrival(struct ledger *ledger, long moved)
{
	const struct copyscope_endpoint *source = &ledger->key.source;

	if (source->kind == COPYSCOPE_END_TCP && source->device && moved > 0 &&
	    !(source->flags & (COPYSCOPE_END_LOOPBACK | COPYSCOPE_END_VIRTUAL)))
		account_add(ledger_account(ledger), COPYSCOPE_DMA_FROM_DEVICE, moved);
}

/*
 * read() and write() of /dev/copyscope copy all that they return, and nothing else: the module's functions cannot be
 * hooked where modules have no BTF (Debian 6.1), and need not be.
 */
static __always_inline __u32 exit_input(struct ledger *ledger, long moved)
{
	if (ledger->key.source.kind == COPYSCOPE_END_DMA && moved > 0)
		ledger_copy(ledger, CLASS_TO_USER, LEG_SOURCE, moved);
	count_arrival(ledger, moved);
	recheck_sink_memory(ledger);
	note_overwriting(ledger, moved);
	return 1U << LEG_SOURCE;
}

static __always_inline __u32 exit_output(struct ledger *ledger, long moved)
{
	if (ledger->key.sink.kind == COPYSCOPE_END_DMA && moved > 0)
		ledger_copy(ledger, CLASS_FROM_USER, LEG_SINK, moved);
	recheck_source_memory(ledger);
	return 1U << LEG_SINK;
}

#endif
