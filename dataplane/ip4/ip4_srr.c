/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source routes (RFC 791 3.1, RFC 1812 5.2.4.1): the destination field names the next hop, the
 * option the ones behind it. Off by default (RFC 7126 4.3): a packet with one ends silently.
 */

#include <string.h>

#include "core/dp.h"
#include "dev/netdev.h"
#include "fib/nexthop.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_martian.h"
#include "ip4/ip4_opt_format.h"
#include "ip4/ip4_options.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

static bool refuse(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_IpInAddrErrors);
	skb_drop(w, skb, reason);
	return false;
}

static bool problem(struct worker *w, struct skb *skb, unsigned int at, enum drop_reason reason)
{
	ip4_count(w, MIB_IpInHdrErrors);
	icmp_send_error(w, skb, ICMP_PARAM_PROBLEM, 0, (uint32_t)at << 24, reason);
	return false;
}

static void set_daddr(struct ip4_hdr *ip, rte_be32_t addr)
{
	ip->check = csum_update32(ip->check, ip->daddr, addr);
	ip->daddr = addr;
}

/*
 * This host is the hop named by the destination: follow the list, over further addresses of its
 * own, to the hop that comes next. At its end the packet is for this host.
 */
static bool follow(struct worker *w, struct skb *skb, struct ip4_options *opt, struct ip4_hdr *ip)
{
	const uint8_t *o = (const uint8_t *)ip + opt->srr;
	enum fib_nh_type type;
	rte_be32_t hop;

	for (unsigned int ptr = o[AT_PTR]; ptr <= o[AT_LEN]; ptr += 4) {
		if (ptr + 3 > o[AT_LEN])
			return problem(w, skb, opt->srr + AT_PTR, DROP_IP4_OPT_SRR_END);
		memcpy(&hop, o + ptr - 1, 4);
		type = ip4_addr_type(w->dp, hop);
		if (type == FIB_UNICAST) {
			opt->nexthop = hop;
			opt->flags |= IP4_OPT_SRR_HIT;
			return true;
		}
		if (type != FIB_LOCAL)
			return refuse(w, skb, DROP_IP4_SRR_HOP);
		set_daddr(ip, hop);
	}
	return true;
}

bool ip4_options_rcv_srr(struct worker *w, struct skb *skb)
{
	struct ip4_options *opt = &ip4_cb(skb)->opt;
	struct ip4_hdr *ip = skb_data(skb);
	enum fib_nh_type type;

	if (!opt->srr)
		return true;
	if (!atomic_load_explicit(&w->dp->conf.accept_source_route, memory_order_relaxed) ||
	    atomic_load_explicit(&skb->dev->inet, memory_order_relaxed) & NETDEV_INET_NO_SRR) {
		ip4_log_martian(w, skb, IP4_MARTIAN_ROUTED);
		skb_drop(w, skb, DROP_IP4_SRR_POLICY);
		return false;
	}
	if (skb->pkt_type != SKB_HOST)
		return refuse(w, skb, DROP_IP4_SRR_LINK);
	type = ip4_addr_type(w->dp, ip->daddr);
	if (type == FIB_LOCAL)
		return follow(w, skb, opt, ip);
	if (type != FIB_UNICAST)
		return refuse(w, skb, DROP_IP4_SRR_HOP);
	if (opt->flags & IP4_OPT_STRICT) /* every hop is listed: the last one sent it wrong */
		return problem(w, skb, offsetof(struct ip4_hdr, daddr), DROP_IP4_SRR_STRICT);
	return true;
}

void ip4_srr_advance(struct ip4_options *opt, struct ip4_hdr *ip, rte_be32_t out)
{
	uint8_t *o = (uint8_t *)ip + opt->srr;

	for (unsigned int ptr = o[AT_PTR]; ptr + 3 <= o[AT_LEN]; ptr += 4) {
		if (memcmp(o + ptr - 1, &opt->nexthop, 4))
			continue;
		ip->daddr = opt->nexthop;
		memcpy(o + ptr - 1, &out, 4);
		o[AT_PTR] = (uint8_t)(ptr + 4);
		opt->flags |= IP4_OPT_CHANGED;
		return;
	}
}
