/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which flows of a burst have left a fast way: what comes behind them from the same source to the
 * same destination must leave it, too, or it would pass them. A filter of 512 bits: it can send a
 * frame the long way without need, never the other way round. Fragments and segments have the
 * addresses of the rest of their flow, so that one key serves all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "wire/eth.h"
#include "wire/ip4.h"

struct flow_filter {
	bool any, all;
	uint64_t bit[8];
};

/* addrs: source and destination as they stand in an IPv4 header. */
static inline uint32_t flow_filter_key(const void *addrs)
{
	uint64_t a;

	memcpy(&a, addrs, sizeof(a));
	return (a * UINT64_C(0x9e3779b97f4a7c15)) >> 55;
}

static inline void flow_filter_add(struct flow_filter *f, const void *addrs)
{
	uint32_t k = flow_filter_key(addrs);

	f->bit[k / 64] |= UINT64_C(1) << (k % 64);
	f->any = true;
}

/* A frame whose addresses are not to be had: could be of any flow. */
static inline void flow_filter_add_all(struct flow_filter *f)
{
	f->any = f->all = true;
}

static inline bool flow_filter_is_tag(const uint8_t *type)
{
	uint16_t is;

	memcpy(&is, type, sizeof(is));
	return is == RTE_BE16(ETH_TYPE_VLAN) || is == RTE_BE16(ETH_TYPE_QINQ);
}

/*
 * A frame, its data at the link header. One tag may be a priority only, and the frame of the same
 * flow as those without. Cut within its headers, or with more tags: could be of any flow. What is
 * shorter as a whole goes nowhere.
 */
static inline void flow_filter_add_frame(struct flow_filter *f, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *type = p + offsetof(struct eth_hdr, type);
	const uint8_t *addrs = p + ETH_HDR_LEN + offsetof(struct ip4_hdr, saddr);
	const uint32_t headers = ETH_HDR_LEN + IP4_HDR_LEN;

	f->any = true;
	if (m->data_len >= headers && !flow_filter_is_tag(type))
		flow_filter_add(f, addrs);
	else if (m->data_len >= headers + VLAN_TAG_LEN && !flow_filter_is_tag(type + VLAN_TAG_LEN))
		flow_filter_add(f, addrs + VLAN_TAG_LEN);
	else if (m->pkt_len >= headers)
		flow_filter_add_all(f);
}

static inline bool flow_filter_has(const struct flow_filter *f, const void *addrs)
{
	uint32_t k = flow_filter_key(addrs);

	return f->all || f->bit[k / 64] >> (k % 64) & 1;
}

/* Of a frame with a plain link header and a whole IPv4 header behind it. */
static inline bool flow_filter_has_plain(const struct flow_filter *f, const struct rte_mbuf *m)
{
	return flow_filter_has(f, rte_pktmbuf_mtod_offset(m, const uint8_t *,
		ETH_HDR_LEN + offsetof(struct ip4_hdr, saddr)));
}
