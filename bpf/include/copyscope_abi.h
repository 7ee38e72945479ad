/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Everything that crosses the boundary between the BPF programs and user space, for C (BPF) and C++ unchanged;
 * and the numbers that the kernel module puts into its tracepoints.
 * Knows: layouts, names of counters, limits. Must not know: how anything is counted or shown.
 *
 * The includer provides the fixed-width types (vmlinux.h in BPF, <linux/types.h> in user space and in the module).
 */
#ifndef COPYSCOPE_ABI_H
#define COPYSCOPE_ABI_H

#ifdef __cplusplus
#define COPYSCOPE_ASSERT static_assert
#else
#define COPYSCOPE_ASSERT _Static_assert
#endif
#define COPYSCOPE_ASSERT_SIZE(type, size) COPYSCOPE_ASSERT(sizeof(struct type) == (size), #type)

/* Capacity of the hash maps. A full map is counted in `losses`; but for two it never evicts. */
#define COPYSCOPE_MAX_ACCOUNTS 65536
#define COPYSCOPE_MAX_PROCESSES 32768
#define COPYSCOPE_MAX_CGROUPS 2048 /* evicts what was used longest ago */
#define COPYSCOPE_LEDGERS 16384 /* threads with a ledger of the fast kind; the others' is slower to find. Power of 2 */
#define COPYSCOPE_MAX_BIOS 16384
#define COPYSCOPE_MAX_INODES 65536 /* evicts what was used longest ago */
#define COPYSCOPE_MAX_DISKS 1024
#define COPYSCOPE_MAX_NICS 1024
#define COPYSCOPE_MAX_SOCKETS 65536
#define COPYSCOPE_MAX_FORWARDED 16384 /* packets; evicts what was used longest ago */
#define COPYSCOPE_MAX_PINNED 16384 /* MSG_ZEROCOPY sends that are under way */
#define COPYSCOPE_MAX_BOUNCES 32768 /* mappings in the default bounce buffer (64 MiB), if each takes but one slot */
#define COPYSCOPE_COMM_LEN 16

/* One entry into the kernel that moves data. */
enum copyscope_op {
	COPYSCOPE_OP_NONE = 0,
	COPYSCOPE_OP_READ,
	COPYSCOPE_OP_PREAD64,
	COPYSCOPE_OP_READV,
	COPYSCOPE_OP_PREADV,
	COPYSCOPE_OP_PREADV2,
	COPYSCOPE_OP_WRITE,
	COPYSCOPE_OP_PWRITE64,
	COPYSCOPE_OP_WRITEV,
	COPYSCOPE_OP_PWRITEV,
	COPYSCOPE_OP_PWRITEV2,
	COPYSCOPE_OP_RECVFROM,
	COPYSCOPE_OP_RECVMSG,
	COPYSCOPE_OP_SENDTO,
	COPYSCOPE_OP_SENDMSG,
	COPYSCOPE_OP_SENDFILE64,
	COPYSCOPE_OP_SPLICE,
	COPYSCOPE_OP_COPY_FILE_RANGE,
	COPYSCOPE_OP_IOCTL, /* of /dev/copyscope, and of no other device */
	COPYSCOPE_OP_FAULT, /* a page fault in user mode, or in a system call that is none of the above (then no mode switch) */
	COPYSCOPE_OP_OTHER, /* disk I/O of a process in calls that are none of these; no operation is counted */
	COPYSCOPE_OP_NOBODYS, /* disk I/O of a kernel thread that works for nobody; its process is that thread */
	COPYSCOPE_OP_COUNT,
};

