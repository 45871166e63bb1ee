/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fake worker with the tables of a small router: ports 1 and 2, a FIB, next hops, neighbours,
 * forwarding on. Addresses are text, link addresses of gateways 02:aa:<the address>.
 *
 *	10.0.1.1/24 on port 1, 10.0.2.1/24 on port 2 (their local, broadcast and on-link routes)
 */
#pragma once

#include "fake_worker.h"

#include "fib/fib_update.h"
#include "fib/nexthop_update.h"
#include "fib/rules.h"
#include "neigh/neigh_update.h"

struct fake_router {
	struct fake_worker f;
	struct netdev *dev[3], *lo; /* [1], [2] */
	struct fib *fib;
	struct fib_rules rules;
};

void fake_router_init(struct fake_router *r);
void fake_router_fini(struct fake_router *r);
int fake_router_setup(void **state);
int fake_router_teardown(void **state);

/* Publish a next hop under a fresh id, which is returned; the id in nh is not looked at. */
uint32_t fake_nh(struct fake_router *r, struct fib_nh nh);
/* A gateway of port `dev` whose link address is known to the next hop: the lane may use it. */
uint32_t fake_gw(struct fake_router *r, unsigned int dev, const char *gw);
/* A next hop that only has a type: unreachable, blackhole ... */
uint32_t fake_nh_type(struct fake_router *r, uint8_t type);
void fake_route(struct fake_router *r, const char *prefix, unsigned int len, uint32_t nh);
/* A neighbour entry; flags of enum neigh_flags. */
void fake_neigh(struct fake_router *r, unsigned int dev, const char *ip, uint8_t flags);
/* The link address that fake_gw and fake_neigh give an address. */
void fake_lladdr(uint8_t mac[6], const char *ip);

/*
 * Run all stages in sweep order until only `netdev_tx` and `punt` have packets, which the test
 * takes. Counts packets per stage as the engine does.
 */
void fake_walk(struct fake_router *r);
/* A frame comes in by port `dev` and takes the walk. */
void fake_walk_frame(struct fake_router *r, unsigned int dev, const void *frame, uint32_t len);
