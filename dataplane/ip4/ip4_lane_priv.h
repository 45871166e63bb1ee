/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the lane's files share: the burst as it is looked up, and the input ladder ("sift") and the way
 * out ("send") in their two forms. Both give the same answers; the wide one takes 16 frames at a time.
 */
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "core/skb.h"
#include "core/worker.h"
#include "ip4/ip4_lane.h"
#include "wire/eth.h"
#include "wire/ip4.h"

struct fib;
struct fib_locals;
struct flow_filter;

/* Frames that the stages look at more closely: not all in one plain buffer, tags, super-frames. */
#define LANE_NOT_PLAIN (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL | \
	RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_LRO | RTE_MBUF_F_TX_OFFLOAD_MASK)
/* Both bits: a checksum that the sender left to be completed; who sends the frame on sees to that. */
#define LANE_CSUM_PARTIAL RTE_MBUF_F_RX_L4_CKSUM_MASK

#define LANE_HEADERS (ETH_HDR_LEN + IP4_HDR_LEN)

/* Next hops are fetched so many packets before their use. */
#define LANE_AHEAD 8
/* Of each 16 frames ahead the wide sift fetches so many, the rest are fetched on the way out. */
#define LANE_SIFT_AHEAD 6u

/* The frames of a burst that go on: entry k is m[at[k]]. */
struct lane {
	uint32_t n;
	bool partial;                  /* some may have such a checksum */
	bool fetched;                  /* all frames of the burst, by whoever knew them before */
	uint64_t bytes;                /* pkt_len of the whole burst */
	uint64_t octets;               /* len of all entries */
	uint64_t mac;                  /* the interface's address */
	/* received ahead and not fetched yet: what the loops of this burst do on their way */
	struct rte_mbuf *const *ahead;
	uint32_t n_ahead;
	uint32_t dev_index;            /* where the burst came in */
	const struct dp *dp;
	const struct fib *fib;
	const struct fib_locals *locals; /* NULL: every source is looked up */
	uint32_t dst[BURST_MAX] __attribute__((aligned(64))); /* host order */
	uint32_t id[BURST_MAX + LANE_AHEAD]; /* what the FIB answers; 0 behind the last */
	uint32_t len[BURST_MAX];       /* of the packet, by its header */
	uint32_t ttl[BURST_MAX];       /* the header's word of TTL and checksum, one hop on */
	uint32_t at[BURST_MAX];        /* ascending */
};

/* Append to `l` what of m[from..to) is plain, sound and to be routed; add up the bytes of all. */
typedef void lane_sift_fn(struct lane *l, struct rte_mbuf *const *m, uint32_t from, uint32_t to);
lane_sift_fn lane_sift_scalar;
lane_sift_fn lane_sift_avx512;

/*
 * Send what can be sent of entries [from, to), frames of the burst m; the length of what can't is 0 then,
 * and its flow is in `left`.
 */
typedef void lane_send_fn(struct worker *w, struct lane *l, struct flow_filter *left,
	struct rte_mbuf **m, uint32_t from, uint32_t to);
lane_send_fn lane_send_scalar;
lane_send_fn lane_send_avx512;

struct lane_form {
	lane_sift_fn *sift;
	lane_send_fn *send;
};

/* An address of this host's links, by the FIB; asked only where the filter is not sure. */
bool lane_is_local(const struct lane *l, uint32_t src);

static inline bool lane_csum_partial(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == LANE_CSUM_PARTIAL;
}

static inline void lane_prefetch(const struct rte_mbuf *m)
{
	rte_prefetch0(m);
	rte_prefetch0((const uint8_t *)m + SKB_RX_DATA_AT);
}

/* Fetch the next of the frames ahead; there is one. */
static inline void lane_prefetch_next(struct lane *l)
{
	lane_prefetch(*l->ahead++);
	l->n_ahead--;
}
