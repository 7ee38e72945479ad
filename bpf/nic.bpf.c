// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What NICs receive: each frame once, where its driver hands it to the network stack, before frames are merged (GRO).
 * Whose it is nobody knows here: user space takes away what accounts have received.
 */
#include "nics.bpf.h"
#include "skb_owners.bpf.h"

#define PACKET_LOOPBACK 5 /* include/uapi/linux/if_packet.h */

/*
 * The five ways in. A packet may take one of them again, with the same device: decrypted (net/xfrm/xfrm_input.c), or sent
 * back by a filter. From the first time on it knows where it came in (skb_iif).
 */
static __always_inline int count_received(const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	struct copyscope_nic *nic;
	__u64 bytes = skb->len;

	if (!has_hardware(dev) || skb->skb_iif || scope == COPYSCOPE_SCOPE_OFF)
		return 0;
	nic = find_nic(dev);
	if (!nic)
		return 0;
	/* The link's header is behind skb->data by now (net/ethernet/eth.c:eth_type_trans). */
	if (skb->mac_header != NO_HEADER)
		bytes += (skb->data - skb->head) - (__s64)skb->mac_header; /* in 64 bits, or v7.2 refuses it */
	__sync_fetch_and_add(&nic->received_frames, 1);
	__sync_fetch_and_add(&nic->received_bytes, bytes);
	return 0;
}

/* net/core/gro.c:napi_gro_receive: nearly all drivers */
SEC("?tp_btf/napi_gro_receive_entry")
int BPF_PROG(receive_frame, struct sk_buff *skb)
{
	return count_received(skb);
}

/* net/core/gro.c:napi_gro_frags */
SEC("?tp_btf/napi_gro_frags_entry")
int BPF_PROG(receive_frags, struct sk_buff *skb)
{
	return count_received(skb);
}

/* net/core/dev.c:netif_receive_skb */
SEC("?tp_btf/netif_receive_skb_entry")
int BPF_PROG(receive_packet, struct sk_buff *skb)
{
	return count_received(skb);
}

/* net/core/dev.c:netif_receive_skb_list, for each of the list */
SEC("?tp_btf/netif_receive_skb_list_entry")
int BPF_PROG(receive_listed, struct sk_buff *skb)
{
	return count_received(skb);
}

/* net/core/dev.c:netif_rx. Also what is sent to a group that this machine is in itself (dev_loopback_xmit). */
SEC("?tp_btf/netif_rx_entry")
int BPF_PROG(receive_queued, struct sk_buff *skb)
{
	return BPF_CORE_READ_BITFIELD(skb, pkt_type) == PACKET_LOOPBACK ? 0 : count_received(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
