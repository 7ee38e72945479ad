/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Open, add, post: the only writers of ledgers and accounts.
 *
 * A ledger is posted once, when its operation ends. Knows nothing of which function copies what.
 */
#ifndef COPYSCOPE_LEDGER_BPF_H
#define COPYSCOPE_LEDGER_BPF_H

#include "own_routine.bpf.h"

/*
 * Changes by minus the time that the task was off the CPU, and by nothing else: the scheduler adds to sum_exec_runtime
 * and moves exec_start to now at every switch and tick (kernel/sched/fair.c:update_curr). So two readings tell whether
 * there was a context switch between them, and the clock plus this one is a clock that stands still off the CPU.
 */
static __always_inline __u64 cpu_offset(const struct task_struct *task)
{
	return task->se.sum_exec_runtime - task->se.exec_start;
}

static __always_inline struct ledger *find_ledger(struct task_struct *task)
{
	__u32 pid = task->pid, place = pid & (COPYSCOPE_LEDGERS - 1);
	struct ledger *ledger = bpf_map_lookup_elem(&ledgers, &place);

	if (ledger && ledger->owner == pid)
		return ledger;
	return spares ? bpf_task_storage_get(&spare_ledgers, task, 0, 0) : NULL;
}

/* The ledger of the current thread, `task`, if an operation is open in it, else NULL. */
static __always_inline struct ledger *open_ledger_of(struct task_struct *task)
{
	struct ledger *ledger = find_ledger(task);

	return ledger && ledger->key.op != COPYSCOPE_OP_NONE ? ledger : NULL;
}

/* The same for copy sites, which need nothing else of the thread. */
static __always_inline struct ledger *open_ledger(void)
{
	return open_ledger_of(bpf_get_current_task_btf());
}