enum copyscope_endpoint_kind {
	COPYSCOPE_END_NONE = 0,     /* could not be found out */
	COPYSCOPE_END_MEMORY,       /* user memory, its mapping could not be looked up */
	COPYSCOPE_END_MEMORY_ANON,  /* anonymous user memory */
	COPYSCOPE_END_MEMORY_FILE,  /* user memory whose pages are a file's page cache */
	COPYSCOPE_END_MEMORY_DEVICE,/* user memory that maps a device (VM_PFNMAP, VM_IO, VM_MIXEDMAP) */
	COPYSCOPE_END_MEMORY_DMA,   /* user memory that maps /dev/copyscope */
	COPYSCOPE_END_FILE,         /* regular file */
	COPYSCOPE_END_BLOCK,        /* block device */
	COPYSCOPE_END_CHAR,         /* character device */
	COPYSCOPE_END_DMA,          /* the character device /dev/copyscope: its buffer, through the descriptor */
	COPYSCOPE_END_PIPE,
	COPYSCOPE_END_TCP,
	COPYSCOPE_END_UDP,
	COPYSCOPE_END_UNIX,
	COPYSCOPE_END_SOCKET,       /* any other socket */
	COPYSCOPE_END_OTHER,
	COPYSCOPE_END_MEMORY_SHARED, /* user memory shared with others, of no file: shared anonymous, memfd, System V, POSIX */
	COPYSCOPE_END_MEMORY_PRIVATE,/* user memory that maps a file privately, and has pages of its own */
	COPYSCOPE_END_MEMORY_STATIC, /* the program's own .data and .rodata: its executable, mapped privately */
	COPYSCOPE_END_COUNT,
};

/* copyscope_endpoint.flags */
#define COPYSCOPE_END_DIRECT 0x1   /* file or block device opened O_DIRECT */
#define COPYSCOPE_END_LOOPBACK 0x2 /* socket routed through a loopback device */
#define COPYSCOPE_END_NO_SG 0x4    /* socket routed to a device without scatter-gather (NETIF_F_SG) */
#define COPYSCOPE_END_VIRTUAL 0x8  /* socket routed to a device without hardware behind it (veth, tun, bridge...) */
#define COPYSCOPE_END_COHERENT 0x10 /* mapped DMA buffer that cannot be pinned (VM_PFNMAP) */
#define COPYSCOPE_END_HUGE 0x20    /* user memory of hugetlbfs */
#define COPYSCOPE_END_TLS 0x40     /* TCP socket under kernel TLS */
#define COPYSCOPE_END_SOCKMAP 0x80 /* TCP socket in a sockmap */

struct copyscope_endpoint {
	__u16 kind;   /* enum copyscope_endpoint_kind */
	__u16 flags;  /* COPYSCOPE_END_* */
	__u32 device; /* kernel dev_t (MAJOR << 20 | MINOR): of a file its file system, of a device its own; sockets: ifindex */
};
COPYSCOPE_ASSERT_SIZE(copyscope_endpoint, 8);

/* A pid can be used again, a pid with its start time cannot. */
struct copyscope_process {
	__u32 tgid;
	__u32 reserved;
	__u64 start_ns; /* task_struct.start_boottime of the thread group leader */
};
COPYSCOPE_ASSERT_SIZE(copyscope_process, 16);

struct copyscope_account_key {
	struct copyscope_process process;
	__u32 op; /* enum copyscope_op */
	__u32 reserved;
	struct copyscope_endpoint source;
	struct copyscope_endpoint sink;
};
COPYSCOPE_ASSERT_SIZE(copyscope_account_key, 40);

