/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive side scaling in software: where a port has fewer receive queues than there are workers,
 * or places flows in a way that is not known to be symmetric, the worker that polls a queue keeps
 * its own flows and hands the others' over, by one ring for each pair (queue, worker). Both
 * directions of a flow, and all fragments of a datagram, then meet on one worker.
 */
#pragma once

#include "core/backlog.h"
#include "dev/rxq.h"
#include "wire/rss.h"

struct rte_ring;

#define SPREAD_RING_SIZE 1024

/* The other end of a ring, a napi entry of the worker that the flows belong to. */
struct spread_inlet {
	struct napi napi;
	struct rte_ring *ring;
	struct worker *to;
	struct rx_queue q;            /* as which the frames go on; nobody polls it */
};

/* Beside a receive queue whose frames are spread. Workers by number, as the hash counts them. */
struct spread {
	uint16_t n, me;
	uint8_t reta[RSS_RETA];
	struct spread_inlet *inlet[WORKER_MAX]; /* [n]; NULL for `me` */
};

/* poll function of such a queue's napi, and of an inlet's. */
unsigned int spread_poll(struct worker *w, struct napi *n, unsigned int budget);
unsigned int spread_inlet_poll(struct worker *w, struct napi *n, unsigned int budget);

/* Control thread: what `q`, polled by worker number `me` of to[0..n), needs; NULL: no memory. */
struct spread *spread_new(struct rx_queue *q, struct worker *const *to, uint16_t n, uint16_t me);
void spread_free(struct spread *s);
/*
 * Any thread: netif_rx() of a frame on the worker that its flow belongs to, where the ports' frames of
 * the flow are, too; frames of no flow stay with `from` (core/backlog.h: NULL where the caller is no
 * worker; then they go to the first).
 */
enum netif_rx_result netif_rx_flow(struct dp *dp, struct worker *from, struct skb *skb);

/* Put the inlets into their workers' hands; out of them: what waits ends as DEV_DOWN. */
void spread_attach(struct spread *s);
void spread_detach(struct spread *s);
