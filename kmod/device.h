/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A call of /dev/copyscope, between the frame (device.c) and those who answer it.
 */
#ifndef COPYSCOPE_DEVICE_H
#define COPYSCOPE_DEVICE_H

#include <linux/fs.h>

struct copyscope_buffer;
struct copyscope_job;
struct dma_buf;

struct copyscope_device_call {
	struct file *file;
	void *argument; /* the structure, as this module knows it */
	/*
	 * Of a call that has done nothing yet that others can see: makes it so, if the caller has been told, or else
	 * takes it back. What it is about is in one of those below.
	 */
	void (*finish)(struct copyscope_device_call *call, bool told);
	union {
		struct copyscope_buffer *buffer;
		struct dma_buf *dma_buf;
		struct copyscope_job *job;
	};
};

/* info.c */
int copyscope_call_info(struct copyscope_device_call *call);
int copyscope_call_stats(struct copyscope_device_call *call);

/* calls.c */
int copyscope_call_alloc(struct copyscope_device_call *call);
int copyscope_call_sync(struct copyscope_device_call *call);
int copyscope_call_copy(struct copyscope_device_call *call);
int copyscope_call_result(struct copyscope_device_call *call);
int copyscope_call_export(struct copyscope_device_call *call);
int copyscope_call_import(struct copyscope_device_call *call);

#endif
