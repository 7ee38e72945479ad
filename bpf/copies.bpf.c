// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Copies and references inside an operation, *derived* from the traceable callers that own the iov_iter: lib/ itself is
 * built without ftrace. Every function here is the one whose return value says what was copied, and none calls another
 * of them for the same bytes. Which of them exist is decided by user/probe/plan.
 *
 * Return values are fetched with bpf_get_func_ret(), because some of these functions gained arguments over time.
 */
#include "ledger.bpf.h"

static __always_inline __s64 function_result(void *ctx)
{
	__u64 result = 0;

	bpf_get_func_ret(ctx, &result);
	return result;
}

/* Of a function that returns an int: the upper half of the register is anything. */
static __always_inline int int_result(void *ctx)
{
	return (int)function_result(ctx);
}

/* The function returned how many bytes it copied between the iov_iter and the kernel, or an error. */
static __always_inline int copied(void *ctx, const struct iov_iter *iter, enum leg leg)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes = function_result(ctx);

	if (ledger && bytes > 0)
		ledger_iter(ledger, iter, leg, bytes);
	return 0;
}

/* The function copied all of `bytes` and returned 0, or an error and is taken to have copied nothing. */
static __always_inline int copied_all(void *ctx, const struct iov_iter *iter, enum leg leg, int bytes)
{
	struct ledger *ledger = open_ledger();

	if (ledger && !int_result(ctx) && bytes > 0)
		ledger_iter(ledger, iter, leg, bytes);
	return 0;
}

/* ---- files ---- */

/* mm/filemap.c: returns already_read plus what it copied (ITER_PIPE, up to 6.4: what it linked into the pipe). */
SEC("?fexit")
int BPF_PROG(read_page_cache, struct kiocb *iocb, struct iov_iter *iter, long already_read, long result)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes = result - already_read;

	if (ledger && bytes > 0)
		ledger_iter(ledger, iter, LEG_SOURCE, bytes);
	return 0;
}

/* mm/shmem.c:shmem_file_read_iter */
SEC("?fexit")
int BPF_PROG(read_tmpfs, struct kiocb *iocb, struct iov_iter *iter)
{
	return copied(ctx, iter, LEG_SOURCE);
}

/*
 * fs/seq_file.c: /proc and most of /sys. Into a pipe it copies as well: copy_to_iter() of an ITER_PIPE is no reference.
 */
SEC("?fexit")
int BPF_PROG(read_sequence, struct kiocb *iocb, struct iov_iter *iter)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes = function_result(ctx);

	if (!ledger || bytes <= 0)
		return 0;
	if (iter_class(iter) == ITER_CLASS_USER)
		ledger_copy(ledger, CLASS_TO_USER, LEG_SOURCE, bytes);
	else
		ledger_copy(ledger, CLASS_KERNEL, LEG_SOURCE, bytes);
	return 0;
}

/* fs/pipe.c:pipe_read, 7.x: anon_pipe_read */
SEC("?fexit")
int BPF_PROG(read_pipe, struct kiocb *iocb, struct iov_iter *iter)
{
	return copied(ctx, iter, LEG_SOURCE);
}

SEC("?fexit")
int BPF_PROG(write_pipe, struct kiocb *iocb, struct iov_iter *iter)
{
	return copied(ctx, iter, LEG_SINK);
}

static __always_inline int write_page_cache(void *ctx, const struct iov_iter *iter)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes = function_result(ctx);

	if (ledger && bytes > 0)
		ledger_iter(ledger, iter, LEG_SINK, bytes);
	return 0;
}

/* mm/filemap.c: what write_end accepted. A short write_end is copied again: this is a lower bound. */
SEC("?fexit")
int BPF_PROG(write_generic, struct kiocb *iocb, struct iov_iter *iter)
{
	return write_page_cache(ctx, iter);
}

/* fs/iomap/buffered-io.c: xfs, gfs2; block devices from 6.6 on */
SEC("?fexit")
int BPF_PROG(write_iomap, struct kiocb *iocb, struct iov_iter *iter)
{
	return write_page_cache(ctx, iter);
}

/* fs/btrfs/file.c:btrfs_copy_from_user(pos, bytes, pages, iter) -> copied */
SEC("?fexit")
int BPF_PROG(write_btrfs, u64 pos, size_t bytes, void *pages, struct iov_iter *iter)
{
	return copied(ctx, iter, LEG_SINK);
}

/* block/bio.c: user pages pinned for a device to read or write (direct I/O). The bio is new, so its size is theirs. */
SEC("?fexit")
int BPF_PROG(pin_user_pages, struct bio *bio, struct iov_iter *iter)
{
	struct ledger *ledger = open_ledger();
	__u64 bytes;

	if (!ledger || int_result(ctx))
		return 0;
	bytes = bio->bi_iter.bi_size;
	ledger->direct[bio->bi_opf & 1 ? LEG_SINK : LEG_SOURCE] += bytes; /* REQ_OP_WRITE is 1, REQ_OP_READ 0 */
	ledger->dirty |= DIRTY_OTHER;
	return 0;
}

/* ---- splice: pages that change hands ---- */

/* What TCP is handed by a layer above it, TLS or a sockmap, is that layer's, and no reference of the program (layers.bpf.c). */
static __always_inline bool is_inner(const struct ledger *ledger)
{
	return ledger->layered || (ledger->key.sink.flags & COPYSCOPE_END_TLS);
}

static __always_inline int reference(__s64 bytes, enum leg leg)
{
	struct ledger *ledger = open_ledger();

	if (ledger && bytes > 0 && !(leg == LEG_SINK && is_inner(ledger)))
		ledger_reference(ledger, leg, bytes);
	return 0;
}

