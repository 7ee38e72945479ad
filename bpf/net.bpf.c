// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The way from a socket to the wire: NIC DMA, what each NIC sends, and copies made on the way. They happen in softirq under
 * any task's name, so they are charged through the socket to the account that sent on it last.
 */
#include "endpoint.bpf.h"
#include "nics.bpf.h"
#include "skb_owners.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64); /* account; 0: of a send that was no operation */
} senders SEC(".maps");

/*
 * A send that is no operation (io_uring, AIO, sendmmsg, a process that is not followed): what the socket does from here on
 * is nobody's, and least of all the earlier sender's.
 */
static __always_inline void forget_sender(struct sock *sk)
{
	__u64 *sender = bpf_sk_storage_get(&senders, sk, 0, 0);

	if (!sender || !*sender)
		return;
	*sender = 0;
	forget_cookie(sk);
}

/*
 * Before the first byte of an operation enters the socket. The route may have been chosen after the socket was last
 * looked at, and its device may have changed its features: the endpoint is read anew.
 */
static __always_inline int remember_sender(struct sock *sk)
{
	struct ledger *ledger = open_ledger();
	__u64 *sender, account;

	if (!ledger) {
		forget_sender(sk);
		return 0;
	}
	ledger->send_referenced = 0;
	ledger->key.sink = sock_endpoint(sk);
	account = ledger_account(ledger);
	sender = bpf_sk_storage_get(&senders, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (sender && remember_cookie(sk, account)) {
		*sender = account;
	} else {
		lose(COPYSCOPE_LOSS_SOCKET);
		ledger->lost++;
		ledger->dirty |= DIRTY_OTHER;
	}
	return 0;
}

/* net/ipv4/tcp.c:tcp_sendmsg_locked */
SEC("?fentry")
int BPF_PROG(begin_send, struct sock *sk)
{
	return remember_sender(sk);
}

/* net/ipv4/tcp.c:do_tcp_sendpages, up to v6.4 */
SEC("?fentry")
int BPF_PROG(begin_send_pages, struct sock *sk)
{
	return remember_sender(sk);
}

/* The account that sent `skb`; 0: nobody's. */
static __always_inline __u64 sender_of(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	__u64 *sender;

	if (!sk)
		return account_of_forwarded(skb);
	sender = bpf_sk_storage_get(&senders, sk, 0, 0);
	return sender ? *sender : 0;
}

/* net/core/dev.c:xmit_one, before the driver is called. A device without hardware hands the packet on. */
SEC("?tp_btf/net_dev_start_xmit")
int BPF_PROG(start_frame, struct sk_buff *skb, struct net_device *dev)
{
	struct frame *frame;
	__u32 zero = 0;
	__u64 sender;

	if (!has_hardware(dev)) {
		sender = !(dev->flags & IFF_LOOPBACK) && skb->sk ? sender_of(skb) : 0;
		if (sender)
			remember_packet(skb, sender);
		return 0;
	}
	frame = bpf_map_lookup_elem(&frames, &zero);
	if (!frame)
		return 0;
	frame->owner = sender_of(skb);
	frame->bytes = skb->len;
	frame->skb = (__u64)skb;
	look_at_segments(frame, skb);
	return 0;
}

/*
 * net/core/skbuff.c:__skb_pad: drivers of devices that cannot send short frames lengthen them themselves
 * (eth_skb_pad). Others have padded when this driver was called.
 */
SEC("?fexit")
int BPF_PROG(pad_frame, struct sk_buff *skb, int bytes, bool free_on_error, int result)
{
	struct frame *frame;
	__u32 zero = 0;

	frame = bpf_map_lookup_elem(&frames, &zero);
	if (frame && frame->skb == (__u64)skb && !result && bytes > 0)
		frame->padding += bytes;
	return 0;
}

/*
 * net/ipv4/tcp_offload.c:tcp_gso_segment: a packet becomes several, as many as 64 KiB have at the least size of a segment
 * (TCP_MIN_GSO_SIZE). Their sequence numbers are their own from here on.
 */
#define MAX_SEGMENTS 8192

struct segments {
	__u64 next;
	__u64 account;
};

static long remember_segment(__u32 index, struct segments *at)
{
	struct sk_buff *skb = (struct sk_buff *)at->next;

	if (!skb)
		return 1;
	remember_packet(skb, at->account);
	at->next = (__u64)BPF_CORE_READ(skb, next);
	return 0;
}

SEC("?fexit")
int BPF_PROG(segment_packet, struct sk_buff *skb, u64 features, struct sk_buff *segments)
{
	struct segments at = {.next = (__u64)segments};

	if (!forwarding_seen || skb->sk || !segments || (__u64)segments >= (__u64)-4095) /* MAX_ERRNO */
		return 0;
	at.account = account_of_forwarded(skb);
	if (at.account)
		bpf_loop(MAX_SEGMENTS, remember_segment, &at, 0);
	return 0;
}

/* After the driver: 0 is NETDEV_TX_OK; a busy driver is tried again. skb may be freed and must not be looked into. */
SEC("?tp_btf/net_dev_xmit")
int BPF_PROG(finish_frame, struct sk_buff *skb, int result, struct net_device *dev)
{
	struct frame *frame;
	__u32 zero = 0;

	frame = bpf_map_lookup_elem(&frames, &zero);
	if (!frame || !frame->skb || frame->skb != (__u64)skb)
		return 0;
	frame->skb = 0;
	if (result)
		return 0;
	if (frame->owner)
		account_add(frame->owner, COPYSCOPE_DMA_TO_DEVICE, frame->bytes);
	count_sent(frame, dev);
	return 0;
}

/*
 * skb_copy_bits() calls itself for every skb on the frag_list; those calls are counted on their own. What this call
 * copied itself lies in the linear part and the page fragments.
 */
static __always_inline __u64 own_bytes(const struct sk_buff *skb, int offset, int bytes)
{
	struct skb_shared_info *shared = (struct skb_shared_info *)(skb->head + skb->end);
	__s64 own = (__s64)skb->len - skb->data_len;
	__u32 fragments, i;

	if (!BPF_CORE_READ(shared, frag_list))
		return bytes;
	fragments = BPF_CORE_READ(shared, nr_frags);
	for (i = 0; i < 17 && i < fragments; i++) /* MAX_SKB_FRAGS */
		own += fragment_bytes(shared, i);
	own -= offset;
	if (own < 0)
		return 0;
	return own < bytes ? own : bytes;
}

/* net/core/skbuff.c: the leaf of skb_segment, __pskb_pull_tail (linearize) and others */
SEC("?fexit")
int BPF_PROG(copy_bits, struct sk_buff *skb, int offset, void *to, int bytes, int result)
{
	__u64 sender = !result && bytes > 0 ? sender_of(skb) : 0;

	if (sender)
		account_copied(sender, COPYSCOPE_TRANSMIT_BYTES, own_bytes(skb, offset, bytes));
	return 0;
}

/* net/core/skbuff.c:skb_copy_and_csum_bits: the same for a device that cannot checksum; returns the sum */
SEC("?fexit")
int BPF_PROG(copy_checksum_bits, struct sk_buff *skb, int offset, void *to, int bytes)
{
	__u64 sender = bytes > 0 ? sender_of(skb) : 0;

	if (sender)
		account_copied(sender, COPYSCOPE_TRANSMIT_BYTES, own_bytes(skb, offset, bytes));
	return 0;
}

/*
 * MSG_ZEROCOPY. What a send has pinned is described by a ubuf_info, and every packet with such pages points to it: also
 * a packet that has lost its socket (loopback_xmit, skb_clone), and those are the ones that are copied after all.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_PINNED);
	__type(key, __u64); /* struct ubuf_info *; forgotten when the last packet lets go of it */
	__type(value, __u64); /* account */
} pinned SEC(".maps");

