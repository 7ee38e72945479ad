// SPDX-License-Identifier: GPL-2.0
/*
 * The channel: descriptors from prep to callback, for dmaengine. Must not know the registers.
 */
#include <linux/slab.h>

#include "edu.h"

static struct edu_engine *edu_of(struct dma_chan *chan)
{
	return container_of(chan, struct edu_engine, chan);
}

static void edu_tell(struct tasklet_struct *tasklet)
{
	struct edu_engine *engine = from_tasklet(engine, tasklet, tell);
	struct dmaengine_result result;
	struct edu_copy *copy;

	spin_lock_irq(&engine->lock);
	while ((copy = list_first_entry_or_null(&engine->ended, struct edu_copy, node))) {
		list_del(&copy->node);
		spin_unlock_irq(&engine->lock);
		result.result = copy->result;
		result.residue = copy->length - copy->done;
		dma_descriptor_unmap(&copy->tx);
		if (copy->tx.callback_result)
			copy->tx.callback_result(copy->tx.callback_param, &result);
		else if (copy->tx.callback)
			copy->tx.callback(copy->tx.callback_param);
		kfree(copy);
		spin_lock_irq(&engine->lock);
	}
	spin_unlock_irq(&engine->lock);
}

static dma_cookie_t edu_submit(struct dma_async_tx_descriptor *tx)
{
	struct edu_copy *copy = container_of(tx, struct edu_copy, tx);
	struct edu_engine *engine = edu_of(tx->chan);
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&engine->lock, flags);
	/* Cookies are positive; after the last one comes the first. */
	cookie = tx->chan->cookie == INT_MAX ? DMA_MIN_COOKIE : tx->chan->cookie + 1;
	tx->chan->cookie = cookie;
	tx->cookie = cookie;
	list_move_tail(&copy->node, &engine->submitted);
	spin_unlock_irqrestore(&engine->lock, flags);
	return cookie;
}

static struct dma_async_tx_descriptor *edu_prep_memcpy(struct dma_chan *chan, dma_addr_t to, dma_addr_t from,
						       size_t length, unsigned long flags)
{
	struct edu_engine *engine = edu_of(chan);
	struct edu_copy *copy;
	unsigned long irqs;

	if (!length || READ_ONCE(engine->gone))
		return NULL;
	copy = kzalloc(sizeof(*copy), GFP_NOWAIT);
	if (!copy)
		return NULL;
	dma_async_tx_descriptor_init(&copy->tx, chan);
	copy->tx.flags = flags;
	copy->tx.tx_submit = edu_submit;
	copy->from = from;
	copy->to = to;
	copy->length = length;
	spin_lock_irqsave(&engine->lock, irqs);
	list_add_tail(&copy->node, &engine->prepared);
	spin_unlock_irqrestore(&engine->lock, irqs);
	return &copy->tx;
}

/* Locked. */
void edu_abort_all(struct edu_engine *engine)
{
	struct edu_copy *copy, *next;

	engine->running = NULL;
	list_splice_tail_init(&engine->submitted, &engine->issued);
	list_for_each_entry_safe(copy, next, &engine->issued, node)
		edu_end(engine, copy, DMA_TRANS_ABORTED);
}

static void edu_issue_pending(struct dma_chan *chan)
{
	struct edu_engine *engine = edu_of(chan);
	unsigned long flags;

	spin_lock_irqsave(&engine->lock, flags);
	list_splice_tail_init(&engine->submitted, &engine->issued);
	if (engine->gone)
		edu_abort_all(engine);
	else
		edu_start(engine);
	spin_unlock_irqrestore(&engine->lock, flags);
}

/* Locked. NULL: it has ended. */
static struct edu_copy *edu_find(struct edu_engine *engine, dma_cookie_t cookie)
{
	struct edu_copy *copy;

