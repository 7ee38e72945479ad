// SPDX-License-Identifier: GPL-2.0
/*
 * What a device sees of a buffer: at which address it finds a stretch of it. An imported buffer is mapped for the device
 * as long as it looks; ours are, by their mapping (pages.c) or their handle.
 */
#include <linux/dma-mapping.h>

#include "compat.h"
#include "view.h"

int copyscope_look(struct copyscope_view *view, const struct copyscope_stretch *stretch, struct device *device,
		   enum dma_data_direction direction)
{
	struct copyscope_buffer *buffer = stretch->buffer;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;

	*view = (struct copyscope_view){ .stretch = *stretch, .direction = direction };
	if (buffer->kind != COPYSCOPE_DMA_IMPORTED) {
		if (buffer->kind == COPYSCOPE_DMA_STREAMING)
			view->table = &buffer->table;
		return buffer->device == device ? 0 : -ENODEV;
	}
	attachment = dma_buf_attach(buffer->dma_buf, device);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	table = copyscope_dma_buf_map(attachment, direction);
	if (IS_ERR(table)) {
		dma_buf_detach(buffer->dma_buf, attachment);
		return PTR_ERR(table);
	}
	view->attachment = attachment;
	view->table = table;
	return 0;
}

void copyscope_look_away(struct copyscope_view *view)
{
	if (!view->attachment)
		return;
	copyscope_dma_buf_unmap(view->attachment, view->table, view->direction);
	dma_buf_detach(view->stretch.buffer->dma_buf, view->attachment);
}

/* The address of byte `at` of the stretch; `*length` is cut to what follows it without a gap. */
dma_addr_t copyscope_address(const struct copyscope_view *view, u64 at, u64 *length)
{
	struct scatterlist *entry;
	int i;

	at += view->stretch.offset;
	if (!view->table)
		return view->stretch.buffer->handle + at;
	for_each_sgtable_dma_sg(view->table, entry, i) {
		if (at < sg_dma_len(entry)) {
			*length = min(*length, sg_dma_len(entry) - at);
			return sg_dma_address(entry) + at;
		}
		at -= sg_dma_len(entry);
	}
	*length = 0;
	return 0;
}
