/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netif_receive (Linux's netif_receive_skb): the long way of a frame that eth_input has parsed, taken
 * where an interface's rx_path asks for it and by all types but IPv4 and ARP. Fixed order: steal,
 * timestamp, taps, ingress filter, bridge, macvlan, then every handler of the ethertype: the last
 * receiver gets the frame itself, the others clones.
 */
#include <string.h>

#include "core/burst.h"
#include "core/skb_queue.h"
#include "dev/ptype.h"
#include "wire/eth.h"

static const enum netdev_rx_path gate[RX_HOOK_COUNT] = {
	[RX_HOOK_STEAL] = NETDEV_RX_STEAL,
	[RX_HOOK_INGRESS] = NETDEV_RX_INGRESS,
	[RX_HOOK_BRIDGE] = NETDEV_RX_BRIDGE,
	[RX_HOOK_MACVLAN] = NETDEV_RX_MACVLAN,
};

static bool taken(struct worker *w, struct skb *skb, unsigned int path, enum rx_hook which)
{
	rx_hook_fn *fn;

	if (!(path & gate[which]))
		return false;
	fn = atomic_load_explicit(&w->dp->ptypes->hook[which], memory_order_acquire);
	return fn && fn(w, skb);
}

/* A clone with data at the link header; the original stays as it is. */
static struct skb *tap_clone(struct worker *w, struct skb *skb)
{
	struct skb *c = skb_clone(w, skb);

	if (c && c->mac_header != SKB_HDR_UNSET && c->mac_header < skb_mbuf(c)->data_off)
		skb_push(c, skb_mbuf(c)->data_off - c->mac_header);
	return c;
}

static void to_taps(struct worker *w, const struct ptype_array *taps, struct skb *skb,
	uint8_t pkt_type)
{
	struct netdev *dev = skb->dev;

	for (uint32_t i = 0; i < taps->n; i++) {
		const struct ptype *pt = &taps->entry[i];
		struct skb *c;

		if (pt->dev && pt->dev != dev)
			continue;
		c = tap_clone(w, skb);
		if (!c)
			continue; /* counted as no_skb; a tap must not cost the packet */
		c->pkt_type = pkt_type;
		pt->fn(w, c, dev, pt->priv);
	}
}

void ptype_tap_tagged(struct worker *w, struct skb *skb)
{
	const struct ptype_array *taps = ptype_taps(w->dp);

	skb_stamp(skb, w->now);
	if (taps)
		to_taps(w, taps, skb, skb->pkt_type);
}

/* The TPID in the data of a frame with its link header in front; 0: it is not tagged. */
static rte_be16_t tag_in_data(const struct skb *skb)
{
	rte_be16_t type;

	if (!skb_copy_bits(skb, 2 * ETH_ADDR_LEN, &type, sizeof(type)))
		return 0;
	return type == RTE_BE16(ETH_TYPE_VLAN) || type == RTE_BE16(ETH_TYPE_QINQ) ? type : 0;
}

/*
 * eth_output has put the tag into the data already. A copy of the frame without it; on the interface
 * below the VLAN the tag lies beside. NULL: no memory, or too short for a tag.
 */
static struct skb *untagged_copy(struct worker *w, const struct skb *skb, rte_be16_t proto)
{
	struct skb *c = skb_copy(w, skb);
	uint8_t *p = c ? skb_header(c, ETH_HDR_LEN + VLAN_TAG_LEN) : NULL;
	rte_be16_t tci;

	if (!p) {
		if (c)
			skb_absorb(w, c);
		return NULL;
	}
	memcpy(&tci, p + ETH_HDR_LEN, sizeof(tci));
	if (skb->dev->type != NETDEV_VLAN)
		skb_set_vlan(c, proto, rte_be_to_cpu_16(tci));
	memmove(p + VLAN_TAG_LEN, p, 2 * ETH_ADDR_LEN);
	skb_pull(c, VLAN_TAG_LEN);
	skb_reset_mac_header(c);
	return c;
}

void ptype_tap_tx(struct worker *w, struct skb *skb)
{
	const struct ptype_array *taps = ptype_taps(w->dp);
	rte_be16_t proto = tag_in_data(skb);
	struct skb *c;

	if (!proto) {
		to_taps(w, taps, skb, SKB_OUTGOING);
		return;
	}
	c = untagged_copy(w, skb, proto);
	if (!c)
		return;
	to_taps(w, taps, c, SKB_OUTGOING);
	skb_absorb(w, c);
}

/* The stack's own protocols. */
static enum stage builtin(rte_be16_t protocol)
{
	return protocol == RTE_BE16(ETH_TYPE_IP4) ? STAGE_ip4_input :
		protocol == RTE_BE16(ETH_TYPE_ARP) ? STAGE_arp_input : STAGE_COUNT;
}

static void deliver(struct worker *w, struct skb *skb)
{
	uint16_t type = rte_be_to_cpu_16(skb->protocol);
	const struct ptype_array *a = w->dp->ptypes ? atomic_load_explicit(
		&w->dp->ptypes->base[type % PTYPE_HASH], memory_order_acquire) : NULL;
	const struct ptype *prev = NULL;
	struct netdev *dev = skb->dev;
	enum stage own = builtin(skb->protocol);

	for (uint32_t i = 0; a && i < a->n; i++) {
		const struct ptype *pt = &a->entry[i];

		if (pt->type != type || (pt->dev && pt->dev != dev))
			continue;
		if (prev || own != STAGE_COUNT) {
			const struct ptype *to = own != STAGE_COUNT ? pt : prev;
			struct skb *c = skb_clone(w, skb);

			if (c)
				to->fn(w, c, dev, to->priv);
		}
		prev = pt;
	}
	if (own != STAGE_COUNT) {
		burst_to(w, own, skb);
	} else if (prev) {
		prev->fn(w, skb, dev, prev->priv);
	} else {
		dev_stats(w, dev)->rx_nohandler++;
		skb_drop(w, skb, DROP_ETH_UNKNOWN_TYPE);
	}
}

static void receive(struct worker *w, struct skb *skb)
{
	unsigned int path = atomic_load_explicit(&skb->dev->rx_path, memory_order_relaxed);
	const struct ptype_array *taps;

	if (taken(w, skb, path, RX_HOOK_STEAL))
		return;
	skb_stamp(skb, w->now);
	taps = ptype_taps(w->dp);
	if (taps)
		to_taps(w, taps, skb, skb->pkt_type);
	if (taken(w, skb, path, RX_HOOK_INGRESS) || taken(w, skb, path, RX_HOOK_BRIDGE) ||
	    taken(w, skb, path, RX_HOOK_MACVLAN))
		return;
	deliver(w, skb);
}

void netif_receive(struct worker *w, struct burst *in)
{
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++)
		receive(w, in->skb[i]);
}
