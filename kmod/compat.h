/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where kernels differ. Knows kernel versions, and is the only file of the module that does; the others ask it by
 * names of what can be done. Each entry says since when, so that it can be deleted one day.
 */
#ifndef COPYSCOPE_COMPAT_H
#define COPYSCOPE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <asm/set_memory.h>

#include "uapi/copyscope.h"

#ifndef CONFIG_X86_64
#error "copyscope knows the calling convention and the copying functions of x86-64 only"
#endif
#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "copyscope needs ftrace to hand over arguments: CONFIG_DYNAMIC_FTRACE_WITH_ARGS"
#endif

/* v6.2, 94d095ffa0e1: ftrace_regs_get_argument(). Before, x86 had the registers of the arguments in a pt_regs. */
static inline unsigned long copyscope_ftrace_argument(struct ftrace_regs *fregs, unsigned int index)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return ftrace_regs_get_argument(fregs, index);
#else
	return regs_get_kernel_argument(&fregs->regs, index);
#endif
}

/* v6.5, 3fc40265ae2b: there are no more iterators that allocate pages of a pipe (ITER_PIPE). */
static inline bool copyscope_iter_is_pipe(const struct iov_iter *iter)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return false;
#else
	return iov_iter_is_pipe(iter);
#endif
}

/* v6.10, 2c92ca849fcc: the source of a string in a trace event is named once, in __string(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define copyscope_assign_str(field, source) __assign_str(field)
#else
#define copyscope_assign_str(field, source) __assign_str(field, source)
#endif

/* v6.3, bc292ab00f6c: the flags of a mapping are changed by functions that know its lock. */
static inline void copyscope_vma_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

static inline void copyscope_vma_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/* v6.8, 3652117f8548: an eventfd is signalled by one. */
static inline void copyscope_eventfd_signal(struct eventfd_ctx *context)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(context);
#else
	eventfd_signal(context, 1);
#endif
}

/* v6.2, 56e5abba8c3e: dma_buf_vmap() wants the reservation held, which its new twin takes. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define copyscope_dma_buf_vmap dma_buf_vmap_unlocked
#define copyscope_dma_buf_vunmap dma_buf_vunmap_unlocked
#define copyscope_dma_buf_map dma_buf_map_attachment_unlocked
#define copyscope_dma_buf_unmap dma_buf_unmap_attachment_unlocked
#else
#define copyscope_dma_buf_vmap dma_buf_vmap
#define copyscope_dma_buf_vunmap dma_buf_vunmap
#define copyscope_dma_buf_map dma_buf_map_attachment
#define copyscope_dma_buf_unmap dma_buf_unmap_attachment
#endif

/* v6.13, cdd30ebb1b9f: the name of a namespace is a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define COPYSCOPE_IMPORT_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#else
#define COPYSCOPE_IMPORT_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#endif

/*
 * v6.5, "io_uring: rsrc: delegate VMA file-backed check to GUP": io_uring registers buffers that map a file, if it is
 * not one that is written back. Before,
 * io_uring/rsrc.c:io_pin_pages() refuses every mapping of a file but shmem's and hugetlb's with EOPNOTSUPP.
 */
static inline bool copyscope_can_fix_buffers(void)
{
	return LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0);
}

#define COPYSCOPE_CAN_CHOOSE_CACHING true

/*
 * x86: the kernel's own mapping of these pages agrees with the programs' from then on. Other architectures have no
 * such call.
 */
static inline int copyscope_set_caching(struct page **pages, unsigned int count, __u32 caching)
{
	switch (caching) {
	case COPYSCOPE_DMA_WRITE_COMBINING:
		return set_pages_array_wc(pages, count);
	case COPYSCOPE_DMA_UNCACHED:
		return set_pages_array_uc(pages, count);
	}
	return 0;
}

static inline void copyscope_reset_caching(struct page **pages, unsigned int count, __u32 caching)
{
	if (caching != COPYSCOPE_DMA_CACHED)
		set_pages_array_wb(pages, count);
}

#endif
