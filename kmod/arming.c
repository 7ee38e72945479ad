// SPDX-License-Identifier: GPL-2.0
/*
 * Puts probes in place when a tracepoint gets its first user, and takes them away when it loses its last one. A
 * profiler that dies needs no cleaning up: the kernel drops its use of the tracepoint, and that is all there is.
 *
 * The kernel calls copyscope_want_*() with tracepoints_mutex held. Probes cannot be registered there: they take
 * kprobe_mutex and ftrace_lock, while others register tracepoints with ftrace_lock held (kernel/trace/ftrace.c:
 * pid_write, kernel/trace/fgraph.c:start_graph_tracing), so two such users could wait for each other for ever. A work
 * item does it. It makes what is in place equal to what is wanted, however often that has changed since; who must
 * know that all is in place reads the file in debugfs, which waits for it.
 *
 * Locks: `request` (spin) guards wanted and phase, `arming` (mutex) the probes. The work takes both, one at a time.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "sites.h"

enum copyscope_phase {
	COPYSCOPE_STARTING = 0, /* events may be enabled before init has run */
	COPYSCOPE_READY,
	COPYSCOPE_GONE, /* they may be disabled after exit has: the module's events go last */
};

struct copyscope_probe *copyscope_probes;

static struct copyscope_counts __percpu *copyscope_counts;
static DEFINE_MUTEX(arming);
static DEFINE_SPINLOCK(request);
static enum copyscope_phase phase;
static bool wanted[COPYSCOPE_EVENTS];

/* ---- one probe ---- */

static int copyscope_arm_ftrace(struct copyscope_probe *probe)
{
	int error;

	copyscope_prepare_ftrace(probe);
	error = ftrace_set_filter_ip(&probe->ftrace, probe->address, 0, 0);
	if (!error)
		error = register_ftrace_function(&probe->ftrace);
	if (error)
		ftrace_free_filter(&probe->ftrace);
	return error;
}

static void copyscope_arm(struct copyscope_probe *probe)
{
	switch (probe->site->how) {
	case COPYSCOPE_RETURN:
		copyscope_prepare_kretprobe(probe);
		probe->error = register_kretprobe(&probe->kretprobe);
		break;
	case COPYSCOPE_ENTRY:
		copyscope_prepare_kprobe(probe);
		probe->error = register_kprobe(&probe->kprobe);
		break;
	case COPYSCOPE_FTRACE:
		probe->error = copyscope_arm_ftrace(probe);
		break;
	}
	probe->armed = !probe->error;
	if (probe->error)
		pr_warn(KBUILD_MODNAME ": %s cannot be probed: error %d\n", probe->name, probe->error);
}

/* By probes that are there now. */
static unsigned long copyscope_missed_now(const struct copyscope_probe *probe)
{
	if (!probe->armed)
		return 0;
	switch (probe->site->how) {
	case COPYSCOPE_RETURN:
		return probe->kretprobe.nmissed + probe->kretprobe.kp.nmissed;
	case COPYSCOPE_ENTRY:
		return probe->kprobe.nmissed;
	}
	return 0;
}

unsigned long copyscope_missed(const struct copyscope_probe *probe)
{
	unsigned long missed = probe->missed + copyscope_missed_now(probe);
	int cpu;

	for_each_possible_cpu(cpu)
		missed += READ_ONCE(per_cpu_ptr(probe->counts, cpu)->recursed);
	return missed;
}

/* ---- all of them ---- */

static bool copyscope_should_be_armed(const struct copyscope_probe *probe, const bool *events)
{
	return probe->name && !probe->disabled && events[probe->site->event];
}

/* Many at once: the kernel waits for each call only once that nobody is in a handler any more. */
static void copyscope_disarm(struct copyscope_probe **probes, unsigned int count)
{
	struct kretprobe **kretprobes;
	struct kprobe **kprobes;
	unsigned int i, returns = 0, entries = 0;

	kretprobes = kcalloc(count, sizeof(*kretprobes), GFP_KERNEL | __GFP_NOFAIL);
	kprobes = kcalloc(count, sizeof(*kprobes), GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < count; i++) {
		switch (probes[i]->site->how) {
		case COPYSCOPE_RETURN:
			kretprobes[returns++] = &probes[i]->kretprobe;
			break;
		case COPYSCOPE_ENTRY:
			kprobes[entries++] = &probes[i]->kprobe;
			break;
		case COPYSCOPE_FTRACE:
			unregister_ftrace_function(&probes[i]->ftrace);
			ftrace_free_filter(&probes[i]->ftrace);
			break;
		}
	}
	unregister_kretprobes(kretprobes, returns);
	unregister_kprobes(kprobes, entries);
	for (i = 0; i < count; i++) {
		probes[i]->missed += copyscope_missed_now(probes[i]);
		probes[i]->armed = false;
	}
	kfree(kretprobes);
	kfree(kprobes);
}

