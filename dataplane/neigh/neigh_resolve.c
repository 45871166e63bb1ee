/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the link header of a packet's next hop: from the next hop itself where the control thread
 * has put it there (the fast way), from the neighbour table, or made up for groups and interfaces
 * without ARP. Who is unknown is asked for while the packet is held. From ip4_output, to eth_output.
 */
#include <string.h>

#include "core/burst.h"
#include "core/ctl_msg.h"
#include "dev/netdev.h"
#include "fib/nexthop.h"
#include "l2/eth.h"
#include "neigh/neigh_hold.h"
#include "neigh/neigh_output.h"
#include "wire/ip4.h"

static const uint8_t broadcast[ETH_ADDR_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void tell_used(struct worker *w, const struct neigh *n)
{
	const struct ctl_msg msg = { .type = CTL_NEIGH_USED, .dev = n->dev, .ip = n->ip };
	atomic_uchar *reported = (atomic_uchar *)(uintptr_t)&n->reported;

	/* a stale entry's first use is a rare event: the one place that may lock the bus for it */
	if (atomic_load_explicit(reported, memory_order_relaxed) ||
	    atomic_exchange_explicit(reported, 1, memory_order_relaxed))
		return;
	if (!w->event(w, &msg))
		atomic_store_explicit(reported, 0, memory_order_relaxed);
}

void neigh_output(struct worker *w, struct skb *skb, const struct neigh *n)
{
	struct eth_cb *cb = eth_cb(skb);

	if (n->flags & NEIGH_STALE)
		tell_used(w, n);
	memcpy(cb->hh + ETH_HH_ROOM - sizeof(n->hh), n->hh, sizeof(n->hh));
	cb->hh_len = n->hh_len;
	skb->nh = NULL;
	burst_to(w, STAGE_eth_output, skb);
}

void neigh_unreachable(struct worker *w, struct skb *skb)
{
	struct netdev *in = skb->iif ? netdev_get(w->dp, skb->iif) : NULL;

	if (!in && !(skb->flags & SKB_F_LOCAL)) {
		skb_drop(w, skb, DROP_NEIGH_FAILED);
		return;
	}
	if (in)
		skb->dev = in; /* what the error is about came in there */
	skb->nh = NULL;
	if (!(skb->flags & SKB_F_IPOPT)) /* with it, IP has cleared all but the options */
		memset(skb->cb, 0, SKB_CB_SIZE);
	burst_to(w, STAGE_icmp_error, skb);
}

static void to_address(struct worker *w, struct skb *skb, const uint8_t *dst)
{
	struct eth_cb *cb = eth_cb(skb);

	cb->hh_len = eth_build_hh(cb->hh, skb->dev, dst, rte_be_to_cpu_16(skb->protocol));
	skb->nh = NULL;
	burst_to(w, STAGE_eth_output, skb);
}

/* Next hops that need no question (Linux's arp_constructor). */
static bool self_evident(const struct skb *skb, rte_be32_t ip, uint8_t *dst)
{
	if (skb->dev->noarp || skb->dev->type == NETDEV_LOOPBACK) {
		eth_store(dst, atomic_load_explicit(&skb->dev->addr, memory_order_relaxed));
		return true;
	}
	if (skb->nh->type == FIB_BROADCAST || ip == UINT32_MAX) {
		memcpy(dst, broadcast, ETH_ADDR_LEN);
		return true;
	}
	if (ip4_is_multicast(rte_be_to_cpu_32(ip))) {
		eth_ip4_multicast(dst, rte_be_to_cpu_32(ip));
		return true;
	}
	return false;
}

static void resolve(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_network_header(skb);
	rte_be32_t next = skb->nh->gw ? skb->nh->gw : ip->daddr;
	const struct neigh *n;
	uint8_t dst[ETH_ADDR_LEN];

	if (self_evident(skb, next, dst)) {
		to_address(w, skb, dst);
		return;
	}
	n = neigh_lookup(w->dp, skb->dev->index, next);
	if (n && n->flags & NEIGH_VALID)
		neigh_output(w, skb, n);
	else if (n && n->flags & NEIGH_FAILED)
		neigh_unreachable(w, skb);
	else
		neigh_hold(w, skb, skb->dev->index, next);
}

void neigh_resolve(struct worker *w, struct burst *in)
{
	struct burst_run out = burst_run_begin(w, STAGE_eth_output);
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];

		if (likely(skb->nh->flags & FIB_NH_HH)) {
			burst_run_put(&out, skb);
			continue;
		}
		burst_run_end(&out); /* resolve sends there, too */
		resolve(w, skb);
		out = burst_run_begin(w, STAGE_eth_output);
	}
	burst_run_end(&out);
}
