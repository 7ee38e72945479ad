// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns the pages of a buffer. A streaming mapping belongs to the CPU or to the device, never to both
 * (Documentation/core-api/dma-api.rst); calls in the wrong order are refused and not just wrong.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>

#include "buffer.h"

static enum dma_data_direction copyscope_direction(u32 bits)
{
	switch (bits) {
	case COPYSCOPE_DMA_SYNC_TO_DEVICE:
		return DMA_TO_DEVICE;
	case COPYSCOPE_DMA_SYNC_FROM_DEVICE:
		return DMA_FROM_DEVICE;
	}
	return DMA_BIDIRECTIONAL;
}

/* Whether all pages are of that owner. */
static bool copyscope_all_owned(const struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner)
{
	unsigned long first = offset >> PAGE_SHIFT, end = DIV_ROUND_UP_ULL(offset + length, PAGE_SIZE);

	lockdep_assert_held(&buffer->lock);
	if (owner == COPYSCOPE_DMA_FOR_CPU)
		return find_next_bit(buffer->device_owns, end, first) >= end;
	return find_next_zero_bit(buffer->device_owns, end, first) >= end;
}

int copyscope_sync(struct copyscope_buffer *buffer, const struct copyscope_dma_sync *request)
{
	unsigned long first = request->offset >> PAGE_SHIFT, count = request->length >> PAGE_SHIFT;
	enum dma_data_direction direction = copyscope_direction(request->direction);
	bool for_cpu = request->owner == COPYSCOPE_DMA_FOR_CPU;
	int error = 0;

	if (!buffer->operations->hand_over)
		return -EOPNOTSUPP;
	if (mutex_lock_interruptible(&buffer->lock))
		return -EINTR;
	if (buffer->users)
		error = -EBUSY;
	else if (!copyscope_all_owned(buffer, request->offset, request->length,
				      for_cpu ? COPYSCOPE_DMA_FOR_DEVICE : COPYSCOPE_DMA_FOR_CPU))
		error = -EALREADY;
	else
		error = buffer->operations->hand_over(buffer, request->offset, request->length, request->owner,
						      direction);
	if (!error && for_cpu) {
		bitmap_clear(buffer->device_owns, first, count);
		atomic64_inc(&buffer->counts.for_cpu_calls);
		atomic64_add(request->length, &buffer->counts.for_cpu_bytes);
	} else if (!error) {
		bitmap_set(buffer->device_owns, first, count);
		atomic64_inc(&buffer->counts.for_device_calls);
		atomic64_add(request->length, &buffer->counts.for_device_bytes);
	}
	mutex_unlock(&buffer->lock);
	return error;
}

/*
 * Until copyscope_unuse() the range, which lies in the buffer, stays its owner's; or everybody's.
 * Returns -EBUSY where the other one owns a page, -EINTR.
 */
int copyscope_use(struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner)
{
	int error = 0;

	if (mutex_lock_interruptible(&buffer->lock))
		return -EINTR;
	if (buffer->operations->hand_over && !copyscope_all_owned(buffer, offset, length, owner))
		error = -EBUSY;
	else
		buffer->users++;
	mutex_unlock(&buffer->lock);
	return error;
}

/* One user more, where there is one. */
void copyscope_use_again(struct copyscope_buffer *buffer)
{
	mutex_lock(&buffer->lock);
	WARN_ON_ONCE(!buffer->users);
	buffer->users++;
	mutex_unlock(&buffer->lock);
}

void copyscope_unuse(struct copyscope_buffer *buffer)
{
	mutex_lock(&buffer->lock);
	WARN_ON_ONCE(!buffer->users);
	buffer->users--;
	mutex_unlock(&buffer->lock);
}
