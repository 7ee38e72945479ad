// SPDX-License-Identifier: GPL-2.0
/*
 * Our buffers given to other drivers, as dma-buf.
 */
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/slab.h>

#include "buffer.h"

struct copyscope_shared {
	struct sg_table table; /* the importer's */
	u64 bounces;
};

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
	error = buffer->operations->share(buffer, attachment->dev, &shared->table);
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

	if (!buffer->operations->share)
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
