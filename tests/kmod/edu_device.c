// SPDX-License-Identifier: GPL-2.0
/*
 * The device: its registers, one transfer after the other, its interrupt. Knows which copy is running and what is to be
 * done next; must not know where copies come from. engine->lock is held, except by edu_interrupt() and edu_drain().
 */
#include <linux/io.h>

#include "edu.h"

#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_ACK    0x64
#define EDU_SOURCE     0x80
#define EDU_TARGET     0x88
#define EDU_COUNT      0x90
#define EDU_COMMAND    0x98

#define EDU_IRQ_DMA 0x100

#define EDU_RUN       BIT(0)
#define EDU_TO_MEMORY BIT(1)
#define EDU_INTERRUPT BIT(2)

#define EDU_BUFFER 0x40000 /* its address, as the device counts */

bool edu_device_is_busy(void __iomem *registers)
{
	return readq(registers + EDU_COMMAND) & EDU_RUN;
}

static void edu_transfer(struct edu_engine *engine, u64 source, u64 target, u64 command)
{
	writeq(source, engine->registers + EDU_SOURCE);
	writeq(target, engine->registers + EDU_TARGET);
	writeq(engine->piece, engine->registers + EDU_COUNT);
	writeq(command | EDU_RUN | EDU_INTERRUPT, engine->registers + EDU_COMMAND);
	engine->moving = true;
}

void edu_start(struct edu_engine *engine)
{
	struct edu_copy *copy = list_first_entry_or_null(&engine->issued, struct edu_copy, node);

	if (!copy || engine->moving || engine->gone)
		return;
	engine->running = copy;
	if (engine->loaded) {
		edu_transfer(engine, EDU_BUFFER, copy->to + copy->done, EDU_TO_MEMORY);
	} else {
		engine->piece = min_t(size_t, copy->length - copy->done, EDU_PIECE_BYTES);
		edu_transfer(engine, copy->from + copy->done, EDU_BUFFER, 0);
	}
}

void edu_end(struct edu_engine *engine, struct edu_copy *copy, enum dmaengine_tx_result result)
{
	copy->result = result;
	/* An aborted one never counts as completed: edu_tx_status(). */
	if (result == DMA_TRANS_NOERROR)
		engine->chan.completed_cookie = copy->tx.cookie;
	list_move_tail(&copy->node, &engine->ended);
	tasklet_schedule(&engine->tell);
}

static void edu_transferred(struct edu_engine *engine)
{
	struct edu_copy *copy = engine->running;

	engine->moving = false;
	engine->loaded = copy && !engine->loaded;
	if (!copy || engine->loaded)
		return;
	copy->done += engine->piece;
	engine->bytes += engine->piece;
	if (copy->done == copy->length) {
		engine->running = NULL;
		edu_end(engine, copy, DMA_TRANS_NOERROR);
	}
}

irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu_engine *engine = data;
	u32 status = readl(engine->registers + EDU_IRQ_STATUS);

	if (!(status & EDU_IRQ_DMA))
		return IRQ_NONE;
	writel(status, engine->registers + EDU_IRQ_ACK);
	spin_lock(&engine->lock);
	engine->interrupts++;
	if (engine->moving)
		edu_transferred(engine);
	edu_start(engine);
	spin_unlock(&engine->lock);
	wake_up(&engine->waiting);
	return IRQ_HANDLED;
}

/* A transfer is under way for a copy that is no more; or, when the device is to be left, for any. */
static bool edu_is_draining(struct edu_engine *engine)
{
	unsigned long flags;
	bool draining;

	spin_lock_irqsave(&engine->lock, flags);
	draining = engine->moving && (engine->gone || !engine->running);
	spin_unlock_irqrestore(&engine->lock, flags);
	return draining;
}

void edu_drain(struct edu_engine *engine)
{
	/* Fifty times what it takes. */
	if (!wait_event_timeout(engine->waiting, !edu_is_draining(engine), 5 * HZ))
		pci_err(engine->pci, "no interrupt: a transfer does not end\n");
}
