/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which network device with hardware lies beneath another one. Counts nothing.
 */
#ifndef COPYSCOPE_HARDWARE_BPF_H
#define COPYSCOPE_HARDWARE_BPF_H

#include "compat.bpf.h"

#define IFF_LOOPBACK 0x8 /* include/uapi/linux/if.h */
#define IS_BRIDGE 0x2    /* include/linux/netdevice.h:IFF_EBRIDGE, of priv_flags */
#define MAX_STACKED 4    /* a macvlan on a VLAN on a bond on a card has three above it */

/* dev->dev.parent is set by SET_NETDEV_DEV in drivers with hardware behind them, and by nobody else. */
static __always_inline bool has_hardware(const struct net_device *dev)
{
	return dev->dev.parent != NULL;
}

/* The first of the devices that `dev` is stacked on (net/core/dev.c:__netdev_adjacent_dev_insert); NULL: on none. */
static __always_inline struct net_device *lower_device(struct net_device *dev)
{
	struct list_head *first = BPF_CORE_READ(dev, adj_list.lower.next);
	struct netdev_adjacent *adjacent;

	if ((void *)first == (void *)dev + bpf_core_field_offset(struct net_device, adj_list.lower))
		return NULL;
	adjacent = (void *)first - bpf_core_field_offset(struct netdev_adjacent, list);
	return BPF_CORE_READ(adjacent, dev);
}

/*
 * The hardware beneath a VLAN, a bond, a macvlan and their like; 0: there is none, or it depends on the packet, as with a
 * bridge, whose ports lead anywhere, and a veth, whose other end does.
 */
static __noinline __attribute__((unused)) __u64 hardware_below(__u64 address)
{
	struct net_device *dev = (struct net_device *)address;
	int i;

	for (i = 0; i <= MAX_STACKED && dev; i++) {
		if (BPF_CORE_READ(dev, dev.parent))
			return (__u64)dev;
		if (BPF_CORE_READ_BITFIELD_PROBED(dev, priv_flags) & IS_BRIDGE) /* v6.11: a bit field */
			return 0;
		dev = lower_device(dev);
	}
	return 0;
}

#endif
