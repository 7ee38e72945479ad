/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where kernels differ. Knows kernel versions, and is the only file of the module that does; the others ask it by
 * names of what can be done. Each entry says since when, so that it can be deleted one day.
 */
#ifndef COPYSCOPE_COMPAT_H
#define COPYSCOPE_COMPAT_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include <linux/uio.h>
#include <linux/version.h>

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

#endif
