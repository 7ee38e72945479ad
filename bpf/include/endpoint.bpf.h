/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What stands at either end of an operation: file, socket, pipe -> endpoint; memory is in memory.bpf.h. Fills keys, counts
 * nothing.
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

#endif
