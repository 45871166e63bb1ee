/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last step of every ICMP message of this host, called by icmp_error and icmp_input: options,
 * IPv4 header, counters; ip4_send then finds route, source and identification. As in Linux these
 * packets never carry DF.
 */

#include "ip4/icmp_output.h"

#include <string.h>

#include "core/dp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "wire/icmp.h"

static void count_out(struct worker *w, uint8_t type)
{
	static const uint16_t counter[ICMP_TYPE_MAX + 1] = {
		[ICMP_ECHO_REPLY] = MIB_IcmpOutEchoReps,
		[ICMP_DEST_UNREACH] = MIB_IcmpOutDestUnreachs,
		[ICMP_REDIRECT] = MIB_IcmpOutRedirects,
		[ICMP_TIME_EXCEEDED] = MIB_IcmpOutTimeExcds,
		[ICMP_PARAM_PROBLEM] = MIB_IcmpOutParmProbs,
		[ICMP_TIMESTAMP_REPLY] = MIB_IcmpOutTimestampReps,
	};

	ip4_count(w, MIB_IcmpOutMsgs);
	ip4_count(w, counter[type]);
	w->ip4->icmp_out_type[type]++;
}

void icmp_output(struct worker *w, struct skb *skb, const struct icmp_output *o)
{
	uint8_t opts[IP4_OPTLEN_MAX];
	unsigned int optlen = 0;
	struct ip4_cb *cb = ip4_cb(skb);
	const struct icmp_hdr *icmp = skb_data(skb);
	rte_be32_t saddr = o->saddr, first_hop = 0;
	struct ip4_hdr *ip;

	count_out(w, icmp->type);
	skb_reset_transport_header(skb);
	if (o->opt) {
		if (!saddr)
			saddr = ip4_addr_source(w->dp, o->daddr);
		optlen = ip4_options_echo(w, o->opt, o->hdr, saddr, opts, &first_hop);
	}
	ip = skb_push(skb, IP4_HDR_LEN + optlen);
	if (!ip) {
		ip4_count(w, MIB_IcmpOutErrors);
		skb_drop(w, skb, DROP_NO_MEMORY);
		return;
	}
	*ip = (struct ip4_hdr){
		.ver_ihl = (uint8_t)(0x40 | (IP4_HDR_LEN + optlen) / 4),
		.tos = o->tos,
		.ttl = (uint8_t)atomic_load_explicit(&w->dp->conf.ip_default_ttl,
			memory_order_relaxed),
		.protocol = IP4_PROTO_ICMP,
		.saddr = saddr,
		.daddr = first_hop ? first_hop : o->daddr,
	};
	memcpy(ip + 1, opts, optlen);
	skb_reset_network_header(skb);
	*cb = (struct ip4_cb){ .opt = { .faddr = first_hop, .optlen = (uint8_t)optlen } };
	ip4_make_local(skb, optlen != 0);
	burst_to(w, STAGE_ip4_send, skb);
}
