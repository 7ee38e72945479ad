/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What each NIC has sent and received, whoever it was for: frames as they are on the wire, so that the sums are those of
 * `ip -s link`. Charges nobody.
 */
#ifndef COPYSCOPE_NICS_BPF_H
#define COPYSCOPE_NICS_BPF_H

#include "device_copies.bpf.h"
#include "hardware.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_NICS);
	__type(key, __u64); /* inode of its network namespace << 32 | ifindex: one of them alone is not its name */
	__type(value, struct copyscope_nic);
} nics __weak SEC(".maps");

/* Whoever asks may be in another namespace, where the number is another device's. Written once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, COPYSCOPE_MAX_NICS);
	__type(key, __u64);
	__type(value, struct copyscope_nic_name);
} nic_names __weak SEC(".maps");

static const struct copyscope_nic no_nic;

static __noinline int name_nic(__u64 address, __u64 key)
{
	struct net_device *dev = (struct net_device *)address;
	struct copyscope_nic_name name = {};

	bpf_probe_read_kernel_str(name.text, sizeof(name.text), dev->name);
	bpf_map_update_elem(&nic_names, &key, &name, BPF_NOEXIST);
	bpf_map_update_elem(&nics, &key, &no_nic, BPF_NOEXIST);
	return 0;
}

static __always_inline struct copyscope_nic *find_nic(const struct net_device *dev)
{
	__u64 key = (__u64)dev->nd_net.net->ns.inum << 32 | (__u32)dev->ifindex;
	struct copyscope_nic *nic = bpf_map_lookup_elem(&nics, &key);

	if (nic)
		return nic;
	name_nic((__u64)dev, key);
	nic = bpf_map_lookup_elem(&nics, &key);
	if (!nic)
		lose(COPYSCOPE_LOSS_SOCKET);
	return nic;
}

/* ---- sent ---- */

#define GSO_UDP_L4 (1U << 17) /* include/linux/skbuff.h:SKB_GSO_UDP_L4 */

/* What of a packet that the device cuts into segments is in front of each of them. */
static __always_inline __u32 segment_header(const struct sk_buff *skb, __u32 gso_type)
{
	bool tunnel = BPF_CORE_READ_BITFIELD(skb, encapsulation);
	__u16 transport = tunnel ? skb->inner_transport_header : skb->transport_header;
	__u8 words = 0;

	if (gso_type & GSO_UDP_L4) {
		words = sizeof(struct udphdr) / 4;
	} else {
		bpf_probe_read_kernel(&words, sizeof(words), skb->head + transport + 12); /* tcphdr.doff, the upper half */
		words >>= 4;
	}
	return transport - (__u32)(skb->data - skb->head) + words * 4;
}

/* What the device is given at once, as the driver counts it: what it makes of it besides what it was handed. */
static __always_inline void look_at_segments(struct frame *frame, const struct sk_buff *skb)
{
	struct skb_shared_info *shared = (struct skb_shared_info *)(skb->head + skb->end);
	__u32 segments = BPF_CORE_READ(shared, gso_segs);

	frame->padding = frame->segments = frame->repeated = 0;
	if (segments <= 1)
		return;
	frame->segments = segments - 1;
	frame->repeated = frame->segments * segment_header(skb, BPF_CORE_READ(shared, gso_type));
}

/* The driver has taken the frame. Atomic: what comes in an interrupt may be counted on this CPU as well. */
static __always_inline void count_sent(const struct frame *frame, const struct net_device *dev)
{
	__u32 share = frame->owner ? COPYSCOPE_NIC_OWNED : COPYSCOPE_NIC_NOBODYS;
	struct copyscope_nic *nic = scope == COPYSCOPE_SCOPE_OFF ? NULL : find_nic(dev);

	if (!nic)
		return;
	__sync_fetch_and_add(&nic->sent_frames[share], 1);
	__sync_fetch_and_add(&nic->sent_bytes[share], frame->bytes);
	if (frame->segments) {
		__sync_fetch_and_add(&nic->sent_frames[COPYSCOPE_NIC_SEGMENTED], frame->segments);
		__sync_fetch_and_add(&nic->sent_bytes[COPYSCOPE_NIC_SEGMENTED], frame->repeated);
	}
	if (frame->padding)
		__sync_fetch_and_add(&nic->sent_bytes[COPYSCOPE_NIC_PADDING], frame->padding);
}

#endif
