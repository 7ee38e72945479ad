// SPDX-License-Identifier: GPL-2.0
/*
 * Copies by a DMA engine: any channel that copies memory (DMA_MEMCPY). There is one copy at a time; a channel is held
 * no longer than that, so that others can have it and its driver can go. Without an engine nothing is copied: never by
 * the CPU in disguise.
 *
 * A piece that takes too long is stopped, if the driver can (device_terminate_all; ioatdma, idxd and others cannot). If
 * it cannot, nobody knows when the engine writes to memory for the last time but the engine. So all it needs, the
 * channel, the buffers and this module, is in a transfer, which whoever copies leaves to the engine's callback.
 */
#include <linux/dmaengine.h>
#include <linux/dma-mapping.h>
#include <linux/moduleparam.h>

#include "buffer.h"
#include "transfer.h"

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

static long copyscope_timeout(void)
{
	return msecs_to_jiffies(READ_ONCE(engine_timeout_ms));
}

static int copyscope_wait_for_channel(struct copyscope_transfer *transfer)
{
	int error = copyscope_take_channel(transfer);
	long left;

	if (error != -EBUSY)
		return error;
	left = copyscope_await_channel(copyscope_timeout());
	if (left < 0)
		return -EINTR;
	error = copyscope_take_channel(transfer);
	return error == -EBUSY ? -ETIMEDOUT : error;
}

static void copyscope_piece_done(void *argument, const struct dmaengine_result *result)
{
	struct copyscope_transfer *transfer = argument;
	unsigned long flags;
	bool abandoned;

	spin_lock_irqsave(&transfer->lock, flags);
	abandoned = transfer->abandoned;
	transfer->result = *result;
	transfer->ended = true;
	if (!abandoned)
		complete(&transfer->done); /* who waits takes the lock before it is freed */
	spin_unlock_irqrestore(&transfer->lock, flags);
	if (abandoned)
		copyscope_transfer_end_late(transfer);
}

/* Waits for the piece that was begun. If it must be abandoned, there is no transfer any more. */
static int copyscope_await_piece(struct copyscope_transfer **owned)
{
	struct copyscope_transfer *transfer = *owned;
	bool ended;
	long left;

	left = wait_for_completion_killable_timeout(&transfer->done, copyscope_timeout());
	if (left <= 0 && dmaengine_terminate_sync(transfer->channel) && copyscope_abandon(transfer)) {
		*owned = NULL;
		return left ? -EINTR : -ETIMEDOUT;
	}
	spin_lock_irq(&transfer->lock); /* the callback, if it has come, has let go */
	ended = transfer->ended;
	spin_unlock_irq(&transfer->lock);
	return ended ? 0 : left ? -EINTR : -ETIMEDOUT;
}

/* One descriptor, waited for. */
static int copyscope_copy_piece(struct copyscope_transfer **owned, dma_addr_t to, dma_addr_t from, u64 length,
				u64 *copied)
{
	struct copyscope_transfer *transfer = *owned;
	struct dma_chan *channel = transfer->channel;
	struct dma_async_tx_descriptor *descriptor;
	int error;

	if (!length)
		return -EIO; /* an exporter whose table is shorter than its buffer */
	if (!is_dma_copy_aligned(channel->device, from, to, length))
		return -EINVAL;
	descriptor = dmaengine_prep_dma_memcpy(channel, to, from, length, DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!descriptor)
		return -EIO;
	reinit_completion(&transfer->done);
	transfer->ended = false;
	descriptor->callback_result = copyscope_piece_done;
	descriptor->callback_param = transfer;
	if (dma_submit_error(dmaengine_submit(descriptor)))
		return -EIO;
	dma_async_issue_pending(channel);
	error = copyscope_await_piece(owned);
	if (error)
		return error;
	if (transfer->result.result != DMA_TRANS_NOERROR) {
		*copied += length - min_t(u64, length, transfer->result.residue);
		return -EIO;
	}
	*copied += length;
	return 0;
}

static int copyscope_copy_all(struct copyscope_transfer **owned, u64 length, bool (*stop)(void *), void *argument,
			      u64 *copied)
{
	int error = 0;

	while (!error && *copied < length) {
		u64 piece = min_t(u64, length - *copied, COPYSCOPE_PIECE);
		dma_addr_t target = copyscope_address(&(*owned)->to, *copied, &piece);
		dma_addr_t source = copyscope_address(&(*owned)->from, *copied, &piece);

		error = stop(argument) ? -EINTR : copyscope_copy_piece(owned, target, source, piece, copied);
	}
	return error;
}

/*
 * The caller holds both stretches for the device (sync.c), and the engine as long as it needs them. Ends as COPY does;
 * `*copied` from the start are there.
 */
int copyscope_engine_copy(const struct copyscope_stretch *to, const struct copyscope_stretch *from, u64 length,
			  bool (*stop)(void *), void *argument, u64 *copied)
{
	struct copyscope_transfer *transfer;
	int error;

	if (mutex_lock_interruptible(&copying))
		return -EINTR;
	transfer = copyscope_transfer_begin(to, from);
	error = transfer ? copyscope_wait_for_channel(transfer) : -ENOMEM;
	/* What is copied from is only read: it may be somebody's who allows no more. */
	if (!error)
		error = copyscope_look(&transfer->to, to, transfer->device, DMA_BIDIRECTIONAL);
	if (!error)
		error = copyscope_look(&transfer->from, from, transfer->device, DMA_TO_DEVICE);
	if (!error)
		error = copyscope_copy_all(&transfer, length, stop, argument, copied);
	if (transfer)
		copyscope_transfer_end(transfer);
	mutex_unlock(&copying);
	return error;
}
