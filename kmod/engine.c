// SPDX-License-Identifier: GPL-2.0
/*
 * Copies by a DMA engine: any channel that copies memory (DMA_MEMCPY). There is one copy at a time; a channel is held
 * no longer than that, so that others can have it and its driver can go. Without an engine nothing is copied: never by
 * the CPU in disguise.
 */
#include <linux/dmaengine.h>
#include <linux/dma-mapping.h>
#include <linux/moduleparam.h>

#include "buffer.h"
#include "compat.h"

#define COPYSCOPE_PIECE SZ_64K
#define COPYSCOPE_LONGEST_MS 3600000

/* No time at all would stop every engine; for ever would let one that is broken keep all who copy. */
static int copyscope_set_timeout(const char *text, const struct kernel_param *parameter)
{
	return param_set_uint_minmax(text, parameter, 1, COPYSCOPE_LONGEST_MS);
}

static const struct kernel_param_ops timeout_operations = {
	.set = copyscope_set_timeout,
	.get = param_get_uint,
};

static unsigned int engine_timeout_ms = 10000;
module_param_cb(engine_timeout_ms, &timeout_operations, &engine_timeout_ms, 0644);
__MODULE_PARM_TYPE(engine_timeout_ms, "uint");
MODULE_PARM_DESC(engine_timeout_ms, "a DMA engine that needs longer for 64 KiB is stopped (10000; 1 to 3600000)");

static DEFINE_MUTEX(copying);
static DEFINE_MUTEX(looking); /* for channel_in_use */
static struct dma_chan *channel_in_use;

static struct dma_chan *copyscope_request_channel(void)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	return dma_request_chan_by_mask(&mask);
}

/* The device of the engine there is, with a reference; NULL without one. */
struct device *copyscope_engine_device(void)
{
	struct device *device = NULL;
	struct dma_chan *channel;

	mutex_lock(&looking);
	if (channel_in_use) {
		device = get_device(channel_in_use->device->dev);
	} else {
		channel = copyscope_request_channel();
		if (!IS_ERR(channel)) {
			device = get_device(channel->device->dev);
			dma_release_channel(channel);
		}
	}
	mutex_unlock(&looking);
	return device;
}

static struct dma_chan *copyscope_take_channel(void)
{
	struct dma_chan *channel;

	mutex_lock(&looking);
	channel = copyscope_request_channel();
	if (!IS_ERR(channel)) {
		channel_in_use = channel;
		get_device(channel->device->dev);
	}
	mutex_unlock(&looking);
	return channel;
}

static void copyscope_give_channel_back(struct dma_chan *channel)
{
	struct device *device = channel->device->dev;

	mutex_lock(&looking);
	channel_in_use = NULL;
	dma_release_channel(channel);
	mutex_unlock(&looking);
	put_device(device);
}

/* Where the device finds a stretch of a buffer. */
struct copyscope_view {
	const struct copyscope_stretch *stretch;
	struct sg_table *table; /* NULL: in one piece, at the buffer's handle */
	struct dma_buf_attachment *attachment;
	enum dma_data_direction direction; /* of the attachment */
};

static int copyscope_look(struct copyscope_view *view, const struct copyscope_stretch *stretch, struct device *device,
			  enum dma_data_direction direction)
{
	struct copyscope_buffer *buffer = stretch->buffer;

	*view = (struct copyscope_view){ .stretch = stretch, .direction = direction };
	if (buffer->kind != COPYSCOPE_DMA_IMPORTED) {
		if (buffer->kind == COPYSCOPE_DMA_STREAMING)
			view->table = &buffer->table;
		return buffer->device == device ? 0 : -ENODEV;
	}
	view->attachment = dma_buf_attach(buffer->dma_buf, device);
	if (IS_ERR(view->attachment))
		return PTR_ERR(view->attachment);
	view->table = copyscope_dma_buf_map(view->attachment, direction);
	if (!IS_ERR(view->table))
		return 0;
	dma_buf_detach(buffer->dma_buf, view->attachment);
	return PTR_ERR(view->table);
}

