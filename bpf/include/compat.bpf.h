/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The only place that knows how kernels differ. One accessor per difference, the kernel version that changed it above;
 * callers read as if there were one kernel. vmlinux.h is the floor's (6.1); what is newer is declared here as a flavour.
 */
#ifndef COPYSCOPE_COMPAT_BPF_H
#define COPYSCOPE_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* What memory an iov_iter walks. */
enum iter_class {
	ITER_CLASS_USER,   /* user memory: a copy is to_user or from_user */
	ITER_CLASS_KERNEL, /* kernel pages or buffers: a copy is kernel to kernel */
	ITER_CLASS_PIPE,   /* pages are linked into a pipe: a reference */
};

/*
 * v6.5: ITER_PIPE is gone (3fc40265ae2b), splice reads through filemap_splice_read instead.
 * v6.0..v6.6: user_backed is a member (fcb14cb1bdac), later it is derived from the type; ITER_UBUF became 0 in v6.7.
 */
static __always_inline enum iter_class iter_type_class(__u8 type)
{
	if (bpf_core_enum_value_exists(enum iter_type, ITER_PIPE) &&
	    type == bpf_core_enum_value(enum iter_type, ITER_PIPE))
		return ITER_CLASS_PIPE;
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF) ||
	    type == bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		return ITER_CLASS_USER;
	return ITER_CLASS_KERNEL;
}

static __always_inline enum iter_class iter_class(const struct iov_iter *iter)
{
	return iter_type_class(iter->iter_type);
}

/*
 * v6.8 (21d2e6737c97): skb_frag_t is a struct of its own with a member len; before it was a bio_vec. 16 bytes both.
 */
struct skb_frag___v6_8 {
	unsigned int len;
} __attribute__((preserve_access_index));

static __always_inline __u32 fragment_bytes(const struct skb_shared_info *shared, __u32 index)
{
	const struct bio_vec *fragment = (const void *)&shared->frags + index * sizeof(struct bio_vec);
	const struct skb_frag___v6_8 *newer = (const void *)fragment;

	if (bpf_core_field_exists(newer->len)) {
		barrier_var(newer); /* the address must not be computed where the field does not exist */
		return BPF_CORE_READ(newer, len);
	}
	return BPF_CORE_READ(fragment, bv_len);
}

/*
 * v6.18: the flags of pages and folios became a struct with one member.
 */
struct folio___v6_18 {
	struct {
		unsigned long f;
	} flags;
} __attribute__((preserve_access_index));

static __always_inline __u64 folio_flags(struct folio *folio)
{
	struct folio___v6_18 *newer = (void *)folio;

	if (bpf_core_field_exists(newer->flags.f)) {
		barrier_var(newer);
		return BPF_CORE_READ(newer, flags.f);
	}
	return BPF_CORE_READ(folio, flags);
}

/*
 * The number of pages of a folio. Only a large one (its first page has the flag PG_head) keeps a count: _folio_nr_pages
 * since v5.19, _nr_pages since v6.15.
 */
struct folio___v5_19 {
	unsigned int _folio_nr_pages;
} __attribute__((preserve_access_index));

struct folio___v6_15 {
	unsigned int _nr_pages;
} __attribute__((preserve_access_index));

static __always_inline __u32 folio_pages(struct folio *folio)
{
	struct folio___v5_19 *older = (void *)folio;
	struct folio___v6_15 *newer = (void *)folio;

	if (!(folio_flags(folio) & (1UL << bpf_core_enum_value(enum pageflags, PG_head))))
		return 1;
	if (bpf_core_field_exists(older->_folio_nr_pages)) {
		barrier_var(older);
		return BPF_CORE_READ(older, _folio_nr_pages);
	}
	if (bpf_core_field_exists(newer->_nr_pages)) {
		barrier_var(newer);
		return BPF_CORE_READ(newer, _nr_pages);
	}
	return 1;
}

/*
 * The head page of the folio a page belongs to (include/linux/page-flags.h:compound_head). Bit 0 marks a tail page.
 * v7.0: compound_head became compound_info, which holds the head's address or a mask that leads to it. A mask is
 * larger than the address of any page.
 */
struct page___v7_0 {
	unsigned long compound_info;
} __attribute__((preserve_access_index));

static __always_inline struct page *head_page(struct page *page)
{
	struct page___v7_0 *newer = (void *)page;
	__u64 info, address = (__u64)page;

	if (bpf_core_field_exists(newer->compound_info)) {
		barrier_var(newer);
		info = BPF_CORE_READ(newer, compound_info);
	} else {
		barrier_var(page);
		info = BPF_CORE_READ(page, compound_head);
	}
	if (!(info & 1))
		return page;
	info--;
	return (struct page *)(info > address ? address & info : info);
}

/*
 * System call arguments. Syscall wrappers take one struct pt_regs * on x86-64 and arm64; which register holds which
 * argument is bpf_tracing.h's knowledge.
 */
