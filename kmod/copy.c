// SPDX-License-Identifier: GPL-2.0
/*
 * COPY: what may be copied where, waited for here or queued (results.c).
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "job.h"

static bool copyscope_interrupted(void *unused)
{
	return signal_pending(current);
}

/* The buffer to copy from, with a reference. */
static struct copyscope_buffer *copyscope_source(struct file *file, int fd)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(file);
	struct file *other = NULL;

	if (fd != COPYSCOPE_DMA_THIS_BUFFER) {
		other = fget(fd);
		if (!other)
			return ERR_PTR(-EBADF);
		file = other;
		buffer = ERR_PTR(-EXDEV);
		if (other->f_op == &copyscope_file_operations)
			buffer = copyscope_buffer_of(other) ?: ERR_PTR(-ENODATA);
	}
	if (!IS_ERR(buffer) && !(file->f_mode & FMODE_READ))
		buffer = ERR_PTR(-EACCES);
	if (!IS_ERR(buffer))
		kref_get(&buffer->refs);
	if (other)
		fput(other);
	return buffer;
}

static bool copyscope_inside(const struct copyscope_stretch *stretch, u64 length)
{
	return stretch->offset <= stretch->buffer->length && length <= stretch->buffer->length - stretch->offset;
}

/* Both ends checked and in use, or an error and neither. */
static int copyscope_begin_job(struct copyscope_job *job)
{
	u32 owner = job->copier == COPYSCOPE_DMA_BY_CPU ? COPYSCOPE_DMA_FOR_CPU : COPYSCOPE_DMA_FOR_DEVICE;
	u64 distance = max(job->to.offset, job->from.offset) - min(job->to.offset, job->from.offset);
	int error;

	if (!copyscope_inside(&job->to, job->length) || !copyscope_inside(&job->from, job->length))
		return -EINVAL;
	if (job->to.buffer == job->from.buffer && distance < job->length)
		return -EINVAL;
	if (job->copier == COPYSCOPE_DMA_BY_ENGINE) {
		struct device *engine = copyscope_engine_device();

		if (!engine)
			return -EOPNOTSUPP;
		put_device(engine);
	}
	error = copyscope_use(job->to.buffer, job->to.offset, job->length, owner);
	if (error)
		return error;
	error = copyscope_use(job->from.buffer, job->from.offset, job->length, owner);
	if (error)
		copyscope_unuse(job->to.buffer);
	return error;
}

static int copyscope_begin_async(struct copyscope_job *job, struct copyscope_dma_copy *request)
{
	int error;

	if (request->flags & COPYSCOPE_DMA_COPY_EVENTFD) {
		job->eventfd = eventfd_ctx_fdget(request->eventfd);
		if (IS_ERR(job->eventfd))
			return PTR_ERR(job->eventfd);
	}
	error = copyscope_job_reserve(job, &request->cookie);
	if (error && job->eventfd)
		eventfd_ctx_put(job->eventfd);
	return error;
}

/*
 * The structure has been checked, not what it points to. One that is to be made later is left, for
 * copyscope_job_queue(); NULL: it has been made.
 */
struct copyscope_job *copyscope_copy(struct file *file, struct copyscope_dma_copy *request)
{
	struct copyscope_job *job;
	int error;

	if (!(file->f_mode & FMODE_WRITE) || copyscope_buffer_of(file)->read_only)
		return ERR_PTR(-EACCES);
	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->context = file->private_data;
	job->length = request->length;
	job->copier = request->copier;
	job->to.buffer = copyscope_buffer_of(file);
	job->to.offset = request->to_offset;
	kref_get(&job->to.buffer->refs);
	job->from.buffer = copyscope_source(file, request->from_fd);
	job->from.offset = request->from_offset;
	if (IS_ERR(job->from.buffer)) {
		error = PTR_ERR(job->from.buffer);
		job->from.buffer = NULL;
		goto out;
	}
	error = copyscope_begin_job(job);
	if (error)
		goto out;
	if (request->flags & COPYSCOPE_DMA_COPY_ASYNC) {
		error = copyscope_begin_async(job, request);
		if (!error)
			return job;
		copyscope_job_unuse(job);
	} else {
		copyscope_job_run(job, copyscope_interrupted, NULL);
		request->copied = job->copied;
		error = job->error;
	}
out:
	copyscope_job_free(job);
	return ERR_PTR(error); /* of 0: NULL */
}