/* Indices into copyscope_account.counter. Bytes and calls of one copy class stand next to each other, bytes first. */
enum copyscope_counter {
	COPYSCOPE_OPERATIONS = 0,
	COPYSCOPE_ERRORS,
	COPYSCOPE_BYTES_ASKED,
	COPYSCOPE_BYTES_MOVED, /* the return value: what the program was told */
	COPYSCOPE_MODE_SWITCHES,
	COPYSCOPE_CTX_VOLUNTARY,
	COPYSCOPE_CTX_INVOLUNTARY,
	COPYSCOPE_KERNEL_NS, /* on-CPU time inside the operation */
	COPYSCOPE_TO_USER_BYTES,
	COPYSCOPE_TO_USER_CALLS,
	COPYSCOPE_FROM_USER_BYTES,
	COPYSCOPE_FROM_USER_CALLS,
	COPYSCOPE_KERNEL_BYTES, /* kernel to kernel inside the operation: page cache to page cache, to pipe pages */
	COPYSCOPE_KERNEL_CALLS,
	COPYSCOPE_TRANSMIT_BYTES, /* kernel to kernel on the way out: segmentation, linearization */
	COPYSCOPE_TRANSMIT_CALLS,
	COPYSCOPE_LATE_BYTES, /* kernel to kernel: MSG_ZEROCOPY pages copied after all (skb_copy_ubufs) */
	COPYSCOPE_LATE_CALLS,
	COPYSCOPE_COW_BYTES,
	COPYSCOPE_COW_CALLS,
	COPYSCOPE_BOUNCE_BYTES,
	COPYSCOPE_BOUNCE_CALLS,
	COPYSCOPE_PIO_BYTES,
	COPYSCOPE_PIO_CALLS,
	COPYSCOPE_MIGRATION_BYTES, /* pages that memory management moved elsewhere: compaction, NUMA balancing */
	COPYSCOPE_MIGRATION_CALLS,
	COPYSCOPE_COW_DERIVED_BYTES, /* of COW_BYTES: the copy itself was not seen, only the function that made it */
	COPYSCOPE_REFERENCED_BYTES, /* pages that changed hands; a page handed over twice counts twice */
	COPYSCOPE_DIRECT_BYTES,     /* user pages handed to a device (direct I/O) */
	COPYSCOPE_DMA_FROM_DEVICE,
	COPYSCOPE_DMA_TO_DEVICE,
	COPYSCOPE_FAULTS_MINOR,
	COPYSCOPE_FAULTS_MAJOR,
	COPYSCOPE_FAULTS_COW,
	COPYSCOPE_AROUND_PAGES,  /* page table entries set by faults on files, fault-around included */
	COPYSCOPE_SWAPPED_IN_PAGES, /* read from swap, swap read-ahead included */
	/* SYNC of /dev/copyscope, as the program asked for it and got it. Bytes and calls as of a copy class. */
	COPYSCOPE_SYNC_CPU_BYTES,
	COPYSCOPE_SYNC_CPU_CALLS,
	COPYSCOPE_SYNC_DEVICE_BYTES,
	COPYSCOPE_SYNC_DEVICE_CALLS,
	/* What the kernel's DMA API did inside operations, for any device. */
	COPYSCOPE_API_SYNC_CPU_BYTES,
	COPYSCOPE_API_SYNC_CPU_CALLS,
	COPYSCOPE_API_SYNC_DEVICE_BYTES,
	COPYSCOPE_API_SYNC_DEVICE_CALLS,
	COPYSCOPE_UNEXPLAINED_BYTES, /* moved, but no copy, reference or DMA was seen for it (per operation, per leg) */
	COPYSCOPE_EXCESS_BYTES,      /* copied, but not in the return value (retries, failed operations) */
	COPYSCOPE_VAIN_REFERENCE_BYTES, /* of REFERENCED_BYTES: not in the return value; linked into a pipe, and not taken out */
	COPYSCOPE_TRANSFORMED_BYTES, /* encrypted or decrypted by the CPU inside the operation (kernel TLS): read and written, no copy */
	COPYSCOPE_OVERWRITTEN_BYTES, /* of BYTES_MOVED: read over what had been read before, with nothing written meanwhile */
	COPYSCOPE_LOST,              /* events of this account that could not be counted in full */
	COPYSCOPE_COUNTERS,
};

/* Classes of copies by the CPU, in the order of their counters. The module's tracepoints use the same numbers. */
enum copyscope_class {
	COPYSCOPE_CLASS_TO_USER = 0,
	COPYSCOPE_CLASS_FROM_USER,
	COPYSCOPE_CLASS_KERNEL,
	COPYSCOPE_CLASS_TRANSMIT,
	COPYSCOPE_CLASS_LATE,
	COPYSCOPE_CLASS_COW,
	COPYSCOPE_CLASS_BOUNCE,
	COPYSCOPE_CLASS_PIO,
	COPYSCOPE_CLASS_MIGRATION,
	COPYSCOPE_CLASSES,
};

