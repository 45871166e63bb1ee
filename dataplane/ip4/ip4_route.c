/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routing of received packets (Linux's ip_rcv_finish and ip_route_input): martian checks, the FIB
 * for a whole burst at once, then each packet to local delivery, to forwarding, or to its end.
 * From PRE_ROUTING. RFC 1812 5.2.1, 5.2.3, 5.3.7.
 */
#include <string.h>

#include <rte_prefetch.h>

#include "core/burst.h"
#include "dev/netdev.h"
#include "fib/locals.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_lookup.h"
#include "ip4/ip4_martian.h"
#include "ip4/flow_hash.h"
#include "wire/icmp.h"

#define ALL_ONES UINT32_MAX
#define AHEAD 8 /* next hops are fetched so many packets before their use */

static const struct fib_nh limited_broadcast = { .type = FIB_BROADCAST };
static const struct fib_nh multicast = { .type = FIB_MULTICAST };

/* Is this a router for what comes by the interface? */
static bool forwards(const struct worker *w, const struct netdev *dev)
{
	unsigned int who = atomic_load_explicit(&w->dp->conf.ip_forward, memory_order_relaxed);

	if (likely(who != DP_FORWARD_SOME))
		return who;
	return !(atomic_load_explicit(&dev->inet, memory_order_relaxed) & NETDEV_INET_NO_FORWARD);
}

static void no_route(struct worker *w, struct skb *skb)
{
	if (!forwards(w, skb->dev)) {
		ip4_count(w, MIB_IpInAddrErrors);
		skb_drop(w, skb, DROP_IP4_NOT_FORWARDING);
		return;
	}
	ip4_count(w, MIB_IpExtInNoRoutes);
	icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_NET, 0, DROP_IP4_NO_ROUTE);
}

/* A route that says why not. Hosts that do not forward keep silent, as Linux's ip_error does. */
static void refuse(struct worker *w, struct skb *skb, uint8_t type)
{
	bool speak = forwards(w, skb->dev);
	uint8_t code = type == FIB_PROHIBIT ? ICMP_UNREACH_ADMIN_PROHIB : ICMP_UNREACH_HOST;
	enum drop_reason reason = type == FIB_PROHIBIT ? DROP_IP4_PROHIBITED :
		DROP_IP4_UNREACHABLE;

	if (type == FIB_UNREACHABLE)
		ip4_count(w, MIB_IpInAddrErrors);
	if (speak)
		icmp_send_error(w, skb, ICMP_DEST_UNREACH, code, 0, reason);
	else
		skb_drop(w, skb, reason);
}

static void deliver(struct worker *w, struct skb *skb, const struct fib_nh *nh)
{
	if (nh->type == FIB_BROADCAST) {
		ip4_count(w, MIB_IpExtInBcastPkts);
		ip4_count_n(w, MIB_IpExtInBcastOctets, skb_len(skb));
	} else if (nh->type == FIB_MULTICAST &&
		   ip4_mc_member(((const struct ip4_hdr *)skb_data(skb))->daddr)) {
		ip4_count(w, MIB_IpExtInMcastPkts);
		ip4_count_n(w, MIB_IpExtInMcastOctets, skb_len(skb));
	}
	skb->nh = nh;
	burst_to(w, STAGE_ip4_local, skb);
}

static void forward(struct worker *w, struct skb *skb, const struct fib_nh *nh)
{
	if (unlikely(!forwards(w, skb->dev))) {
		ip4_count(w, MIB_IpInAddrErrors);
		skb_drop(w, skb, DROP_IP4_NOT_FORWARDING);
		return;
	}
	skb->nh = nh;
	burst_to(w, STAGE_ip4_forward, skb);
}

