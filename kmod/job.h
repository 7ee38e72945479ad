/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One COPY, between the files that know of it: copy.c checks it and job.c makes it, for who waits or for results.c, which
 * lets it run in a worker and tells how it ended.
 */
#ifndef COPYSCOPE_JOB_H
#define COPYSCOPE_JOB_H

#include <linux/eventfd.h>
#include <linux/workqueue.h>

#include "buffer.h"

struct copyscope_job {
	struct work_struct work;
	struct list_head node; /* in copyscope_file.under_way, then in .ended */
	struct copyscope_file *context;
	struct eventfd_ctx *eventfd;
	struct copyscope_stretch to, from;
	u64 length;
	u32 copier;
	u64 cookie;
	u64 copied;
	int error;
};

/* job.c */
void copyscope_job_run(struct copyscope_job *job, bool (*stop)(void *), void *argument);
void copyscope_job_unuse(struct copyscope_job *job);
void copyscope_job_free(struct copyscope_job *job);

/* results.c */
int copyscope_job_reserve(struct copyscope_job *job, u64 *cookie);
void copyscope_job_queue(struct copyscope_job *job);
void copyscope_job_drop(struct copyscope_job *job);
void copyscope_job_untold(struct copyscope_job *job);

#endif
