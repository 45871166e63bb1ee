/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last look of IP at a packet, forwarded or of this host (Linux's ip_output and
 * ip_finish_output): counts it, and sends what is longer than its path takes to ip4_fragment. From
 * POST_ROUTING, to neigh_resolve, or the short way out (ip4_rewrite.h); the pieces of ip4_fragment go
 * to neigh_resolve directly.
 */
#include <errno.h>

#include "core/burst.h"
#include "dev/netdev.h"
#include "fib/nexthop.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_mtu.h"
#include "ip4/ip4_rewrite.h"
#include "wire/icmp.h"

static void count_group(struct worker *w, const struct skb *skb, const struct ip4_hdr *ip)
{
	if (ip4_is_multicast(rte_be_to_cpu_32(ip->daddr))) {
		ip4_count(w, MIB_IpExtOutMcastPkts);
		ip4_count_n(w, MIB_IpExtOutMcastOctets, skb_len(skb));
	} else if (skb->nh->type == FIB_BROADCAST) {
		ip4_count(w, MIB_IpExtOutBcastPkts);
		ip4_count_n(w, MIB_IpExtOutBcastOctets, skb_len(skb));
	}
}

void ip4_count_piece(struct worker *w, const struct skb *skb)
{
	ip4_count_n(w, MIB_IpExtOutOctets, skb_len(skb));
	count_group(w, skb, skb_data(skb));
}

/*
 * Packets of a super-frame that are too long themselves (Linux's ip_finish_output_gso): the frame is
 * cut into them, and each of them into pieces.
 */
static void super_frame(struct worker *w, struct skb *skb)
{
	int rc = skb_gso_segment(w, skb, STAGE_ip4_fragment);

	if (!rc)
		return;
	ip4_count(w, MIB_IpFragFails);
	skb_drop(w, skb, rc == -ENOMEM ? DROP_NO_MEMORY : DROP_TX_GSO);
}

/* Longer than the MTU: pieces, or the reason why there are none. */
static void too_long(struct worker *w, struct skb *skb, const struct ip4_hdr *ip)
{
	bool whole = ip->frag_off & RTE_BE16(IP4_DF) && !(skb->flags & SKB_F_LOCAL_DF);
	struct netdev *in = skb->iif ? netdev_get(w->dp, skb->iif) : NULL;

	if (!whole) {
		if (unlikely(skb->flags & SKB_F_GSO))
			super_frame(w, skb);
		else
			burst_to(w, STAGE_ip4_fragment, skb);
		return;
	}
	ip4_count(w, MIB_IpFragFails);
	if (in) /* where it came in is whom the error is about */
		skb->dev = in;
	icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, skb->nh->mtu,
		DROP_IP4_TOO_BIG);
}

void ip4_output(struct worker *w, struct burst *in)
{
	struct flow_filter left = {.any = false};
	struct ip4_rewrite way = ip4_rewrite_begin(w, STAGE_ip4_output, true, &left);
	struct burst_run out = burst_run_begin(w, STAGE_neigh_resolve);
	uint64_t octets = 0;
	uint32_t n = in->n;

	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];
		const struct ip4_hdr *ip = skb_data(skb);
		const struct fib_nh *nh = skb->nh;
		bool group = rte_be_to_cpu_32(ip->daddr) >= 0xe0000000; /* or near one */

		if (likely(way.open && !group) && likely(ip4_rewrite(&way, skb, false)))
			continue;
		ip4_rewrite_leave(&way, skb);
		if (unlikely(skb_len(skb) > nh->mtu) && ip4_exceeds(skb, ip, nh->mtu)) {
			too_long(w, skb, ip); /* its pieces are counted */
			continue;
		}
		octets += skb_len(skb);
		if (unlikely(nh->type == FIB_BROADCAST || group))
			count_group(w, skb, ip);
		burst_run_put(&out, skb);
	}
	burst_run_end(&out);
	ip4_count_n(w, MIB_IpExtOutOctets, octets);
	ip4_rewrite_end(w, way.n, way.octets, false);
}
