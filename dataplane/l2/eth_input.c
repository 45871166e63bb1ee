/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First stage of a received frame (Linux's eth_type_trans): data is at the Ethernet header when
 * dev/rx hands it over, and at the network header when it leaves. What the destination address
 * means to us becomes pkt_type; nothing is refused because of it here, taps see it all. Hands on to
 * the protocol of the ethertype, by way of netif_receive where the interface has taps, an ingress
 * hook or further handlers.
 */
#include <string.h>

#include "core/burst.h"
#include "dev/netdev.h"
#include "l2/eth.h"

#define PROTO_802_3 0x0001 /* Linux's pseudo types of frames with a length field: Novell raw, */
#define PROTO_802_2 0x0004 /* and LLC */

static uint8_t classify(const struct eth_hdr *eth, const struct netdev *dev)
{
	uint64_t own = atomic_load_explicit(&dev->addr, memory_order_relaxed);

	if (likely(eth_load(eth->dst) == (own & UINT64_C(0xffffffffffff))))
		return SKB_HOST;
	if (eth_is_broadcast(eth->dst))
		return SKB_BROADCAST;
	return eth_is_group(eth->dst) ? SKB_MULTICAST : SKB_OTHERHOST;
}

static rte_be16_t protocol_of(struct skb *skb, rte_be16_t type)
{
	const uint8_t *payload;

	if (likely(rte_be_to_cpu_16(type) >= ETH_TYPE_MIN))
		return type;
	payload = skb_header(skb, 2);
	if (payload && payload[0] == 0xff && payload[1] == 0xff)
		return RTE_BE16(PROTO_802_3);
	return RTE_BE16(PROTO_802_2);
}

static bool is_tagged(const struct skb *skb)
{
	return skb->protocol == RTE_BE16(ETH_TYPE_VLAN) ||
		skb->protocol == RTE_BE16(ETH_TYPE_QINQ) ||
		skb->flags & SKB_F_VLAN;
}

static void hand_on(struct worker *w, struct skb *skb)
{
	unsigned int path = atomic_load_explicit(&skb->dev->rx_path, memory_order_relaxed);

	if (unlikely(path & ~(unsigned int)(NETDEV_RX_VLANS | NETDEV_RX_HOST)))
		burst_to(w, STAGE_netif_receive, skb);
	else if (likely(skb->protocol == RTE_BE16(ETH_TYPE_IP4)))
		burst_to(w, STAGE_ip4_input, skb);
	else if (skb->protocol == RTE_BE16(ETH_TYPE_ARP))
		burst_to(w, STAGE_arp_input, skb);
	else
		burst_to(w, STAGE_netif_receive, skb);
}

static void input_one(struct worker *w, struct skb *skb)
{
	const struct eth_hdr *eth = skb_header(skb, ETH_HDR_LEN);

	if (unlikely(!eth)) {
		dev_stats(w, skb->dev)->rx_errors++;
		skb_drop(w, skb, DROP_ETH_SHORT);
		return;
	}
	if (unlikely(eth_is_group(eth->src))) {
		dev_stats(w, skb->dev)->rx_errors++;
		skb_drop(w, skb, DROP_ETH_SRC_MULTICAST);
		return;
	}
	skb_reset_mac_header(skb);
	skb->pkt_type = classify(eth, skb->dev);
	if (unlikely(skb->pkt_type == SKB_MULTICAST))
		dev_stats(w, skb->dev)->multicast++;
	skb_pull(skb, ETH_HDR_LEN);
	skb->protocol = protocol_of(skb, eth->type);
	if (unlikely(is_tagged(skb))) {
		skb = vlan_input(w, skb);
		if (!skb)
			return;
		skb->protocol = protocol_of(skb, skb->protocol);
	}
	skb_reset_network_header(skb);
	hand_on(w, skb);
}

/*
 * What nearly every frame is: IPv4 to our own address from a single station, untagged, on an interface
 * that nobody else looks at. False: nothing was done to it.
 */
static inline bool input_plain(struct burst_run *ip4, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	const struct netdev *dev = skb->dev;
	uint64_t own = atomic_load_explicit(&dev->addr, memory_order_relaxed) & ETH_ADDR_MASK;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t at = m->data_off;
	uint64_t link;
	uint32_t type;

	if (unlikely(m->data_len < ETH_HDR_LEN + 2))
		return false;
	memcpy(&link, p, sizeof(link));
	memcpy(&type, p + 12, sizeof(type));
	if (unlikely((link & (ETH_ADDR_MASK | ETH_SRC_GROUP)) != own ||
		     (uint16_t)type != RTE_BE16(ETH_TYPE_IP4) || skb->flags & SKB_F_VLAN ||
		     atomic_load_explicit(&dev->rx_path, memory_order_relaxed) &
		     ~(unsigned int)NETDEV_RX_VLANS))
		return false;
	skb->pkt_type = SKB_HOST;
	skb_set_headers(skb, at, at + ETH_HDR_LEN, SKB_HDR_UNSET, RTE_BE16(ETH_TYPE_IP4));
	m->data_off = at + ETH_HDR_LEN;
	mbuf_lengthen(m, -ETH_HDR_LEN);
	burst_run_put(ip4, skb);
	return true;
}

void eth_input(struct worker *w, struct burst *in)
{
	struct burst_run ip4 = burst_run_begin(w, STAGE_ip4_input);
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++) {
		if (likely(input_plain(&ip4, in->skb[i])))
			continue;
		burst_run_end(&ip4);
		input_one(w, in->skb[i]);
		ip4 = burst_run_begin(w, STAGE_ip4_input);
	}
	burst_run_end(&ip4);
}
