// SPDX-License-Identifier: GPL-2.0
/*
 * A DMA engine as bad as they come, for tests of its clients: it ends nothing before it is let, does not always know how
 * to stop, and may be gone in between. The bytes are moved by the CPU, as late as the callback is called. Parameters,
 * in /sys/module/late_dma/parameters:
 *   hold    1: nothing is begun; 0: what was held back is done
 *   stop    for insmod: "none": there is no device_terminate_all, as in ioatdma; "fails": it answers an error
 *   gone    1: the engine is unregistered; what it was given ends with DMA_TRANS_ABORTED, once it is no longer held
 *   issued  copies that it was given and that have not ended
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct late_copy {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	dma_addr_t to, from;
	size_t length;
};

static struct platform_device *platform;
static struct dma_device engine;
static struct dma_chan channel;
static DEFINE_SPINLOCK(lock); /* for all that follows */
static LIST_HEAD(waiting);    /* prepared, submitted or issued */
static unsigned int issued;
static bool hold, gone;

static char *stop = "none";
module_param(stop, charp, 0444);
module_param(issued, uint, 0444);

static void late_run(struct work_struct *unused)
{
	struct late_copy *copy;

	spin_lock_bh(&lock);
	while (!hold && issued && (copy = list_first_entry_or_null(&waiting, struct late_copy, node))) {
		struct dmaengine_result result = { .result = gone ? DMA_TRANS_ABORTED : DMA_TRANS_NOERROR };

		list_del(&copy->node);
		result.residue = gone ? copy->length : 0;
		spin_unlock(&lock); /* the callback is called as a tasklet would */
		if (!result.residue)
			memcpy(phys_to_virt(dma_to_phys(&platform->dev, copy->to)),
			       phys_to_virt(dma_to_phys(&platform->dev, copy->from)), copy->length);
		copy->tx.callback_result(copy->tx.callback_param, &result);
		spin_lock(&lock);
		channel.completed_cookie = copy->tx.cookie;
		issued--;
		kfree(copy);
	}
	spin_unlock_bh(&lock);
}
static DECLARE_WORK(running, late_run);

static dma_cookie_t late_submit(struct dma_async_tx_descriptor *tx)
{
	tx->cookie = ++channel.cookie;
	return tx->cookie;
}

static struct dma_async_tx_descriptor *late_prep(struct dma_chan *chan, dma_addr_t to, dma_addr_t from, size_t length,
						 unsigned long flags)
{
	struct late_copy *copy = kzalloc(sizeof(*copy), GFP_NOWAIT);

	if (!copy)
		return NULL;
	dma_async_tx_descriptor_init(&copy->tx, chan);
	copy->tx.flags = flags;
	copy->tx.tx_submit = late_submit;
	copy->to = to;
	copy->from = from;
	copy->length = length;
	spin_lock_bh(&lock);
	list_add_tail(&copy->node, &waiting);
	spin_unlock_bh(&lock);
	return &copy->tx;
}

static void late_issue(struct dma_chan *chan)
{
	spin_lock_bh(&lock);
	issued++; /* its clients issue one at a time */
	spin_unlock_bh(&lock);
	schedule_work(&running);
}

static enum dma_status late_status(struct dma_chan *chan, dma_cookie_t cookie, struct dma_tx_state *state)
{
	return dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
}

static int late_cannot_stop(struct dma_chan *chan)
{
	return -EBUSY;
}

static void late_free(struct dma_chan *chan)
{
	flush_work(&running);
}

static void late_release(struct dma_device *unused)
{
}

static void late_unregister(void)
{
	if (!gone)
		dma_async_device_unregister(&engine);
	gone = true;
}

static int late_set(const char *text, const struct kernel_param *parameter)
{
	bool value;
	int error = kstrtobool(text, &value);

	if (error)
		return error;
	if (parameter->arg == &gone && value)
		late_unregister();
	if (parameter->arg == &hold)
		WRITE_ONCE(hold, value);
	schedule_work(&running);
	return 0;
}

static const struct kernel_param_ops late_operations = {
	.set = late_set,
	.get = param_get_bool,
};
module_param_cb(hold, &late_operations, &hold, 0644);
module_param_cb(gone, &late_operations, &gone, 0644);

static int late_probe(struct platform_device *unused)
{
	return 0;
}

/* dmaengine asks the device's driver whose code it is. */
static struct platform_driver driver = {
	.driver.name = "late_dma",
};

static int __init late_init(void)
{
	int error;

	platform = platform_create_bundle(&driver, late_probe, NULL, 0, NULL, 0);
	if (IS_ERR(platform))
		return PTR_ERR(platform);
	error = dma_set_mask_and_coherent(&platform->dev, DMA_BIT_MASK(64));
	if (error)
		goto out;
	engine.dev = &platform->dev;
	INIT_LIST_HEAD(&engine.channels);
	channel.device = &engine;
	channel.cookie = DMA_MIN_COOKIE;
	list_add_tail(&channel.device_node, &engine.channels);
	dma_cap_set(DMA_MEMCPY, engine.cap_mask);
	dma_cap_set(DMA_PRIVATE, engine.cap_mask);
	engine.device_prep_dma_memcpy = late_prep;
	engine.device_issue_pending = late_issue;
	engine.device_tx_status = late_status;
	engine.device_free_chan_resources = late_free;
	engine.device_release = late_release;
	if (!strcmp(stop, "fails"))
		engine.device_terminate_all = late_cannot_stop;
	error = dma_async_device_register(&engine);
	if (!error)
		return 0;
out:
	platform_device_unregister(platform);
	platform_driver_unregister(&driver);
	return error;
}

static void __exit late_exit(void)
{
	late_unregister();
	flush_work(&running);
	platform_device_unregister(platform);
	platform_driver_unregister(&driver);
}

module_init(late_init);
module_exit(late_exit);

MODULE_DESCRIPTION("a dmaengine provider that is late, for tests");
MODULE_LICENSE("GPL");
