// SPDX-License-Identifier: GPL-2.0
/*
 * Bounce buffers (swiotlb): memory the device sees instead of pages it cannot or must not reach, 64 MiB for the whole
 * machine if nobody asked for more. Disks and network cards stand still where it is full, so our mappings, which last
 * as long as a buffer, get a quarter of it, all together.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/swiotlb.h>

#include "buffer.h"

#define COPYSCOPE_BOUNCE_SHARE 4

static atomic64_t bounced;

static u64 copyscope_bounce_limit(struct device *device)
{
	const struct io_tlb_mem *memory = device->dma_io_tlb_mem;

	return memory ? ((u64)memory->nslabs << IO_TLB_SHIFT) / COPYSCOPE_BOUNCE_SHARE : 0;
}

/* Not where the IOMMU lets the device see physical addresses (iommu=pt). */
bool copyscope_behind_iommu(struct device *device)
{
	const struct iommu_domain *domain = iommu_get_domain_for_dev(device);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

/* As kernel/dma/direct.h:dma_direct_map_page() decides. */
static u64 copyscope_bounce_need(struct device *device, struct sg_table *table)
{
	struct scatterlist *entry;
	u64 bytes = 0;
	int i;

	if (copyscope_behind_iommu(device))
		return 0;
	for_each_sgtable_sg(table, entry, i)
		if (is_swiotlb_force_bounce(device) ||
		    !dma_capable(device, phys_to_dma(device, sg_phys(entry)), entry->length, true))
			bytes += entry->length;
	return bytes;
}

static bool copyscope_bounce_reserve(struct device *device, u64 bytes)
{
	u64 most = copyscope_bounce_limit(device);
	s64 now = atomic64_read(&bounced);

	do {
		if (bytes > most || now > most - bytes)
			return false;
	} while (!atomic64_try_cmpxchg(&bounced, &now, now + bytes));
	return true;
}

/* Maps a table for a device. Remembers in `*bounces` what copyscope_dma_unmap() gives back. */
int copyscope_dma_map(struct device *device, struct sg_table *table, enum dma_data_direction direction,
		      unsigned long attributes, u64 *bounces)
{
	u64 need = copyscope_bounce_need(device, table);

	if (need && !copyscope_bounce_reserve(device, need))
		return -EDQUOT;
	if (dma_map_sgtable(device, table, direction, attributes)) {
		atomic64_sub(need, &bounced);
		return -ENOMEM; /* EIO where a bounce buffer is full */
	}
	*bounces = need;
	return 0;
}

void copyscope_dma_unmap(struct device *device, struct sg_table *table, enum dma_data_direction direction,
			 unsigned long attributes, u64 bounces)
{
	dma_unmap_sgtable(device, table, direction, attributes);
	atomic64_sub(bounces, &bounced);
}

/*
 * Without an IOMMU a device sees physical addresses: one that differs is a bounce buffer's (kernel/dma/direct.h). The
 * table of other kinds is empty.
 */
u64 copyscope_bounced_bytes(const struct copyscope_buffer *buffer)
{
	struct scatterlist *entry;
	u64 bytes = 0;
	int i;

	if (copyscope_behind_iommu(buffer->device))
		return 0;
	for_each_sgtable_dma_sg(&buffer->table, entry, i)
		if (sg_dma_address(entry) != phys_to_dma(buffer->device, sg_phys(entry)))
			bytes += sg_dma_len(entry);
	return bytes;
}
