/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What stands at either end of an operation: file, socket, pipe, memory -> endpoint. Fills keys, counts nothing.
 */
#ifndef COPYSCOPE_ENDPOINT_BPF_H
#define COPYSCOPE_ENDPOINT_BPF_H

#include "descriptor.bpf.h"
#include "hardware.bpf.h"
#include "writers.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define NETIF_F_SG 0x1   /* include/linux/netdev_features.h: bit NETIF_F_SG_BIT = 0 */

static __always_inline __u16 socket_kind(__u16 family, __u16 protocol)
{
	if (family == AF_UNIX)
		return COPYSCOPE_END_UNIX;
	if (family != AF_INET && family != AF_INET6)
		return COPYSCOPE_END_SOCKET;
	if (protocol == IPPROTO_TCP)
		return COPYSCOPE_END_TCP;
	return protocol == IPPROTO_UDP ? COPYSCOPE_END_UDP : COPYSCOPE_END_SOCKET;
}

/*
 * The device that the socket's route leads to, or the hardware beneath it. The devices' own features tell about
 * scatter-gather: the socket's always claim it (net/core/sock.c:sk_setup_caps). `hardware`: `dev` itself has it.
 */
static __always_inline void route_endpoint(struct copyscope_endpoint *end, struct net_device *dev, __u32 ifindex,
					   __u32 flags, __u64 features, bool hardware)
{
	struct net_device *below;

	end->device = ifindex;
	if (flags & IFF_LOOPBACK) {
		end->flags |= COPYSCOPE_END_LOOPBACK;
		return;
	}
	if (!hardware) {
		below = (struct net_device *)hardware_below((__u64)dev);
		if (!below) {
			end->flags |= COPYSCOPE_END_VIRTUAL;
			return;
		}
		end->device = BPF_CORE_READ(below, ifindex);
		features &= BPF_CORE_READ(below, features);
	}
	if (!(features & NETIF_F_SG))
		end->flags |= COPYSCOPE_END_NO_SG;
}

#define ULP_TLS 0x736c74	     /* net/tls/tls_main.c:tcp_tls_ulp_ops.name, "tls" */
#define SK_USER_DATA_PSOCK 4 /* include/net/sock.h */

/* Whose sendmsg is not TCP's. What stands below another layer, a subflow of MPTCP, is TCP's own. */
static __always_inline __u16 layers(const struct sock *sk, const struct tcp_ulp_ops *above)
{
	__u64 user_data = (__u64)BPF_CORE_READ(sk, sk_user_data); /* a plain load is a pointer, and has no bits (v7.2) */
	__u16 flags = user_data & SK_USER_DATA_PSOCK ? COPYSCOPE_END_SOCKMAP : 0;
	__u32 name = 0;

	if (above && !bpf_probe_read_kernel(&name, sizeof(name), above->name) && name == ULP_TLS)
		flags |= COPYSCOPE_END_TLS;
	return flags;
}

/* For hooks that are handed a socket: plain loads and, for TCP, two helpers. */
static __always_inline struct copyscope_endpoint sock_endpoint(struct sock *sk)
{
	struct copyscope_endpoint end = {};
	struct dst_entry *dst = sk->sk_dst_cache;
	struct net_device *dev;
	struct tcp_sock *tcp;

	end.kind = socket_kind(sk->__sk_common.skc_family, sk->sk_protocol);
	if (end.kind == COPYSCOPE_END_TCP) {
		tcp = bpf_skc_to_tcp_sock(sk);
		if (tcp)
			end.flags = layers(sk, tcp->inet_conn.icsk_ulp_ops);
	}
	if (end.kind == COPYSCOPE_END_UNIX || !dst)
		return end;
	dev = dst->dev;
	if (dev)
		route_endpoint(&end, dev, dev->ifindex, dev->flags, dev->features, has_hardware(dev));
	return end;
}

/* The device number of /dev/copyscope; 0: it is not there. Set before loading. */
const volatile __u32 dma_buffer_device __weak SEC(".rodata") = 0;

static __always_inline void device_endpoint(struct copyscope_endpoint *end, __u32 device)
{
	end->device = device;
	if (end->kind == COPYSCOPE_END_CHAR && dma_buffer_device && device == dma_buffer_device)
		end->kind = COPYSCOPE_END_DMA;
}

static __always_inline bool on_disk(__u16 kind)
{
	return kind == COPYSCOPE_END_FILE || kind == COPYSCOPE_END_BLOCK;
}