#if defined(__TARGET_ARCH_x86)
/* arch/x86/entry/syscalls/syscall_64.tbl; a 32-bit program's call carries a number of another table */
#define SYSCALL_READ 0
#define SYSCALL_WRITE 1
#define SYSCALL_PREAD64 17
#define SYSCALL_PWRITE64 18
#define SYSCALL_READV 19
#define SYSCALL_WRITEV 20
#define SYSCALL_PREADV 295
#define SYSCALL_PWRITEV 296
#define SYSCALL_PREADV2 327
#define SYSCALL_PWRITEV2 328
#define SYSCALL_NUMBER(regs) ((regs)->orig_ax)
#define O_DIRECT 00040000 /* include/uapi/asm-generic/fcntl.h */
#define PAGE_BYTES 4096
#else
#error "this architecture is not known here"
#endif

/* The number of the system call the current thread, `task`, is in. */
static __always_inline __u64 syscall_number(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	return SYSCALL_NUMBER(regs);
}

#define SYSCALL_ARG1(regs) ((__u64)PT_REGS_PARM1_SYSCALL(regs))
#define SYSCALL_ARG2(regs) ((__u64)PT_REGS_PARM2_SYSCALL(regs))
#define SYSCALL_ARG3(regs) ((__u64)PT_REGS_PARM3_SYSCALL(regs))
#define SYSCALL_ARG4(regs) ((__u64)PT_REGS_PARM4_SYSCALL(regs))
#define SYSCALL_ARG5(regs) ((__u64)PT_REGS_PARM5_SYSCALL(regs))

/*
 * Interrupt level (include/linux/preempt.h). The count is a per-CPU variable of its own but for v6.2..v6.14, where it is a
 * member of pcpu_hot.
 */
struct pcpu_hot___v6_2 {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___v6_2 pcpu_hot __ksym __weak;

/* Who is at work on this CPU. Each comes between those above it, and is never interrupted by its like. */
enum interrupt_level {
	LEVEL_TASK,
	LEVEL_SOFTIRQ,
	LEVEL_HARDIRQ, /* or NMI */
	LEVELS,	       /* unknown */
};

/* include/linux/preempt.h. SOFTIRQ_OFFSET: serving one, not merely holding them off. */
#define SERVING_SOFTIRQ 0x00000100
#define HARDIRQ_OR_NMI 0x00ff0000

static __always_inline enum interrupt_level interrupt_level(void)
{
	int count;

	if (&__preempt_count)
		count = *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	else if (&pcpu_hot)
		count = ((const struct pcpu_hot___v6_2 *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	else
		return LEVELS;
	return count & HARDIRQ_OR_NMI ? LEVEL_HARDIRQ : count & SERVING_SOFTIRQ ? LEVEL_SOFTIRQ : LEVEL_TASK;
}

/* The current task is at work itself: no interrupt has come between. Unknown is no. */
static __always_inline bool in_task(void)
{
	return interrupt_level() == LEVEL_TASK;
}

/* A command of libata, which may be a module: its types are in no vmlinux.h. */
struct ata_queued_cmd___libata {
	struct scsi_cmnd *scsicmd;
	unsigned int curbytes;
} __attribute__((preserve_access_index));

/* The block request that a command works on; 0: one of libata's own. (block/blk-mq: the driver's part follows it.) */
static __always_inline __u64 ata_request(const void *command)
{
	const struct ata_queued_cmd___libata *ata = command;
	__u64 scsi = (__u64)BPF_CORE_READ(ata, scsicmd);

	return scsi ? scsi - bpf_core_type_size(struct request) : 0;
}

/* How much of its data was moved by PIO so far. */
static __always_inline __u32 ata_bytes_done(const void *command)
{
	const struct ata_queued_cmd___libata *ata = command;

	return BPF_CORE_READ(ata, curbytes);
}

/* include/linux/mm_types.h: VM_FAULT_ERROR, a macro there */
#define VM_FAULT_ERROR_MASK                                                                                            \
	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE |              \
	 VM_FAULT_FALLBACK)
/* include/linux/mm.h */
#define VM_MAYSHARE 0x00000080 /* MAP_SHARED; VM_SHARED is taken away from one that may not be written */
#define VM_PFNMAP 0x00000400
#define VM_IO 0x00004000
#define VM_HUGETLB 0x00400000
#define VM_MIXEDMAP 0x10000000
/* include/linux/fs.h */
#define SB_KERNMOUNT (1UL << 22)
/* include/uapi/linux/magic.h */
#define TMPFS_MAGIC 0x01021994
/* include/linux/sched.h */
#define PF_EXITING 0x00000004

/* include/uapi/asm-generic/errno-base.h */
#define ENOENT 2
#define EBADF 9
#define EEXIST 17
#define EINVAL 22
#define ESPIPE 29

/* include/uapi/linux/stat.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

#endif
