// SPDX-License-Identifier: GPL-2.0
/*
 * Transfers: who has the channel, and when it and the buffers are given back. A transfer is its copier's; one that was
 * abandoned is its callback's, and holds the module. Must not know how anything is copied.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "transfer.h"

static DEFINE_MUTEX(looking); /* for `transfers` */
static LIST_HEAD(transfers);  /* the one under way first, then those that were abandoned */
static DECLARE_WAIT_QUEUE_HEAD(given_back);
static struct workqueue_struct *ends; /* of abandoned transfers: callbacks must not sleep */

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
	struct copyscope_transfer *first;
	struct device *device = NULL;
	struct dma_chan *channel;

	mutex_lock(&looking);
	first = list_first_entry_or_null(&transfers, struct copyscope_transfer, node);
	channel = first && !READ_ONCE(first->abandoned) ? ERR_PTR(-EBUSY) : copyscope_request_channel();
	if (!IS_ERR(channel)) {
		device = get_device(channel->device->dev);
		dma_release_channel(channel);
	} else if (first) {
		device = get_device(first->device);
	}
	mutex_unlock(&looking);
	return device;
}

/* -EBUSY: what was abandoned has it; -EOPNOTSUPP: there is none. */
int copyscope_take_channel(struct copyscope_transfer *transfer)
{
	struct dma_chan *channel;
	int error = 0;

	mutex_lock(&looking);
	channel = copyscope_request_channel();
	if (!IS_ERR(channel)) {
		transfer->channel = channel;
		transfer->device = get_device(channel->device->dev);
		list_add(&transfer->node, &transfers);
	} else {
		error = list_empty(&transfers) ? -EOPNOTSUPP : -EBUSY;
	}
	mutex_unlock(&looking);
	return error;
}

/* Until nothing that was abandoned has one. As wait_event_interruptible_timeout() ends. */
long copyscope_await_channel(long longest)
{
	return wait_event_interruptible_timeout(given_back, list_empty_careful(&transfers), longest);
}

/* The engine knows nothing of it any more. May sleep. */
void copyscope_transfer_end(struct copyscope_transfer *transfer)
{
	struct copyscope_buffer *to = transfer->to.stretch.buffer, *from = transfer->from.stretch.buffer;

	copyscope_look_away(&transfer->to);
	copyscope_look_away(&transfer->from);
	if (transfer->channel) {
		mutex_lock(&looking);
		list_del(&transfer->node);
		dma_release_channel(transfer->channel);
		mutex_unlock(&looking);
		put_device(transfer->device);
		wake_up_all(&given_back);
	}
	copyscope_unuse(to);
	copyscope_unuse(from);
	copyscope_buffer_put(to);
	copyscope_buffer_put(from);
	kfree(transfer);
}

static void copyscope_transfer_work(struct work_struct *work)
{
	copyscope_transfer_end(container_of(work, struct copyscope_transfer, end));
	module_put(THIS_MODULE); /* copyscope_engine_exit() waits for what is left of us */
}

/* That of an abandoned one, in the callback. */
void copyscope_transfer_end_late(struct copyscope_transfer *transfer)
{
	queue_work(ends, &transfer->end);
}

/* The caller has both buffers in use; from now on the transfer has, too. */
struct copyscope_transfer *copyscope_transfer_begin(const struct copyscope_stretch *to,
						    const struct copyscope_stretch *from)
{
	struct copyscope_transfer *transfer = kzalloc(sizeof(*transfer), GFP_KERNEL_ACCOUNT);

	if (!transfer)
		return NULL;
	INIT_WORK(&transfer->end, copyscope_transfer_work);
	spin_lock_init(&transfer->lock);
	init_completion(&transfer->done);
	transfer->to.stretch = *to;
	transfer->from.stretch = *from;
	kref_get(&to->buffer->refs);
	kref_get(&from->buffer->refs);
	copyscope_use_again(to->buffer);
	copyscope_use_again(from->buffer);
	return transfer;
}

/* Leaves it to the callback; false if that has come meanwhile. */
bool copyscope_abandon(struct copyscope_transfer *transfer)
{
	bool abandoned;

	__module_get(THIS_MODULE); /* a file of ours is open: ours to take */
	spin_lock_irq(&transfer->lock);
	abandoned = !transfer->ended;
	transfer->abandoned = abandoned;
	spin_unlock_irq(&transfer->lock);
	if (!abandoned)
		module_put(THIS_MODULE);
	return abandoned;
}

int copyscope_engine_init(void)
{
	ends = alloc_workqueue("copyscope_engine", WQ_UNBOUND, 0);
	return ends ? 0 : -ENOMEM;
}

void copyscope_engine_exit(void)
{
	destroy_workqueue(ends);
}
