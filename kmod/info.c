// SPDX-License-Identifier: GPL-2.0
/*
 * INFO and STATS: what there is, and what has been done with a buffer.
 */
#include <linux/cache.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/string.h>
#include <linux/swiotlb.h>

#include "buffer.h"
#include "compat.h"
#include "device.h"

int copyscope_call_info(struct copyscope_device_call *call)
{
	struct copyscope_dma_info *info = call->argument;
	struct device *engine, *device;

	if (info->flags)
		return -EINVAL;
	engine = copyscope_engine_device();
	device = engine ?: copyscope_own_device;
	info->max_buffer_bytes = READ_ONCE(copyscope_max_buffer_bytes);
	info->max_total_bytes = READ_ONCE(copyscope_max_total_bytes);
	info->total_bytes = copyscope_total_bytes();
	info->dma_mask = dma_get_mask(device);
	info->page_bytes = PAGE_SIZE;
	info->extent_bytes = PMD_SIZE;
	info->cache_line_bytes = cache_line_size();
	info->capabilities = COPYSCOPE_CAN_CHOOSE_CACHING ? COPYSCOPE_DMA_CAN_CHOOSE_CACHING : 0;
	if (dev_is_dma_coherent(device))
		info->capabilities |= COPYSCOPE_DMA_CAN_CACHE_COHERENT;
	if (copyscope_behind_iommu(device))
		info->capabilities |= COPYSCOPE_DMA_CAN_IOMMU;
	if (is_swiotlb_force_bounce(device))
		info->capabilities |= COPYSCOPE_DMA_CAN_BOUNCE;
	if (copyscope_can_fix_buffers())
		info->capabilities |= COPYSCOPE_DMA_CAN_FIXED_BUFFERS;
	memset(info->engine, 0, sizeof(info->engine));
	if (engine) {
		info->capabilities |= COPYSCOPE_DMA_CAN_ENGINE;
		strscpy(info->engine, dev_name(engine), sizeof(info->engine));
	}
	put_device(engine);
	return 0;
}

int copyscope_call_stats(struct copyscope_device_call *call)
{
	const struct copyscope_buffer *buffer = copyscope_buffer_of(call->file);
	const struct copyscope_buffer_counts *counts = &buffer->counts;
	struct copyscope_dma_stats *stats = call->argument;

	if (stats->flags)
		return -EINVAL;
	stats->length = buffer->length;
	stats->kind = buffer->operations->kind;
	stats->caching = buffer->caching;
	stats->extents = buffer->extents;
	stats->mapped_bytes = copyscope_mapped_bytes(buffer);
	stats->faults = atomic64_read(&counts->faults);
	stats->for_cpu_calls = atomic64_read(&counts->for_cpu_calls);
	stats->for_cpu_bytes = atomic64_read(&counts->for_cpu_bytes);
	stats->for_device_calls = atomic64_read(&counts->for_device_calls);
	stats->for_device_bytes = atomic64_read(&counts->for_device_bytes);
	stats->bounced_bytes = copyscope_bounced_bytes(buffer);
	stats->cpu_copied = atomic64_read(&counts->cpu_copied);
	stats->engine_copied = atomic64_read(&counts->engine_copied);
	stats->read_bytes = atomic64_read(&counts->read_bytes);
	stats->written_bytes = atomic64_read(&counts->written_bytes);
	stats->spliced_bytes = atomic64_read(&counts->spliced_bytes);
	return 0;
}
