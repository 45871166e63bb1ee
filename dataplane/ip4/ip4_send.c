/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of this host on their way down (Linux's ip_queue_xmit and __ip_local_out): output route,
 * source address, identification, checksum. What it takes is said in ip4.h; a datagram is whole
 * here, and goes to the LOCAL_OUT hooks. RFC 791, RFC 1122 3.3.1, RFC 6864.
 */
#include "core/burst.h"
#include "core/hook.h"
#include "dev/netdev.h"
#include "ip4/flow_hash.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lookup.h"
#include "wire/ip4.h"

static rte_be32_t first_hop(struct skb *skb, const struct ip4_hdr *ip)
{
	rte_be32_t faddr = skb->flags & SKB_F_IPOPT ? ip4_cb(skb)->opt.faddr : 0;

	return faddr ? faddr : ip->daddr;
}

/* skb->dev, where the sender has set it, is the interface it asks for (SO_BINDTODEVICE). */
static const struct fib_nh *output_route(struct worker *w, struct skb *skb,
	const struct ip4_hdr *ip)
{
	const struct ip4_key key = {
		.dst = rte_be_to_cpu_32(first_hop(skb, ip)),
		.src = rte_be_to_cpu_32(ip->saddr),
		.mark = skb->mark,
		.oif = skb->dev ? skb->dev->index : 0,
		.iif = w->dp->netdevs->loopback ? w->dp->netdevs->loopback->index : 0,
		.tos = ip->tos & IP4_TOS_MASK,
	};
	const struct fib_nh *nh = ip4_lookup(w->dp, &key);

	if (nh && nh->type == FIB_GROUP)
		nh = ip4_group_member(w->dp, nh, skb_flow_hash(skb));
	if (!nh || nh->flags & FIB_NH_DEAD)
		return NULL;
	if (nh->type != FIB_UNICAST && nh->type != FIB_LOCAL && nh->type != FIB_BROADCAST &&
	    nh->type != FIB_MULTICAST)
		return NULL;
	return nh->dev ? nh : NULL;
}

/* RFC 6864: a datagram that can neither be nor become a fragment needs no identification. */
static uint16_t identification(struct worker *w, const struct skb *skb, const struct ip4_hdr *ip)
{
	bool gso = skb->flags & SKB_F_GSO;

	if (ip->frag_off & RTE_BE16(IP4_DF) && !(skb->flags & SKB_F_LOCAL_DF) && !gso)
		return 0;
	return ip4_id_take(&w->ip4->ids, ip->saddr, ip->daddr, ip->protocol,
		gso && skb->gso_segs ? skb->gso_segs : 1);
}

static bool send_one(struct worker *w, struct skb *skb)
{
	struct ip4_hdr *ip = skb_data(skb);
	const struct fib_nh *nh = skb->nh;

	ip4_count(w, MIB_IpOutRequests);
	if (!nh)
		nh = output_route(w, skb, ip);
	if (unlikely(!nh)) {
		ip4_count(w, MIB_IpOutNoRoutes);
		skb_drop(w, skb, DROP_IP4_NO_ROUTE_OUT);
		return false;
	}
	if (unlikely(skb_len(skb) > IP4_PKT_MAX)) {
		ip4_count(w, MIB_IpOutDiscards);
		skb_drop(w, skb, DROP_IP4_TOO_BIG);
		return false;
	}
	skb->nh = nh;
	skb->nh_id = nh->id;
	skb->dev = nh->dev;
	skb->protocol = RTE_BE16(0x0800);
	skb->flags |= SKB_F_LOCAL;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, (int)ip4_hdr_len(ip));
	if (!ip->saddr)
		ip->saddr = nh->type == FIB_LOCAL && !nh->prefsrc ? ip->daddr : nh->prefsrc;
	if (!ip->ttl)
		ip->ttl = (uint8_t)atomic_load_explicit(&w->dp->conf.ip_default_ttl,
			memory_order_relaxed);
	ip->tot_len = rte_cpu_to_be_16((uint16_t)skb_len(skb));
	ip->id = rte_cpu_to_be_16(identification(w, skb, ip));
	ip4_set_csum(ip);
	return true;
}

void ip4_send(struct worker *w, struct burst *in)
{
	enum stage next = hook_next(w, HOOK_ip4_local_out);

	for (uint32_t i = 0; i < in->n; i++)
		if (send_one(w, in->skb[i]))
			burst_to(w, next, in->skb[i]);
}
