// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a streaming buffer: got in pieces as large as there are, cached as asked for, mapped for the kernel and
 * for the device. Page by page in the end: what is given to programs is pages.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/sched/signal.h>
#include <linux/vmalloc.h>

#include "buffer.h"
#include "compat.h"

static struct page *copyscope_extent(int node, unsigned int order, bool needed)
{
	gfp_t flags = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;

	flags |= needed ? __GFP_RETRY_MAYFAIL : __GFP_NORETRY;
	page = alloc_pages_node(node, flags, order);
	if (page && order)
		split_page(page, order);
	return page;
}

/* With `in_extents` all of the largest order; else as large as there are, without effort for the large ones. */
static int copyscope_get_pages(struct copyscope_buffer *buffer, int node, bool in_extents)
{
	unsigned int order = PMD_SHIFT - PAGE_SHIFT;
	size_t count = 0;

	while (count < buffer->page_count) {
		struct page *page;
		unsigned int i;

		if (fatal_signal_pending(current))
			return -EINTR;
		order = min_t(unsigned int, order, ilog2(buffer->page_count - count));
		page = copyscope_extent(node, order, in_extents || !order);
		if (!page) {
			if (in_extents || !order)
				return -ENOMEM;
			order--;
			continue;
		}
		for (i = 0; i < 1U << order; i++)
			buffer->pages[count++] = page + i;
		cond_resched();
	}
	return 0;
}

static size_t copyscope_count_extents(const struct copyscope_buffer *buffer)
{
	size_t extents = 1, i;

	for (i = 1; i < buffer->page_count; i++)
		if (page_to_pfn(buffer->pages[i]) != page_to_pfn(buffer->pages[i - 1]) + 1)
			extents++;
	return extents;
}

static pgprot_t copyscope_kernel_caching(u32 caching)
{
	if (caching == COPYSCOPE_DMA_WRITE_COMBINING)
		return pgprot_writecombine(PAGE_KERNEL);
	if (caching == COPYSCOPE_DMA_UNCACHED)
		return pgprot_noncached(PAGE_KERNEL);
	return PAGE_KERNEL;
}

static int copyscope_map_for_device(struct copyscope_buffer *buffer)
{
	size_t most = dma_max_mapping_size(buffer->device); /* of a bounce buffer: 256 KiB */
	int error;

	most = round_down(min_t(size_t, most, UINT_MAX), PAGE_SIZE);
	error = sg_alloc_table_from_pages_segment(&buffer->table, buffer->pages, buffer->page_count, 0, buffer->length,
						  most, GFP_KERNEL_ACCOUNT);
	if (error)
		return error;
	/* It is the CPU's to begin with: SYNC hands it over. */
	error = copyscope_dma_map(buffer->device, &buffer->table, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC,
				  &buffer->bounces);
	if (error)
		sg_free_table(&buffer->table);
	return error;
}

/* On an error what was got stays for copyscope_pages_free(). */
int copyscope_pages_make(struct copyscope_buffer *buffer, int node, bool in_extents)
{
	int error;

	buffer->pages = kvcalloc(buffer->page_count, sizeof(*buffer->pages), COPYSCOPE_GFP);
	if (!buffer->pages)
		return -ENOMEM;
	error = copyscope_get_pages(buffer, node, in_extents);
	if (error)
		return error;
	buffer->extents = copyscope_count_extents(buffer);
	error = copyscope_set_caching(buffer->pages, buffer->page_count, buffer->caching);
	if (error)
		return error;
	buffer->address = vmap(buffer->pages, buffer->page_count, VM_MAP, copyscope_kernel_caching(buffer->caching));
	if (!buffer->address)
		return -ENOMEM;
	return copyscope_map_for_device(buffer);
}

/* Pages that a pipe or a socket still refers to stay until it lets go. */
void copyscope_pages_free(struct copyscope_buffer *buffer)
{
	size_t i, count;

	if (buffer->table.sgl) {
		copyscope_dma_unmap(buffer->device, &buffer->table, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC,
				    buffer->bounces);
		sg_free_table(&buffer->table);
	}
	vunmap(buffer->address);
	if (!buffer->pages)
		return;
	for (count = 0; count < buffer->page_count && buffer->pages[count]; count++)
		;
	if (count == buffer->page_count)
		copyscope_reset_caching(buffer->pages, count, buffer->caching);
	for (i = 0; i < count; i++) {
		put_page(buffer->pages[i]);
		cond_resched();
	}
	kvfree(buffer->pages);
}
