// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes on purpose, one for each of the kernel's means to find them, to see that a run in which the kernel finds one
 * fails (tools/vm.d/selftest). Only for a kernel that looks for them and survives them: the one named "debug".
 *   make  for insmod: which mistake
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *make = "";
module_param(make, charp, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static int __rcu *guarded;
static volatile int number = 40; /* which the compiler cannot know */
static int four[4];

static void mistake_leak(void)
{
	int i;

	/* The last one may still be in a register or on the stack. */
	for (i = 0; i < 8; i++)
		memset(kmalloc(100, GFP_KERNEL | __GFP_NOFAIL), 1, 100);
}

static void mistake_overflow(void)
{
	volatile char *p = kmalloc(40, GFP_KERNEL | __GFP_NOFAIL);

	p[number] = 1;
	kfree((void *)p);
}

static void mistake_freed(void)
{
	volatile char *p = kmalloc(40, GFP_KERNEL | __GFP_NOFAIL);

	kfree((void *)p);
	number += p[8] & 0;
}

static void mistake_shift(void)
{
	four[0] = 1 << number;
}

static void mistake_index(void)
{
	four[number % 8 + 4] += 0;
}

static void mistake_sleep(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

static void mistake_rcu(void)
{
	if (rcu_dereference(guarded))
		number++;
}

static void mistake_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void mistake_nothing(struct timer_list *timer)
{
}

static void mistake_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL | __GFP_NOFAIL);

	timer_setup(timer, mistake_nothing, 0);
	mod_timer(timer, jiffies + 100 * HZ);
	kfree(timer);
}

static void mistake_dma(void)
{
	struct platform_device *device = platform_device_register_simple("mistakes", PLATFORM_DEVID_NONE, NULL, 0);
	void *memory = kmalloc(64, GFP_KERNEL | __GFP_NOFAIL);
	dma_addr_t handle;

	if (!IS_ERR(device) && !dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64))) {
		handle = dma_map_single(&device->dev, memory, 64, DMA_TO_DEVICE);
		dma_unmap_single(&device->dev, handle, 64, DMA_TO_DEVICE);
		dma_unmap_single(&device->dev, handle, 64, DMA_TO_DEVICE);
	}
	platform_device_unregister(device);
	kfree(memory);
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "leak", mistake_leak },   { "overflow", mistake_overflow }, { "freed", mistake_freed }, { "shift", mistake_shift },
	{ "index", mistake_index }, { "sleep", mistake_sleep },	      { "rcu", mistake_rcu },	  { "order", mistake_order },
	{ "timer", mistake_timer }, { "dma", mistake_dma },
};

static int __init mistakes_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (strcmp(mistakes[i].name, make))
			continue;
		mistakes[i].make();
		return 0;
	}
	return -EINVAL;
}

static void __exit mistakes_exit(void)
{
}

module_init(mistakes_init);
module_exit(mistakes_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Mistakes for the kernel to find");
