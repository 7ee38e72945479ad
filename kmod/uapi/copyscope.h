/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The calls of /dev/copyscope: the contract between the module and programs, for C and C++.
 *
 * Each open file owns at most one buffer, made by ALLOC or IMPORT. It lives until the last of these is gone: the file
 * (that is every descriptor dup()ed or inherited from it), its mappings, the dma-buf files exported from it. There is
 * no call to free it. A page that a pipe, a socket or a driver still refers to outlives it: nobody else gets that page
 * until they let go, but it counts no more (total_bytes, RLIMIT_MEMLOCK).
 *
 * mmap(): MAP_SHARED only, any page-aligned part of it. Pages come on first touch, or with MAP_POPULATE at once.
 *   EINVAL   MAP_PRIVATE (a copy would not be the device's memory), beyond the end
 *   ENODATA  there is no buffer yet
 *   EFAULT   from mremap(): a mapping cannot grow
 * read(), write(), pread(), pwrite(), lseek(): the copying way in and out, for comparison; they end at the buffer's
 * end. splice() and sendfile() from the file hand out references to the pages of a streaming buffer.
 *   EACCES   a write, or a mapping to write: the buffer was imported to be read (IMPORT)
 *   EBUSY    the device owns a page of the range
 *   ENODATA  there is no buffer yet
 *   ENOSPC   a write at the end
 *   EINVAL   splice() and sendfile(): not a streaming buffer
 * poll(): POLLIN when RESULT has something to tell.
 *
 * Every argument is a structure that begins with its own size in bytes, as the caller knows it:
 *   smaller than the first version of the structure   EINVAL
 *   larger than this module's, and the rest is zero   served; the rest is left as it is
 *   larger than this module's, and the rest is not    E2BIG (also: larger than a page)
 * A flag or a value not named here, or a reserved field that is not zero: EINVAL.
 *
 * errno of every call, beside those each one lists:
 *   EFAULT  the argument cannot be read or written, all of it (also where a call tells nothing); nothing was done. If
 *           it can no longer be written when the call ends, what SYNC, and COPY without ASYNC, have done stays done
 *   ENOTTY  no such call
 *   ENODATA there is no buffer yet (all but INFO, ALLOC and IMPORT)
 *   EINTR   a signal came while waiting; nothing was done
 *   ENOMEM  no memory; nothing was done
 */
#ifndef COPYSCOPE_UAPI_H
#define COPYSCOPE_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#ifdef __cplusplus
#define COPYSCOPE_DMA_SIZE(type, bytes) static_assert(sizeof(struct type) == (bytes), #type)
#else
#define COPYSCOPE_DMA_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#endif

#define COPYSCOPE_DMA_TYPE 0xC5

#define COPYSCOPE_DMA_INFO   _IO(COPYSCOPE_DMA_TYPE, 0x00)
#define COPYSCOPE_DMA_ALLOC  _IO(COPYSCOPE_DMA_TYPE, 0x01)
#define COPYSCOPE_DMA_SYNC   _IO(COPYSCOPE_DMA_TYPE, 0x02)
#define COPYSCOPE_DMA_COPY   _IO(COPYSCOPE_DMA_TYPE, 0x03)
#define COPYSCOPE_DMA_RESULT _IO(COPYSCOPE_DMA_TYPE, 0x04)
#define COPYSCOPE_DMA_EXPORT _IO(COPYSCOPE_DMA_TYPE, 0x05)
#define COPYSCOPE_DMA_IMPORT _IO(COPYSCOPE_DMA_TYPE, 0x06)
#define COPYSCOPE_DMA_STATS  _IO(COPYSCOPE_DMA_TYPE, 0x07)

/* What a buffer is made of. */
enum copyscope_dma_kind {
	/*
	 * Ordinary pages with struct page: O_DIRECT, MSG_ZEROCOPY, io_uring and splice take them. Mapped once, by
	 * ALLOC, for the module's device (copyscope_dma_info.engine); that device and the CPU own a page in turns, by
	 * SYNC. Drivers of other devices map the pages they are given for their own device, from the CPU's side:
	 * O_DIRECT and the like belong where the CPU owns the pages.
	 */
	COPYSCOPE_DMA_STREAMING = 1,
	/*
	 * dma_alloc_coherent(): both may look at any time, no SYNC. Mapped as VM_PFNMAP, so the kernel refuses to pin
	 * it: O_DIRECT and MSG_ZEROCOPY out of it end with EFAULT (mm/gup.c:check_vma_flags).
	 */
	COPYSCOPE_DMA_COHERENT = 2,
	/* A dma-buf of somebody else (IMPORT; not for ALLOC). */
	COPYSCOPE_DMA_IMPORTED = 3,
};

/*
 * How the CPU caches a buffer. One answer for the whole buffer and all its mappings, the kernel's own included: two
 * mappings of one page that disagree are undefined on most processors.
 */
enum copyscope_dma_caching {
	COPYSCOPE_DMA_CACHED = 1,
	COPYSCOPE_DMA_WRITE_COMBINING = 2, /* streaming buffers only */
	COPYSCOPE_DMA_UNCACHED = 3,        /* streaming buffers only */
};

/* Bits of copyscope_dma_info.capabilities. */
#define COPYSCOPE_DMA_CAN_CACHE_COHERENT  (1U << 0) /* the platform's caches see DMA: SYNC moves no bytes by itself */
#define COPYSCOPE_DMA_CAN_IOMMU           (1U << 1) /* the module's device is behind an IOMMU */
#define COPYSCOPE_DMA_CAN_BOUNCE          (1U << 2) /* swiotlb is forced: every SYNC copies */
#define COPYSCOPE_DMA_CAN_ENGINE          (1U << 3) /* a dmaengine channel copies memory: copyscope_dma_info.engine */
#define COPYSCOPE_DMA_CAN_CHOOSE_CACHING  (1U << 4) /* write-combining and uncached buffers */
#define COPYSCOPE_DMA_CAN_FIXED_BUFFERS   (1U << 5) /* io_uring registers mappings (not 6.1: io_uring/rsrc.c) */

/* INFO: what there is. */
struct copyscope_dma_info {
	__u32 size;
	__u32 flags; /* 0 */
	/* out */
	__u64 max_buffer_bytes; /* module parameter max_buffer_bytes */
	__u64 max_total_bytes;  /* module parameter max_total_bytes */
	__u64 total_bytes;      /* of all buffers made by ALLOC that exist now */
	__u64 dma_mask;         /* of the module's device */
	__u32 page_bytes;       /* granularity of ALLOC, SYNC and mmap */
	__u32 extent_bytes;     /* what COPYSCOPE_DMA_ALLOC_EXTENTS asks for; mapped page by page all the same */
	__u32 cache_line_bytes;
	__u32 capabilities;
	/*
	 * Name of the engine's device; empty: no engine. A buffer that is made while there is one is made for it,
	 * another for a device of the module's own, which never moves a byte.
	 */
	char engine[32];
};
COPYSCOPE_DMA_SIZE(copyscope_dma_info, 88);

#define COPYSCOPE_DMA_ALLOC_EXTENTS (1U << 0) /* in physically contiguous pieces of extent_bytes, or not at all */
#define COPYSCOPE_DMA_ANY_NODE      (-1)

/*
 * ALLOC: gives this file a zeroed buffer, owned by the CPU.
 *   EINVAL      length 0 or no multiple of page_bytes (with EXTENTS: of extent_bytes), no such node
 *   EEXIST      the file has a buffer
 *   E2BIG       more than max_buffer_bytes, or than 1 TiB less a page, where the kernel's arrays of pages end
 *   EDQUOT      all buffers together would be more than max_total_bytes; or, of those whose device sees a bounce buffer
 *               instead (CAN_BOUNCE), more than a quarter of what the machine has for that (swiotlb=)
 *   ENOMEM      also: more than RLIMIT_MEMLOCK allows this user (CAP_IPC_LOCK lifts it): all that his processes made,
 *               gone or not, counts as long as it exists, beside what else of his is pinned (io_uring, MSG_ZEROCOPY)
 *   EOPNOTSUPP  that caching is not to be had: of this kind, or on this machine; a coherent buffer on a chosen node
 */
struct copyscope_dma_alloc {
	__u32 size;
	__u32 flags;
	__u64 length;
	__u32 kind;    /* enum copyscope_dma_kind */
	__u32 caching; /* enum copyscope_dma_caching */
	__s32 node;    /* NUMA node, or COPYSCOPE_DMA_ANY_NODE */
	__u32 extents; /* in: 0; out: physically contiguous pieces it consists of */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_alloc, 32);

enum copyscope_dma_owner {
	COPYSCOPE_DMA_FOR_CPU = 1,
	COPYSCOPE_DMA_FOR_DEVICE = 2,
};

/* Bits: where the bytes go between two calls of SYNC. */
#define COPYSCOPE_DMA_SYNC_TO_DEVICE   (1U << 0)
#define COPYSCOPE_DMA_SYNC_FROM_DEVICE (1U << 1)

/*
 * SYNC: hands pages over to the CPU or to the device. The new owner sees what the other wrote.
 *   EINVAL      offset or length no multiple of page_bytes, length 0, beyond the end, no direction
 *   EALREADY    a page of the range belongs to that owner already: the calls are in the wrong order; nothing was done
 *   EACCES      FROM_DEVICE, and the buffer was imported to be read
 *   EBUSY       a COPY, a read() or a write() is under way on this buffer
 *   EOPNOTSUPP  a coherent buffer: there is nothing to hand over
 */
struct copyscope_dma_sync {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 offset;
	__u64 length;
	__u32 owner;     /* enum copyscope_dma_owner */
	__u32 direction; /* bits */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_sync, 32);

enum copyscope_dma_copier {
	COPYSCOPE_DMA_BY_CPU = 1,
	COPYSCOPE_DMA_BY_ENGINE = 2, /* a dmaengine channel; never the CPU in disguise */
};

#define COPYSCOPE_DMA_COPY_ASYNC   (1U << 0) /* return at once; RESULT tells how it ended. One after the other, of all files */
#define COPYSCOPE_DMA_COPY_EVENTFD (1U << 1) /* with ASYNC: add 1 to this eventfd when it has ended */
#define COPYSCOPE_DMA_THIS_BUFFER  (-1)
#define COPYSCOPE_DMA_MOST_PENDING 64 /* copies of one file that RESULT has not told of */

/*
 * COPY: moves bytes into this buffer, from it or from another file's. To the CPU any alignment is good.
 *   EINVAL      length 0, beyond an end, the two ranges overlap, EVENTFD without ASYNC, eventfd is none, the engine
 *               wants another alignment
 *   EBADF       from_fd or eventfd is not open
 *   EXDEV       from_fd is not a file of this device
 *   EACCES      this file is not open for writing or its buffer was imported to be read, or the other file is not open
 *               for reading
 *   EBUSY       a page of a range belongs to the other one (BY_CPU: the device, BY_ENGINE of a streaming or imported
 *               buffer: the CPU; see SYNC), or MOST_PENDING copies are not collected
 *   EOPNOTSUPP  BY_ENGINE, and there is no engine
 *   ENODEV      BY_ENGINE, and the buffer was made for another device, before this engine came
 *   EIO         the engine failed or went away; `copied` bytes from the start are there
 *   ETIMEDOUT   the engine made no progress (module parameter engine_timeout_ms), or still has what an earlier COPY gave
 *               up; as EIO
 *   EINTR       a signal; no further piece was begun; as EIO
 * An engine that does not make it in time, or whose caller is killed, is stopped, if its driver knows how. If not, it
 * may yet write what it was asked to: until it has, both buffers exist and are in use (SYNC: EBUSY).
 */
struct copyscope_dma_copy {
	__u32 size;
	__u32 flags;
	__u64 to_offset;
	__u64 from_offset;
	__u64 length;
	__s32 from_fd; /* COPYSCOPE_DMA_THIS_BUFFER, or an open /dev/copyscope with a buffer */
	__s32 eventfd; /* with COPYSCOPE_DMA_COPY_EVENTFD; else 0 */
	__u32 copier;  /* enum copyscope_dma_copier */
	__u32 reserved;
	__u64 cookie; /* out, with ASYNC: names the copy in RESULT; counts from 1 */
	__u64 copied; /* out, without ASYNC: bytes, on failure too */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_copy, 64);

/*
 * RESULT: the next ASYNC copy that has ended, in the order in which they ended. Never waits: use poll().
 *   EAGAIN  none has ended yet
 *   ENOENT  none is pending
 */
struct copyscope_dma_result {
	__u32 size;
	__u32 flags; /* 0 */
	/* out */
	__u64 cookie;
	__u64 copied;
	__s32 error;   /* 0, or an errno of COPY */
	__u32 pending; /* copies that RESULT has still to tell of */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_result, 32);

/*
 * EXPORT: a dma-buf file of this buffer. Other drivers attach it; it can be mapped. Without O_RDWR it is to be read:
 * mappings are, and drivers may map it for devices that read it (DMA_TO_DEVICE; else they get EACCES).
 *   EACCES      this file is not open for reading, or for O_RDWR not for writing
 *   EOPNOTSUPP  an imported buffer (share the dma-buf it came from)
 *   EMFILE      no descriptor left
 */
struct copyscope_dma_export {
	__u32 size;
	__u32 flags; /* O_CLOEXEC and O_RDWR of fcntl.h, or 0 */
	__s32 fd;    /* out */
	__u32 reserved;
};
COPYSCOPE_DMA_SIZE(copyscope_dma_export, 16);

/*
 * IMPORT: makes a dma-buf this file's buffer, owned by the CPU. One that was exported to be read (without O_RDWR) stays
 * so, however this file was opened: write(), a writable mapping, COPY into it and SYNC FROM_DEVICE are EACCES.
 *   EEXIST      the file has a buffer
 *   EBADF       fd is not open
 *   EINVAL      fd is no dma-buf
 *   EACCES      the dma-buf is not to be read
 *   EOPNOTSUPP  its exporter has no mapping for the kernel, or its length is no multiple of page_bytes
 *   E2BIG       more than 1 TiB less a page
 */
struct copyscope_dma_import {
	__u32 size;
	__u32 flags; /* 0 */
	__s32 fd;
	__u32 reserved;
	__u64 length; /* out */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_import, 24);

/* STATS: what has been done with this buffer, by all that share it. */
struct copyscope_dma_stats {
	__u32 size;
	__u32 flags; /* 0 */
	/* out */
	__u64 length;
	__u32 kind;
	__u32 caching;
	__u64 extents;
	__u64 mapped_bytes; /* in page tables now: of pages touched, twice if mapped twice; streaming buffers only */
	__u64 faults;       /* that put a page into a mapping; streaming buffers only */
	__u64 for_cpu_calls; /* of SYNC that were served */
	__u64 for_cpu_bytes;
	__u64 for_device_calls;
	__u64 for_device_bytes;
	__u64 bounced_bytes;  /* of the buffer, whose device sees a bounce buffer instead: what each SYNC copies */
	__u64 cpu_copied;     /* bytes by COPY */
	__u64 engine_copied;  /* bytes by COPY */
	__u64 read_bytes;     /* by read() and the like: copied */
	__u64 written_bytes;  /* by write() and the like: copied */
	__u64 spliced_bytes;  /* by splice() and sendfile(): references */
};
COPYSCOPE_DMA_SIZE(copyscope_dma_stats, 128);

#endif
