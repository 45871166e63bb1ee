/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP for this host (RFC 9293 3.10.7), from ip4_deliver with data at the TCP header: header length
 * and checksum, then the connection. There is none: whoever connects is refused by a reset.
 */

#include "fib/nexthop.h"
#include "ip4/ip4.h"
#include "tcp/tcp_reset.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

static void bad(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_TcpInErrs);
	skb_drop(w, skb, reason);
}

static bool csum_ok(const struct skb *skb)
{
	const struct ip4_hdr *ip = skb_network_header(skb);
	uint32_t len = skb_len(skb);

	if (skb->ip_summed == SKB_CSUM_UNNECESSARY || skb->ip_summed == SKB_CSUM_PARTIAL)
		return true;
	return csum_fold(csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_TCP, len) +
			 skb_checksum(skb, 0, len, 0)) == 0;
}

static void one(struct worker *w, struct skb *skb)
{
	const struct tcp_hdr *tcp;
	uint32_t hlen;

	if ((skb->pkt_type != SKB_HOST && skb->pkt_type != SKB_LOOPBACK) ||
	    ip4_cb(skb)->dst_type != FIB_LOCAL) {
		skb_drop(w, skb, DROP_TCP_NOT_UNICAST); /* RFC 9293 3.9.2.3: silent */
		return;
	}
	ip4_count(w, MIB_TcpInSegs);
	tcp = skb_header(skb, TCP_HDR_LEN);
	if (!tcp) {
		bad(w, skb, DROP_TCP_SHORT);
		return;
	}
	hlen = tcp_hdr_len(tcp);
	if (hlen < TCP_HDR_LEN || hlen > skb_len(skb)) {
		bad(w, skb, DROP_TCP_OFFSET);
		return;
	}
	if (!csum_ok(skb)) {
		ip4_count(w, MIB_TcpInCsumErrors);
		bad(w, skb, DROP_TCP_BAD_CSUM);
		return;
	}
	if (tcp->flags & TCP_RST)
		skb_drop(w, skb, DROP_TCP_STRAY_RESET);
	else
		tcp_reset(w, skb, DROP_TCP_NO_PORT);
}

void tcp_input(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i]);
}
