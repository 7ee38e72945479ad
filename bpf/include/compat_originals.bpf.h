/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The bio that a stacked device was given, found through the one that it hands down: dm, dm-crypt, raid1 and raid10; and the
 * inode of what btrfs has compressed. Their types are those of modules, flavours here; a module that is loaded after the programs is not known to them. What
 * is found is an owner only if it is the address of a bio that has one.
 */
#ifndef COPYSCOPE_COMPAT_ORIGINALS_BPF_H
#define COPYSCOPE_COMPAT_ORIGINALS_BPF_H

#include "device_copies.bpf.h"

/*
 * Of what is a pointer if it is what we look for, and anything else if not. A processor that could use five levels of page
 * tables and uses four takes an address for valid which is none, and the kernel warns when it is read
 * (arch/x86/mm/maccess.c:copy_from_kernel_nofault_allowed, extable.c:ex_handler_uaccess). Those of kernels begin so.
 */
static __always_inline bool may_be_pointer(__u64 value)
{
	return value >> 56 == 0xff;
}

#define DM_TIO_MAGIC 28714 /* drivers/md/dm-core.h */

struct dm_io___dm {
	struct bio *orig_bio;
} __attribute__((preserve_access_index));

struct dm_target_io___dm {
	unsigned short magic;
	struct dm_io___dm *io;
	struct bio clone;
} __attribute__((preserve_access_index));

struct dm_crypt_io___dm {
	struct bio *base_bio;
} __attribute__((preserve_access_index));

struct r1bio___md {
	struct bio *master_bio;
} __attribute__((preserve_access_index));

struct r10bio___md {
	struct bio *master_bio;
} __attribute__((preserve_access_index));

struct md_io_acct___md { /* up to v6.5 */
	struct bio *orig_bio;
	struct bio bio_clone;
} __attribute__((preserve_access_index));

struct md_io_clone___v6_5 {
	struct bio *orig_bio;
	struct bio bio_clone;
} __attribute__((preserve_access_index));

struct btrfs_inode___btrfs {
	struct inode vfs_inode;
} __attribute__((preserve_access_index));

struct btrfs_bio___btrfs {
	void *private;
	struct bio bio;
} __attribute__((preserve_access_index));

struct btrfs_bio___v6_3 {
	struct btrfs_inode___btrfs *inode;
} __attribute__((preserve_access_index));

struct compressed_bio___v6_1 {
	struct inode *inode;
} __attribute__((preserve_access_index));

/*
 * The inode whose data a bio holds compressed, in pages that are nobody's; 0: none. What is read may be anything, if
 * it is no bio of btrfs: it only is an inode if one of that address has been written to.
 */
__weak __noinline __u64 encoded_inode(const __u64 *bio)
{
	struct btrfs_bio___btrfs *data;
	struct btrfs_bio___v6_3 *newer;
	struct compressed_bio___v6_1 *compressed;
	__u64 inode;

	if (!bio || !bpf_core_type_exists(struct btrfs_bio___btrfs))
		return 0;
	data = (void *)(*bio - bpf_core_field_offset(struct btrfs_bio___btrfs, bio));
	newer = (void *)data;
	if (bpf_core_field_exists(newer->inode)) {
		barrier_var(newer);
		inode = (__u64)BPF_CORE_READ(newer, inode);
		inode += bpf_core_field_offset(struct btrfs_inode___btrfs, vfs_inode);
	} else {
		barrier_var(data);
		compressed = BPF_CORE_READ(data, private);
		if (!may_be_pointer((__u64)compressed))
			return 0;
		inode = (__u64)BPF_CORE_READ(compressed, inode);
	}
	return bpf_map_lookup_elem(&writers, &inode) ? inode : 0;
}

/* Of a bio that is embedded in what dm (drivers/md/dm.c:alloc_tio) or md (md.c:md_account_bio) made it for. */
static __always_inline __u64 embedded_owner(__u64 bio)
{
	__u64 owner = known_owner(bio);

	if (owner || !may_be_pointer(bio))
		return owner;
	if (bpf_core_type_exists(struct dm_target_io___dm)) {
		struct dm_target_io___dm *target =
			(void *)(bio - bpf_core_field_offset(struct dm_target_io___dm, clone));

		if (BPF_CORE_READ(target, magic) == DM_TIO_MAGIC)
			return known_owner((__u64)BPF_CORE_READ(target, io, orig_bio));
	}
	if (bpf_core_type_exists(struct md_io_acct___md)) {
		struct md_io_acct___md *md =
			(void *)(bio - bpf_core_field_offset(struct md_io_acct___md, bio_clone));

		owner = known_owner((__u64)BPF_CORE_READ(md, orig_bio));
	}
	if (!owner && bpf_core_type_exists(struct md_io_clone___v6_5)) {
		struct md_io_clone___v6_5 *md =
			(void *)(bio - bpf_core_field_offset(struct md_io_clone___v6_5, bio_clone));

		owner = known_owner((__u64)BPF_CORE_READ(md, orig_bio));
	}
	return owner;
}

/* Asked of bios that kernel threads submit. 0: it is no part of another, or of nobody's. */
__weak __noinline __u64 original_owner(const __u64 *address)
{
	__u64 private, owner;

	if (!address)
		return 0;
	private = (__u64)BPF_CORE_READ((struct bio *)*address, bi_private);
	owner = embedded_owner(*address);
	if (owner || !may_be_pointer(private))
		return owner;
	owner = known_owner(private);
	if (!owner && bpf_core_type_exists(struct dm_crypt_io___dm))
		owner = embedded_owner((__u64)BPF_CORE_READ((struct dm_crypt_io___dm *)private, base_bio));
	if (!owner && bpf_core_type_exists(struct r1bio___md))
		owner = embedded_owner((__u64)BPF_CORE_READ((struct r1bio___md *)private, master_bio));
	if (!owner && bpf_core_type_exists(struct r10bio___md))
		owner = embedded_owner((__u64)BPF_CORE_READ((struct r10bio___md *)private, master_bio));
	return owner;
}

#endif