static void copyscope_look_away(struct copyscope_view *view)
{
	if (!view->attachment)
		return;
	copyscope_dma_buf_unmap(view->attachment, view->table, view->direction);
	dma_buf_detach(view->stretch->buffer->dma_buf, view->attachment);
}

/* The address of byte `at` of the stretch; `*length` is cut to what follows it without a gap. */
static dma_addr_t copyscope_address(const struct copyscope_view *view, u64 at, u64 *length)
{
	struct scatterlist *entry;
	int i;

	at += view->stretch->offset;
	if (!view->table)
		return view->stretch->buffer->handle + at;
	for_each_sgtable_dma_sg(view->table, entry, i) {
		if (at < sg_dma_len(entry)) {
			*length = min(*length, sg_dma_len(entry) - at);
			return sg_dma_address(entry) + at;
		}
		at -= sg_dma_len(entry);
	}
	*length = 0;
	return 0;
}

struct copyscope_piece {
	struct completion done;
	struct dmaengine_result result;
};

static void copyscope_piece_done(void *argument, const struct dmaengine_result *result)
{
	struct copyscope_piece *piece = argument;

	piece->result = *result;
	complete(&piece->done);
}

/* One descriptor, waited for. Afterwards the engine does not know of `piece` any more. */
static int copyscope_copy_piece(struct dma_chan *channel, dma_addr_t to, dma_addr_t from, u64 length, u64 *copied)
{
	struct dma_async_tx_descriptor *descriptor;
	struct copyscope_piece piece = {};

	if (!length)
		return -EIO; /* an exporter whose table is shorter than its buffer */
	if (!is_dma_copy_aligned(channel->device, from, to, length))
		return -EINVAL;
	descriptor = dmaengine_prep_dma_memcpy(channel, to, from, length, DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!descriptor)
		return -EIO;
	init_completion(&piece.done);
	descriptor->callback_result = copyscope_piece_done;
	descriptor->callback_param = &piece;
	if (dma_submit_error(dmaengine_submit(descriptor)))
		return -EIO;
	dma_async_issue_pending(channel);
	if (!wait_for_completion_timeout(&piece.done, msecs_to_jiffies(READ_ONCE(engine_timeout_ms)))) {
		dmaengine_terminate_sync(channel);
		if (!completion_done(&piece.done))
			return -ETIMEDOUT;
	}
	if (piece.result.result != DMA_TRANS_NOERROR) {
		*copied += length - min_t(u64, length, piece.result.residue);
		return -EIO;
	}
	*copied += length;
	return 0;
}

static int copyscope_copy_all(struct dma_chan *channel, const struct copyscope_view *to,
			      const struct copyscope_view *from, u64 length, bool (*stop)(void *), void *argument,
			      u64 *copied)
{
	int error = 0;

	while (!error && *copied < length) {
		u64 piece = min_t(u64, length - *copied, COPYSCOPE_PIECE);
		dma_addr_t target = copyscope_address(to, *copied, &piece);
		dma_addr_t source = copyscope_address(from, *copied, &piece);

		error = stop(argument) ? -EINTR : copyscope_copy_piece(channel, target, source, piece, copied);
	}
	return error;
}

/* The caller holds both stretches for the device (sync.c). Ends as COPY does; `*copied` from the start are there. */
int copyscope_engine_copy(const struct copyscope_stretch *to, const struct copyscope_stretch *from, u64 length,
			  bool (*stop)(void *), void *argument, u64 *copied)
{
	struct copyscope_view target, source;
	struct dma_chan *channel;
	int error;

	if (mutex_lock_interruptible(&copying))
		return -EINTR;
	channel = copyscope_take_channel();
	if (IS_ERR(channel)) {
		error = -EOPNOTSUPP;
		goto unlock;
	}
	error = copyscope_look(&target, to, channel->device->dev, DMA_BIDIRECTIONAL);
	if (error)
		goto give_back;
	error = copyscope_look(&source, from, channel->device->dev, DMA_TO_DEVICE);
	if (!error) {
		error = copyscope_copy_all(channel, &target, &source, length, stop, argument, copied);
		copyscope_look_away(&source);
	}
	copyscope_look_away(&target);
give_back:
	copyscope_give_channel_back(channel);
unlock:
	mutex_unlock(&copying);
	return error;
}
