/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a FIB's answer (a next-hop id) means. The table maps ids to immutable objects that the
 * control thread replaces under QSBR (nexthop_update.h), so a reader never sees a half-written
 * link header. A pointer is good within one turn of the worker; across turns keep the id or the
 * (device, gateway) pair.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/dp.h"

#define FIB_NH_IDS (1u << 20)

/* fib_nh.type; the values of Linux's RTN_*. */
enum fib_nh_type {
	FIB_UNSPEC = 0,
	FIB_UNICAST = 1,
	FIB_LOCAL = 2,
	FIB_BROADCAST = 3,
	FIB_MULTICAST = 5,
	FIB_BLACKHOLE = 6,   /* silent */
	FIB_UNREACHABLE = 7, /* ICMP host unreachable */
	FIB_PROHIBIT = 8,    /* ICMP administratively prohibited */
	FIB_THROW = 9,       /* on to the next rule */
	FIB_GROUP = 200,     /* several, by flow */
};

enum fib_nh_flags {
	FIB_NH_HH = 1 << 0,     /* hh is the link header, the neighbour is usable: no lookup needed */
	FIB_NH_ONLINK = 1 << 1, /* no gateway: the destination itself is the neighbour */
	FIB_NH_LANE = 1 << 2,   /* the lane may use it: HH, plain Ethernet port, no FORWARD business */
	FIB_NH_DEAD = 1 << 3,   /* its device is down */
};

#define FIB_GROUP_SLOTS 256 /* weights are rounded to shares of this */

struct fib_nh_group {
	uint32_t n;
	uint32_t id[FIB_GROUP_SLOTS]; /* member ids, resilient: slots move only as shares change */
};

struct fib_nh {
	uint8_t type;               /* enum fib_nh_type */
	uint8_t flags;              /* enum fib_nh_flags */
	uint8_t scope;
	uint8_t hh_len;             /* 14, or 18 with a VLAN tag */
	uint32_t mtu;               /* of the path: device's or the route's lower one */
	rte_be32_t gw;              /* 0: on-link */
	uint16_t dev_index;         /* of dev, 0 without one: fib_nh_publish fills in these two */
	uint16_t lane_max;          /* longest packet for the lane, by mtu and by dev's contract */
	struct netdev *dev;         /* out; of LOCAL: the loopback */
	struct netdev *phys;        /* port below dev (dev itself unless VLAN) */
	uint8_t hh[32];             /* link header, ends at the last byte: copied in one store */
	struct fib_nh_group *group; /* of FIB_GROUP */
	rte_be32_t prefsrc;         /* source for packets of this host */
	uint32_t id;
	uint32_t tclassid;
} __attribute__((aligned(64)));

struct fib_nh_table {
	const struct fib_nh *_Atomic nh[FIB_NH_IDS]; /* NULL: unused; lazily committed memory */
};

static inline const struct fib_nh *fib_nh_get(const struct dp *dp, uint32_t id)
{
	return atomic_load_explicit(&dp->nhs->nh[id], memory_order_acquire);
}

/* Packets for this next hop need no stage: lane. */
static inline bool fib_nh_lane(const struct fib_nh *nh)
{
	const unsigned int want = FIB_NH_LANE | FIB_NH_HH;

	return (nh->flags & (want | FIB_NH_DEAD)) == want;
}

/* The member of a group for a flow hash. */
static inline const struct fib_nh *fib_nh_select(const struct dp *dp, const struct fib_nh *nh,
	uint32_t hash)
{
	return fib_nh_get(dp, nh->group->id[(hash * 0x9E3779B1u) >> 24]);
}