/*
 * net/core/skbuff.c:msg_zerocopy_realloc: every ubuf_info of a send, new or extended, comes from here; so an address that
 * was used before is never charged to whom it belonged then.
 */
SEC("?fexit")
int BPF_PROG(pin_pages)
{
	struct ledger *ledger = open_ledger();
	__u64 ubuf = 0, account;

	bpf_get_func_ret(ctx, &ubuf);
	if (!ubuf)
		return 0;
	if (!ledger) {
		bpf_map_delete_elem(&pinned, &ubuf);
		return 0;
	}
	account = ledger_account(ledger);
	if (bpf_map_update_elem(&pinned, &ubuf, &account, BPF_ANY)) {
		lose(COPYSCOPE_LOSS_SOCKET);
		ledger->lost++;
		ledger->dirty |= DIRTY_OTHER;
	}
	return 0;
}

/* net/core/skbuff.c:msg_zerocopy_callback, v6.10: msg_zerocopy_complete. Drops one reference. */
SEC("?fentry")
int BPF_PROG(unpin_pages, struct sk_buff *skb, struct ubuf_info *ubuf)
{
	__u64 key = (__u64)ubuf;

	if (ubuf->refcnt.refs.counter == 1)
		bpf_map_delete_elem(&pinned, &key);
	return 0;
}

/* net/core/skbuff.c:skb_copy_ubufs: pages of a MSG_ZEROCOPY send replaced by copies, and the ubuf_info let go. */
SEC("?fentry")
int BPF_PROG(begin_late_copy, struct sk_buff *skb)
{
	struct skb_shared_info *shared = (struct skb_shared_info *)(skb->head + skb->end);
	__u64 key = (__u64)skb, ubuf = (__u64)BPF_CORE_READ(shared, destructor_arg);
	__u64 *pinner = bpf_map_lookup_elem(&pinned, &ubuf), owner;

	owner = pinner ? *pinner : sender_of(skb);
	if (!owner) {
		if (module_measures)
			bpf_map_delete_elem(&late_copies, &key); /* an earlier packet at this address */
		return 0;
	}
	if (bpf_map_update_elem(&late_copies, &key, &owner, BPF_ANY))
		lose(COPYSCOPE_LOSS_SOCKET);
	return 0;
}

/* Neither length changes. */
SEC("?fexit")
int BPF_PROG(finish_late_copy, struct sk_buff *skb, unsigned int flags, int result)
{
	__u64 key = (__u64)skb, *owner = bpf_map_lookup_elem(&late_copies, &key);

	if (!owner)
		return 0;
	if (!result)
		account_copied(*owner, COPYSCOPE_LATE_BYTES, skb->data_len);
	if (!module_measures) /* the module's return probe runs after this: measure_skb_copy() needs it, and deletes it */
		bpf_map_delete_elem(&late_copies, &key);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
