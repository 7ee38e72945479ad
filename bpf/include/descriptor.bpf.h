/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the numbers that programs use to the files they mean. */
#ifndef COPYSCOPE_DESCRIPTOR_BPF_H
#define COPYSCOPE_DESCRIPTOR_BPF_H

#include "compat.bpf.h"

/* The file behind a descriptor of `task`, if it is open. */
static __always_inline struct file *fd_file(const struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = task->files->fdt;
	struct file *file = NULL;

	if (fd < fdt->max_fds)
		bpf_probe_read_kernel(&file, sizeof(file), fdt->fd + fd);
	return file;
}

#endif