static void copyscope_reconcile(void)
{
	struct copyscope_probe **leaving;
	bool events[COPYSCOPE_EVENTS];
	unsigned int i, count = 0;

	lockdep_assert_held(&arming);
	spin_lock(&request);
	for (i = 0; i < COPYSCOPE_EVENTS; i++)
		events[i] = wanted[i] && phase == COPYSCOPE_READY;
	spin_unlock(&request);

	leaving = kcalloc(copyscope_site_count, sizeof(*leaving), GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < copyscope_site_count; i++) {
		struct copyscope_probe *probe = &copyscope_probes[i];
		bool should = copyscope_should_be_armed(probe, events);

		if (should && !probe->armed)
			copyscope_arm(probe);
		else if (!should && probe->armed)
			leaving[count++] = probe;
	}
	if (count)
		copyscope_disarm(leaving, count);
	kfree(leaving);
}

static void copyscope_work(struct work_struct *work)
{
	mutex_lock(&arming);
	copyscope_reconcile();
	mutex_unlock(&arming);
}

static DECLARE_WORK(work, copyscope_work);

void copyscope_settle(void)
{
	flush_work(&work);
}

void copyscope_lock(void)
{
	mutex_lock(&arming);
}

void copyscope_unlock(void)
{
	mutex_unlock(&arming);
}

/* Takes a site away or puts it back, at any time. */
int copyscope_switch(const char *name, bool on)
{
	unsigned int i;
	int error = -ENOENT;

	mutex_lock(&arming);
	for (i = 0; i < copyscope_site_count; i++) {
		struct copyscope_probe *probe = &copyscope_probes[i];

		if (strcmp(copyscope_site_name(i), name))
			continue;
		probe->disabled = !on;
		copyscope_reconcile();
		error = on ? probe->error : 0;
	}
	mutex_unlock(&arming);
	return error;
}

/* ---- what the tracepoints call ---- */

static int copyscope_want(enum copyscope_event event, bool want)
{
	int error = 0;

	spin_lock(&request);
	if (phase == COPYSCOPE_GONE && want)
		error = -ENODEV;
	else
		wanted[event] = want;
	if (phase == COPYSCOPE_READY)
		queue_work(system_unbound_wq, &work);
	spin_unlock(&request);
	return error;
}

int copyscope_want_cpu_copy(void)
{
	return copyscope_want(COPYSCOPE_CPU_COPY, true);
}

void copyscope_unwant_cpu_copy(void)
{
	copyscope_want(COPYSCOPE_CPU_COPY, false);
}

int copyscope_want_skb_copy(void)
{
	return copyscope_want(COPYSCOPE_SKB_COPY, true);
}

void copyscope_unwant_skb_copy(void)
{
	copyscope_want(COPYSCOPE_SKB_COPY, false);
}

int copyscope_want_device_copy(void)
{
	return copyscope_want(COPYSCOPE_DEVICE_COPY, true);
}

void copyscope_unwant_device_copy(void)
{
	copyscope_want(COPYSCOPE_DEVICE_COPY, false);
}

/* ---- coming and going ---- */

int copyscope_arming_init(void)
{
	unsigned int i;
	int error = -ENOMEM;

	copyscope_probes = kcalloc(copyscope_site_count, sizeof(*copyscope_probes), GFP_KERNEL);
	copyscope_counts = __alloc_percpu(copyscope_site_count * sizeof(*copyscope_counts), sizeof(u64));
	if (!copyscope_probes || !copyscope_counts)
		goto free;
	for (i = 0; i < copyscope_site_count; i++) {
		copyscope_probes[i].site = &copyscope_sites[i];
		copyscope_probes[i].counts = copyscope_counts + i;
	}
	error = copyscope_find();
	if (error)
		goto free;
	spin_lock(&request);
	phase = COPYSCOPE_READY;
	queue_work(system_unbound_wq, &work);
	spin_unlock(&request);
	return 0;
free:
	free_percpu(copyscope_counts);
	kfree(copyscope_probes);
	return error;
}

void copyscope_arming_exit(void)
{
	spin_lock(&request);
	phase = COPYSCOPE_GONE;
	spin_unlock(&request);
	cancel_work_sync(&work);
	mutex_lock(&arming);
	copyscope_reconcile();
	mutex_unlock(&arming);
	free_percpu(copyscope_counts);
	kfree(copyscope_probes);
}
