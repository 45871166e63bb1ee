/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Connection refused": builds the reset for a segment of no connection (RFC 9293 3.10.7.1), called
 * by tcp_input. A segment with ACK says which sequence number its sender will believe; to one
 * without, the reset acknowledges all it occupied. The reset goes to ip4_send, with DF as Linux.
 */

#include "tcp/tcp_reset.h"

#include "core/dp.h"
#include "ip4/ip4.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

/* Sequence space that the segment takes (SEG.LEN). */
static uint32_t seg_len(const struct skb *skb, const struct tcp_hdr *tcp)
{
	return skb_len(skb) - tcp_hdr_len(tcp) + !!(tcp->flags & TCP_SYN) + !!(tcp->flags & TCP_FIN);
}

static void fill_tcp(struct tcp_hdr *rst, const struct skb *skb, const struct tcp_hdr *tcp)
{
	*rst = (struct tcp_hdr){
		.sport = tcp->dport,
		.dport = tcp->sport,
		.doff = TCP_HDR_LEN / 4 << 4,
		.flags = TCP_RST,
	};
	if (tcp->flags & TCP_ACK) {
		rst->seq = tcp->ack;
	} else {
		rst->ack = htonl(ntohl(tcp->seq) + seg_len(skb, tcp));
		rst->flags |= TCP_ACK;
	}
}

static void send_reset(struct worker *w, const struct skb *skb)
{
	const struct ip4_hdr *to = skb_network_header(skb);
	struct skb *r = skb_get_new(w);
	struct tcp_hdr *rst;
	struct ip4_hdr *ip;

	if (!r)
		return;
	ip = skb_put(r, IP4_HDR_LEN + TCP_HDR_LEN);
	rst = (struct tcp_hdr *)(ip + 1);
	*ip = (struct ip4_hdr){
		.ver_ihl = 0x45,
		.tos = to->tos,
		.frag_off = htons(IP4_DF),
		.ttl = (uint8_t)atomic_load_explicit(&w->dp->conf.ip_default_ttl,
			memory_order_relaxed),
		.protocol = IP4_PROTO_TCP,
		.saddr = to->daddr,
		.daddr = to->saddr,
	};
	fill_tcp(rst, skb, skb_data(skb));
	rst->check = csum_fold(csum_add(rst, TCP_HDR_LEN,
		csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_TCP, TCP_HDR_LEN)));
	skb_reset_network_header(r);
	skb_set_transport_header(r, IP4_HDR_LEN);
	*ip4_cb(r) = (struct ip4_cb){ 0 };
	ip4_make_local(r, false);
	ip4_count(w, MIB_TcpOutRsts);
	ip4_count(w, MIB_TcpOutSegs);
	burst_to(w, STAGE_ip4_send, r);
}

void tcp_reset(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	send_reset(w, skb);
	skb_drop(w, skb, reason);
}
