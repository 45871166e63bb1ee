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

static inline bool flow_filter_has(const struct flow_filter *f, const void *addrs)
{
	uint32_t k = flow_filter_key(addrs);

	return f->all || f->bit[k / 64] >> (k % 64) & 1;
}
