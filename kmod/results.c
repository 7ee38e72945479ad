// SPDX-License-Identifier: GPL-2.0
/*
 * Copies nobody waits for: they run in a worker and are kept until RESULT has told of them, or the file is closed.
 *
 * A worker is in no cgroup of who asked, and a kernel has no way for modules to put it into one. So one after the other
 * is made, on the whole machine: by that way nobody gets more than one processor, beside what he is allowed. Those of
 * the engine, which wait more than they work, have a worker of their own.
 */
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "compat.h"
#include "job.h"

static struct workqueue_struct *cpu_worker, *engine_worker;

static bool copyscope_closing(void *argument)
{
	const struct copyscope_file *context = argument;

	return READ_ONCE(context->closing);
}

/* From when it is in the list, the job belongs to RESULT; from when nothing is under way, the file may go. */
static void copyscope_work(struct work_struct *work)
{
	struct copyscope_job *job = container_of(work, struct copyscope_job, work);
	struct copyscope_file *context = job->context;
	struct eventfd_ctx *eventfd = job->eventfd;

	copyscope_job_run(job, copyscope_closing, context);
	spin_lock(&context->copies_lock);
	list_move_tail(&job->node, &context->ended);
	wake_up_all(&context->wait);
	spin_unlock(&context->copies_lock);
	if (eventfd) {
		copyscope_eventfd_signal(eventfd);
		eventfd_ctx_put(eventfd);
	}
}

/* Room for it, and its name. If this succeeds it ends with copyscope_job_queue() or copyscope_job_drop(). */
int copyscope_job_reserve(struct copyscope_job *job, u64 *cookie)
{
	struct copyscope_file *context = job->context;
	bool room;

	INIT_WORK(&job->work, copyscope_work);
	spin_lock(&context->copies_lock);
	room = context->pending < COPYSCOPE_DMA_MOST_PENDING;
	if (room) {
		context->pending++;
		list_add_tail(&job->node, &context->under_way);
		job->cookie = ++context->cookies;
		*cookie = job->cookie;
	}
	spin_unlock(&context->copies_lock);
	return room ? 0 : -EBUSY;
}

/* From here on it is not the caller's any more. */
void copyscope_job_queue(struct copyscope_job *job)
{
	queue_work(job->copier == COPYSCOPE_DMA_BY_CPU ? cpu_worker : engine_worker, &job->work);
}

/* It was never begun, and nobody knows of it. */
void copyscope_job_drop(struct copyscope_job *job)
{
	struct copyscope_file *context = job->context;

	spin_lock(&context->copies_lock);
	list_del(&job->node);
	context->pending--;
	spin_unlock(&context->copies_lock);
	copyscope_job_unuse(job);
	if (job->eventfd)
		eventfd_ctx_put(job->eventfd);
	copyscope_job_free(job);
}

/* The next RESULT tells of it, since this one could not. */
void copyscope_job_untold(struct copyscope_job *job)
{
	struct copyscope_file *context = job->context;

	spin_lock(&context->copies_lock);
	list_add(&job->node, &context->ended);
	context->pending++;
	wake_up_all(&context->wait);
	spin_unlock(&context->copies_lock);
}

static struct copyscope_job *copyscope_next_ended(struct copyscope_file *context)
{
	struct copyscope_job *job = list_first_entry_or_null(&context->ended, struct copyscope_job, node);

	if (job) {
		list_del(&job->node);
		context->pending--;
	}
	return job;
}

/* The copy that RESULT tells of: to be freed, or told of again. */
struct copyscope_job *copyscope_result(struct copyscope_file *context, struct copyscope_dma_result *result)
{
	struct copyscope_job *job;

	spin_lock(&context->copies_lock);
	job = copyscope_next_ended(context);
	result->pending = context->pending;
	spin_unlock(&context->copies_lock);
	if (!job)
		return ERR_PTR(result->pending ? -EAGAIN : -ENOENT);
	result->cookie = job->cookie;
	result->copied = job->copied;
	result->error = -job->error;
	return job;
}

__poll_t copyscope_poll(struct file *file, poll_table *table)
{
	struct copyscope_file *context = file->private_data;

	poll_wait(file, &context->wait, table);
	return list_empty_careful(&context->ended) ? 0 : EPOLLIN | EPOLLRDNORM;
}

void copyscope_results_init(struct copyscope_file *context)
{
	spin_lock_init(&context->copies_lock);
	INIT_LIST_HEAD(&context->ended);
	INIT_LIST_HEAD(&context->under_way);
	init_waitqueue_head(&context->wait);
}

static struct copyscope_job *copyscope_first_under_way(struct copyscope_file *context)
{
	struct copyscope_job *job;

	spin_lock(&context->copies_lock);
	job = list_first_entry_or_null(&context->under_way, struct copyscope_job, node);
	spin_unlock(&context->copies_lock); /* a worker that has ended one has let go of the file */
	return job;
}

/* It was told of, and never begun. */
static void copyscope_drop(struct copyscope_job *job)
{
	list_del(&job->node);
	copyscope_job_unuse(job);
	if (job->eventfd) {
		copyscope_eventfd_signal(job->eventfd);
		eventfd_ctx_put(job->eventfd);
	}
	copyscope_job_free(job);
}

/*
 * The last close: the copy under way stops at its next step, those that wait are not begun, lest this waits for those
 * of others before them. Nobody will ask how they ended.
 */
void copyscope_results_end(struct copyscope_file *context)
{
	struct copyscope_job *job;

	WRITE_ONCE(context->closing, true);
	while ((job = copyscope_first_under_way(context)))
		if (cancel_work_sync(&job->work))
			copyscope_drop(job);
	while ((job = copyscope_next_ended(context)))
		copyscope_job_free(job);
}

int copyscope_workers_init(void)
{
	cpu_worker = alloc_ordered_workqueue("copyscope", 0);
	engine_worker = alloc_ordered_workqueue("copyscope_copy", 0);
	if (cpu_worker && engine_worker)
		return 0;
	copyscope_workers_exit();
	return -ENOMEM;
}

/* Waits for workers that are just returning. */
void copyscope_workers_exit(void)
{
	if (cpu_worker)
		destroy_workqueue(cpu_worker);
	if (engine_worker)
		destroy_workqueue(engine_worker);
}
