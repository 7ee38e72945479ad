// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of /dev/copyscope that do something: each checks its structure against the contract
 * (uapi/copyscope.h), and hands on.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/nodemask.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "compat.h"
#include "device.h"
#include "job.h"

static int copyscope_check_alloc(const struct copyscope_dma_alloc *request)
{
	bool in_extents = request->flags & COPYSCOPE_DMA_ALLOC_EXTENTS;

	if (request->flags & ~COPYSCOPE_DMA_ALLOC_EXTENTS || request->extents)
		return -EINVAL;
	if (request->kind != COPYSCOPE_DMA_STREAMING && request->kind != COPYSCOPE_DMA_COHERENT)
		return -EINVAL;
	if (request->caching < COPYSCOPE_DMA_CACHED || request->caching > COPYSCOPE_DMA_UNCACHED)
		return -EINVAL;
	if (request->node != COPYSCOPE_DMA_ANY_NODE &&
	    (request->node < 0 || request->node >= MAX_NUMNODES || !node_online(request->node)))
		return -EINVAL;
	if (!request->length || !IS_ALIGNED(request->length, in_extents ? PMD_SIZE : PAGE_SIZE))
		return -EINVAL;
	if (request->length > READ_ONCE(copyscope_max_buffer_bytes))
		return -E2BIG;
	if (request->caching != COPYSCOPE_DMA_CACHED &&
	    (request->kind == COPYSCOPE_DMA_COHERENT || !COPYSCOPE_CAN_CHOOSE_CACHING))
		return -EOPNOTSUPP;
	if (request->kind == COPYSCOPE_DMA_COHERENT && request->node != COPYSCOPE_DMA_ANY_NODE)
		return -EOPNOTSUPP;
	return 0;
}

/* Who a buffer is for, with a reference: the engine, if there is one. */
static struct device *copyscope_buffer_device(void)
{
	return copyscope_engine_device() ?: get_device(copyscope_own_device);
}

static struct copyscope_buffer *copyscope_make(const struct copyscope_dma_alloc *request)
{
	struct device *device = copyscope_buffer_device();
	struct copyscope_buffer *buffer;

	if (request->kind == COPYSCOPE_DMA_STREAMING)
		buffer = copyscope_streaming_make(request, device);
	else
		buffer = copyscope_coherent_make(request, device);
	put_device(device);
	return buffer;
}

static struct copyscope_buffer *copyscope_take_in(int fd)
{
	struct device *device = copyscope_buffer_device();
	struct copyscope_buffer *buffer = copyscope_import(fd, device);

	put_device(device);
	return buffer;
}

/* The buffer is the file's from when the caller has been told of it. Until then `making` is held. */
static void copyscope_publish(struct copyscope_device_call *call, bool told)
{
	struct copyscope_file *context = call->file->private_data;

	if (told)
		smp_store_release(&context->buffer, call->buffer); /* pairs with copyscope_buffer_of() */
	else
		copyscope_buffer_put(call->buffer);
	mutex_unlock(&context->making);
}

int copyscope_call_alloc(struct copyscope_device_call *call)
{
	struct copyscope_file *context = call->file->private_data;
	struct copyscope_dma_alloc *request = call->argument;
	struct copyscope_buffer *buffer;
	int error;

	error = copyscope_check_alloc(request);
	if (error)
		return error;
	if (mutex_lock_interruptible(&context->making))
		return -EINTR;
	buffer = context->buffer ? ERR_PTR(-EEXIST) : copyscope_make(request);
	if (IS_ERR(buffer)) {
		mutex_unlock(&context->making);
		return PTR_ERR(buffer);
	}
	request->extents = buffer->extents;
	call->buffer = buffer;
	call->finish = copyscope_publish;
	return 0;
}

int copyscope_call_import(struct copyscope_device_call *call)
{
	struct copyscope_file *context = call->file->private_data;
	struct copyscope_dma_import *request = call->argument;
	struct copyscope_buffer *buffer;

	if (request->flags || request->reserved)
		return -EINVAL;
	if (mutex_lock_interruptible(&context->making))
		return -EINTR;
	buffer = context->buffer ? ERR_PTR(-EEXIST) : copyscope_take_in(request->fd);
	if (IS_ERR(buffer)) {
		mutex_unlock(&context->making);
		return PTR_ERR(buffer);
	}
	request->length = buffer->length;
	call->buffer = buffer;
	call->finish = copyscope_publish;
	return 0;
}

