// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/copyscope: an open file, and the table of its calls. uapi/copyscope.h is the contract.
 */
#include <linux/dma-mapping.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "device.h"

struct device *copyscope_own_device;

static struct platform_device *platform_device;

struct copyscope_device_call_kind {
	int (*answer)(struct copyscope_device_call *call);
	size_t size;	   /* as we know it */
	size_t first_size; /* of its first version */
	bool needs_buffer;
};

/* Until a structure grows, its first version is the only one. */
#define COPYSCOPE_CALL(number, name, needs) \
	[_IOC_NR(number)] = { copyscope_call_##name, sizeof(struct copyscope_dma_##name), \
			      sizeof(struct copyscope_dma_##name), needs }

static const struct copyscope_device_call_kind calls[] = {
	COPYSCOPE_CALL(COPYSCOPE_DMA_INFO, info, false),
	COPYSCOPE_CALL(COPYSCOPE_DMA_ALLOC, alloc, false),
	COPYSCOPE_CALL(COPYSCOPE_DMA_SYNC, sync, true),
	COPYSCOPE_CALL(COPYSCOPE_DMA_COPY, copy, true),
	COPYSCOPE_CALL(COPYSCOPE_DMA_RESULT, result, true),
	COPYSCOPE_CALL(COPYSCOPE_DMA_EXPORT, export, true),
	COPYSCOPE_CALL(COPYSCOPE_DMA_IMPORT, import, false),
	COPYSCOPE_CALL(COPYSCOPE_DMA_STATS, stats, true),
};

union copyscope_argument {
	u32 size;
	struct copyscope_dma_info info;
	struct copyscope_dma_alloc alloc;
	struct copyscope_dma_sync sync;
	struct copyscope_dma_copy copy;
	struct copyscope_dma_result result;
	struct copyscope_dma_export export;
	struct copyscope_dma_import import;
	struct copyscope_dma_stats stats;
};

static long copyscope_ioctl(struct file *file, unsigned int number, unsigned long address)
{
	union copyscope_argument argument = {};
	struct copyscope_device_call call = { .file = file, .argument = &argument };
	void __user *caller = (void __user *)address;
	const struct copyscope_device_call_kind *kind;
	u32 size;
	int error;

	/* The whole number: no direction and no size is encoded in it. */
	if (_IOC_NR(number) >= ARRAY_SIZE(calls) || number != _IO(COPYSCOPE_DMA_TYPE, _IOC_NR(number)))
		return -ENOTTY;
	kind = &calls[_IOC_NR(number)];
	if (get_user(size, (u32 __user *)caller))
		return -EFAULT;
	if (size < kind->first_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	error = copy_struct_from_user(&argument, kind->size, caller, size);
	if (error)
		return error;
	/* Another thread may have changed it since. Nothing is begun that could not be answered now. */
	argument.size = size;
	if (copy_to_user(caller, &argument, min_t(size_t, size, kind->size)))
		return -EFAULT;
	if (kind->needs_buffer && !copyscope_buffer_of(file))
		return -ENODATA;
	error = kind->answer(&call);
	/* Nor is anything left that could not be answered in the end. */
	if (copy_to_user(caller, &argument, min_t(size_t, size, kind->size)) && !error)
		error = -EFAULT;
	if (call.finish)
		call.finish(&call, !error);
	return error;
}

static int copyscope_open(struct inode *inode, struct file *file)
{
	struct copyscope_file *context;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	mutex_init(&context->making);
	copyscope_results_init(context);
	file->private_data = context;
	return 0;
}

static int copyscope_release(struct inode *inode, struct file *file)
{
	struct copyscope_file *context = file->private_data;

	copyscope_results_end(context);
	if (context->buffer)
		copyscope_buffer_put(context->buffer);
	kfree(context);
	return 0;
}

/* Without `making`, which may be held for long: a mapping is made with mmap_lock held. */
static int copyscope_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(file);

	return buffer ? copyscope_map(buffer, vma) : -ENODATA;
}

const struct file_operations copyscope_file_operations = {
	.owner = THIS_MODULE,
	.open = copyscope_open,
	.release = copyscope_release,
	.unlocked_ioctl = copyscope_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* the structures are the same for 32-bit programs */
	.mmap = copyscope_mmap,
	.poll = copyscope_poll,
	.llseek = copyscope_seek,
	.read_iter = copyscope_read_iter,
	.write_iter = copyscope_write_iter,
	.splice_read = copyscope_splice_read,
};

static struct miscdevice misc_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "copyscope",
	.fops = &copyscope_file_operations,
	.mode = 0660,
};

/* The device buffers are mapped for where there is no engine: it can reach all memory, and never does. */
static int copyscope_own_device_init(void)
{
	int error;

	platform_device = platform_device_register_simple("copyscope", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(platform_device))
		return PTR_ERR(platform_device);
	copyscope_own_device = &platform_device->dev;
	error = dma_set_mask_and_coherent(copyscope_own_device, DMA_BIT_MASK(64));
	if (!error) {
		dma_set_max_seg_size(copyscope_own_device, UINT_MAX);
		return 0;
	}
	platform_device_unregister(platform_device);
	return error;
}

int copyscope_device_init(void)
{
	int error;

	error = copyscope_workers_init();
	if (error)
		return error;
	error = copyscope_engine_init();
	if (error)
		goto workers;
	error = copyscope_own_device_init();
	if (error)
		goto engine;
	error = misc_register(&misc_device);
	if (!error)
		return 0;
	platform_device_unregister(platform_device);
engine:
	copyscope_engine_exit();
workers:
	copyscope_workers_exit();
	return error;
}

void copyscope_device_exit(void)
{
	misc_deregister(&misc_device);
	copyscope_engine_exit(); /* with the buffers that only it still had, which are mapped for the device */
	platform_device_unregister(platform_device);
	copyscope_workers_exit();
}
