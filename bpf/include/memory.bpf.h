/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * User memory at either end of an operation: which kind of mapping it is, and what was read over itself. Fills keys,
 * counts nothing.
 */
#ifndef COPYSCOPE_MEMORY_BPF_H
#define COPYSCOPE_MEMORY_BPF_H

#include "endpoint.bpf.h"

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