/* The descriptor is there from when the caller has been told its number. */
static void copyscope_install(struct copyscope_device_call *call, bool told)
{
	const struct copyscope_dma_export *request = call->argument;

	if (told) {
		fd_install(request->fd, call->dma_buf->file);
	} else {
		put_unused_fd(request->fd);
		dma_buf_put(call->dma_buf);
	}
}

int copyscope_call_export(struct copyscope_device_call *call)
{
	struct copyscope_dma_export *request = call->argument;
	struct dma_buf *dma_buf;
	int fd;

	if (request->flags & ~(O_CLOEXEC | O_RDWR) || request->reserved)
		return -EINVAL;
	if (!(call->file->f_mode & FMODE_READ) ||
	    (request->flags & O_RDWR && !(call->file->f_mode & FMODE_WRITE)))
		return -EACCES;
	fd = get_unused_fd_flags(request->flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	dma_buf = copyscope_export(copyscope_buffer_of(call->file), request->flags);
	if (IS_ERR(dma_buf)) {
		put_unused_fd(fd);
		return PTR_ERR(dma_buf);
	}
	request->fd = fd;
	call->dma_buf = dma_buf;
	call->finish = copyscope_install;
	return 0;
}

int copyscope_call_sync(struct copyscope_device_call *call)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(call->file);
	const struct copyscope_dma_sync *request = call->argument;
	u32 directions = COPYSCOPE_DMA_SYNC_TO_DEVICE | COPYSCOPE_DMA_SYNC_FROM_DEVICE;

	if (request->flags || !request->direction || request->direction & ~directions)
		return -EINVAL;
	if (request->owner != COPYSCOPE_DMA_FOR_CPU && request->owner != COPYSCOPE_DMA_FOR_DEVICE)
		return -EINVAL;
	if (!request->length || !IS_ALIGNED(request->offset | request->length, PAGE_SIZE))
		return -EINVAL;
	if (request->offset > buffer->length || request->length > buffer->length - request->offset)
		return -EINVAL;
	if (buffer->read_only && request->direction & COPYSCOPE_DMA_SYNC_FROM_DEVICE)
		return -EACCES;
	return copyscope_sync(buffer, request);
}

/* One that nobody waits for begins when the caller knows its cookie. */
static void copyscope_begin(struct copyscope_device_call *call, bool told)
{
	if (told)
		copyscope_job_queue(call->job);
	else
		copyscope_job_drop(call->job);
}

int copyscope_call_copy(struct copyscope_device_call *call)
{
	struct copyscope_dma_copy *request = call->argument;
	u32 flags = COPYSCOPE_DMA_COPY_ASYNC | COPYSCOPE_DMA_COPY_EVENTFD;

	request->cookie = 0;
	request->copied = 0;
	if (request->flags & ~flags || request->reserved || !request->length)
		return -EINVAL;
	if (request->copier != COPYSCOPE_DMA_BY_CPU && request->copier != COPYSCOPE_DMA_BY_ENGINE)
		return -EINVAL;
	if (request->flags & COPYSCOPE_DMA_COPY_EVENTFD ? !(request->flags & COPYSCOPE_DMA_COPY_ASYNC) :
							  request->eventfd)
		return -EINVAL;
	call->job = copyscope_copy(call->file, request);
	if (!IS_ERR_OR_NULL(call->job))
		call->finish = copyscope_begin;
	return PTR_ERR_OR_ZERO(call->job);
}

static void copyscope_told(struct copyscope_device_call *call, bool told)
{
	if (told)
		copyscope_job_free(call->job);
	else
		copyscope_job_untold(call->job);
}

int copyscope_call_result(struct copyscope_device_call *call)
{
	struct copyscope_dma_result *result = call->argument;

	if (result->flags)
		return -EINVAL;
	call->job = copyscope_result(call->file->private_data, result);
	if (!IS_ERR(call->job))
		call->finish = copyscope_told;
	return PTR_ERR_OR_ZERO(call->job);
}