/* mm/filemap.c:filemap_splice_read, v6.5 */
SEC("?fexit")
int BPF_PROG(splice_page_cache)
{
	return reference(function_result(ctx), LEG_SOURCE);
}

/* mm/shmem.c:shmem_file_splice_read, v6.5 */
SEC("?fexit")
int BPF_PROG(splice_tmpfs)
{
	return reference(function_result(ctx), LEG_SOURCE);
}

/*
 * fs/remap_range.c:generic_remap_file_range_prep: 0 if *bytes of the file can be shared with another (btrfs, xfs, ocfs2,
 * bcachefs), which the file system does next. The blocks are those of the source: both legs are done, by one reference.
 */
SEC("?fexit")
int BPF_PROG(share_blocks, struct file *in, __s64 in_at, struct file *out, __s64 out_at, __s64 *length)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes = 0;

	if (!ledger || ledger->key.op != COPYSCOPE_OP_COPY_FILE_RANGE || int_result(ctx) ||
	    bpf_probe_read_kernel(&bytes, sizeof(bytes), length) || bytes <= 0)
		return 0;
	ledger_reference(ledger, LEG_SOURCE, bytes);
	ledger->seen[LEG_SINK] += bytes;
	ledger->linked[LEG_SINK] += bytes;
	return 0;
}

/* net/core/skbuff.c:skb_splice_bits: socket -> pipe. A linear head is copied by an inlined memcpy that nobody sees. */
SEC("?fexit")
int BPF_PROG(splice_socket)
{
	return reference(int_result(ctx), LEG_SOURCE);
}

/* ---- sockets ---- */

/* net/ipv4/tcp.c:do_tcp_sendpages, up to v6.4: page fragments */
SEC("?fexit")
int BPF_PROG(send_pages)
{
	return reference(function_result(ctx), LEG_SINK);
}

static __always_inline int reference_in_send(__s64 bytes)
{
	struct ledger *ledger = open_ledger();

	if (!ledger || bytes <= 0)
		return 0;
	if (!is_inner(ledger))
		ledger_reference(ledger, LEG_SINK, bytes);
	ledger->send_referenced += bytes;
	return 0;
}

/* net/core/skbuff.c:skb_splice_from_iter, v6.5 (MSG_SPLICE_PAGES) */
SEC("?fexit")
int BPF_PROG(send_spliced)
{
	return reference_in_send(function_result(ctx));
}

/*
 * net/core/datagram.c:__zerocopy_sg_from_iter: where user pages enter a packet, of TCP, UDP and vsock (MSG_ZEROCOPY). It may
 * stop half-way, for want of room or by a fault; what the packet has grown by is referenced.
 */
SEC("?fentry")
int BPF_PROG(begin_zerocopy, void *message, struct sock *sk, struct sk_buff *skb)
{
	struct ledger *ledger = open_ledger();

	if (ledger)
		ledger->packet_bytes = skb->len;
	return 0;
}

SEC("?fexit")
int BPF_PROG(send_zerocopy, void *message, struct sock *sk, struct sk_buff *skb)
{
	struct ledger *ledger = open_ledger();

	return ledger ? reference_in_send((__s64)skb->len - (__s64)ledger->packet_bytes) : 0;
}

/* What tcp_sendmsg_locked took and did not reference, it copied (include/net/sock.h:skb_do_copy_data_nocache). */
SEC("?fexit")
int BPF_PROG(send_tcp, struct sock *sk, struct msghdr *message, size_t size)
{
	struct ledger *ledger = open_ledger();
	__s64 bytes;

	if (!ledger)
		return 0;
	bytes = int_result(ctx) - (__s64)ledger->send_referenced;
	ledger->send_referenced = 0;
	if (bytes > 0)
		ledger_iter(ledger, &message->msg_iter, LEG_SINK, bytes);
	return 0;
}

/* net/core/datagram.c: 0 or an error; on error the iter is reverted, what was copied in vain is not seen. */
SEC("?fexit")
int BPF_PROG(receive_skb, struct sk_buff *skb, int offset, struct iov_iter *iter, int bytes)
{
	return copied_all(ctx, iter, LEG_SOURCE, bytes);
}

/*
 * net/core/datagram.c:skb_copy_and_csum_datagram_msg: UDP and raw sockets, if nobody has verified the checksum yet. With
 * less room than the packet needs it would copy by skb_copy_datagram_iter(); its callers verify the sum beforehand then.
 */
SEC("?fexit")
int BPF_PROG(receive_checksum, struct sk_buff *skb, int offset, struct msghdr *message)
{
	return copied_all(ctx, &message->msg_iter, LEG_SOURCE, (int)skb->len - offset);
}

/* net/core/datagram.c: unix sockets */
SEC("?fexit")
int BPF_PROG(send_unix, struct sk_buff *skb, int offset, struct iov_iter *iter, int bytes)
{
	return copied_all(ctx, iter, LEG_SINK, bytes);
}

/* net/ipv4/ip_output.c:ip_generic_getfrag(msghdr, to, offset, len): UDP and raw sockets */
SEC("?fexit")
int BPF_PROG(send_udp, void *from, char *to, int offset, int bytes)
{
	struct ledger *ledger = open_ledger();

	if (!ledger || int_result(ctx) || bytes <= 0)
		return 0;
	/* from is untyped: spliced pages come only from the operations between two descriptors */
	if (ledger->key.op == COPYSCOPE_OP_SENDFILE64 || ledger->key.op == COPYSCOPE_OP_SPLICE)
		ledger_copy(ledger, CLASS_KERNEL, LEG_SINK, bytes);
	else
		ledger_copy(ledger, CLASS_FROM_USER, LEG_SINK, bytes);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
