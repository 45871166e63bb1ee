/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP for this host (RFC 792, RFC 1122 3.2.2), from ip4_deliver with data at the ICMP header.
 * Requests are answered by turning the packet round; errors go to the protocol whose packet they
 * quote; for everything else nobody waits. Answers leave by icmp_output.
 */

#include <string.h>

#include "dev/netdev.h"
#include "fib/nexthop.h"
#include "ip4/icmp_output.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/protocols.h"
#include "wire/icmp.h"

#define TIMESTAMP_LEN (ICMP_HDR_LEN + 12)

typedef void handler_fn(struct worker *w, struct skb *skb);

static void bad(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_IcmpInErrors);
	skb_drop(w, skb, reason);
}

/* A packet that may be written: itself or a copy. NULL: it was ended. */
static struct skb *writable(struct worker *w, struct skb *skb)
{
	struct skb *own = skb_unshare(w, skb);

	if (!own) {
		ip4_count(w, MIB_IcmpOutErrors);
		skb_drop(w, skb, DROP_NO_MEMORY);
	}
	return own;
}

/* The address that was asked answers; where it is no single host's, the route back chooses. */
static void answer(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_network_header(skb);
	const struct ip4_options opt = ip4_cb(skb)->opt;

	icmp_output(w, skb, &(struct icmp_output){
		.saddr = ip4_cb(skb)->dst_type == FIB_LOCAL ? ip->daddr : 0,
		.daddr = ip->saddr,
		.tos = ip->tos,
		.opt = skb->flags & SKB_F_IPOPT ? &opt : NULL,
		.hdr = ip,
	});
}

static void echo(struct worker *w, struct skb *skb)
{
	struct icmp_hdr *icmp;
	uint16_t before, after;

	if (atomic_load_explicit(&w->dp->conf.icmp_echo_ignore_all, memory_order_relaxed)) {
		skb_drop(w, skb, DROP_ICMP_ECHO_IGNORED);
		return;
	}
	skb = writable(w, skb);
	if (!skb)
		return;
	icmp = skb_data(skb);
	memcpy(&before, icmp, 2);
	icmp->type = ICMP_ECHO_REPLY;
	memcpy(&after, icmp, 2);
	icmp->check = csum_update16(icmp->check, before, after);
	answer(w, skb);
}

/* RFC 792: originate, receive and transmit time; the latter two are the same here. */
static void timestamp(struct worker *w, struct skb *skb)
{
	struct icmp_hdr *icmp;
	rte_be32_t now;

	if (skb_len(skb) < ICMP_HDR_LEN + 4) {
		bad(w, skb, DROP_ICMP_TIMESTAMP_SHORT);
		return;
	}
	skb = writable(w, skb);
	if (!skb)
		return;
	skb_trim(skb, TIMESTAMP_LEN);
	if (skb_len(skb) < TIMESTAMP_LEN)
		skb_put(skb, TIMESTAMP_LEN - skb_len(skb));
	if (!skb_may_pull(skb, TIMESTAMP_LEN)) {
		skb_drop(w, skb, DROP_NO_MEMORY);
		return;
	}
	icmp = skb_data(skb);
	now = ip4_ms_since_midnight(w);
	memcpy((uint8_t *)icmp + ICMP_HDR_LEN + 4, &now, 4);
	memcpy((uint8_t *)icmp + ICMP_HDR_LEN + 8, &now, 4);
	icmp->type = ICMP_TIMESTAMP_REPLY;
	icmp->code = 0;
	icmp->check = 0;
	icmp->check = csum_fold(csum_add(icmp, TIMESTAMP_LEN, 0));
	answer(w, skb);
}

/* What the message says in its second word, as icmp_quote.info has it. */
static uint32_t info_of(const struct icmp_hdr *icmp)
{
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_UNREACH_FRAG_NEEDED)
		return ntohs(icmp->frag.mtu);
	return ntohl(icmp->info);
}

