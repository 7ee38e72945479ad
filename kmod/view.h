/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a device finds a stretch of a buffer, between the engine and view.c.
 */
#ifndef COPYSCOPE_VIEW_H
#define COPYSCOPE_VIEW_H

#include "buffer.h"

struct copyscope_view {
	struct copyscope_stretch stretch;
	struct sg_table *table; /* NULL: in one piece, at the buffer's handle */
	struct dma_buf_attachment *attachment;
	enum dma_data_direction direction; /* of the attachment */
};

int copyscope_look(struct copyscope_view *view, const struct copyscope_stretch *stretch, struct device *device,
		   enum dma_data_direction direction);
void copyscope_look_away(struct copyscope_view *view);
dma_addr_t copyscope_address(const struct copyscope_view *view, u64 at, u64 *length);

#endif
