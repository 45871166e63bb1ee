/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine on EAL: workers, pools, QSBR and ports that are pairs of rings. A test pushes frames
 * into a port's rx ring and takes what comes out of its tx ring; the world checks at its end that
 * the ledger closes and that every mbuf is home.
 */
#pragma once

#include "core/dp.h"
#include "core/loop.h"
#include "dev/netdev_update.h"

#define WORLD_WORKERS 2
#define WORLD_PORTS 2
#define WORLD_MBUFS 8192
#define WORLD_RING 256

struct world_port {
	struct rte_ring *rx, *tx[WORLD_WORKERS];
	uint16_t port_id;
	unsigned int ntxq;
	struct netdev *dev;
};

struct world {
	struct dp dp;
	struct rte_rcu_qsbr *qsbr;
	struct rte_mempool *pool, *clones;
	unsigned int nworkers;
	struct worker *w[WORLD_WORKERS];
	struct world_port port[WORLD_PORTS];
};

/* Once per program: EAL without root, hugepages or devices. */
void world_eal(const char *program);
/* ntxq: transmit queues of each port, fewer than workers makes hand-over rings. */
void world_init(struct world *x, unsigned int nworkers, unsigned int ntxq);
void world_fini(struct world *x);

/* Whether the port's driver is called where nothing else is in it, as netdev_port_conf's `call` promises. */
extern bool world_alone;
/* A netdev for the port, registered and open. */
void world_port_up(struct world *x, unsigned int port, const char *name);
/* A frame of 60 bytes with `number` in it arrives; false: the ring is full or no buffer is left. */
bool world_inject(struct world *x, unsigned int port, uint32_t number);
/* The next frame that left by the port; its number. False: none. */
bool world_take(struct world *x, unsigned int port, uint32_t *number);