/* Where the answer of the FIB leads. */
static void dispatch(struct worker *w, struct skb *skb, const struct fib_nh *nh)
{
	if (unlikely(nh && nh->type == FIB_GROUP))
		nh = ip4_group_member(w->dp, nh, skb_flow_hash(skb));
	if (unlikely(!nh || nh->flags & FIB_NH_DEAD)) {
		no_route(w, skb);
		return;
	}
	switch (nh->type) {
	case FIB_UNICAST:
		forward(w, skb, nh);
		break;
	case FIB_LOCAL:
	case FIB_BROADCAST:
	case FIB_MULTICAST:
		deliver(w, skb, nh);
		break;
	case FIB_UNREACHABLE:
	case FIB_PROHIBIT:
		refuse(w, skb, nh->type);
		break;
	case FIB_BLACKHOLE:
		skb_drop(w, skb, DROP_IP4_BLACKHOLE);
		break;
	default:
		no_route(w, skb);
	}
}

static bool from_this_host(const struct skb *skb)
{
	return skb->dev->type == NETDEV_LOOPBACK;
}

static void martian_source(struct worker *w, struct skb *skb)
{
	ip4_log_martian(w, skb, IP4_MARTIAN_SOURCE);
	skb_drop(w, skb, DROP_IP4_MARTIAN_SRC);
}

/*
 * Addresses that cannot be, by their class alone; true when skb was ended. Broadcasts from 0.0.0.0
 * are those of hosts that ask for their address.
 */
static bool martian(struct worker *w, struct skb *skb, uint32_t src, uint32_t dst)
{
	bool unborn = src == 0 && (dst == ALL_ONES || dst == 0);

	if (unborn || (from_this_host(skb) && src < 0xe0000000))
		return false;
	if (ip4_suspect_src(src)) {
		martian_source(w, skb);
		return true;
	}
	if (ip4_suspect_dst(dst) && dst) {
		ip4_log_martian(w, skb, IP4_MARTIAN_DESTINATION);
		skb_drop(w, skb, DROP_IP4_MARTIAN_DST);
		return true;
	}
	return false;
}

/* Answers that no table gives; false: ask one. */
static bool routed_without_table(struct worker *w, struct skb *skb, uint32_t dst)
{
	if (dst == ALL_ONES || dst == 0)
		deliver(w, skb, &limited_broadcast);
	else if (ip4_is_multicast(dst))
		deliver(w, skb, &multicast);
	else
		return false;
	return true;
}

/* The options are parsed before the lookup, since a source route changes what is looked up. */
static struct skb *with_options(struct worker *w, struct skb *skb)
{
	struct skb *own = skb_unshare(w, skb);

	if (!own) {
		ip4_count(w, MIB_IpInDiscards);
		skb_drop(w, skb, DROP_NO_MEMORY);
		return NULL;
	}
	if (!ip4_options_compile(w, own))
		return NULL;
	if (ip4_cb(own)->opt.srr && !ip4_options_rcv_srr(w, own))
		return NULL;
	return own;
}

static uint32_t dst_of(struct skb *skb)
{
	const struct ip4_hdr *ip = skb_data(skb);

	if (unlikely(skb->flags & SKB_F_IPOPT && ip4_cb(skb)->opt.flags & IP4_OPT_SRR_HIT))
		return rte_be_to_cpu_32(ip4_cb(skb)->opt.nexthop);
	return rte_be_to_cpu_32(ip->daddr);
}

/* What is left of a burst to be looked up. */
struct lookup {
	uint32_t n;
	struct skb *skb[BURST_MAX];
	uint32_t dst[BURST_MAX], src[BURST_MAX];
	uint32_t dst_id[BURST_MAX + AHEAD]; /* 0 behind the last */
};

/* Out of the ordinary. False: it needs no lookup, and goes its way or has ended. */
static bool odd(struct worker *w, struct skb **pskb, uint32_t src, uint32_t *dst)
{
	struct skb *skb = *pskb;

	if (skb->nh) { /* routed before: by a hook, within this turn */
		dispatch(w, skb, skb->nh);
		return false;
	}
	if ((ip4_suspect_src(src) || ip4_suspect_dst(*dst)) && martian(w, skb, src, *dst))
		return false;
	if (((const struct ip4_hdr *)skb_data(skb))->ver_ihl != 0x45) {
		skb = with_options(w, skb);
		if (!skb)
			return false;
		*dst = dst_of(skb);
	}
	*pskb = skb;
	return !((*dst >= 0xe0000000 || *dst == 0) && routed_without_table(w, skb, *dst));
}