/* What the type of an inode tells. Sockets are looked at elsewhere. */
static __always_inline __u16 mode_kind(__u16 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return COPYSCOPE_END_FILE;
	case S_IFBLK:
		return COPYSCOPE_END_BLOCK;
	case S_IFCHR:
		return COPYSCOPE_END_CHAR;
	case S_IFIFO:
		return COPYSCOPE_END_PIPE;
	default:
		return COPYSCOPE_END_OTHER;
	}
}

/* For hooks that are handed a file: plain loads and, for a socket, one helper. */
static __always_inline void file_endpoint(struct file *file, struct copyscope_endpoint *end)
{
	struct inode *inode = file->f_inode;
	__u16 mode = inode->i_mode;

	*end = (struct copyscope_endpoint){};
	if ((mode & S_IFMT) == S_IFSOCK) {
		struct socket *socket = bpf_sock_from_file(file);

		if (socket && socket->sk)
			*end = sock_endpoint(socket->sk);
		return;
	}
	end->kind = mode_kind(mode);
	if (end->kind == COPYSCOPE_END_FILE)
		end->device = inode->i_sb->s_dev;
	else if (end->kind == COPYSCOPE_END_BLOCK || end->kind == COPYSCOPE_END_CHAR)
		device_endpoint(end, inode->i_rdev);
	if (on_disk(end->kind) && (file->f_flags & O_DIRECT))
		end->flags = COPYSCOPE_END_DIRECT;
}

/* The same through pointers that were read from memory and must be followed with care. */
static __noinline int inspect_socket(struct file *file, struct copyscope_endpoint *end)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct inet_connection_sock *connection = (struct inet_connection_sock *)sk;
	struct net_device *dev;

	if (!end)
		return 0;
	end->kind = socket_kind(BPF_CORE_READ(sk, __sk_common.skc_family), BPF_CORE_READ(sk, sk_protocol));
	if (end->kind == COPYSCOPE_END_UNIX)
		return 0;
	if (end->kind == COPYSCOPE_END_TCP)
		end->flags = layers(sk, BPF_CORE_READ(connection, icsk_ulp_ops));
	dev = BPF_CORE_READ(sk, sk_dst_cache, dev);
	if (dev)
		route_endpoint(end, dev, BPF_CORE_READ(dev, ifindex), BPF_CORE_READ(dev, flags),
			       BPF_CORE_READ(dev, features), BPF_CORE_READ(dev, dev.parent) != NULL);
	return 0;
}

__weak __noinline int inspect_file(__u64 address, struct copyscope_endpoint *end)
{
	struct file *file = (struct file *)address;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	__u16 mode = BPF_CORE_READ(inode, i_mode);

	if (!end)
		return 0;
	if ((mode & S_IFMT) == S_IFSOCK)
		return inspect_socket(file, end);
	end->kind = mode_kind(mode);
	if (end->kind == COPYSCOPE_END_FILE)
		end->device = BPF_CORE_READ(inode, i_sb, s_dev);
	else if (end->kind == COPYSCOPE_END_BLOCK || end->kind == COPYSCOPE_END_CHAR)
		device_endpoint(end, BPF_CORE_READ(inode, i_rdev));
	if (on_disk(end->kind) && (BPF_CORE_READ(file, f_flags) & O_DIRECT))
		end->flags = COPYSCOPE_END_DIRECT;
	return 0;
}

/* The endpoint behind a file descriptor of the current thread. A closed descriptor is END_NONE. */
static __always_inline void fd_endpoint(const struct task_struct *task, __u32 fd, struct copyscope_endpoint *end)
{
	struct copyscope_endpoint found = {};
	struct file *file = fd_file(task, fd);

	if (file)
		inspect_file((__u64)file, &found);
	*end = found;
}

struct vma_answer {
	__u64 start, end;
	__u16 kind, flags;
	__u32 sink; /* 1: asked for memory that will be written to */
};

/* A mapping of /dev/copyscope. That of a dma-buf exported from it is a file's of its own. */
static __always_inline bool maps_dma_buffer(const struct vm_area_struct *vma)
{
	return dma_buffer_device && vma->vm_file && vma->vm_file->f_inode->i_rdev == dma_buffer_device;
}

/* The module inserts a coherent buffer as bare page frames, and any other one page by page. */
static __always_inline __u16 dma_buffer_flags(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_PFNMAP ? COPYSCOPE_END_COHERENT : 0;
}

