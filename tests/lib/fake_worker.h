/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker without EAL, for unit tests: static mbufs in a mempool of our own, a struct dp with the
 * loopback (slot NETDEV_LO_SLOT, down) and the packet types, no QSBR (retired objects are freed at once). A test calls a stage and
 * looks at w->out[STAGE_X] or the drop reason; fake_worker_fini() asserts that every skb is home
 * and that the ledger closes.
 */
#pragma once

#include "core/burst.h"
#include "core/dp.h"
#include "core/ledger.h"
#include "core/loop.h"
#include "dev/netdev.h"

#define FAKE_MBUFS 1024

struct fake_worker {
	struct worker *w;
	struct dp dp;
	struct netdev_table *netdevs;
	struct netdev *made[64];
	unsigned int nmade;
	struct rte_mempool *pool, *clone_pool;
	struct ledger seen;          /* what expect_drop has accounted for */
};

void fake_worker_init(struct fake_worker *f);
void fake_worker_fini(struct fake_worker *f);

/* For cmocka_unit_test_setup_teardown: *state is a struct fake_worker *. */
int fake_worker_setup(void **state);
int fake_worker_teardown(void **state);

/* A mempool of n mbufs as skb_pool_create makes them, without EAL. */
struct rte_mempool *fake_pool_create(uint32_t n, uint16_t data_room);
/* Objects that are not home. */
uint32_t fake_pool_in_use(const struct rte_mempool *pool);
void fake_pool_free(struct rte_mempool *pool);

/* A running Ethernet port (MTU 1500, UP) in the table; mac NULL: 02:00:00:00:00:<index>. */
struct netdev *fake_netdev(struct fake_worker *f, uint16_t index, const char *name,
	const uint8_t mac[6]);

/* A frame as dev/rx.c delivers it: data at the link header, counted as rx. dev may be NULL. */
struct skb *fake_rx(struct fake_worker *f, struct netdev *dev, const void *frame, uint32_t len);
/*
 * The same, at the network header: what eth_input hands on. `packet` starts at the IP header;
 * an Ethernet header to us is put in front, mac_header and protocol (0x0800) are set.
 */
struct skb *fake_rx_ip4(struct fake_worker *f, struct netdev *dev, const void *packet,
	uint32_t len);
/* The same frame in segments of at most `seg` bytes. */
struct skb *fake_rx_segs(struct fake_worker *f, struct netdev *dev, const void *frame,
	uint32_t len, uint32_t seg);

/* Call a stage with these skbs, as the engine does (counts, empties). */
void fake_stage(struct fake_worker *f, stage_fn *fn, struct skb *const *skb, uint32_t n);
void fake_stage1(struct fake_worker *f, stage_fn *fn, struct skb *skb);

/* Take everything that waits for `stage`; returns how many. */
uint32_t fake_take(struct fake_worker *f, enum stage stage, struct skb **skb, uint32_t max);
/* Exactly one skb waits for `stage`, nothing anywhere else: that skb. */
struct skb *fake_take1(struct fake_worker *f, enum stage stage);
/* Packets that wait for any stage. */
uint32_t fake_waiting(const struct fake_worker *f);
/* Since the last call for it, exactly n packets were dropped for `reason`. */
void fake_expect_drop(struct fake_worker *f, enum drop_reason reason, uint64_t n);
/* End an skb that the test has taken (counted as tx, as if a port had sent it). */
void fake_sent(struct fake_worker *f, struct skb *skb);