/* First loop: addresses to look up. */
static void sift(struct worker *w, const struct fib *fib, const struct burst *in, struct lookup *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < in->n; i++) {
		struct skb *skb = in->skb[i];
		const struct ip4_hdr *ip = skb_data(skb);
		uint32_t src = rte_be_to_cpu_32(ip->saddr), dst = rte_be_to_cpu_32(ip->daddr);

		if (unlikely(skb->nh || ip->ver_ihl != 0x45 || !ip4_is_routable(src) ||
			     !ip4_is_routable(dst))) {
			uint32_t other = dst;

			if (!odd(w, &skb, src, &other))
				continue;
			dst = other;
		}
		if (likely(fib != NULL))
			fib_prefetch(fib, dst);
		l->skb[n] = skb;
		l->src[n] = src;
		l->dst[n++] = dst;
	}
	l->n = n;
}

/* A source that is an address of this host, or a broadcast address of its links. */
static bool own_source(const struct skb *skb, const struct fib_nh *back)
{
	return unlikely(back && (back->type == FIB_LOCAL || back->type == FIB_BROADCAST)) &&
		!from_this_host(skb);
}

static void by_rules(struct worker *w, const struct lookup *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct skb *skb = l->skb[i];
		const struct ip4_hdr *ip = skb_data(skb);
		const struct ip4_key back = { .dst = l->src[i] };
		const struct ip4_key key = {
			.dst = l->dst[i],
			.src = l->src[i],
			.mark = skb->mark,
			.iif = skb->dev->index,
			.tos = ip->tos & IP4_TOS_MASK,
		};

		if (own_source(skb, ip4_lookup(w->dp, &back)))
			martian_source(w, skb);
		else
			dispatch(w, skb, ip4_lookup(w->dp, &key));
	}
}

/* Certainly no address of this host; what the filter is not sure about, the FIB says. */
static bool surely_foreign(const struct fib_locals *locals, uint32_t src)
{
	return likely(locals && !fib_maybe_local(locals, src));
}

static void by_merged_table(struct worker *w, const struct fib *fib, struct lookup *l)
{
	const struct fib_locals *locals = atomic_load_explicit(&w->dp->rules->locals,
		memory_order_acquire);

	bool forwarding = atomic_load_explicit(&w->dp->conf.ip_forward,
		memory_order_relaxed) == DP_FORWARD_ALL;
	struct burst_run out = burst_run_begin(w, STAGE_ip4_forward);
	const struct dp *dp = w->dp;
	uint32_t n = l->n;

	fib_lookup_bulk(fib, l->dst, l->dst_id, l->n);
	memset(l->dst_id + l->n, 0, AHEAD * sizeof(l->dst_id[0]));
	for (uint32_t i = 0; i < n; i++) {
		const struct fib_nh *nh = fib_nh_get(dp, l->dst_id[i]);
		struct skb *skb = l->skb[i];

		rte_prefetch0(fib_nh_get(dp, l->dst_id[i + AHEAD]));
		skb->nh_id = l->dst_id[i];
		if (likely(nh && nh->type == FIB_UNICAST && !(nh->flags & FIB_NH_DEAD) && forwarding &&
			   surely_foreign(locals, l->src[i]))) {
			skb->nh = nh;
			burst_run_put(&out, skb);
			continue;
		}
		burst_run_end(&out); /* dispatch sends there, too */
		if (!surely_foreign(locals, l->src[i]) &&
		    own_source(skb, fib_nh_get(dp, fib_lookup(fib, l->src[i]))))
			martian_source(w, skb);
		else
			dispatch(w, skb, nh);
		out = burst_run_begin(w, STAGE_ip4_forward);
	}
	burst_run_end(&out);
}

void ip4_route(struct worker *w, struct burst *in)
{
	const struct fib *fib = ip4_merged_table(w->dp);
	struct lookup l;

	sift(w, fib, in, &l);
	if (likely(fib != NULL))
		by_merged_table(w, fib, &l);
	else
		by_rules(w, &l);
}
