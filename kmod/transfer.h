/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that an engine needs as long as it may touch memory: its channel and both buffers, between engine.c, which copies
 * by it, and transfer.c, which knows who has it.
 */
#ifndef COPYSCOPE_TRANSFER_H
#define COPYSCOPE_TRANSFER_H

#include <linux/dmaengine.h>
#include <linux/workqueue.h>

#include "view.h"

/* Belongs to who copies until it is abandoned, then to the callback. */
struct copyscope_transfer {
	struct list_head node; /* in `transfers` */
	struct dma_chan *channel;
	struct device *device; /* the channel's, with a reference */
	struct copyscope_view to, from;
	struct work_struct end;

	spinlock_t lock; /* for all that follows */
	struct completion done;
	struct dmaengine_result result;
	bool ended; /* the piece: `result` says how */
	bool abandoned;
};

struct copyscope_transfer *copyscope_transfer_begin(const struct copyscope_stretch *to,
						    const struct copyscope_stretch *from);
int copyscope_take_channel(struct copyscope_transfer *transfer);
long copyscope_await_channel(long longest);
bool copyscope_abandon(struct copyscope_transfer *transfer);
void copyscope_transfer_end(struct copyscope_transfer *transfer);
void copyscope_transfer_end_late(struct copyscope_transfer *transfer);

#endif
