// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The way from a socket to the wire: NIC DMA, and copies made on the way. They happen in softirq under any task's name,
 * so they are charged through the socket to the account that sent on it last.
 */
#include "endpoint.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64); /* account */
} senders SEC(".maps");

/* The frame handed to the driver on this CPU: its socket may be gone when the driver's answer is known. */
struct frame {
	__u64 skb;
	__u64 bytes;
	__u64 owner;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

/*
 * Before the first byte of an operation enters the socket. The route may have been chosen after the socket was last
 * looked at, and its device may have changed its features: the endpoint is read anew.
 */
static __always_inline int remember_sender(struct sock *sk)
{
	struct ledger *ledger = open_ledger();
	__u64 *sender;

	if (!ledger)
		return 0;
	ledger->send_referenced = 0;
	ledger->key.sink = sock_endpoint(sk);
	sender = bpf_sk_storage_get(&senders, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (sender) {
		*sender = ledger_account(ledger);
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

static __always_inline __u64 *sender_of(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	return sk ? bpf_sk_storage_get(&senders, sk, 0, 0) : NULL;
}

/* net/core/dev.c:xmit_one, before the driver is called. A stacked device has no hardware; the one below it has. */
SEC("?tp_btf/net_dev_start_xmit")
int BPF_PROG(start_frame, struct sk_buff *skb, struct net_device *dev)
{
	struct frame *frame;
	__u32 zero = 0;
	__u64 *sender;

	if (!dev->dev.parent)
		return 0;
	frame = bpf_map_lookup_elem(&frames, &zero);
	if (!frame)
		return 0;
	frame->skb = 0;
	sender = sender_of(skb);
	if (!sender)
		return 0;
	frame->skb = (__u64)skb;
	frame->bytes = skb->len;
	frame->owner = *sender;
	return 0;
}

/* After the driver: 0 is NETDEV_TX_OK; a busy driver is tried again. skb may be freed and must not be looked into. */
SEC("?tp_btf/net_dev_xmit")
int BPF_PROG(finish_frame, struct sk_buff *skb, int result)
{
	struct frame *frame;
	__u32 zero = 0;

	frame = bpf_map_lookup_elem(&frames, &zero);
	if (!frame || !frame->skb || frame->skb != (__u64)skb)
		return 0;
	frame->skb = 0;
	if (result == 0)
		account_add(frame->owner, COPYSCOPE_DMA_TO_DEVICE, frame->bytes);
	return 0;
}

static __always_inline void count_late(const struct sk_buff *skb, __u32 counter, __u64 bytes)
{
	__u64 *sender = sender_of(skb);

	if (!sender || !bytes)
		return;
	account_add(*sender, counter, bytes);
	account_add(*sender, counter + 1, 1); /* calls stand behind bytes */
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
	if (!result && bytes > 0)
		count_late(skb, COPYSCOPE_TRANSMIT_BYTES, own_bytes(skb, offset, bytes));
	return 0;
}

/* net/core/skbuff.c:skb_copy_and_csum_bits: the same for a device that cannot checksum; returns the sum */
SEC("?fexit")
int BPF_PROG(copy_checksum_bits, struct sk_buff *skb, int offset, void *to, int bytes)
{
	if (bytes > 0)
		count_late(skb, COPYSCOPE_TRANSMIT_BYTES, own_bytes(skb, offset, bytes));
	return 0;
}

/* net/core/skbuff.c:skb_copy_ubufs: pages of a MSG_ZEROCOPY send replaced by copies. Neither length changes. */
SEC("?fexit")
int BPF_PROG(copy_user_fragments, struct sk_buff *skb, unsigned int flags, int result)
{
	if (!result)
		count_late(skb, COPYSCOPE_LATE_BYTES, skb->data_len);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
