// SPDX-License-Identifier: GPL-2.0
/*
 * Imported buffers: the memory of other drivers, taken in as dma-buf. Its exporter maps it, syncs it and knows its pages.
 */
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/module.h>

#include "buffer.h"
#include "compat.h"
#include "view.h"

COPYSCOPE_IMPORT_DMA_BUF;

static void copyscope_imported_free(struct copyscope_buffer *buffer)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(buffer->address);

	if (!buffer->dma_buf)
		return;
	if (buffer->address)
		copyscope_dma_buf_vunmap(buffer->dma_buf, &map);
	dma_buf_put(buffer->dma_buf);
}

static int copyscope_imported_map(struct copyscope_buffer *buffer, struct vm_area_struct *vma)
{
	return dma_buf_mmap(buffer->dma_buf, vma, vma->vm_pgoff);
}

/* All of it, whatever the range. */
static int copyscope_imported_hand_over(struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner,
					enum dma_data_direction direction)
{
	if (owner == COPYSCOPE_DMA_FOR_CPU)
		return dma_buf_begin_cpu_access(buffer->dma_buf, direction);
	return dma_buf_end_cpu_access(buffer->dma_buf, direction);
}

/* It is mapped for the device as long as that looks. */
static int copyscope_imported_look(struct copyscope_view *view, struct device *device)
{
	struct dma_buf *dma_buf = view->stretch.buffer->dma_buf;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;

	attachment = dma_buf_attach(dma_buf, device);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	table = copyscope_dma_buf_map(attachment, view->direction);
	if (IS_ERR(table)) {
		dma_buf_detach(dma_buf, attachment);
		return PTR_ERR(table);
	}
	view->attachment = attachment;
	view->table = table;
	return 0;
}

static void copyscope_imported_look_away(struct copyscope_view *view)
{
	if (!view->attachment)
		return;
	copyscope_dma_buf_unmap(view->attachment, view->table, view->direction);
	dma_buf_detach(view->stretch.buffer->dma_buf, view->attachment);
}

static const struct copyscope_buffer_operations imported_operations = {
	.kind = COPYSCOPE_DMA_IMPORTED,
	.free = copyscope_imported_free,
	.map = copyscope_imported_map,
	.hand_over = copyscope_imported_hand_over,
	.look = copyscope_imported_look,
	.look_away = copyscope_imported_look_away,
};

/*
 * Neither the kernel's mapping nor the exporter's mmap() knows what the dma-buf's file was opened for (its f_mode), so
 * it is for us to keep to.
 */
struct copyscope_buffer *copyscope_import(int fd, struct device *device)
{
	struct copyscope_buffer *buffer;
	struct dma_buf *dma_buf;
	struct iosys_map map;
	int error;

	dma_buf = dma_buf_get(fd);
	if (IS_ERR(dma_buf))
		return ERR_CAST(dma_buf);
	buffer = ERR_PTR(-EOPNOTSUPP);
	if (!(dma_buf->file->f_mode & FMODE_READ))
		buffer = ERR_PTR(-EACCES);
	else if (PAGE_ALIGNED(dma_buf->size))
		buffer = copyscope_buffer_new(&imported_operations, dma_buf->size, device);
	if (IS_ERR(buffer)) {
		dma_buf_put(dma_buf);
		return buffer;
	}
	buffer->dma_buf = dma_buf;
	buffer->read_only = !(dma_buf->file->f_mode & FMODE_WRITE);
	error = copyscope_dma_buf_vmap(dma_buf, &map);
	if (!error && map.is_iomem) {
		copyscope_dma_buf_vunmap(dma_buf, &map);
		error = -EOPNOTSUPP;
	}
	if (error) {
		copyscope_buffer_put(buffer);
		return ERR_PTR(error == -ENOMEM ? error : -EOPNOTSUPP);
	}
	buffer->address = map.vaddr;
	return buffer;
}
