// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Who pays for a bio: a read by who asked, write-back by who dirtied the pages, what a stacked device hands down by the payer
 * of what it was given. What is then moved is counted in completion.bpf.c.
 */
#include "block_ops.bpf.h"
#include "bystanders.bpf.h"
#include "memory.bpf.h"
#include "loop.bpf.h"
#include "compat_originals.bpf.h"

#define FS_REQUIRES_DEV 1 /* include/linux/fs.h */
#define BTRFS_SUPER_MAGIC 0x9123683e
#define BTRFS_BTREE_INODE 1

/* ---- who dirtied an inode ---- */

/* Has it a disk? Memory file systems have none, those of the network neither; the pages of a block device are its inode's. */
static __always_inline bool is_disk_inode(const struct inode *inode)
{
	return (inode->i_mode & S_IFMT) == S_IFBLK || (inode->i_sb->s_type->fs_flags & FS_REQUIRES_DEV);
}

/* Trees of a whole file system belong to none of those that change them. */
static __always_inline bool is_btrfs_tree(const struct inode *inode)
{
	return inode->i_sb->s_magic == BTRFS_SUPER_MAGIC && inode->i_ino == BTRFS_BTREE_INODE;
}

static __always_inline __u64 dirtier(struct inode *inode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ledger *ledger = open_ledger_of(task);
	bool is_device = (inode->i_mode & S_IFMT) == S_IFBLK;
	struct client *client = ledger ? NULL : active_client(task);

	if (client)
		return client->payer == NOBODYS ? 0 : client->payer;
	if (!ledger)
		return is_device ? bystander_account(COPYSCOPE_END_BLOCK, inode->i_rdev, true)
				 : bystander_account(COPYSCOPE_END_FILE, inode->i_sb->s_dev, true);
	if (is_device && ledger->key.sink.kind != COPYSCOPE_END_BLOCK)
		return 0; /* metadata of a file system on it: another's as much as its own */
	settle_source_memory(ledger, inode);
	return ledger_account(ledger);
}

/* mm/page-writeback.c:folio_account_dirtied: a clean page becomes dirty, by whatever way, in the task that does it. */
SEC("?tp_btf/writeback_dirty_folio")
int BPF_PROG(dirty_folio, struct folio *folio, struct address_space *mapping)
{
	struct inode *inode;

	if (scope == COPYSCOPE_SCOPE_OFF || !mapping)
		return 0;
	inode = mapping->host;
	if (inode && is_disk_inode(inode) && !is_btrfs_tree(inode))
		remember_writer((__u64)inode, dirtier(inode));
	return 0;
}

SEC("?fentry")
int BPF_PROG(forget_inode, struct inode *inode)
{
	forget_writer((__u64)inode);
	return 0;
}

/* ---- who pays for a bio ---- */

/* The inode whose page cache a bio reads or writes; 0 for direct I/O and for buffers that are no page cache. */
static __always_inline __u64 bio_inode(struct bio *bio)
{
	struct bio_vec *vectors = bio->bi_io_vec;
	struct address_space *mapping;
	struct page *page;

	if (!vectors)
		return 0;
	/* read and not loaded: the address is computed with, which is not done to a pointer the verifier knows */
	if (bpf_core_read(&page, sizeof(page), &vectors[bio->bi_iter.bi_idx].bv_page) || !page)
		return 0;
	page = head_page(page); /* only that one has the mapping */
	mapping = BPF_CORE_READ(page, mapping);
	if (!mapping || ((__u64)mapping & 3)) /* PAGE_MAPPING_FLAGS: anonymous or movable */
		return 0;
	return (__u64)BPF_CORE_READ(mapping, host);
}

static __always_inline __u64 bystander(struct bio *bio, bool write)
{
	return bystander_account(COPYSCOPE_END_BLOCK, bio->bi_bdev->bd_dev, write);
}

/* Journals and trees are written by threads of their own out of the device's pages, whoever dirtied these last. */
static __always_inline bool is_journal(const struct task_struct *task, __u64 inode)
{
	return (task->flags & PF_KTHREAD) && !(task->flags & PF_WQ_WORKER) &&
	       (BPF_CORE_READ((struct inode *)inode, i_mode) & S_IFMT) == S_IFBLK;
}

