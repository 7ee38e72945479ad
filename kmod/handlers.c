// SPDX-License-Identifier: GPL-2.0
/*
 * What probes call: reads the arguments, asks measure.c what they mean, counts, fires the tracepoint. Runs with
 * preemption disabled, in any context the probed function runs in; must not sleep, allocate or take locks.
 *
 * Why not kprobes everywhere: while a CPU is in the handler of one, every other kprobe it comes across is passed over
 * and counted as missed (kprobe_running() is per CPU), so a softirq that interrupts the handler of a copy in a task
 * would copy unseen. ftrace asks for protection against recursion per context: one bit for tasks, softirqs, interrupts
 * and NMIs each (ftrace_test_recursion_trylock()). So what softirqs do often is probed by ftrace where ftrace can;
 * none of lib/ can, it is compiled without the calls.
 */
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/trace_recursion.h>

#include "compat.h"
#include "sites.h"
#include "trace.h"

/*
 * The context of the probed function, which is not always the handler's own: until a probe is optimized into a jump it
 * is a breakpoint, and its handler runs as in an NMI (arch/x86/kernel/traps.c:exc_int3). None of the sites runs in a
 * real one.
 */
static bool copyscope_in_task(void)
{
	unsigned int count = preempt_count();

	if (count & NMI_MASK)
		count -= NMI_OFFSET + HARDIRQ_OFFSET;
	return !(count & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

/* Do outer rows report this? Their functions hold the call instruction itself, all between is inlined. */
static bool copyscope_called_by_outer(unsigned long caller)
{
	unsigned int i;

	for (i = 0; i < copyscope_site_count; i++) {
		const struct copyscope_probe *probe = &copyscope_probes[i];

		if (caller >= probe->begin && caller < probe->end)
			return true;
	}
	return false;
}

/* false: there is nothing to report of this call. */
static bool copyscope_describe(const struct copyscope_probe *probe, const struct copyscope_call *call,
			       struct copyscope_copy *copy)
{
	const struct copyscope_site *site = probe->site;

	*copy = (struct copyscope_copy){ .class = site->class, .direction = site->direction };
	if (!site->describe(site, call, copy))
		return false;
	if (site->inner && copyscope_called_by_outer(call->caller))
		return false;
	if (site->event == COPYSCOPE_CPU_COPY && !copyscope_in_task()) {
		this_cpu_inc(probe->counts->elsewhere);
		return false;
	}
	return true;
}

/*
 * A BPF program that is at work on a CPU is passed over when it is called there again (kernel/trace/bpf_trace.c:
 * __bpf_trace_run), so no interrupt may come between where interrupts and tasks reach the same tracepoint.
 */
static void copyscope_report(const struct copyscope_probe *probe, const struct copyscope_copy *copy)
{
	u32 site = copyscope_probe_index(probe);
	unsigned long flags;

	this_cpu_inc(probe->counts->hits);
	this_cpu_add(probe->counts->bytes, copy->bytes);
	switch (probe->site->event) {
	case COPYSCOPE_CPU_COPY:
		trace_cpu_copy(site, copy->class, copy->direction, copy->iter, copy->bytes, copy->object);
		break;
	case COPYSCOPE_SKB_COPY:
		local_irq_save(flags);
		trace_skb_copy(site, copy->class, copy->direction, copy->iter, copy->bytes, copy->object);
		local_irq_restore(flags);
		break;
	case COPYSCOPE_DEVICE_COPY:
		local_irq_save(flags);
		trace_device_copy(site, copy->class, copy->direction, copy->iter, copy->bytes, copy->object);
		local_irq_restore(flags);
		break;
	}
}

/* At the first instruction of a function the return address is on top of the stack. */
static void copyscope_call_of(const struct pt_regs *regs, struct copyscope_call *call)
{
	unsigned int i;

	for (i = 0; i < COPYSCOPE_ARGUMENTS; i++)
		call->argument[i] = regs_get_kernel_argument((struct pt_regs *)regs, i);
	call->caller = *(unsigned long *)kernel_stack_pointer((struct pt_regs *)regs);
}

/* ---- RETURN: what the call asked for waits in the instance until it returns ---- */

static int copyscope_on_call(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct copyscope_probe *probe = container_of(get_kretprobe(instance), struct copyscope_probe, kretprobe);
	struct copyscope_call call;

	copyscope_call_of(regs, &call);
	return !copyscope_describe(probe, &call, (struct copyscope_copy *)instance->data); /* 1: not at the return */
}

NOKPROBE_SYMBOL(copyscope_on_call);

static int copyscope_on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct copyscope_probe *probe = container_of(get_kretprobe(instance), struct copyscope_probe, kretprobe);
	struct copyscope_copy *copy = (struct copyscope_copy *)instance->data;

	copy->bytes = copyscope_bytes_at_return(probe->site, copy->bytes, regs_return_value(regs));
	if (copy->bytes)
		copyscope_report(probe, copy);
	return 0;
}

NOKPROBE_SYMBOL(copyscope_on_return);

/*
 * Tasks sleep in these functions while a page fault waits for a disk, each with an instance. Without a free one a call
 * is missed, and counted so.
 */
void copyscope_prepare_kretprobe(struct copyscope_probe *probe)
{
	probe->kretprobe = (struct kretprobe){
		.kp.addr = (kprobe_opcode_t *)probe->address,
		.entry_handler = copyscope_on_call,
		.handler = copyscope_on_return,
		.data_size = sizeof(struct copyscope_copy),
		.maxactive = max(256U, 32 * num_possible_cpus()),
	};
}

/* ---- ENTRY ---- */

static int copyscope_on_entry(struct kprobe *kprobe, struct pt_regs *regs)
{
	const struct copyscope_probe *probe = container_of(kprobe, struct copyscope_probe, kprobe);
	struct copyscope_call call;
	struct copyscope_copy copy;

	copyscope_call_of(regs, &call);
	if (copyscope_describe(probe, &call, &copy))
		copyscope_report(probe, &copy);
	return 0;
}

NOKPROBE_SYMBOL(copyscope_on_entry);

void copyscope_prepare_kprobe(struct copyscope_probe *probe)
{
	probe->kprobe = (struct kprobe){
		.addr = (kprobe_opcode_t *)probe->address,
		.pre_handler = copyscope_on_entry,
	};
}

/* ---- FTRACE ---- */

static void notrace copyscope_on_ftrace(unsigned long ip, unsigned long caller, struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	const struct copyscope_probe *probe = container_of(ops, struct copyscope_probe, ftrace);
	struct copyscope_call call;
	struct copyscope_copy copy;
	unsigned int i;
	int bit;

	bit = ftrace_test_recursion_trylock(ip, caller);
	if (bit < 0) {
		this_cpu_inc(probe->counts->recursed);
		return;
	}
	for (i = 0; i < COPYSCOPE_ARGUMENTS; i++)
		call.argument[i] = copyscope_ftrace_argument(fregs, i);
	call.caller = caller;
	if (copyscope_describe(probe, &call, &copy))
		copyscope_report(probe, &copy);
	ftrace_test_recursion_unlock(bit);
}

void copyscope_prepare_ftrace(struct copyscope_probe *probe)
{
	probe->ftrace = (struct ftrace_ops){
		.func = copyscope_on_ftrace,
		/* kernel.ftrace_enabled=0 is refused while this is in use; else it would count nothing, unnoticed. */
		.flags = FTRACE_OPS_FL_PERMANENT,
	};
}