	list_for_each_entry(copy, &engine->issued, node)
		if (copy->tx.cookie == cookie)
			return copy;
	list_for_each_entry(copy, &engine->submitted, node)
		if (copy->tx.cookie == cookie)
			return copy;
	return NULL;
}

static enum dma_status edu_tx_status(struct dma_chan *chan, dma_cookie_t cookie, struct dma_tx_state *state)
{
	struct edu_engine *engine = edu_of(chan);
	struct edu_copy *copy;
	enum dma_status status;
	unsigned long flags;

	spin_lock_irqsave(&engine->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	copy = edu_find(engine, cookie);
	if (status != DMA_COMPLETE && engine->gone)
		status = DMA_ERROR;
	if (state) {
		state->last = chan->completed_cookie;
		state->used = chan->cookie;
		state->residue = copy ? copy->length - copy->done : 0;
		state->in_flight_bytes = 0;
	}
	spin_unlock_irqrestore(&engine->lock, flags);
	return status;
}

static int edu_terminate_all(struct dma_chan *chan)
{
	struct edu_engine *engine = edu_of(chan);
	unsigned long flags;

	spin_lock_irqsave(&engine->lock, flags);
	engine->running = NULL;
	list_splice_tail_init(&engine->submitted, &engine->dropped);
	list_splice_tail_init(&engine->issued, &engine->dropped);
	list_splice_tail_init(&engine->ended, &engine->dropped);
	/* What the device holds is nobody's now. Under way, edu_transferred() says so. */
	if (!engine->moving)
		engine->loaded = false;
	spin_unlock_irqrestore(&engine->lock, flags);
	return 0;
}

static void edu_free(struct edu_engine *engine, struct list_head *copies)
{
	struct edu_copy *copy, *next;
	LIST_HEAD(free);

	spin_lock_irq(&engine->lock);
	list_splice_init(copies, &free);
	spin_unlock_irq(&engine->lock);
	list_for_each_entry_safe(copy, next, &free, node) {
		dma_descriptor_unmap(&copy->tx);
		kfree(copy);
	}
}

static void edu_synchronize(struct dma_chan *chan)
{
	struct edu_engine *engine = edu_of(chan);

	edu_drain(engine);
	tasklet_kill(&engine->tell); /* waits for the callbacks */
	edu_free(engine, &engine->dropped);
}

static int edu_alloc_chan_resources(struct dma_chan *chan)
{
	if (READ_ONCE(edu_of(chan)->gone))
		return -ENODEV;
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	return 0;
}

static void edu_free_chan_resources(struct dma_chan *chan)
{
	edu_terminate_all(chan);
	edu_synchronize(chan);
	edu_free(edu_of(chan), &edu_of(chan)->prepared);
}

void edu_channel_init(struct edu_engine *engine)
{
	struct dma_device *dma = &engine->dma;

	spin_lock_init(&engine->lock);
	init_waitqueue_head(&engine->waiting);
	tasklet_setup(&engine->tell, edu_tell);
	INIT_LIST_HEAD(&engine->prepared);
	INIT_LIST_HEAD(&engine->submitted);
	INIT_LIST_HEAD(&engine->issued);
	INIT_LIST_HEAD(&engine->ended);
	INIT_LIST_HEAD(&engine->dropped);

	dma->dev = &engine->pci->dev;
	INIT_LIST_HEAD(&dma->channels);
	engine->chan.device = dma;
	list_add_tail(&engine->chan.device_node, &dma->channels);
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_PRIVATE, dma->cap_mask); /* only for who asks for a channel; not the network's or the RAID's */
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->device_alloc_chan_resources = edu_alloc_chan_resources;
	dma->device_free_chan_resources = edu_free_chan_resources;
	dma->device_prep_dma_memcpy = edu_prep_memcpy;
	dma->device_issue_pending = edu_issue_pending;
	dma->device_tx_status = edu_tx_status;
	dma->device_terminate_all = edu_terminate_all;
	dma->device_synchronize = edu_synchronize;
}
