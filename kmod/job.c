// SPDX-License-Identifier: GPL-2.0
/*
 * One COPY made, by the CPU or by the engine, and its end. Knows nobody who waits for it.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "job.h"

#define COPYSCOPE_STEP SZ_1M /* the CPU looks up after so many bytes */

static int copyscope_by_cpu(struct copyscope_job *job, bool (*stop)(void *), void *argument)
{
	while (job->copied < job->length) {
		u64 step = min_t(u64, job->length - job->copied, COPYSCOPE_STEP);

		if (stop(argument))
			return -EINTR;
		memcpy(job->to.buffer->address + job->to.offset + job->copied,
		       job->from.buffer->address + job->from.offset + job->copied, step);
		job->copied += step;
		cond_resched();
	}
	return 0;
}

void copyscope_job_unuse(struct copyscope_job *job)
{
	copyscope_unuse(job->from.buffer);
	copyscope_unuse(job->to.buffer);
}

void copyscope_job_run(struct copyscope_job *job, bool (*stop)(void *), void *argument)
{
	struct copyscope_buffer_counts *counts = &job->to.buffer->counts;

	if (job->copier == COPYSCOPE_DMA_BY_CPU) {
		job->error = copyscope_by_cpu(job, stop, argument);
		atomic64_add(job->copied, &counts->cpu_copied);
	} else {
		job->error = copyscope_engine_copy(&job->to, &job->from, job->length, stop, argument, &job->copied);
		atomic64_add(job->copied, &counts->engine_copied);
	}
	copyscope_job_unuse(job);
}

void copyscope_job_free(struct copyscope_job *job)
{
	if (job->from.buffer)
		copyscope_buffer_put(job->from.buffer);
	copyscope_buffer_put(job->to.buffer);
	kfree(job);
}
