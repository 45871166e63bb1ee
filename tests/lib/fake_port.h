/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports of a fake router without EAL: dev/rx and dev/txq run as they are, over receive and transmit
 * functions that this puts into ethdev's table. Port id = the device's index.
 */
#pragma once

#include "dev/rxq.h"
#include "dev/txq.h"
#include "fake_router.h"

#define FAKE_PORT_FRAMES 512

struct fake_port {
	struct rx_queue rxq;
	struct tx_queue txq;
	struct rte_mbuf *in[BURST_MAX];
	uint32_t n_in;
	struct rte_mbuf *out[FAKE_PORT_FRAMES]; /* what the port was given, in order */
	uint32_t n_out;
	uint32_t takes; /* frames at a call; 0: all */
	uint16_t port_id;
	void *self;
};

/* Open port `dev` of the router: its queues belong to the router's worker from here on. */
void fake_port_open(struct fake_port *p, struct fake_router *r, unsigned int dev);
/* Several routers of a test share port ids: from now on this is the port that is meant. */
void fake_port_use(struct fake_port *p);
void fake_port_close(struct fake_port *p, struct fake_router *r);
/* The worker polls what is in in[0..n_in) and makes no sweep. */
void fake_port_poll(struct fake_port *p, struct fake_router *r);
/* Free what was sent. */
void fake_port_clear(struct fake_port *p);
