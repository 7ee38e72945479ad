/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Files that are read and written by a routine of their own which copies all that it returns, once, between the kernel and
 * the caller's memory, and is too small to be worth a hook: what servers read and write beside their data. Asked only about
 * bytes that nothing else has explained. Knows nothing of ledgers.
 */
#ifndef COPYSCOPE_OWN_ROUTINE_BPF_H
#define COPYSCOPE_OWN_ROUTINE_BPF_H

#include "descriptor.bpf.h"
#include "maps.bpf.h"

#define AF_NETLINK 16
/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define PROC_SUPER_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270
/* drivers/char/mem.c: devlist; the major number is 1. As dev_t inside the kernel. */
#define MEM_DEVICE(minor) ((1U << 20) | (minor))

/* /proc/PID/mem, which copies twice (fs/proc/base.c:mem_rw). */
static __always_inline bool is_process_memory(struct file *file)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	char start[4] = {};

	bpf_probe_read_kernel(start, sizeof(start), name);
	return start[0] == 'm' && start[1] == 'e' && start[2] == 'm' && !start[3];
}

/* Of a file without a device: by its file system. */
static __always_inline bool copies_by_itself(struct file *file, enum leg leg)
{
	switch (BPF_CORE_READ(file, f_inode, i_sb, s_magic)) {
	case ANON_INODE_FS_MAGIC: /* eventfd, timerfd, signalfd, inotify */
		return true;
	case PROC_SUPER_MAGIC: /* /proc/sys; a process's cmdline, environ, comm, oom_score_adj... */
		return !is_process_memory(file);
	case SYSFS_MAGIC: /* fs/kernfs/file.c:kernfs_fop_write_iter. What is read is read by seq_read_iter, or binary. */
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return leg == LEG_SINK;
	default:
		return false;
	}
}

/* drivers/char/random.c: random, urandom; kernel/printk/printk.c: kmsg */
static __always_inline bool is_copying_device(__u32 device)
{
	return device == MEM_DEVICE(8) || device == MEM_DEVICE(9) || device == MEM_DEVICE(11);
}

/* net/netlink/af_netlink.c:netlink_sendmsg. Receiving is seen as of any datagram. */
static __always_inline bool is_netlink(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_NETLINK;
}

/* Of the current system call's first argument. `kind`: of the endpoint that it was found to be when the call began. */
__weak __noinline int has_own_routine(__u32 kind, __u32 leg)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = fd_file(task, SYSCALL_ARG1((struct pt_regs *)bpf_task_pt_regs(task)));

	if (!file)
		return false;
	switch (kind) {
	case COPYSCOPE_END_FILE:
	case COPYSCOPE_END_OTHER:
		return copies_by_itself(file, leg);
	case COPYSCOPE_END_CHAR:
		return is_copying_device(BPF_CORE_READ(file, f_inode, i_rdev));
	case COPYSCOPE_END_UDP: /* net/ipv4/udp.c:udp_recvmsg; sending has a hook */
		return leg == LEG_SOURCE;
	case COPYSCOPE_END_SOCKET:
		return leg == LEG_SINK && is_netlink(file);
	default:
		return false;
	}
}

#endif