/* Anonymous memory has no operations; a private mapping of /dev/zero is that, and keeps its file (drivers/char/mem.c). */
static __always_inline bool maps_file(const struct vm_area_struct *vma)
{
	return vma->vm_file && vma->vm_ops;
}

/* Where glibc's shm_open() makes its files, in any mount namespace: a tmpfs mounted at .../shm. */
static __always_inline bool is_posix_shared(struct file *file)
{
	struct mount *mount = (void *)file->f_path.mnt - bpf_core_field_offset(struct mount, mnt);
	const unsigned char *name = BPF_CORE_READ(mount, mnt_mountpoint, d_name.name);
	char start[4] = {};

	bpf_probe_read_kernel(start, sizeof(start), name);
	return start[0] == 's' && start[1] == 'h' && start[2] == 'm' && !start[3];
}

/*
 * Memory that is shared but no file's, though every shared mapping has one: MAP_SHARED | MAP_ANONYMOUS, /dev/zero, memfd
 * and System V segments lie in a tmpfs that is mounted nowhere (mm/shmem.c:shm_mnt).
 */
static __always_inline bool is_shared_memory(const struct vm_area_struct *vma)
{
	struct super_block *super = vma->vm_file->f_inode->i_sb;

	if (super->s_magic != TMPFS_MAGIC)
		return false;
	return (super->s_flags & SB_KERNMOUNT) || is_posix_shared(vma->vm_file);
}

/* Memory of hugetlbfs, which is no file to anybody but mmap. */
static __always_inline __u16 huge_kind(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_MAYSHARE ? COPYSCOPE_END_MEMORY_SHARED : COPYSCOPE_END_MEMORY_ANON;
}

/*
 * A mapping with a file behind it. Pages of a private one are the file's until they are written to, and then the process's
 * own: which of both a page is only the page tables know. The mapping has an anon_vma as soon as any of its pages is its
 * own (mm/memory.c:anon_vma_prepare) and gets one when it is copied into; so that decides for all of it.
 */
static __always_inline void classify_file_vma(const struct vm_area_struct *vma, struct vma_answer *answer)
{
	bool shared = vma->vm_flags & VM_MAYSHARE;

	if (vma->vm_flags & VM_HUGETLB) {
		answer->kind = huge_kind(vma);
		answer->flags = COPYSCOPE_END_HUGE;
		return;
	}
	if (!shared && !answer->sink)
		answer->end = 0; /* nothing to be remembered for a sink */
	answer->kind = COPYSCOPE_END_MEMORY_FILE;
	if (!shared && vma->vm_file->f_inode == vma->vm_mm->exe_file->f_inode)
		answer->kind = COPYSCOPE_END_MEMORY_STATIC;
	else if (!shared && (answer->sink || vma->anon_vma))
		answer->kind = COPYSCOPE_END_MEMORY_PRIVATE;
	else if (is_shared_memory(vma))
		answer->kind = COPYSCOPE_END_MEMORY_SHARED;
}

static long classify_vma(struct task_struct *task, struct vm_area_struct *vma, struct vma_answer *answer)
{
	answer->start = vma->vm_start;
	answer->end = vma->vm_end;
	if (maps_dma_buffer(vma)) {
		answer->kind = COPYSCOPE_END_MEMORY_DMA;
		answer->flags = dma_buffer_flags(vma);
		return 0;
	}
	if (vma->vm_flags & (VM_PFNMAP | VM_IO | VM_MIXEDMAP))
		answer->kind = COPYSCOPE_END_MEMORY_DEVICE;
	else if (!maps_file(vma))
		answer->kind = COPYSCOPE_END_MEMORY_ANON;
	else
		classify_file_vma(vma, answer);
	return 0;
}

/* Returns an error if it could not be looked up: another thread maps memory at this moment (mmap_lock is taken). */
__weak __noinline int look_up_memory(struct ledger *ledger, __u64 address, __u32 sink)
{
	struct vma_answer answer = {.kind = COPYSCOPE_END_MEMORY, .sink = sink};
	long err;

	if (!ledger)
		return 0;
	err = bpf_find_vma(bpf_get_current_task_btf(), address, classify_vma, &answer, 0);
	ledger->memory_start = answer.start;
	ledger->memory_end = answer.end;
	ledger->memory_kind = answer.kind;
	ledger->memory_flags = answer.flags;
	return err == -ENOENT ? 0 : err; /* nothing is mapped there: the operation will fail by itself */
}