#define COPYSCOPE_CLASS_COUNTER(class_) (COPYSCOPE_TO_USER_BYTES + 2 * (class_)) /* bytes; calls stand behind */

struct copyscope_account {
	__u64 counter[COPYSCOPE_COUNTERS];
};
COPYSCOPE_ASSERT_SIZE(copyscope_account, 8 * COPYSCOPE_COUNTERS);
COPYSCOPE_ASSERT((int)COPYSCOPE_MIGRATION_BYTES == (int)COPYSCOPE_CLASS_COUNTER(COPYSCOPE_CLASS_MIGRATION),
		 "counters and classes are in the same order");

/* Copies of one account as they were seen at the copying function itself, by module or breakpoint. */
struct copyscope_measured {
	__u64 bytes[COPYSCOPE_CLASSES];
	__u64 calls[COPYSCOPE_CLASSES];
};
COPYSCOPE_ASSERT_SIZE(copyscope_measured, 16 * COPYSCOPE_CLASSES);

/*
 * The arguments of the module's tracepoints copyscope:cpu_copy (in a task), copyscope:skb_copy (any context) and
 * copyscope:device_copy (any context), in this order and each in 64 bits, as a raw tracepoint gets them:
 * site (index of the module's table), class, direction, iter, bytes, object (skb_copy: the struct sk_buff; device_copy
 * of class BOUNCE: the address in the bounce buffer; else 0).
 */
#define COPYSCOPE_MODULE_ABI 1 /* of those; /sys/module/copyscope/parameters/abi */

enum copyscope_direction {
	COPYSCOPE_TOWARDS = 0, /* out of the kernel: to user memory, into an iov_iter, to a device */
	COPYSCOPE_FROM,
};

/* What memory an iov_iter walks (include/linux/uio.h:enum iter_type, whose values change between kernels). */
enum copyscope_iter {
	COPYSCOPE_ITER_NONE = 0, /* the site has no iov_iter */
	COPYSCOPE_ITER_USER,     /* ITER_UBUF, ITER_IOVEC */
	COPYSCOPE_ITER_KERNEL,   /* ITER_KVEC, ITER_BVEC, ITER_XARRAY, ITER_FOLIOQ */
	COPYSCOPE_ITER_PIPE,     /* ITER_PIPE: copied into pages of a pipe */
};

/* What a breakpoint's cookie says of the function it stands on (lib/iov_iter.c). */
#define COPYSCOPE_BREAK_FROM 0x1 /* copies out of the iov_iter; else into it */
#define COPYSCOPE_BREAK_PAGE 0x2 /* arguments (page, offset, bytes, iter); else (address, bytes, iter) */

/* Of the contract of /dev/copyscope (kmod/uapi/copyscope.h) what BPF looks at; user/probe/session.cpp asserts both equal. */
#define COPYSCOPE_CALL_SYNC 0xc502
#define COPYSCOPE_CALL_SYNC_FOR_CPU 1
struct copyscope_call_sync {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u32 owner;
	__u32 direction;
};
COPYSCOPE_ASSERT_SIZE(copyscope_call_sync, 32);

/* Whose bytes a disk has moved. The sum of a direction is what /proc/diskstats says of it. */
enum copyscope_disk_share {
	COPYSCOPE_DISK_OWNED = 0, /* by DMA, charged to a process */
	COPYSCOPE_DISK_NOBODYS,   /* by DMA, for nobody */
	COPYSCOPE_DISK_OUTSIDE,   /* by DMA, for processes that are not counted */
	COPYSCOPE_DISK_PIO,       /* by the CPU */
	COPYSCOPE_DISK_ZEROED,    /* written as zeros by the disk itself: nothing was moved */
	COPYSCOPE_DISK_FAILED,    /* requests that ended with an error */
	COPYSCOPE_DISK_SHARES,
};

