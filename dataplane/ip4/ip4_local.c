/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets for this host (Linux's ip_local_deliver), from ip4_route with data at the IPv4 header and
 * nh of type local, broadcast or multicast. Fragments wait here for the rest of their datagram; the
 * whole goes to the LOCAL_IN hooks.
 */

#include "core/hook.h"
#include "fib/nexthop.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_reassemble.h"
#include "wire/ip4.h"

static enum fib_nh_type dst_type(const struct skb *skb, rte_be32_t daddr)
{
	if (ip4_is_multicast(ntohl(daddr)))
		return FIB_MULTICAST;
	if (daddr == UINT32_MAX || daddr == 0)
		return FIB_BROADCAST;
	return skb->nh ? (enum fib_nh_type)skb->nh->type : FIB_LOCAL;
}

static void one(struct worker *w, struct skb *skb, enum stage next)
{
	const struct ip4_hdr *ip = skb_data(skb);
	enum fib_nh_type type = dst_type(skb, ip->daddr);

	if (type == FIB_MULTICAST && !ip4_mc_member(ip->daddr)) {
		skb_drop(w, skb, DROP_IP4_NOT_MEMBER);
		return;
	}
	ip4_cb(skb)->dst_type = type;
	if (ip4_is_fragment(ip)) {
		skb = ip4_reassemble(w, skb, IP4_REASM_LOCAL);
		if (!skb)
			return;
	}
	burst_to(w, next, skb);
}

void ip4_local(struct worker *w, struct burst *in)
{
	enum stage next = hook_next(w, HOOK_ip4_local_in);

	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i], next);
}
