// SPDX-License-Identifier: GPL-2.0
/*
 * What of a buffer a program may map, and how; each kind then maps it in its own way.
 */
#include <linux/mm.h>

#include "buffer.h"
#include "compat.h"

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
	return buffer->operations->map(buffer, vma);
}
