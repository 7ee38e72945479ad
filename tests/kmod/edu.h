/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dmaengine provider for QEMU's PCI device "edu" (docs/specs/edu.rst), so that copies by an engine are tested with
 * real transfers and interrupts. What its parts know of each other: edu_device.c makes the device move bytes,
 * edu_channel.c is what dmaengine calls, edu_pci.c comes and goes with the device. None knows the clients.
 *
 * The device moves up to EDU_PIECE_BYTES at a time between memory and a buffer of its own, in 100 ms. A copy is, for
 * each piece: memory -> device, interrupt, device -> memory, interrupt.
 *
 * Every descriptor that was issued ends in exactly one way: told of by its callback, DMA_TRANS_NOERROR or, if the
 * device was unbound meanwhile, DMA_TRANS_ABORTED; or dropped in silence by terminate_all(). A transfer cannot be
 * stopped once it has begun. So unbinding and synchronize() wait for its interrupt: afterwards memory is left alone.
 */
#ifndef EDU_H
#define EDU_H

#include <linux/dmaengine.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/*
 * Half of the buffer. QEMU (7.2: hw/misc/edu.c:edu_check_range) takes a transfer that ends with the buffer for one that
 * goes beyond it, and aborts; and half a page, not a byte less than one, is the same number of pieces for a range of
 * pages however a client cuts it into descriptors.
 */
#define EDU_PIECE_BYTES SZ_2K

struct edu_copy {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	dma_addr_t from;
	dma_addr_t to;
	size_t length;
	size_t done; /* have arrived */
	enum dmaengine_tx_result result;
};

struct edu_engine {
	struct dma_device dma;
	struct dma_chan chan;
	struct pci_dev *pci;
	void __iomem *registers;
	struct tasklet_struct tell;
	wait_queue_head_t waiting; /* for the end of a transfer */
	struct list_head released;

	spinlock_t lock; /* all below, and the channel's cookies */
	struct list_head prepared, submitted, issued;
	struct list_head ended;   /* their callbacks are to be called */
	struct list_head dropped; /* their memory may be in use until nothing is moving */
	struct edu_copy *running; /* the first of issued; NULL also if it was dropped in the middle */
	size_t piece;             /* bytes of the transfer under way */
	bool loaded;              /* the piece is in the device */
	bool moving;              /* a transfer is under way */
	bool gone;
	u64 interrupts;
	u64 bytes;
};

/* edu_device.c */
bool edu_device_is_busy(void __iomem *registers);
irqreturn_t edu_interrupt(int irq, void *engine);
void edu_start(struct edu_engine *engine); /* locked */
void edu_end(struct edu_engine *engine, struct edu_copy *copy, enum dmaengine_tx_result result); /* locked */
void edu_drain(struct edu_engine *engine);

/* edu_channel.c */
void edu_channel_init(struct edu_engine *engine);
void edu_abort_all(struct edu_engine *engine); /* locked */

#endif