struct copyscope_disk {
	__u64 read[COPYSCOPE_DISK_SHARES], written[COPYSCOPE_DISK_SHARES];
};
COPYSCOPE_ASSERT_SIZE(copyscope_disk, 16 * COPYSCOPE_DISK_SHARES);

/*
 * Whose frames a NIC has sent. The sum is what `ip -s link` says of it; without SEGMENTED that of drivers that count what
 * they were handed (virtio_net).
 */
enum copyscope_nic_share {
	COPYSCOPE_NIC_OWNED = 0, /* charged to a process */
	COPYSCOPE_NIC_NOBODYS,   /* of nobody who is counted */
	COPYSCOPE_NIC_SEGMENTED, /* made by the device: frames beyond those handed to it, and their headers */
	COPYSCOPE_NIC_PADDING,   /* bytes that the driver added to frames that were too short */
	COPYSCOPE_NIC_SHARES,
};

struct copyscope_nic {
	__u64 sent_frames[COPYSCOPE_NIC_SHARES], sent_bytes[COPYSCOPE_NIC_SHARES];
	__u64 received_frames, received_bytes;
};
COPYSCOPE_ASSERT_SIZE(copyscope_nic, 16 * COPYSCOPE_NIC_SHARES + 16);

struct copyscope_nic_name {
	char text[16]; /* IFNAMSIZ */
};
COPYSCOPE_ASSERT_SIZE(copyscope_nic_name, 16);

/* What is remembered of a process besides its key; written once, and again when it execs and when it ends. */
struct copyscope_process_info {
	char comm[COPYSCOPE_COMM_LEN];
	__u32 uid; /* real uid in the initial user namespace */
	__u32 parent_tgid;
	__u64 cgroup_id;
	__u32 execs; /* since this was written first: what user space found out about it is out of date */
	__u32 ended; /* 1: its last thread is on the way out. User space removes what it leaves behind */
};
COPYSCOPE_ASSERT_SIZE(copyscope_process_info, 40);

/* Of a cgroup made while all is counted, below the root: "/system.slice/nginx.service". Longer ones are cut. */
struct copyscope_cgroup_path {
	char text[256];
};
COPYSCOPE_ASSERT_SIZE(copyscope_cgroup_path, 256);

/* Indices of the per-CPU array `losses`: every failure inside BPF ends in one of them. */
enum copyscope_loss {
	COPYSCOPE_LOSS_LEDGER = 0,  /* task storage refused: an operation was not seen */
	COPYSCOPE_LOSS_ACCOUNT,     /* accounts map full: a posting was dropped */
	COPYSCOPE_LOSS_PROCESS,     /* processes map full: a process stays without a name */
	COPYSCOPE_LOSS_UNCLOSED,    /* an operation began inside another: the earlier exit was missed */
	COPYSCOPE_LOSS_VMA,         /* bpf_find_vma failed: the kind of user memory is unknown */
	COPYSCOPE_LOSS_BIO,         /* bios map full: disk DMA without an owner */
	COPYSCOPE_LOSS_INODE,       /* write-back without an owner, and the map of inodes has given some away */
	COPYSCOPE_LOSS_SOCKET,      /* socket storage refused: NIC DMA and late copies without an owner; nics map full */
	COPYSCOPE_LOSS_INHERIT,     /* a child of a profiled process could not be marked */
	COPYSCOPE_LOSS_BOUNCE,      /* bounces map full, or task storage refused: bounce copies without an owner */
	COPYSCOPE_LOSSES,
};

/* Whose operations are counted; .data of the BPF object, written last, after all programs are attached. */
enum copyscope_scope {
	COPYSCOPE_SCOPE_OFF = 0, /* nobody: half attached, or shutting down */
	COPYSCOPE_SCOPE_TREE,    /* processes marked through `ledgers`, and their children */
	COPYSCOPE_SCOPE_ALL,
};

#endif
