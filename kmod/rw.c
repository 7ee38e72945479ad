// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer as a file: read() and write() copy, splice() hands out references to its pages. All of it as the CPU.
 */
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "buffer.h"

loff_t copyscope_seek(struct file *file, loff_t offset, int whence)
{
	const struct copyscope_buffer *buffer = copyscope_buffer_of(file);

	return buffer ? fixed_size_llseek(file, offset, whence, buffer->length) : -ENODATA;
}

/* What of `count` bytes at `offset` lies in the buffer; the CPU then uses that much, if it is any. */
static ssize_t copyscope_begin(struct copyscope_buffer *buffer, loff_t offset, size_t count)
{
	int error;

	if (!buffer)
		return -ENODATA;
	if (offset < 0)
		return -EINVAL;
	if (offset >= buffer->length || !count)
		return 0;
	count = min_t(u64, count, buffer->length - offset);
	error = copyscope_use(buffer, offset, count, COPYSCOPE_DMA_FOR_CPU);
	return error ? error : count;
}

ssize_t copyscope_read_iter(struct kiocb *request, struct iov_iter *to)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(request->ki_filp);
	ssize_t count = copyscope_begin(buffer, request->ki_pos, iov_iter_count(to));
	size_t copied;

	if (count <= 0)
		return count;
	copied = copy_to_iter(buffer->address + request->ki_pos, count, to);
	copyscope_unuse(buffer);
	request->ki_pos += copied;
	atomic64_add(copied, &buffer->counts.read_bytes);
	return copied ? copied : -EFAULT;
}

ssize_t copyscope_write_iter(struct kiocb *request, struct iov_iter *from)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(request->ki_filp);
	ssize_t count;
	size_t copied;

	if (buffer && buffer->read_only)
		return -EACCES;
	count = copyscope_begin(buffer, request->ki_pos, iov_iter_count(from));
	if (!count && iov_iter_count(from))
		return -ENOSPC;
	if (count <= 0)
		return count;
	copied = copy_from_iter(buffer->address + request->ki_pos, count, from);
	copyscope_unuse(buffer);
	request->ki_pos += copied;
	atomic64_add(copied, &buffer->counts.written_bytes);
	return copied ? copied : -EFAULT;
}

static void copyscope_release_page(struct splice_pipe_desc *pages, unsigned int i)
{
	put_page(pages->pages[i]);
}

/* No more than a pipe's usual room at once: callers ask again. The pages outlive the buffer if they must. */
ssize_t copyscope_splice_read(struct file *file, loff_t *offset, struct pipe_inode_info *pipe, size_t length,
			      unsigned int flags)
{
	struct copyscope_buffer *buffer = copyscope_buffer_of(file);
	struct partial_page partial[PIPE_DEF_BUFFERS];
	struct page *pages[PIPE_DEF_BUFFERS];
	struct splice_pipe_desc pieces = {
		.pages = pages,
		.partial = partial,
		.nr_pages_max = PIPE_DEF_BUFFERS,
		.ops = &nosteal_pipe_buf_ops,
		.spd_release = copyscope_release_page,
	};
	ssize_t left, moved;
	loff_t at = *offset;

	if (buffer && !buffer->pages)
		return -EINVAL;
	left = copyscope_begin(buffer, at, length);
	if (left <= 0)
		return left;
	while (left > 0 && pieces.nr_pages < PIPE_DEF_BUFFERS) {
		struct partial_page *piece = &partial[pieces.nr_pages];
		struct page *page = buffer->pages[at >> PAGE_SHIFT];

		*piece = (struct partial_page){ .offset = offset_in_page(at) };
		piece->len = min_t(size_t, left, PAGE_SIZE - piece->offset);
		get_page(page);
		pages[pieces.nr_pages++] = page;
		at += piece->len;
		left -= piece->len;
	}
	moved = splice_to_pipe(pipe, &pieces);
	copyscope_unuse(buffer);
	if (moved > 0) {
		*offset += moved;
		atomic64_add(moved, &buffer->counts.spliced_bytes);
	}
	return moved;
}
