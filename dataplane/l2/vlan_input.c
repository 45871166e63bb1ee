/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VLAN demux of received frames (IEEE 802.1Q, Linux's skb_vlan_untag and vlan_do_receive), called
 * by eth_input. A tag that the port left in the data is cut out, one that it stripped is in the
 * mbuf; either way the frame ends up on the sub-interface as if it had come untagged. Tags may
 * nest, each round takes one off. Taps of the interface it came by see it in between, tag beside.
 */
#include <net/if.h>
#include <string.h>

#include "core/burst.h"
#include "dev/netdev.h"
#include "dev/ptype.h"
#include "l2/eth.h"

static bool in_data(const struct skb *skb)
{
	return skb->protocol == RTE_BE16(ETH_TYPE_VLAN) ||
		skb->protocol == RTE_BE16(ETH_TYPE_QINQ);
}

static struct skb *lost(struct worker *w, struct skb *skb, struct netdev *dev,
	enum drop_reason reason)
{
	dev_stats(w, dev)->rx_dropped++;
	skb_drop(w, skb, reason);
	return NULL;
}

/*
 * Move the tag beside the data, which is at it: the addresses move up, the header has 14 bytes
 * again. Writes, so a shared frame is copied first.
 */
static struct skb *untag(struct worker *w, struct skb *skb)
{
	const struct vlan_hdr *tag = skb_header(skb, VLAN_TAG_LEN);
	struct skb *own;

	if (!tag)
		return lost(w, skb, skb->dev, DROP_VLAN_SHORT);
	own = skb_unshare(w, skb);
	if (!own)
		return lost(w, skb, skb->dev, DROP_NO_MEMORY);
	skb = own;
	tag = skb_header(skb, VLAN_TAG_LEN);
	skb_set_vlan(skb, skb->protocol, rte_be_to_cpu_16(tag->tci));
	skb->protocol = tag->type;
	skb_pull(skb, VLAN_TAG_LEN);
	memmove((uint8_t *)skb_data(skb) - ETH_HDR_LEN, skb_mac_header(skb), 2 * ETH_ADDR_LEN);
	memcpy((uint8_t *)skb_data(skb) - 2, &skb->protocol, 2);
	skb->mac_header = skb_mbuf(skb)->data_off - ETH_HDR_LEN;
	return skb;
}

static struct netdev *find(const struct netdev *dev, uint16_t proto, uint16_t vid)
{
	struct netdev *_Atomic *vlans = atomic_load_explicit(&dev->vlans, memory_order_acquire);
	struct netdev *vlan;

	if (!vlans)
		return NULL;
	vlan = atomic_load_explicit(&vlans[vid], memory_order_acquire);
	return vlan && vlan->vlan_proto == proto ? vlan : NULL;
}

static struct skb *to_sub_interface(struct worker *w, struct skb *skb, struct netdev *vlan)
{
	const struct eth_hdr *eth = skb_mac_header(skb);
	uint64_t own = atomic_load_explicit(&vlan->addr, memory_order_relaxed);
	struct dev_stats *stats = dev_stats(w, vlan);

	if (!(atomic_load_explicit(&vlan->flags, memory_order_relaxed) & IFF_UP))
		return lost(w, skb, vlan, DROP_DEV_DOWN);
	stats->rx_packets++;
	stats->rx_bytes += skb_len(skb);
	if (skb->pkt_type == SKB_MULTICAST)
		stats->multicast++;
	/* a sub-interface may have an address of its own */
	if (skb->pkt_type == SKB_OTHERHOST &&
	    eth_load(eth->dst) == (own & UINT64_C(0xffffffffffff)))
		skb->pkt_type = SKB_HOST;
	skb->dev = vlan;
	skb->iif = vlan->index;
	return skb;
}

struct skb *vlan_input(struct worker *w, struct skb *skb)
{
	for (;;) {
		struct netdev *vlan;
		uint16_t vid;

		if (!(skb->flags & SKB_F_VLAN)) {
			if (!in_data(skb))
				return skb;
			skb = untag(w, skb);
			if (!skb)
				return NULL;
		}
		vid = skb_mbuf(skb)->vlan_tci & VLAN_VID_MASK;
		if (vid && unlikely(atomic_load_explicit(&skb->dev->rx_path, memory_order_relaxed) &
			NETDEV_RX_TAP))
			ptype_tap_tagged(w, skb);
		skb->flags &= (uint16_t)~SKB_F_VLAN;
		if (!vid)
			continue; /* a priority tag: the frame is untagged */
		vlan = find(skb->dev, rte_be_to_cpu_16(skb->vlan_proto), vid);
		if (!vlan)
			return lost(w, skb, skb->dev, DROP_VLAN_UNKNOWN);
		skb = to_sub_interface(w, skb, vlan);
		if (!skb)
			return NULL;
	}
}
