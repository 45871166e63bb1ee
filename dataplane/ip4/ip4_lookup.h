/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which next hop a packet has, by the tables and rules that apply to it: the one way to ask, for
 * received packets and for this host's own. For whole bursts ip4_route asks the merged table at
 * once and comes here only for what that leaves.
 */
#pragma once

#include "core/dp.h"
#include "fib/fib.h"
#include "fib/nexthop.h"
#include "fib/rules.h"

/* What rules may ask about; addresses in host order. */
struct ip4_key {
	uint32_t dst, src;
	uint32_t mark;
	uint32_t iif, oif; /* netdev index; 0: none */
	uint8_t tos;
};

/* The next hop, of any type but THROW and not yet chosen among a group's; NULL: no route. */
const struct fib_nh *ip4_lookup(const struct dp *dp, const struct ip4_key *key);

/* The one member of a group that the flow takes, living where any lives; nh itself otherwise. */
const struct fib_nh *ip4_group_member(const struct dp *dp, const struct fib_nh *nh, uint32_t hash);

static inline const struct fib *ip4_merged_table(const struct dp *dp)
{
	if (unlikely(atomic_load_explicit(&dp->rules->set, memory_order_acquire) != NULL))
		return NULL;
	return atomic_load_explicit(&dp->rules->merged, memory_order_acquire);
}
