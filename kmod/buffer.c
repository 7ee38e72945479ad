// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of /dev/copyscope, whatever their kind: counted against the limits, freed when the last one lets go, in
 * whatever order.
 */
#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "buffer.h"

u64 copyscope_max_buffer_bytes = 256ULL << 20;
module_param_named(max_buffer_bytes, copyscope_max_buffer_bytes, ullong, 0644);
MODULE_PARM_DESC(max_buffer_bytes, "most bytes of one buffer of /dev/copyscope (256 MiB)");

u64 copyscope_max_total_bytes = 1024ULL << 20;
module_param_named(max_total_bytes, copyscope_max_total_bytes, ullong, 0644);
MODULE_PARM_DESC(max_total_bytes, "most bytes of all buffers of /dev/copyscope together (1 GiB)");

static atomic64_t total_bytes;

u64 copyscope_total_bytes(void)
{
	return atomic64_read(&total_bytes);
}

static int copyscope_reserve(u64 length)
{
	const u64 most = READ_ONCE(copyscope_max_total_bytes); /* once: it may change under way */
	s64 now = atomic64_read(&total_bytes);

	do {
		if (length > most || now > most - length)
			return -EDQUOT;
	} while (!atomic64_try_cmpxchg(&total_bytes, &now, now + length));
	return 0;
}

/*
 * As for any other memory that is pinned (io_uring, MSG_ZEROCOPY): it counts as locked (RLIMIT_MEMLOCK), until the
 * buffer is gone. For the user, not for the process: a process begins a new account by exec, ends by exit, and leaves
 * its files open to others all the same.
 */
static int copyscope_lock(struct copyscope_buffer *buffer)
{
	const u64 most = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long now = atomic_long_read(&user->locked_vm);

	do {
		if (buffer->page_count > most || now > most - buffer->page_count)
			return capable(CAP_IPC_LOCK) ? 0 : -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &now, now + buffer->page_count));
	buffer->payer = get_uid(user);
	return 0;
}

/* For one that has no memory yet. What was counted is given back with the buffer, whether this fails or not. */
int copyscope_buffer_charge(struct copyscope_buffer *buffer)
{
	int error;

	/* More than the machine has: would be found out when all of it is gone. */
	if (buffer->page_count > totalram_pages())
		return -ENOMEM;
	error = copyscope_reserve(buffer->length);
	if (error)
		return error;
	buffer->counted = true;
	return copyscope_lock(buffer);
}

static void copyscope_uncharge(struct copyscope_buffer *buffer)
{
	if (buffer->payer) {
		atomic_long_sub(buffer->page_count, &buffer->payer->locked_vm);
		free_uid(buffer->payer);
	}
	if (buffer->counted)
		atomic64_sub(buffer->length, &total_bytes);
}

/*
 * Of that kind, for that device; has no memory yet. Ends with copyscope_buffer_put(). The length is one of whole pages.
 */
struct copyscope_buffer *copyscope_buffer_new(const struct copyscope_buffer_operations *operations, size_t length,
					      struct device *device)
{
	struct copyscope_buffer *buffer;

	if (length >> PAGE_SHIFT > COPYSCOPE_MOST_PAGES)
		return ERR_PTR(-E2BIG);
	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	kref_init(&buffer->refs);
	mutex_init(&buffer->lock);
	buffer->operations = operations;
	buffer->caching = COPYSCOPE_DMA_CACHED;
	buffer->length = length;
	buffer->page_count = length >> PAGE_SHIFT;
	buffer->device = get_device(device);
	buffer->device_owns = kvcalloc(BITS_TO_LONGS(buffer->page_count), sizeof(long), COPYSCOPE_GFP);
	if (!buffer->device_owns) {
		copyscope_buffer_put(buffer);
		return ERR_PTR(-ENOMEM);
	}
	return buffer;
}

static void copyscope_buffer_free(struct kref *refs)
{
	struct copyscope_buffer *buffer = container_of(refs, struct copyscope_buffer, refs);

	WARN_ON_ONCE(buffer->users); /* each of them has a reference */
	buffer->operations->free(buffer);
	copyscope_uncharge(buffer);
	kvfree(buffer->device_owns);
	put_device(buffer->device);
	kfree(buffer);
}

void copyscope_buffer_put(struct copyscope_buffer *buffer)
{
	kref_put(&buffer->refs, copyscope_buffer_free);
}
