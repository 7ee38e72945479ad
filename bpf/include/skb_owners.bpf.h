/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Whose is a packet, for who has only its untyped address, as the module's sites do: socket storage is for typed pointers
 * (no module BTF on Debian 6.1).
 */
#ifndef COPYSCOPE_SKB_OWNERS_BPF_H
#define COPYSCOPE_SKB_OWNERS_BPF_H

#include "maps.bpf.h"

/*
 * Which account sent on a socket last, by the socket's cookie. Cookies are never used again, so an entry that outlives
 * its socket names nobody else's, and a full map gives away what was used longest ago: mostly sockets long closed.
 * Filled only while the module measures; of a size only then (user/probe/programs.cpp).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COPYSCOPE_MAX_SOCKETS);
	__type(key, __u64);   /* cookie */
	__type(value, __u64); /* account */
} sender_cookies __weak SEC(".maps");

/* Packets whose MSG_ZEROCOPY pages are being copied. Not per CPU: who copies may be preempted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_PINNED);
	__type(key, __u64);   /* struct sk_buff * */
	__type(value, __u64); /* account */
} late_copies __weak SEC(".maps");

/* False: there is no room for it. */
static __always_inline bool remember_cookie(struct sock *sk, __u64 account)
{
	__u64 cookie, *sender;

	if (!module_measures)
		return true;
	cookie = bpf_get_socket_cookie(sk);
	sender = bpf_map_lookup_elem(&sender_cookies, &cookie);
	if (sender && *sender == account)
		return true;
	return !bpf_map_update_elem(&sender_cookies, &cookie, &account, BPF_ANY);
}

static __always_inline void forget_cookie(struct sock *sk)
{
	__u64 cookie;

	if (!module_measures)
		return;
	cookie = bpf_get_socket_cookie(sk);
	bpf_map_delete_elem(&sender_cookies, &cookie);
}

/*
 * Packets on their way through this machine. Who forwards one takes its socket away (net/ipv4/ip_input.c:ip_rcv_core),
 * but it stays the same sk_buff through veth, bridges and routes until a card has it. So its owner is remembered where
 * it enters a device without hardware. An address is used again; TCP's sequence number tells whether it is the same
 * packet, even after its addresses were translated.
 */
struct forwarded {
	__u64 account;
	__u64 head;
	__u32 sequence;
	__u32 offset; /* of TCP's header in the head */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COPYSCOPE_MAX_FORWARDED);
	__type(key, __u64); /* struct sk_buff * */
	__type(value, struct forwarded);
} forwarded_packets __weak SEC(".maps");

bool forwarding_seen __weak = false; /* who has none pays for none */

#define NO_HEADER 0xffff /* net/core/skbuff.c: a header that is not set */

static __always_inline __u32 sequence_at(__u64 head, __u32 offset)
{
	struct tcphdr *header = (struct tcphdr *)(head + offset);

	return offset == NO_HEADER ? 0 : BPF_CORE_READ(header, seq);
}

static __always_inline void remember_packet(const struct sk_buff *skb, __u64 account)
{
	struct forwarded packet = {
		.account = account,
		.head = (__u64)BPF_CORE_READ(skb, head),
		.offset = BPF_CORE_READ(skb, transport_header),
	};
	__u64 key = (__u64)skb;

	packet.sequence = sequence_at(packet.head, packet.offset);
	if (!bpf_map_update_elem(&forwarded_packets, &key, &packet, BPF_ANY))
		forwarding_seen = true;
}

/*
 * The header is where it was, and within the packet; around it there may be a tunnel's by now. In a head that has become
 * too small for those it is where the packet says.
 */
static __always_inline bool is_same_packet(const struct forwarded *packet, const struct sk_buff *skb)
{
	__u64 head = (__u64)BPF_CORE_READ(skb, head), header = head + packet->offset;

	if (head == packet->head && header >= (__u64)BPF_CORE_READ(skb, data) &&
	    packet->offset + sizeof(struct tcphdr) <= BPF_CORE_READ(skb, tail))
		return sequence_at(head, packet->offset) == packet->sequence;
	return sequence_at(head, BPF_CORE_READ(skb, transport_header)) == packet->sequence ||
	       sequence_at(head, BPF_CORE_READ(skb, inner_transport_header)) == packet->sequence;
}

/* Of a packet without a socket; 0: nobody's. */
static __always_inline __u64 account_of_forwarded(const struct sk_buff *skb)
{
	__u64 key = (__u64)skb;
	struct forwarded *packet = forwarding_seen ? bpf_map_lookup_elem(&forwarded_packets, &key) : NULL;

	return packet && is_same_packet(packet, skb) ? packet->account : 0;
}

/* The account that sent `skb`; 0: nobody's. A request or timewait socket has its cookie at the same place. */
static __always_inline __u64 account_of_skb(const struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	__u64 cookie, *account;

	if (!sk)
		return account_of_forwarded(skb);
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	account = cookie ? bpf_map_lookup_elem(&sender_cookies, &cookie) : NULL;
	return account ? *account : 0;
}

#endif
