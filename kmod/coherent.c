// SPDX-License-Identifier: GPL-2.0
/*
 * Coherent buffers: in one piece that the device and the CPU see at any time, nobody's and everybody's.
 */
#include <linux/dma-mapping.h>

#include "buffer.h"
#include "view.h"

static void copyscope_coherent_free(struct copyscope_buffer *buffer)
{
	if (buffer->address)
		dma_free_coherent(buffer->device, buffer->length, buffer->address, buffer->handle);
}

static int copyscope_coherent_map(struct copyscope_buffer *buffer, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(buffer->device, vma, buffer->address, buffer->handle, buffer->length);
}

static int copyscope_coherent_share(const struct copyscope_buffer *buffer, struct device *device,
				    struct sg_table *table)
{
	return dma_get_sgtable(buffer->device, table, buffer->address, buffer->handle, buffer->length);
}

static int copyscope_coherent_look(struct copyscope_view *view, struct device *device)
{
	return view->stretch.buffer->device == device ? 0 : -ENODEV;
}

static const struct copyscope_buffer_operations coherent_operations = {
	.kind = COPYSCOPE_DMA_COHERENT,
	.free = copyscope_coherent_free,
	.map = copyscope_coherent_map,
	.share = copyscope_coherent_share,
	.look = copyscope_coherent_look,
};

/* The request makes sense; not whether there is so much. The node is the device's. */
struct copyscope_buffer *copyscope_coherent_make(const struct copyscope_dma_alloc *request, struct device *device)
{
	struct copyscope_buffer *buffer;
	int error;

	buffer = copyscope_buffer_new(&coherent_operations, request->length, device);
	if (IS_ERR(buffer))
		return buffer;
	error = copyscope_buffer_charge(buffer);
	if (!error) {
		/* In one piece, zeroed (kernel/dma/direct.c). The flags reach the allocator. */
		buffer->address = dma_alloc_coherent(device, buffer->length, &buffer->handle, COPYSCOPE_GFP);
		buffer->extents = 1;
		error = buffer->address ? 0 : -ENOMEM;
	}
	if (error) {
		copyscope_buffer_put(buffer);
		return ERR_PTR(error);
	}
	return buffer;
}