/* At the end of an operation, for what could not be answered at its beginning. */
__weak __noinline int look_up_memory_again(struct ledger *ledger, __u32 sink)
{
	if (!ledger || !look_up_memory(ledger, ledger->memory_address, sink))
		return 0;
	lose(COPYSCOPE_LOSS_VMA);
	ledger->lost++;
	ledger->dirty |= DIRTY_OTHER;
	return 0;
}

static __always_inline struct copyscope_endpoint memory_endpoint(const struct ledger *ledger)
{
	return (struct copyscope_endpoint){.kind = ledger->memory_kind, .flags = ledger->memory_flags};
}

/*
 * What memory an operation reads from, looked up every time: it decides between strategies (mmap + write, read + write),
 * and mappings can be exchanged without a trace in the thread that uses them.
 */
static __always_inline void source_memory(struct ledger *ledger, __u64 address)
{
	look_up_memory(ledger, address, 0);
	ledger->memory_address = address;
	ledger->read_over = 0;
	ledger->key.source = memory_endpoint(ledger);
}

/*
 * The account of the open operation is about to be remembered by `inode`: what could not be looked up at its beginning is
 * tried once more, and if that fails the inode waits for the end, so that what is late finds the same row.
 */
static __always_inline void settle_source_memory(struct ledger *ledger, const struct inode *inode)
{
	if (ledger->key.source.kind != COPYSCOPE_END_MEMORY)
		return;
	if (look_up_memory(ledger, ledger->memory_address, 0))
		ledger->dirtied = (__u64)inode;
	else
		ledger->key.source = memory_endpoint(ledger);
}

static __always_inline void recheck_source_memory(struct ledger *ledger)
{
	if (ledger->key.source.kind != COPYSCOPE_END_MEMORY)
		return;
	look_up_memory_again(ledger, 0);
	ledger->key.source = memory_endpoint(ledger);
	if (ledger->dirtied)
		remember_writer(ledger->dirtied, ledger_account(ledger));
	ledger->dirtied = 0;
}

/* After so many uses a remembered mapping is looked up again: another thread may have changed it unseen. */
#define MEMORY_USES 64

/*
 * What memory an operation writes to. The last mapping looked up is remembered until the thread takes a fault or the
 * process maps more or less: that saves a quarter of what a small read costs, and is wrong only for memory that was
 * exchanged, already faulted in, for as much of another kind.
 */
static __always_inline void sink_memory(struct ledger *ledger, const struct task_struct *task, __u64 address)
{
	__u64 total = task->mm->total_vm;

	if (address < ledger->memory_start || address >= ledger->memory_end || total != ledger->memory_total ||
	    ++ledger->memory_uses > MEMORY_USES) {
		look_up_memory(ledger, address, 1);
		ledger->memory_total = total;
		ledger->memory_uses = 0;
	}
	if (address != ledger->memory_address)
		ledger->read_over = 0;
	ledger->memory_address = address;
	ledger->key.sink = memory_endpoint(ledger);
}

/* At the end of an operation: a remembered answer is asked for again if the operation took a fault (faults.bpf.c). */
static __always_inline void recheck_sink_memory(struct ledger *ledger)
{
	if (ledger->memory_end || !ledger->memory_address)
		return;
	look_up_memory_again(ledger, 1);
	ledger->key.sink = memory_endpoint(ledger);
}

/*
 * So much read into one buffer without a write of the thread's: more than programs gather in a second buffer before they
 * write it (dd obs=, stdio, the 64 KiB of a full pipe), less than would be worth a row if it were wrong.
 */
#define OVERWRITTEN_AT (1L << 20)

/*
 * At the end of an operation that reads. What a program reads into the same place again and again it has used up itself
 * (a checksum, a search): those bytes it cannot write any more, however much it writes later. Told in steps, so that a
 * read costs an addition; an error takes a few bytes from the sum, and that is cheaper than asking.
 */
static __always_inline void note_overwriting(struct ledger *ledger, long moved)
{
	__s64 read_over = ledger->read_over + moved;

	if (read_over >= OVERWRITTEN_AT) {
		ledger->overwritten = read_over;
		ledger->dirty |= DIRTY_OTHER;
		read_over = 0;
	}
	ledger->read_over = read_over;
}

#endif
