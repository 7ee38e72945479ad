// SPDX-License-Identifier: GPL-2.0
/*
 * What a device sees of a buffer: at which address it finds a stretch of it.
 */
#include <linux/dma-mapping.h>

#include "view.h"

int copyscope_look(struct copyscope_view *view, const struct copyscope_stretch *stretch, struct device *device,
		   enum dma_data_direction direction)
{
	*view = (struct copyscope_view){ .stretch = *stretch, .direction = direction };
	return stretch->buffer->operations->look(view, device);
}

/* Also from where it failed to look, or never did. */
void copyscope_look_away(struct copyscope_view *view)
{
	const struct copyscope_buffer *buffer = view->stretch.buffer;

	if (buffer->operations->look_away)
		buffer->operations->look_away(view);
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
