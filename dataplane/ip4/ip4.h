/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What IPv4's files share: a packet's control block, the counters, a worker's state. Addresses are
 * in network order where the type says rte_be32_t, in host order elsewhere.
 */
#pragma once

#include "core/worker.h"
#include "ip4/ip4_id.h"
#include "ip4/ip4_lane.h"
#include "ip4/ip4_mib.h"
#include "ip4/ip4_options.h"

/* The time of day between two looks at the wall clock. */
struct ip4_clock {
	uint64_t base_tsc;
	uint32_t base_ms;        /* since midnight UT */
};

struct icmp_worker;
struct ip4_reasm;

/* One worker's IPv4; allocated by ip4_worker_init(). */
struct ip4_worker {
	uint64_t mib[MIB_COUNT];
	uint64_t icmp_in_type[256];   /* Linux's IcmpMsg InType<n>, OutType<n> */
	uint64_t icmp_out_type[256];
	struct ip4_clock clock;
	struct icmp_worker *icmp;     /* icmp.h: rate limits */
	struct ip4_reasm *reasm;      /* ip4_reassemble.h */
	struct ip4_ids ids;           /* ip4_id.h */
	uint64_t martian_log;         /* w->now from which the next one is told */
	const struct lane_form *lane_form; /* ip4_lane.h */
};

/* Allocate w->ip4 and what hangs on it: 0, -ENOMEM, -EIO. fini ends what is held as STOPPED. */
int ip4_worker_init(struct worker *w);
void ip4_worker_fini(struct worker *w);

static inline void ip4_count(struct worker *w, enum ip4_mib counter)
{
	w->ip4->mib[counter]++;
}

static inline void ip4_count_n(struct worker *w, enum ip4_mib counter, uint64_t n)
{
	w->ip4->mib[counter] += n;
}

/*
 * skb->cb in IPv4's hands. Nothing zeroes it for a plain packet: each field says from where on it is
 * valid.
 */
struct ip4_cb {
	struct ip4_options opt;  /* valid where SKB_F_IPOPT */
	uint32_t icmp_info;      /* the error that icmp_error is to build, on its way there: icmp.h */
	uint16_t icmp_reason;    /* enum drop_reason */
	uint8_t icmp_type, icmp_code;
	uint8_t dst_type;        /* enum fib_nh_type of the destination, from ip4_local on */
	uint32_t part_from, part_to; /* in reassembly only: the data's place in the datagram */
};
static_assert(sizeof(struct ip4_cb) <= SKB_CB_SIZE, "fits the control block");

/* What of a received packet's state must not go on in an answer that reuses its skb. */
static inline void ip4_make_local(struct skb *skb, bool has_options)
{
	const uint16_t keep = SKB_F_CLONED | SKB_F_OWNED | SKB_F_FRAGLIST | SKB_F_TRACED |
			      SKB_F_FCLONE | SKB_F_CT;

	skb->flags = (uint16_t)((skb->flags & keep) | SKB_F_LOCAL | (has_options ? SKB_F_IPOPT : 0));
	skb->dev = NULL;
	skb->nh = NULL;
	skb->nh_id = 0;
	skb->iif = 0;
	skb->mark = 0;
	skb->priority = 0;
	skb->hash = 0;
	skb->mac_header = SKB_HDR_UNSET;
	skb->protocol = RTE_BE16(0x0800);
	skb->pkt_type = SKB_HOST;
	skb->ip_summed = SKB_CSUM_NONE;
}

/* A piece of a longer packet goes to its link: what ip4_output would have counted. */
void ip4_count_piece(struct worker *w, const struct skb *skb);

/* Worker: what it counted so far. */
void ip4_worker_counters(const struct worker *w, struct ip4_counters *c);

static inline struct ip4_cb *ip4_cb(struct skb *skb)
{
	return (struct ip4_cb *)skb->cb;
}

/*
 * What STAGE_ip4_send takes, a packet of this host: data at its IPv4 header with version, IHL, TOS,
 * DF, TTL, protocol and destination set (of a source route: its first hop), options behind it (then
 * SKB_F_IPOPT and cb). It fills in a source of 0 from the route, sets total length, identification
 * and checksum. cb is zeroed by whoever made the packet.
 */
