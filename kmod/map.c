// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a buffer into programs. The pages of a streaming buffer come by fault, as a file's do, so that the kernel
 * may pin them (mm/gup.c:check_vma_flags refuses VM_IO and VM_PFNMAP) and partial, moved and inherited mappings need
 * nothing more.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "buffer.h"
#include "compat.h"

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
static const struct vm_operations_struct copyscope_vm_operations = {
	.fault = copyscope_fault,
};

int copyscope_map(struct copyscope_buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long pages = vma_pages(vma);

	/* VM_SHARED is not set where the file is open for reading only (mm/mmap.c:do_mmap). */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= buffer->page_count || pages > buffer->page_count - vma->vm_pgoff)
		return -EINVAL;
	if (buffer->read_only && vma->vm_flags & VM_WRITE)
		return -EACCES;
	if (buffer->read_only)
		copyscope_vma_flags_clear(vma, VM_MAYWRITE); /* nor by mprotect() */
	copyscope_vma_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	switch (buffer->kind) {
	case COPYSCOPE_DMA_IMPORTED:
		return dma_buf_mmap(buffer->dma_buf, vma, vma->vm_pgoff);
	case COPYSCOPE_DMA_COHERENT:
		return dma_mmap_coherent(buffer->device, vma, buffer->address, buffer->handle, buffer->length);
	}
	if (buffer->caching == COPYSCOPE_DMA_WRITE_COMBINING)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else if (buffer->caching == COPYSCOPE_DMA_UNCACHED)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = buffer;
	vma->vm_ops = &copyscope_vm_operations;
	return 0;
}

u64 copyscope_mapped_bytes(const struct copyscope_buffer *buffer)
{
	u64 entries = 0;
	size_t i;

	if (buffer->kind != COPYSCOPE_DMA_STREAMING)
		return 0;
	for (i = 0; i < buffer->page_count; i++)
		entries += atomic_read(&buffer->pages[i]->_mapcount) + 1; /* none is -1 */
	return entries << PAGE_SHIFT;
}