static __always_inline __u64 write_payer(struct bio *bio, struct task_struct *task)
{
	__u64 inode = bio_inode(bio), id = (__u64)bio, owner = 0;
	struct ledger *ledger;

	if (!inode && (task->flags & PF_KTHREAD))
		inode = encoded_inode(&id);
	if (inode && !is_journal(task, inode))
		owner = find_writer(inode);
	if (owner)
		return owner;
	/* Somebody's pages, or what is swapped out: who writes them back need not be who made them dirty. */
	if ((inode && (BPF_CORE_READ((struct inode *)inode, i_mode) & S_IFMT) != S_IFBLK) ||
	    (bio->bi_opf & (1U << bpf_core_enum_value(enum req_flag_bits, __REQ_SWAP))))
		return bystander(bio, true);
	ledger = open_ledger_of(task);
	return ledger ? ledger_account(ledger) : bystander(bio, true);
}

static __always_inline __u64 read_payer(struct bio *bio, struct task_struct *task)
{
	struct ledger *ledger = open_ledger_of(task);
	struct client *client = ledger ? NULL : active_client(task);

	if (client)
		return client->payer; /* NOBODYS alone is left out by submit_io */
	return ledger ? ledger_account(ledger) : bystander(bio, false);
}

/* Of a bio that a kernel thread submits: the payer of the one that it hands down. */
static __always_inline __u64 client_payer(struct bio *bio)
{
	__u64 id = (__u64)bio, owner = original_owner(&id);

	return owner ? owner : known_owner(loop_bio(first_page(id)));
}

static __always_inline __u64 payer(struct bio *bio, bool write)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 owner = task->flags & PF_KTHREAD ? client_payer(bio) : 0;

	if (owner)
		return owner;
	return write ? write_payer(bio, task) : read_payer(bio, task);
}

/* fs/read_write.c:vfs_iter_read, vfs_iter_write: segment by segment, of which the first of each bio says whose it is. */
static __always_inline int begin_work(const struct iov_iter *iter)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct client *client;
	__u64 bio, payer;

	if (!loop_seen || !(task->flags & PF_KTHREAD))
		return 0;
	client = bpf_task_storage_get(&clients, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!client)
		return 0;
	bio = loop_bio((__u64)BPF_CORE_READ(iter, bvec, bv_page));
	payer = known_owner(bio); /* 0: one that has ended, whose page is used again */
	if (payer)
		client->payer = payer;
	client->active = client->payer != 0;
	return 0;
}

static __always_inline int end_work(void)
{
	struct client *client = active_client(bpf_get_current_task_btf());

	if (client)
		client->active = 0;
	return 0;
}

SEC("?fentry")
int BPF_PROG(begin_loop_read, struct file *file, struct iov_iter *iter)
{
	return begin_work(iter);
}

SEC("?fexit")
int BPF_PROG(end_loop_read)
{
	return end_work();
}

SEC("?fentry")
int BPF_PROG(begin_loop_write, struct file *file, struct iov_iter *iter)
{
	return begin_work(iter);
}

SEC("?fexit")
int BPF_PROG(end_loop_write)
{
	return end_work();
}

/* A bio that is submitted for the first time; what is known of one at its address is of an earlier one, see end_io. */
SEC("?fentry")
int BPF_PROG(begin_io, struct bio *bio)
{
	__u64 id = (__u64)bio;

	if (bpf_map_lookup_elem(&bios, &id))
		bpf_map_delete_elem(&bios, &id);
	return 0;
}

/* The same, and those that a stacked device or a limit on I/O submits again, perhaps in a thread of its own. */
SEC("?fentry")
int BPF_PROG(submit_io, struct bio *bio)
{
	__u32 op = bio->bi_opf & REQ_OP_MASK;
	__u64 id = (__u64)bio, owner;

	bool is_loop = bio->bi_bdev->bd_disk->major == LOOP_MAJOR;

	if (scope == COPYSCOPE_SCOPE_OFF || !moves_data(op))
		return 0;
	if (is_loop)
		note_loop_bio(id);
	if (bpf_map_lookup_elem(&bios, &id))
		return 0;
	owner = payer(bio, op != OP_READ);
	if (is_loop && !owner)
		owner = NOBODYS; /* so that its worker knows it */
	else if (!is_loop && owner == NOBODYS)
		owner = 0;
	if (owner && bpf_map_update_elem(&bios, &id, &owner, BPF_ANY))
		lose(COPYSCOPE_LOSS_BIO);
	return 0;
}

/*
 * A bio that others were split from (bio_chain) is ended once for each of them and once for itself, and is done with
 * the last; until then they find their owner through it. If the last two end at the same time, the entry stays until
 * the address is used again.
 */
SEC("?fentry")
int BPF_PROG(end_io, struct bio *bio)
{
	__u64 id = (__u64)bio;

	if (bio->__bi_remaining.counter <= 1)
		bpf_map_delete_elem(&bios, &id);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