/* A ledger for a thread that has none; given back in end_thread (sched.bpf.c). */
static __always_inline struct ledger *make_ledger(struct task_struct *task)
{
	__u32 pid = task->pid, place = pid & (COPYSCOPE_LEDGERS - 1);
	struct ledger *ledger = bpf_map_lookup_elem(&ledgers, &place);

	if (ledger && __sync_val_compare_and_swap(&ledger->owner, 0, pid) == 0)
		return ledger;
	ledger = bpf_task_storage_get(&spare_ledgers, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (ledger) {
		ledger->owner = pid;
		__sync_fetch_and_add(&spares, 1);
	}
	return ledger;
}

static __always_inline void ledger_copy(struct ledger *ledger, enum ledger_class class, enum leg leg, __u64 bytes)
{
	ledger->bytes[class] += bytes;
	ledger->calls[class]++;
	if (!module_measures)
		ledger->seen[leg] += bytes;
	ledger->dirty |= 1U << class;
}

static __always_inline void ledger_reference(struct ledger *ledger, enum leg leg, __u64 bytes)
{
	ledger->referenced += bytes;
	ledger->seen[leg] += bytes;
	ledger->linked[leg] += bytes;
	ledger->dirty |= DIRTY_OTHER;
}

/* A copy between an iov_iter and the kernel: the iter tells what stands on the other side. */
static __always_inline void ledger_iter(struct ledger *ledger, const struct iov_iter *iter, enum leg leg, __u64 bytes)
{
	switch (iter_class(iter)) {
	case ITER_CLASS_USER:
		if (leg == LEG_SOURCE)
			ledger_copy(ledger, CLASS_TO_USER, leg, bytes);
		else
			ledger_copy(ledger, CLASS_FROM_USER, leg, bytes);
		break;
	case ITER_CLASS_KERNEL:
		ledger_copy(ledger, CLASS_KERNEL, leg, bytes);
		break;
	case ITER_CLASS_PIPE:
		ledger_reference(ledger, leg, bytes);
		break;
	}
}

/* Of the group leader. Read with care, which is slow: for what comes once in the life of a thread or process. */
static __always_inline __u64 process_start(const struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* What an exec can change: a file can be set-uid, and who forks for another sets uid and cgroup before. */
static __always_inline void describe_process(struct copyscope_process_info *info)
{
	const struct task_struct *task = bpf_get_current_task_btf();

	/* A thread may have a name of its own. */
	BPF_CORE_READ_STR_INTO(&info->comm, task, group_leader, comm);
	info->uid = (__u32)bpf_get_current_uid_gid();
	info->cgroup_id = bpf_get_current_cgroup_id();
}

/* Makes the process of the current thread, `task`, known by name. */
static __always_inline void name_process(const struct task_struct *task, struct copyscope_process *process)
{
	struct copyscope_process_info info = {};
	long err;

	if (bpf_map_lookup_elem(&processes, process))
		return;
	describe_process(&info);
	info.parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	err = bpf_map_update_elem(&processes, process, &info, BPF_NOEXIST);
	if (err && err != -EEXIST) /* another of its threads may have been first */
		lose(COPYSCOPE_LOSS_PROCESS);
}

/*
 * Who the thread belongs to, once per thread. Pid and start time of the group leader are kept through an exec by another
 * thread (fs/exec.c:de_thread), so the key is good as long as the ledger lives.
 */
__weak __noinline int ledger_identify(struct ledger *ledger)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copyscope_process process = {.tgid = task->tgid, .start_ns = process_start(task)};

	if (!ledger)
		return 0;
	ledger->key.process = process;
	name_process(task, &process);
	return 0;
}

/*
 * The ledger for a new operation of the current thread, `task`, or NULL if it is out of scope. A thread on its way out gets
 * no new one: end_thread may be behind it (v6.16 calls it before exit_mm, which can fault), and nobody would give it back.
 */
static __always_inline struct ledger *ledger_begin(struct task_struct *task)
{
	struct ledger *ledger;

	ledger = find_ledger(task);
	if (!ledger) {
		if (scope != COPYSCOPE_SCOPE_ALL || (task->flags & PF_EXITING))
			return NULL;
		ledger = make_ledger(task);
		if (!ledger) {
			lose(COPYSCOPE_LOSS_LEDGER);
			return NULL;
		}
	}
	if (!ledger->key.process.tgid)
		ledger_identify(ledger);
	return ledger;
}

static __always_inline void ledger_reset(struct ledger *ledger)
{
	int i;

	if (measures)
		ledger->measured = zero_measured;
	for (i = 0; i < CLASSES; i++)
		ledger->bytes[i] = ledger->calls[i] = 0;
	ledger->referenced = ledger->direct[LEG_SOURCE] = ledger->direct[LEG_SINK] = 0;
	ledger->linked[LEG_SOURCE] = ledger->linked[LEG_SINK] = 0;
	ledger->faults_minor = ledger->faults_major = ledger->faults_cow = 0;
	ledger->around_pages = ledger->swapped_in = 0;
	ledger->cow_derived = ledger->overwritten = ledger->lost = 0;
	ledger->transformed = ledger->cipher = ledger->layered = 0;
	ledger->dirty = 0;
}

static __always_inline void ledger_open(struct ledger *ledger, const struct task_struct *task, __u32 op)
{
	if (ledger->key.op != COPYSCOPE_OP_NONE) {
		/* The exit of the earlier operation was missed; what it had gathered cannot be trusted. */
		lose(COPYSCOPE_LOSS_UNCLOSED);
		ledger_reset(ledger);
		ledger->in_fault = 0;
	}
	ledger->seen[LEG_SOURCE] = ledger->seen[LEG_SINK] = 0;
	ledger->nvcsw = task->nvcsw;
	ledger->nivcsw = task->nivcsw;
	ledger->key.op = op;
	ledger->cpu_offset = cpu_offset(task);
	ledger->start_ns = bpf_ktime_get_ns();
}

/* The account of the open operation; 0: there is no room for it. Of its key the process never changes. */
static __always_inline __u64 ledger_account(struct ledger *ledger)
{
	const struct copyscope_account_key *key = &ledger->key, *posted = &ledger->posted;

	if (key->op != posted->op || *(const __u64 *)&key->source != *(const __u64 *)&posted->source ||
	    *(const __u64 *)&key->sink != *(const __u64 *)&posted->sink) {
		ledger->posted = ledger->key;
		ledger->account = find_account(&ledger->key);
	}
	return ledger->account;
}

#define POST(counter_, value_) (account->counter[counter_] += (value_))

static __always_inline void post_classes(struct ledger *ledger, struct copyscope_account *account)
{
	if (ledger->dirty & (1U << CLASS_TO_USER)) {
		POST(COPYSCOPE_TO_USER_BYTES, ledger->bytes[CLASS_TO_USER]);
		POST(COPYSCOPE_TO_USER_CALLS, ledger->calls[CLASS_TO_USER]);
		ledger->bytes[CLASS_TO_USER] = ledger->calls[CLASS_TO_USER] = 0;
	}
	if (ledger->dirty & (1U << CLASS_FROM_USER)) {
		POST(COPYSCOPE_FROM_USER_BYTES, ledger->bytes[CLASS_FROM_USER]);
		POST(COPYSCOPE_FROM_USER_CALLS, ledger->calls[CLASS_FROM_USER]);
		ledger->bytes[CLASS_FROM_USER] = ledger->calls[CLASS_FROM_USER] = 0;
	}
	if (ledger->dirty & ~((1U << CLASS_TO_USER) | (1U << CLASS_FROM_USER) | DIRTY_MEASURED)) {
		POST(COPYSCOPE_KERNEL_BYTES, ledger->bytes[CLASS_KERNEL]);
		POST(COPYSCOPE_KERNEL_CALLS, ledger->calls[CLASS_KERNEL]);
		POST(COPYSCOPE_COW_BYTES, ledger->bytes[CLASS_COW]);
		POST(COPYSCOPE_COW_CALLS, ledger->calls[CLASS_COW]);
		POST(COPYSCOPE_COW_DERIVED_BYTES, ledger->cow_derived);
		POST(COPYSCOPE_MIGRATION_BYTES, ledger->bytes[CLASS_MIGRATION]);
		POST(COPYSCOPE_MIGRATION_CALLS, ledger->calls[CLASS_MIGRATION]);
		POST(COPYSCOPE_REFERENCED_BYTES, ledger->referenced);
		POST(COPYSCOPE_DIRECT_BYTES, ledger->direct[LEG_SOURCE] + ledger->direct[LEG_SINK]);
		POST(COPYSCOPE_FAULTS_MINOR, ledger->faults_minor);
		POST(COPYSCOPE_FAULTS_MAJOR, ledger->faults_major);
		POST(COPYSCOPE_FAULTS_COW, ledger->faults_cow);
		POST(COPYSCOPE_AROUND_PAGES, ledger->around_pages);
		POST(COPYSCOPE_SWAPPED_IN_PAGES, ledger->swapped_in);
		POST(COPYSCOPE_TRANSFORMED_BYTES, ledger->transformed);
		POST(COPYSCOPE_OVERWRITTEN_BYTES, ledger->overwritten);
		POST(COPYSCOPE_LOST, ledger->lost);
		ledger_reset(ledger);
	}
	ledger->dirty = 0;
}

/* Adds what was measured to its account's twin. Atomic, because skb and device copies are added from other contexts. */
__weak __noinline int post_measured(struct ledger *ledger)
{
	struct copyscope_measured *sum;
	int i;

	if (!ledger)
		return 0;
	sum = measured_of(ledger->account);
	for (i = 0; sum && i < COPYSCOPE_CLASSES; i++) {
		if (!ledger->measured.calls[i])
			continue;
		__sync_fetch_and_add(&sum->bytes[i], ledger->measured.bytes[i]);
		__sync_fetch_and_add(&sum->calls[i], ledger->measured.calls[i]);
	}
	ledger->measured = zero_measured;
	return 0;
}

/* How an operation ended. Mostly constants, so that posting pays for nothing that cannot be. */
struct ending {
	long moved;          /* bytes, or a negative error */
	__u32 operations;    /* 0: this was not the whole of one */
	__u32 mode_switches;
	__u32 closes;        /* 1 << enum leg: legs on which what was seen must equal `moved`; STAYS */
};

/* Beside the legs: what was read stays where it is, to be read again (MSG_PEEK). It is copied, and no payload. */
#define STAYS (1U << LEGS)

/*
 * More was seen on a leg than was moved. Pages that sendfile linked into its pipe and a full socket did not take are
 * dropped, and linked again by the next call (fs/splice.c:splice_direct_to_actor): nothing was copied for them, so they
 * are references in vain. Only what no reference explains was copied in vain.
 */
static __always_inline void post_surplus(struct copyscope_account *account, __u64 surplus, __u64 linked)
{
	if (linked > surplus)
		linked = surplus;
	POST(COPYSCOPE_VAIN_REFERENCE_BYTES, linked);
	POST(COPYSCOPE_EXCESS_BYTES, surplus - linked);
}

static __always_inline bool is_memory(__u16 kind)
{
	return (kind >= COPYSCOPE_END_MEMORY && kind <= COPYSCOPE_END_MEMORY_DMA) ||
	       (kind >= COPYSCOPE_END_MEMORY_SHARED && kind <= COPYSCOPE_END_MEMORY_STATIC);
}

static __always_inline bool copied_by_file(const struct copyscope_account_key *key, enum leg leg)
{
	bool reads = leg == LEG_SOURCE;

	return is_memory(reads ? key->sink.kind : key->source.kind) &&
	       has_own_routine(reads ? key->source.kind : key->sink.kind, leg);
}

/* Whoever measures has not seen these bytes either. */
static __always_inline bool contradicted(const struct ledger *ledger, enum copyscope_class class, __u64 bytes)
{
	return module_measures || (measures && ledger->measured.bytes[class] < bytes);
}

/* Bytes that left no trace on a leg: the file's own routine has copied them, or nobody knows how they moved. */
__weak __noinline int explain(struct ledger *ledger, struct copyscope_account *account, __u32 leg, __u64 bytes)
{
	if (!ledger || !account || bytes <= ledger->transformed)
		return 0;
	bytes -= ledger->transformed; /* from where they lay to where they are wanted: no copy */
	if (leg == LEG_SOURCE && !contradicted(ledger, COPYSCOPE_CLASS_TO_USER, bytes) &&
	    copied_by_file(&ledger->key, LEG_SOURCE))
		ledger_copy(ledger, CLASS_TO_USER, LEG_SOURCE, bytes);
	else if (leg == LEG_SINK && !contradicted(ledger, COPYSCOPE_CLASS_FROM_USER, bytes) &&
		 copied_by_file(&ledger->key, LEG_SINK))
		ledger_copy(ledger, CLASS_FROM_USER, LEG_SINK, bytes);
	else
		POST(COPYSCOPE_UNEXPLAINED_BYTES, bytes);
	return 0;
}

/*
 * Conservation, per operation and leg: more copied or referenced than moved is surplus (a short, retried or failed
 * operation), moved without a trace is unexplained. Device blocks are larger than a short tail, so direct bytes are never
 * surplus; nor is what TCP does with the copy of a layer above it. What was transformed from where it lay was not copied.
 */
static __always_inline void post_closure(struct ledger *ledger, struct copyscope_account *account, __u64 moved,
					 __u32 closes)
{
	int leg;

	for (leg = 0; leg < LEGS; leg++) {
		if (!(closes & (1U << leg)))
			continue;
		if (ledger->seen[leg] > moved) {
			if (!ledger->layered || leg != LEG_SINK)
				post_surplus(account, ledger->seen[leg] - moved, ledger->linked[leg]);
		} else if (ledger->seen[leg] + ledger->direct[leg] < moved) {
			explain(ledger, account, leg, moved - ledger->seen[leg] - ledger->direct[leg]);
		}
	}
}

/* Ends the operation: adds the ledger to its account and closes it. */
static __always_inline void ledger_post(struct ledger *ledger, const struct task_struct *task,
					const struct ending *ending)
{
	struct copyscope_account *account = account_of(ledger_account(ledger));
	__s64 away = cpu_offset(task) - ledger->cpu_offset; /* negative or 0 */
	__s64 run = bpf_ktime_get_ns() - ledger->start_ns + away;
	long moved = ending->moved;

	if (account) {
		POST(COPYSCOPE_OPERATIONS, ending->operations);
		POST(COPYSCOPE_MODE_SWITCHES, ending->mode_switches);
		POST(COPYSCOPE_BYTES_ASKED, ledger->asked);
		if (away) {
			POST(COPYSCOPE_CTX_VOLUNTARY, task->nvcsw - ledger->nvcsw);
			POST(COPYSCOPE_CTX_INVOLUNTARY, task->nivcsw - ledger->nivcsw);
		}
		/* Two clocks meet here; a nap of minutes could leave a few ns below zero. */
		if (run > 0)
			POST(COPYSCOPE_KERNEL_NS, run);
		if (moved < 0) {
			POST(COPYSCOPE_ERRORS, 1);
			moved = 0;
		}
		if (!(ending->closes & STAYS))
			POST(COPYSCOPE_BYTES_MOVED, moved);
		post_closure(ledger, account, moved, ending->closes);
		if (measures && (ledger->dirty & DIRTY_MEASURED))
			post_measured(ledger);
		post_classes(ledger, account);
	} else {
		ledger_reset(ledger);
	}
	ledger->key.op = COPYSCOPE_OP_NONE;
}

#endif