/* An error about a packet of ours: to the protocol that sent it, by the quoted header. */
static void error(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *quoted;
	const struct inet_proto *proto;
	struct icmp_quote q;
	uint32_t hlen;

	if (!skb_may_pull(skb, ICMP_HDR_LEN + IP4_HDR_LEN)) {
		bad(w, skb, DROP_ICMP_QUOTE_SHORT);
		return;
	}
	quoted = (const void *)((uint8_t *)skb_data(skb) + ICMP_HDR_LEN);
	hlen = ip4_hdr_len(quoted);
	if (ip4_version(quoted) != 4 || hlen < IP4_HDR_LEN) {
		bad(w, skb, DROP_ICMP_QUOTE_INVALID);
		return;
	}
	if (!skb_may_pull(skb, ICMP_HDR_LEN + hlen + 8)) {
		bad(w, skb, DROP_ICMP_QUOTE_SHORT);
		return;
	}
	quoted = (const void *)((uint8_t *)skb_data(skb) + ICMP_HDR_LEN);
	if (ip4_addr_type(w->dp, quoted->daddr) == FIB_BROADCAST) {
		skb_drop(w, skb, DROP_ICMP_QUOTE_BROADCAST); /* RFC 1122 3.2.2: never asked for */
		return;
	}
	proto = inet_proto_get(w->dp, quoted->protocol);
	if (!proto || !proto->err) {
		skb_drop(w, skb, DROP_ICMP_NO_TAKER);
		return;
	}
	q = (struct icmp_quote){
		.type = ((const struct icmp_hdr *)skb_data(skb))->type,
		.code = ((const struct icmp_hdr *)skb_data(skb))->code,
		.info = info_of(skb_data(skb)),
		.ip = (const uint8_t *)quoted,
		.l4 = (const uint8_t *)quoted + hlen,
		.l4_len = skb_headlen(skb) - ICMP_HDR_LEN - hlen,
	};
	proto->err(w, &q);
	skb_delivered(w, skb);
}

static void no_taker(struct worker *w, struct skb *skb)
{
	skb_drop(w, skb, DROP_ICMP_NO_TAKER);
}

static const struct {
	handler_fn *fn;
	uint16_t counter; /* 0: none of its own */
	bool broadcast;   /* handled when broadcast or multicast, too */
} types[ICMP_TYPE_MAX + 1] = {
	[ICMP_ECHO_REPLY] = { no_taker, MIB_IcmpInEchoReps },
	[ICMP_DEST_UNREACH] = { error, MIB_IcmpInDestUnreachs },
	[ICMP_SOURCE_QUENCH] = { error, MIB_IcmpInSrcQuenchs },
	[ICMP_REDIRECT] = { error, MIB_IcmpInRedirects },
	[ICMP_ECHO_REQUEST] = { echo, MIB_IcmpInEchos, true },
	[ICMP_TIME_EXCEEDED] = { error, MIB_IcmpInTimeExcds },
	[ICMP_PARAM_PROBLEM] = { error, MIB_IcmpInParmProbs },
	[ICMP_TIMESTAMP] = { timestamp, MIB_IcmpInTimestamps, true },
	[ICMP_TIMESTAMP_REPLY] = { no_taker, MIB_IcmpInTimestampReps },
	[ICMP_INFO_REQUEST] = { no_taker },
	[ICMP_INFO_REPLY] = { no_taker },
	[ICMP_MASK_REQUEST] = { no_taker, MIB_IcmpInAddrMasks, true },
	[ICMP_MASK_REPLY] = { no_taker, MIB_IcmpInAddrMaskReps, true },
};

/* RFC 1122 3.2.2.6, 3.2.2.8; Linux answers both or neither. */
static bool broadcast_allowed(const struct worker *w, uint8_t type)
{
	if (type == ICMP_ECHO_REQUEST || type == ICMP_TIMESTAMP)
		return !atomic_load_explicit(&w->dp->conf.icmp_echo_ignore_broadcasts,
			memory_order_relaxed);
	return types[type].broadcast;
}

static bool csum_ok(const struct skb *skb)
{
	return skb->ip_summed == SKB_CSUM_UNNECESSARY ||
	       csum_fold(skb_checksum(skb, 0, skb_len(skb), 0)) == 0;
}

static void one(struct worker *w, struct skb *skb)
{
	uint8_t type;

	ip4_count(w, MIB_IcmpInMsgs);
	if (skb_len(skb) < ICMP_HDR_LEN) {
		bad(w, skb, DROP_ICMP_SHORT);
		return;
	}
	if (!csum_ok(skb)) {
		ip4_count(w, MIB_IcmpInCsumErrors);
		bad(w, skb, DROP_ICMP_BAD_CSUM);
		return;
	}
	if (!skb_may_pull(skb, ICMP_HDR_LEN)) {
		skb_drop(w, skb, DROP_NO_MEMORY);
		return;
	}
	type = *(const uint8_t *)skb_data(skb);
	w->ip4->icmp_in_type[type]++;
	if (type > ICMP_TYPE_MAX || !types[type].fn) {
		bad(w, skb, DROP_ICMP_UNKNOWN_TYPE);
		return;
	}
	if (types[type].counter)
		ip4_count(w, (enum ip4_mib)types[type].counter);
	if (ip4_cb(skb)->dst_type != FIB_LOCAL && !broadcast_allowed(w, type)) {
		bad(w, skb, DROP_ICMP_BROADCAST);
		return;
	}
	types[type].fn(w, skb);
}

void icmp_input(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i]);
}
