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
 * its socket names nobody else's. Filled only while the module measures.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
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
	__u64 cookie;

	if (!module_measures)
		return true;
	cookie = bpf_get_socket_cookie(sk);
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

/* The account that sent `skb`; 0: nobody's. A request or timewait socket has its cookie at the same place. */
static __always_inline __u64 account_of_skb(const struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	__u64 cookie, *account;

	if (!sk)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	account = cookie ? bpf_map_lookup_elem(&sender_cookies, &cookie) : NULL;
	return account ? *account : 0;
}

#endif
