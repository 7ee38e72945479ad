/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of /dev/copyscope know of each other: a buffer (buffer.c counts and frees it; streaming.c, coherent.c
 * and imported.c are its kinds; sync.c says who owns its pages, map.c and rw.c give it to programs, export.c to other
 * drivers), the copies of an open file (copy.c) and the engine that makes some of them (engine.c). device.c is the calls.
 */
#ifndef COPYSCOPE_BUFFER_H
#define COPYSCOPE_BUFFER_H

#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>

#include "uapi/copyscope.h"

/* The kernel's own arrays of pages end at INT_MAX bytes (mm/util.c:kvmalloc_node): 1 TiB less a page. */
#define COPYSCOPE_MOST_PAGES (INT_MAX / sizeof(struct page *))

/* The cgroup pays; a buffer is not worth somebody's life (no OOM killer), nor a line in the log. */
#define COPYSCOPE_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct copyscope_buffer_counts {
	atomic64_t faults;
	atomic64_t for_cpu_calls, for_cpu_bytes;
	atomic64_t for_device_calls, for_device_bytes;
	atomic64_t cpu_copied, engine_copied;
	atomic64_t read_bytes, written_bytes, spliced_bytes;
};

struct copyscope_buffer;
struct copyscope_view; /* view.h */

/* What one kind of buffer does in its own way. */
struct copyscope_buffer_operations {
	u32 kind; /* of the contract */
	void (*free)(struct copyscope_buffer *buffer); /* as much of its memory as there is */
	/* The limits and rights of the mapping have been checked. */
	int (*map)(struct copyscope_buffer *buffer, struct vm_area_struct *vma);
	/* Gives the range to the CPU or to the device. NULL: it is everybody's at any time. */
	int (*hand_over)(struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner,
			 enum dma_data_direction direction);
	/* A table of its memory for that device, not mapped yet. NULL: it is not ours to give out. */
	int (*share)(const struct copyscope_buffer *buffer, struct device *device, struct sg_table *table);
	/* Where that device finds it, in view->table (NULL: at the handle), until look_away(), if there is one. */
	int (*look)(struct copyscope_view *view, struct device *device);
	void (*look_away)(struct copyscope_view *view);
};

/* After it was made, only what `lock` guards and the counts change. */
struct copyscope_buffer {
	struct kref refs; /* the open file, copies under way, dma-buf files */
	const struct copyscope_buffer_operations *operations;
	u32 caching;
	size_t length;	   /* COPYSCOPE_MOST_PAGES at most, so that what follows fits what the kernel counts pages in */
	size_t page_count; /* in all places as wide as the length */
	size_t extents;
	void *address;	       /* the kernel's own mapping, all of it */
	struct device *device; /* it is mapped for, with a reference */
	bool counted;	       /* in total_bytes */
	struct user_struct *payer; /* whose RLIMIT_MEMLOCK it counts against */

	struct page **pages;   /* streaming */
	struct sg_table table; /* streaming: mapped for `device` */
	u64 bounces;	       /* streaming: what of the machine's bounce buffers that takes */
	dma_addr_t handle;     /* coherent */
	struct dma_buf *dma_buf; /* imported */
	bool read_only;	   /* imported: its owner gave it out to be read */

	struct mutex lock;	    /* for the next two */
	unsigned long *device_owns; /* a bit for each page */
	unsigned int users;	    /* copies under way: no page changes its owner */

	struct copyscope_buffer_counts counts;
};

/* An open file. */
struct copyscope_file {
	struct mutex making; /* one ALLOC or IMPORT at a time */
	struct copyscope_buffer *buffer; /* published once, by smp_store_release */

	spinlock_t copies_lock; /* for all that follows */
	struct list_head ended; /* copies RESULT has to tell of */
	struct list_head under_way;
	unsigned int pending; /* ended or under way */
	u64 cookies;
	bool closing;
	wait_queue_head_t wait; /* for `ended` */
};

