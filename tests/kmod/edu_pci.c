// SPDX-License-Identifier: GPL-2.0
/*
 * The provider comes and goes with the PCI device; its memory goes with the module. In sysfs, beside the device's other
 * files:
 *   edu/interrupts   taken since it was bound
 *   edu/bytes        that have arrived where they belong
 *   edu/piece_bytes  that are moved at a time
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "edu.h"

/* The device drops higher bits of an address in silence, and does not say how many it has. */
static unsigned int dma_bits = 28;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "width of QEMU's -device edu,dma_mask=");

/* Engines that are no more. Their memory goes with the module: see edu_release(). */
static LIST_HEAD(edu_released);
static DEFINE_SPINLOCK(edu_released_lock);

/*
 * Nobody refers to the engine any more, says dmaengine. But dma_release_channel() still looks at it after this
 * (drivers/dma/dmaengine.c: privatecnt), so it is only put aside.
 */
static void edu_release(struct dma_device *dma)
{
	struct edu_engine *engine = container_of(dma, struct edu_engine, dma);

	spin_lock(&edu_released_lock);
	list_add(&engine->released, &edu_released);
	spin_unlock(&edu_released_lock);
}

static struct edu_engine *edu_create(struct pci_dev *pci)
{
	struct edu_engine *engine = kzalloc(sizeof(*engine), GFP_KERNEL);

	if (!engine)
		return NULL;
	engine->pci = pci;
	engine->registers = pcim_iomap_table(pci)[0];
	edu_channel_init(engine);
	engine->dma.device_release = edu_release;
	return engine;
}

static int edu_prepare(struct pci_dev *pci)
{
	int error = pcim_enable_device(pci);

	if (error)
		return error;
	error = pcim_iomap_regions(pci, BIT(0), KBUILD_MODNAME);
	if (error)
		return error;
	error = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(dma_bits));
	if (error)
		return dev_err_probe(&pci->dev, error, "dma_bits=%u cannot be served here\n", dma_bits);
	dma_set_max_seg_size(&pci->dev, UINT_MAX);
	if (edu_device_is_busy(pcim_iomap_table(pci)[0]))
		return dev_err_probe(&pci->dev, -EBUSY, "a transfer of somebody else is under way\n");
	pci_set_master(pci);
	return 0;
}

static int edu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct edu_engine *engine;
	int error = edu_prepare(pci);

	if (error)
		return error;
	engine = edu_create(pci);
	if (!engine)
		return -ENOMEM;
	pci_set_drvdata(pci, engine);
	error = pci_alloc_irq_vectors(pci, 1, 1, PCI_IRQ_ALL_TYPES);
	if (error < 0)
		goto err_free;
	error = request_irq(pci_irq_vector(pci, 0), edu_interrupt, IRQF_SHARED, KBUILD_MODNAME, engine);
	if (error)
		goto err_vectors;
	get_device(&pci->dev);
	error = dma_async_device_register(&engine->dma);
	if (error)
		goto err_irq;
	return 0;

err_irq:
	put_device(&pci->dev);
	free_irq(pci_irq_vector(pci, 0), engine);
err_vectors:
	pci_free_irq_vectors(pci);
err_free:
	kfree(engine);
	return error;
}

static void edu_remove(struct pci_dev *pci)
{
	struct edu_engine *engine = pci_get_drvdata(pci);

	spin_lock_irq(&engine->lock);
	engine->gone = true; /* nothing is started from here on */
	spin_unlock_irq(&engine->lock);
	edu_drain(engine);
	pci_clear_master(pci); /* even if it was in vain */
	free_irq(pci_irq_vector(pci, 0), engine);
	pci_free_irq_vectors(pci);

	spin_lock_irq(&engine->lock);
	engine->moving = false;
	edu_abort_all(engine);
	spin_unlock_irq(&engine->lock);
	tasklet_kill(&engine->tell);
	dma_async_device_unregister(&engine->dma); /* clients may keep the channel; it does nothing more */
}

/* ---- sysfs ---- */

static ssize_t interrupts_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	struct edu_engine *engine = dev_get_drvdata(dev);

	return sysfs_emit(text, "%llu\n", READ_ONCE(engine->interrupts));
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t bytes_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	struct edu_engine *engine = dev_get_drvdata(dev);

	return sysfs_emit(text, "%llu\n", READ_ONCE(engine->bytes));
}
static DEVICE_ATTR_RO(bytes);

static ssize_t piece_bytes_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%u\n", EDU_PIECE_BYTES);
}
static DEVICE_ATTR_RO(piece_bytes);

static struct attribute *edu_attributes[] = {
	&dev_attr_interrupts.attr,
	&dev_attr_bytes.attr,
	&dev_attr_piece_bytes.attr,
	NULL,
};

static const struct attribute_group edu_group = {
	.name = "edu",
	.attrs = edu_attributes,
};

static const struct attribute_group *edu_groups[] = { &edu_group, NULL };

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};

static int __init edu_init(void)
{
	return pci_register_driver(&edu_driver);
}

static bool edu_nobody(struct dma_chan *chan, void *unused)
{
	return false;
}

static void __exit edu_exit(void)
{
	struct edu_engine *engine, *next;
	dma_cap_mask_t mask;

	pci_unregister_driver(&edu_driver);
	/* Takes dmaengine's mutex and gives it back: who was in dma_release_channel() has left it. */
	dma_cap_zero(mask);
	dma_request_channel(mask, edu_nobody, NULL);
	list_for_each_entry_safe(engine, next, &edu_released, released) {
		put_device(&engine->pci->dev);
		kfree(engine);
	}
}

module_init(edu_init);
module_exit(edu_exit);

MODULE_DESCRIPTION("dmaengine provider for QEMU's edu device, for tests");
MODULE_LICENSE("GPL");
