/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netif_receive (Linux's netif_receive_skb): the long way of a frame that eth_input has parsed, taken
 * where an interface's rx_path asks for it and by all types but IPv4 and ARP. Fixed order: steal,
 * timestamp, taps, ingress filter, bridge, macvlan, then every handler of the ethertype: the last
 * receiver gets the frame itself, the others clones.
 */
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

void ptype_tap_tx(struct worker *w, struct skb *skb)
{
	to_taps(w, ptype_taps(w->dp), skb, SKB_OUTGOING);
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
	if (!(skb->flags & SKB_F_TSTAMP)) {
		skb->tstamp = w->now;
		skb->flags |= SKB_F_TSTAMP;
	}
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