/* The file's buffer or NULL; it lives as long as the file is held. */
static inline struct copyscope_buffer *copyscope_buffer_of(const struct file *file)
{
	const struct copyscope_file *context = file->private_data;

	return smp_load_acquire(&context->buffer); /* pairs with copyscope_publish() */
}

/* buffer.c */
extern u64 copyscope_max_buffer_bytes, copyscope_max_total_bytes;
struct copyscope_buffer *copyscope_buffer_new(const struct copyscope_buffer_operations *operations, size_t length,
					      struct device *device);
int copyscope_buffer_charge(struct copyscope_buffer *buffer);
void copyscope_buffer_put(struct copyscope_buffer *buffer);
u64 copyscope_total_bytes(void);

/* pages.c */
int copyscope_pages_make(struct copyscope_buffer *buffer, int node, bool in_extents);
void copyscope_pages_free(struct copyscope_buffer *buffer);

/* streaming.c, coherent.c, imported.c */
struct copyscope_buffer *copyscope_streaming_make(const struct copyscope_dma_alloc *request, struct device *device);
struct copyscope_buffer *copyscope_coherent_make(const struct copyscope_dma_alloc *request, struct device *device);
struct copyscope_buffer *copyscope_import(int fd, struct device *device);

/* sync.c */
int copyscope_sync(struct copyscope_buffer *buffer, const struct copyscope_dma_sync *request);
int copyscope_use(struct copyscope_buffer *buffer, u64 offset, u64 length, u32 owner);
void copyscope_use_again(struct copyscope_buffer *buffer);
void copyscope_unuse(struct copyscope_buffer *buffer);

/* bounce.c */
int copyscope_dma_map(struct device *device, struct sg_table *table, enum dma_data_direction direction,
		      unsigned long attributes, u64 *bounces);
void copyscope_dma_unmap(struct device *device, struct sg_table *table, enum dma_data_direction direction,
			 unsigned long attributes, u64 bounces);
bool copyscope_behind_iommu(struct device *device);
u64 copyscope_bounced_bytes(const struct copyscope_buffer *buffer);

/* map.c, rw.c */
int copyscope_map(struct copyscope_buffer *buffer, struct vm_area_struct *vma);
u64 copyscope_mapped_bytes(const struct copyscope_buffer *buffer);
ssize_t copyscope_read_iter(struct kiocb *request, struct iov_iter *to);
ssize_t copyscope_write_iter(struct kiocb *request, struct iov_iter *from);
ssize_t copyscope_splice_read(struct file *file, loff_t *offset, struct pipe_inode_info *pipe, size_t length,
			      unsigned int flags);
loff_t copyscope_seek(struct file *file, loff_t offset, int whence);

/* copy.c */
struct copyscope_job *copyscope_copy(struct file *file, struct copyscope_dma_copy *request);

/* results.c */
int copyscope_workers_init(void);
void copyscope_workers_exit(void);
void copyscope_results_init(struct copyscope_file *context);
void copyscope_results_end(struct copyscope_file *context);
struct copyscope_job *copyscope_result(struct copyscope_file *context, struct copyscope_dma_result *result);
__poll_t copyscope_poll(struct file *file, poll_table *table);

/* engine.c */
struct copyscope_stretch {
	struct copyscope_buffer *buffer;
	u64 offset;
};

struct device *copyscope_engine_device(void);
int copyscope_engine_copy(const struct copyscope_stretch *to, const struct copyscope_stretch *from, u64 length,
			  bool (*stop)(void *), void *argument, u64 *copied);
int copyscope_engine_init(void);
void copyscope_engine_exit(void);

/* export.c */
struct dma_buf *copyscope_export(struct copyscope_buffer *buffer, u32 flags);

/* device.c */
extern const struct file_operations copyscope_file_operations;
extern struct device *copyscope_own_device;
int copyscope_device_init(void);
void copyscope_device_exit(void);

#endif
