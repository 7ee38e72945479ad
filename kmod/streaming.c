// SPDX-License-Identifier: GPL-2.0
/*
 * Streaming buffers: of pages (pages.c), mapped for one device, which the CPU and the device own in turn.
 *
 * The pages come into programs by fault, as a file's do, so that the kernel may pin them (mm/gup.c:check_vma_flags
 * refuses VM_IO and VM_PFNMAP) and partial, moved and inherited mappings need nothing more.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "buffer.h"
#include "view.h"

static vm_fault_t copyscope_fault(struct vm_fault *fault)
{
	struct copyscope_buffer *buffer = fault->vma->vm_private_data;

	if (fault->pgoff >= buffer->page_count)
		return VM_FAULT_SIGBUS;
	fault->page = buffer->pages[fault->pgoff];
	get_page(fault->page);
	atomic64_inc(&buffer->counts.faults);
	return 0;
}

/* The mapping holds its file, and that the buffer. */
static const struct vm_operations_struct vm_operations = {
	.fault = copyscope_fault,
};

static int copyscope_streaming_map(struct copyscope_buffer *buffer, struct vm_area_struct *vma)
{
	if (buffer->caching == COPYSCOPE_DMA_WRITE_COMBINING)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else if (buffer->caching == COPYSCOPE_DMA_UNCACHED)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = buffer;
	vma->vm_ops = &vm_operations;
	return 0;
}

/* 0 of the other kinds, which have no pages to look at. */
u64 copyscope_mapped_bytes(const struct copyscope_buffer *buffer)
{
	u64 entries = 0;
	size_t i;

	if (!buffer->pages)
		return 0;
	for (i = 0; i < buffer->page_count; i++)
		entries += atomic_read(&buffer->pages[i]->_mapcount) + 1; /* none is -1 */
	return entries << PAGE_SHIFT;
}

static int copyscope_streaming_hand_over(struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner,
					 enum dma_data_direction direction)
{
	u64 at = 0, end = offset + length;
	struct scatterlist *entry;
	int i;

	for_each_sgtable_dma_sg(&buffer->table, entry, i) {
		u64 from = max(at, offset), to = min(at + sg_dma_len(entry), end);

		if (from < to) {
			dma_addr_t address = sg_dma_address(entry) + (from - at);

			if (owner == COPYSCOPE_DMA_FOR_CPU)
				dma_sync_single_for_cpu(buffer->device, address, to - from, direction);
			else
				dma_sync_single_for_device(buffer->device, address, to - from, direction);
		}
		at += sg_dma_len(entry);
	}
	return 0;
}

static int copyscope_streaming_share(const struct copyscope_buffer *buffer, struct device *device,
				     struct sg_table *table)
{
	size_t most = min_t(size_t, dma_get_max_seg_size(device), dma_max_mapping_size(device));

	return sg_alloc_table_from_pages_segment(table, buffer->pages, buffer->page_count, 0, buffer->length, most,
						 GFP_KERNEL_ACCOUNT);
}

static int copyscope_streaming_look(struct copyscope_view *view, struct device *device)
{
	view->table = &view->stretch.buffer->table;
	return view->stretch.buffer->device == device ? 0 : -ENODEV;
}

static const struct copyscope_buffer_operations streaming_operations = {
	.kind = COPYSCOPE_DMA_STREAMING,
	.free = copyscope_pages_free,
	.map = copyscope_streaming_map,
	.hand_over = copyscope_streaming_hand_over,
	.share = copyscope_streaming_share,
	.look = copyscope_streaming_look,
};

/* The request makes sense; not whether there is so much. */
struct copyscope_buffer *copyscope_streaming_make(const struct copyscope_dma_alloc *request, struct device *device)
{
	struct copyscope_buffer *buffer;
	int error;

	buffer = copyscope_buffer_new(&streaming_operations, request->length, device);
	if (IS_ERR(buffer))
		return buffer;
	buffer->caching = request->caching;
	error = copyscope_buffer_charge(buffer);
	if (!error)
		error = copyscope_pages_make(buffer, request->node, request->flags & COPYSCOPE_DMA_ALLOC_EXTENTS);
	if (error) {
		copyscope_buffer_put(buffer);
		return ERR_PTR(error);
	}
	return buffer;
}
