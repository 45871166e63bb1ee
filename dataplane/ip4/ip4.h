/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What IPv4's files share: a packet's control block, the counters, a worker's state. Addresses are
 * in network order where the type says rte_be32_t, in host order elsewhere.
 */
#pragma once

#include "core/worker.h"
#include "ip4/ip4_id.h"
#include "ip4/ip4_options.h"

enum ip4_mib {
#define MIB(group, name, text) MIB_##group##name,
#include "ip4/ip4_mib.def"
#undef MIB
	MIB_COUNT,
};

struct icmp_worker;
struct ip4_reasm;

/* One worker's IPv4; allocated by ip4_worker_init(). */
struct ip4_worker {
	uint64_t mib[MIB_COUNT];
	uint64_t icmp_in_type[256];   /* Linux's IcmpMsg InType<n>, OutType<n> */
	uint64_t icmp_out_type[256];
	struct icmp_worker *icmp;     /* icmp.h: rate limits */
	struct ip4_reasm *reasm;      /* ip4_reassemble.h */
	struct ip4_ids ids;           /* ip4_id.h */
};

static inline void ip4_count(struct worker *w, enum ip4_mib counter)
{
	w->ip4->mib[counter]++;
}

static inline void ip4_count_n(struct worker *w, enum ip4_mib counter, uint64_t n)
{
	w->ip4->mib[counter] += n;
}

/* skb->cb from ip4_input on; zeroed there (and by whoever makes a packet of this host). */
struct ip4_cb {
	struct ip4_options opt;  /* valid where SKB_F_IPOPT */
	uint32_t icmp_info;      /* the error that icmp_error is to build: icmp.h */
	uint16_t icmp_reason;    /* enum drop_reason */
	uint8_t icmp_type, icmp_code;
	uint16_t frag_max_size;  /* of a reassembled packet: its largest fragment */
	uint16_t redirect;       /* leaves by the interface it came by: earns a redirect */
};
static_assert(sizeof(struct ip4_cb) <= SKB_CB_SIZE, "fits the control block");

static inline struct ip4_cb *ip4_cb(struct skb *skb)
{
	return (struct ip4_cb *)skb->cb;
}

/*
 * What STAGE_ip4_send takes, a packet of this host: data at its IPv4 header with version, IHL, TOS,
 * DF, TTL, protocol and destination set, options behind it (then SKB_F_IPOPT and cb). It routes to
 * opt.faddr where that is not 0, else to the destination; fills in a source of 0 from the route;
 * sets total length, identification and checksum. cb is zeroed by whoever made the packet.
 */
