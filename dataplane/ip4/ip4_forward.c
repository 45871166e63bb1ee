/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet on its way through this router: RFC 1812 5.2.3, 5.3.1, in the order of Linux's
 * ip_forward. From ip4_route with the next hop in skb->nh; on to the FORWARD hook and, behind it,
 * to ip4_forward_finish, which counts it and hands it to POST_ROUTING. Where both hooks are empty,
 * plain packets go the short way out from here (ip4_rewrite.h).
 */
#include "core/burst.h"
#include "core/hook.h"
#include "dev/netdev.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lookup.h"
#include "ip4/ip4_mtu.h"
#include "ip4/ip4_rewrite.h"
#include "wire/icmp.h"

/* Linux's ip_tos2prio: RFC 1349's bits to TC_PRIO_*. */
static const uint8_t tos_priority[16] = { 0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4 };

/* Steps 2 to 5: reasons not to forward. True when skb was ended. */
static bool refused(struct worker *w, struct skb *skb, const struct ip4_hdr *ip)
{
	const struct fib_nh *nh = skb->nh;

	if (unlikely(skb->pkt_type != SKB_HOST)) {
		skb_drop(w, skb, DROP_IP4_NOT_UNICAST);
		return true;
	}
	if (unlikely(ip->ttl <= 1)) {
		ip4_count(w, MIB_IpInHdrErrors);
		icmp_send_error(w, skb, ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_TTL, 0, DROP_IP4_TTL);
		return true;
	}
	if (unlikely(skb->flags & SKB_F_IPOPT && ip4_cb(skb)->opt.flags & IP4_OPT_STRICT &&
		     ip4_cb(skb)->opt.srr && nh->gw)) {
		icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_SR_FAILED, 0,
			DROP_IP4_SR_FAILED);
		return true;
	}
	if (unlikely(skb_len(skb) > nh->mtu) && ip4_exceeds(skb, ip, nh->mtu) &&
	    ip->frag_off & RTE_BE16(IP4_DF) && !(skb->flags & SKB_F_LOCAL_DF)) {
		ip4_count(w, MIB_IpFragFails);
		icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, nh->mtu,
			DROP_IP4_TOO_BIG);
		return true;
	}
	return false;
}

/*
 * Leaves by the interface that it came by: where the sender could have reached the gateway
 * directly, it is told so (RFC 1812 5.2.7.2), once the sender proves to be on that link.
 */
static void redirect(struct worker *w, struct skb *skb, const struct ip4_hdr *ip)
{
	const struct ip4_key key = { .dst = rte_be_to_cpu_32(ip->saddr) };
	const struct fib_nh *back;

	if (!atomic_load_explicit(&w->dp->conf.send_redirects, memory_order_relaxed) &&
	    !(atomic_load_explicit(&skb->dev->inet, memory_order_relaxed) & NETDEV_INET_REDIRECTS))
		return;
	if (skb->flags & SKB_F_IPOPT && ip4_cb(skb)->opt.srr)
		return;
	back = ip4_lookup(w->dp, &key);
	if (!back || back->type != FIB_UNICAST || back->gw || back->dev != skb->dev)
		return;
	icmp_send_redirect(w, skb, skb->nh->gw ? skb->nh->gw : ip->daddr);
}

/* One hop on. */
static inline void pass(struct skb *skb)
{
	struct ip4_hdr *ip = skb_data(skb);

	ip4_decrease_ttl(ip);
	skb->priority = tos_priority[(ip->tos & IP4_TOS_MASK) >> 1];
	skb->dev = skb->nh->dev;
}

/* To us, without options, nobody else's, and with nothing to say about it. */
static inline bool plain(const struct skb *skb)
{
	const uint64_t mask = SKB_STATE_FLAGS(SKB_F_IPOPT) | SKB_STATE_TYPE(0xff);
	const struct ip4_hdr *ip = skb_data(skb);

	return !(skb_state(skb) & mask) && !skb_shared(skb) && ip->ttl > 1 &&
		skb_len(skb) <= skb->nh->mtu && skb->nh->dev != skb->dev;
}

static void with_care(struct worker *w, enum stage next, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_data(skb);
	struct skb *own = skb;

	if (refused(w, skb, ip))
		return;
	if (skb->nh->dev == skb->dev)
		redirect(w, skb, ip);
	if (skb_shared(skb))
		own = skb_unshare(w, skb);
	if (!own) {
		ip4_count(w, MIB_IpOutDiscards);
		skb_drop(w, skb, DROP_NO_MEMORY);
		return;
	}
	pass(own);
	burst_to(w, next, own);
}

/* Behind FORWARD comes only what counts. */
static bool no_hooks(const struct worker *w)
{
	return hook_next(w, HOOK_ip4_forward_point) == STAGE_ip4_forward_finish &&
		hook_next(w, HOOK_ip4_post_routing) == STAGE_ip4_output;
}

void ip4_forward(struct worker *w, struct burst *in)
{
	const enum stage next = hook_next(w, HOOK_ip4_forward_point);
	struct flow_filter left = {.any = false};
	struct ip4_rewrite way = ip4_rewrite_begin(w, STAGE_ip4_forward, no_hooks(w), &left);
	struct burst_run out = burst_run_begin(w, next);
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];

		if (likely(way.open) && likely(ip4_rewrite(&way, skb, true)))
			continue;
		ip4_rewrite_leave(&way, skb);
		if (likely(plain(skb))) {
			pass(skb);
			burst_run_put(&out, skb);
			continue;
		}
		burst_run_end(&out);
		with_care(w, next, skb);
		out = burst_run_begin(w, next);
	}
	burst_run_end(&out);
	ip4_rewrite_end(w, way.n, way.octets, true);
}

void ip4_forward_finish(struct worker *w, struct burst *in)
{
	struct burst_run out = burst_run_begin(w, hook_next(w, HOOK_ip4_post_routing));
	uint32_t n = in->n;

	ip4_count_n(w, MIB_IpForwDatagrams, n);
	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];

		if (unlikely(skb->flags & SKB_F_IPOPT))
			ip4_options_forward(w, skb);
		burst_run_put(&out, skb);
	}
	burst_run_end(&out);
}
