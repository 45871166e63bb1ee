/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 options (RFC 791 3.1, RFC 1108, RFC 2113): compiled once when a packet comes in, processed
 * as a host or router must. Packets with options take the stages, on the same core.
 *
 * Offsets count from the IPv4 header's first byte; 0: absent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/burst.h"

struct ip4_hdr;

#define IP4_OPTLEN_MAX 40

enum ip4_opt_flags {
	IP4_OPT_STRICT = 1 << 0,      /* srr is strict */
	IP4_OPT_SRR_HIT = 1 << 1,     /* this host was the named hop: nexthop is the next */
	IP4_OPT_CHANGED = 1 << 2,     /* option bytes changed: the header checksum is stale */
	IP4_OPT_RR_NEEDADDR = 1 << 3, /* to be filled with the outgoing address on forwarding */
	IP4_OPT_TS_NEEDTIME = 1 << 4,
	IP4_OPT_TS_NEEDADDR = 1 << 5,
};

struct ip4_options {
	rte_be32_t faddr;   /* first hop of a source route that this host sends */
	rte_be32_t nexthop; /* of SRR_HIT: where the packet goes, the route is looked up for this */
	uint8_t optlen;     /* bytes of options */
	uint8_t srr, rr, ts, router_alert, cipso;
	uint8_t flags;      /* enum ip4_opt_flags */
	uint8_t zero;
};

/*
 * Parse and check the options of a received packet (data at the IPv4 header, header linear and
 * writable) into ip4_cb(skb)->opt and set SKB_F_IPOPT. Acts as Linux's ip_options_compile: writes
 * this host's address and the time where RR and TS ask for it. True: sound. False: the packet has
 * been ended with its own drop reason and, where RFC 1812 wants one, a parameter problem.
 */
bool ip4_options_compile(struct worker *w, struct skb *skb);

/*
 * After compile, before routing: source routes by policy (dp_conf.accept_source_route; off: ended
 * silently). Sets nexthop and SRR_HIT where this host is the hop named by the destination field.
 * False: ended.
 */
bool ip4_options_rcv_srr(struct worker *w, struct skb *skb);

/*
 * On the way out of a forwarded packet (data at the IPv4 header, nh set): write the outgoing
 * address and the time, advance a source route, renew the header checksum where bytes changed.
 */
void ip4_options_forward(struct worker *w, struct skb *skb);

/* Its step for source routes: the next hop becomes the destination, `out` takes its place. */
void ip4_srr_advance(struct ip4_options *opt, struct ip4_hdr *ip, rte_be32_t out);

/* For fragments after the first: options without the copy bit become NOPs; the length stays. */
void ip4_options_fragment(uint8_t *opts, unsigned int optlen);

/*
 * The options of an answer that this host sends from saddr to the packet with header `hdr` and
 * compiled options `opt`: source route reversed, RR and TS filled on with saddr and the time.
 * Writes at most IP4_OPTLEN_MAX bytes to out, padded to 4, and returns how many. *first_hop is set
 * only where a source route was reversed: there the answer goes first.
 */
unsigned int ip4_options_echo(struct worker *w, const struct ip4_options *opt,
	const struct ip4_hdr *hdr, rte_be32_t saddr, uint8_t *out, rte_be32_t *first_hop);

/* Milliseconds since midnight UT, network order: in TS options and ICMP timestamps. */
rte_be32_t ip4_ms_since_midnight(struct worker *w);
