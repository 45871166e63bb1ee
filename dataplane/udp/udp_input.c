/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP for this host (RFC 768, RFC 1122 4.1.3), from ip4_deliver with data at the UDP header: length
 * and checksum, then the socket. No socket exists: a sound datagram to one of this
 * host's addresses earns port unreachable, a broken one silence.
 */

#include "fib/nexthop.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "wire/icmp.h"
#include "wire/ip4.h"
#include "wire/udp.h"

static void bad(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_UdpInErrors);
	skb_drop(w, skb, reason);
}

static bool csum_ok(const struct skb *skb, const struct udp_hdr *udp, uint32_t len)
{
	const struct ip4_hdr *ip = skb_network_header(skb);

	if (!udp->check || skb->ip_summed == SKB_CSUM_UNNECESSARY ||
	    skb->ip_summed == SKB_CSUM_PARTIAL)
		return true;
	return csum_fold(csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_UDP, len) +
			 skb_checksum(skb, 0, len, 0)) == 0;
}

static void no_socket(struct worker *w, struct skb *skb)
{
	if (ip4_cb(skb)->dst_type != FIB_LOCAL) {
		ip4_count(w, MIB_UdpIgnoredMulti);
		skb_drop(w, skb, DROP_UDP_NO_LISTENER);
		return;
	}
	ip4_count(w, MIB_UdpNoPorts);
	icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_PORT, 0, DROP_UDP_NO_PORT);
}

static void one(struct worker *w, struct skb *skb)
{
	const struct udp_hdr *udp = skb_header(skb, UDP_HDR_LEN);
	uint32_t len;

	if (!udp) {
		bad(w, skb, DROP_UDP_SHORT);
		return;
	}
	len = ntohs(udp->len);
	if (len < UDP_HDR_LEN || len > skb_len(skb)) {
		bad(w, skb, DROP_UDP_LENGTH);
		return;
	}
	if (!csum_ok(skb, udp, len)) {
		ip4_count(w, MIB_UdpInCsumErrors);
		bad(w, skb, DROP_UDP_BAD_CSUM);
		return;
	}
	no_socket(w, skb);
}

void udp_input(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i]);
}
