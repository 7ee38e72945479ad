// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers shared with other drivers as dma-buf: our own, given out, and theirs, taken in.
 */
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "buffer.h"
#include "compat.h"

COPYSCOPE_IMPORT_DMA_BUF;

struct copyscope_shared {
	struct sg_table table; /* the importer's */
	u64 bounces;
};

static int copyscope_share_table(const struct copyscope_buffer *buffer, struct device *device, struct sg_table *table)
{
	size_t most = min_t(size_t, dma_get_max_seg_size(device), dma_max_mapping_size(device));

	if (buffer->kind == COPYSCOPE_DMA_STREAMING)
		return sg_alloc_table_from_pages_segment(table, buffer->pages, buffer->page_count, 0, buffer->length,
							 most, GFP_KERNEL_ACCOUNT);
	return dma_get_sgtable(buffer->device, table, buffer->address, buffer->handle, buffer->length);
}

/* The buffer's memory, mapped for the device that attaches it. */
static struct sg_table *copyscope_share_map(struct dma_buf_attachment *attachment, enum dma_data_direction direction)
{
	struct copyscope_buffer *buffer = attachment->dmabuf->priv;
	struct copyscope_shared *shared;
	int error;

	/* What programs may only read, devices may only read. dma-buf itself asks nobody. */
	if (!(attachment->dmabuf->file->f_mode & FMODE_WRITE) && direction != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL_ACCOUNT);
	if (!shared)
		return ERR_PTR(-ENOMEM);
	error = copyscope_share_table(buffer, attachment->dev, &shared->table);
	if (error)
		goto free;
	error = copyscope_dma_map(attachment->dev, &shared->table, direction, 0, &shared->bounces);
	if (!error)
		return &shared->table;
	sg_free_table(&shared->table);
free:
	kfree(shared);
	return ERR_PTR(error);
}

static void copyscope_share_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
				  enum dma_data_direction direction)
{
	struct copyscope_shared *shared = container_of(table, struct copyscope_shared, table);

	copyscope_dma_unmap(attachment->dev, table, direction, 0, shared->bounces);
	sg_free_table(table);
	kfree(shared);
}

static int copyscope_share_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	return copyscope_map(dma_buf->priv, vma);
}

static int copyscope_share_vmap(struct dma_buf *dma_buf, struct iosys_map *map)
{
	struct copyscope_buffer *buffer = dma_buf->priv;

	iosys_map_set_vaddr(map, buffer->address);
	return 0;
}

static void copyscope_share_release(struct dma_buf *dma_buf)
{
	copyscope_buffer_put(dma_buf->priv);
}

static const struct dma_buf_ops share_operations = {
	.map_dma_buf = copyscope_share_map,
	.unmap_dma_buf = copyscope_share_unmap,
	.mmap = copyscope_share_mmap,
	.vmap = copyscope_share_vmap,
	.release = copyscope_share_release,
};

/* Holds the buffer and the module until its last user lets go. */
struct dma_buf *copyscope_export(struct copyscope_buffer *buffer, u32 flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dma_buf;

	if (buffer->kind == COPYSCOPE_DMA_IMPORTED)
		return ERR_PTR(-EOPNOTSUPP);
	info.ops = &share_operations;
	info.size = buffer->length;
	info.flags = flags;
	info.priv = buffer;
	kref_get(&buffer->refs);
	dma_buf = dma_buf_export(&info);
	if (IS_ERR(dma_buf))
		copyscope_buffer_put(buffer);
	return dma_buf;
}

/*
 * Neither the kernel's mapping nor the exporter's mmap() knows what the dma-buf's file was opened for (its f_mode), so
 * it is for us to keep to.
 */
struct copyscope_buffer *copyscope_import(int fd)
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
		buffer = copyscope_buffer_new(COPYSCOPE_DMA_IMPORTED, dma_buf->size);
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

void copyscope_import_end(struct copyscope_buffer *buffer)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(buffer->address);

	if (!buffer->dma_buf)
		return;
	if (buffer->address)
		copyscope_dma_buf_vunmap(buffer->dma_buf, &map);
	dma_buf_put(buffer->dma_buf);
}
