// SPDX-License-Identifier: GPL-2.0
/*
 * Copies nobody waits for: they run in a worker and are kept until RESULT has told of them, or the file is closed.
 */
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "compat.h"
#include "copy.h"

static struct workqueue_struct *workers;

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
	list_add_tail(&job->node, &context->ended);
	context->under_way--;
	wake_up_all(&context->wait);
	spin_unlock(&context->copies_lock);
	if (eventfd) {
		copyscope_eventfd_signal(eventfd);
		eventfd_ctx_put(eventfd);
	}
}

/* If this succeeds the job is not the caller's any more. */
int copyscope_job_queue(struct copyscope_job *job, u64 *cookie)
{
	struct copyscope_file *context = job->context;
	bool room;

	INIT_WORK(&job->work, copyscope_work);
	spin_lock(&context->copies_lock);
	room = context->pending < COPYSCOPE_DMA_MOST_PENDING;
	if (room) {
		context->pending++;
		context->under_way++;
		job->cookie = ++context->cookies;
		*cookie = job->cookie;
	}
	spin_unlock(&context->copies_lock);
	if (!room)
		return -EBUSY;
	queue_work(workers, &job->work);
	return 0;
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

int copyscope_result(struct copyscope_file *context, struct copyscope_dma_result *result)
{
	struct copyscope_job *job;

	spin_lock(&context->copies_lock);
	job = copyscope_next_ended(context);
	result->pending = context->pending;
	spin_unlock(&context->copies_lock);
	if (!job)
		return result->pending ? -EAGAIN : -ENOENT;
	result->cookie = job->cookie;
	result->copied = job->copied;
	result->error = -job->error;
	copyscope_job_free(job);
	return 0;
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
	init_waitqueue_head(&context->wait);
}

/* The last close: copies under way stop at their next step; nobody will ask how they ended. */
void copyscope_results_end(struct copyscope_file *context)
{
	struct copyscope_job *job;

	WRITE_ONCE(context->closing, true);
	wait_event(context->wait, !READ_ONCE(context->under_way));
	spin_lock(&context->copies_lock); /* the worker that woke us has let go of the file */
	spin_unlock(&context->copies_lock);
	while ((job = copyscope_next_ended(context)))
		copyscope_job_free(job);
}

int copyscope_workers_init(void)
{
	workers = alloc_workqueue("copyscope", WQ_UNBOUND, 0);
	return workers ? 0 : -ENOMEM;
}

/* Waits for workers that are just returning. */
void copyscope_workers_exit(void)
{
	destroy_workqueue(workers);
}
