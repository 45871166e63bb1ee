/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The software input queue of a worker (Linux's input_pkt_queue and netif_rx): frames that a
 * device without a receive queue of its own sends up, the loopback's first of all. Other threads hand
 * frames in by a ring, the inbox, from which the worker fills the queue.
 */
#pragma once

#include "core/ledger.h"
#include "core/napi.h"
#include "core/skb_queue.h"

#define INBOX_SIZE 1024 /* a power of two; one place stays empty */

struct rte_ring;

struct backlog {
	struct napi napi;
	struct holder holder;
	struct skb_queue q;
	struct rte_ring *inbox;
	atomic_ullong refused;     /* by the inbox; any thread */
};

enum netif_rx_result { NETIF_RX_SUCCESS = 0, NETIF_RX_DROP = 1 };

int backlog_init(struct worker *w);
void backlog_fini(struct worker *w);

/*
 * A frame with skb->dev set and data at the link header, of this worker: queued for eth_input, or
 * dropped when more than max_backlog wait. The arrival time is set unless it is there already.
 */
enum netif_rx_result netif_rx(struct worker *w, struct skb *skb);

/*
 * The same from another thread: `from` is the calling worker, or NULL where the caller is none (the
 * frame is in nobody's ledger then, and the caller holds a reference on skb->dev). Wakes `to`. What
 * the inbox does not take, or more than max_backlog, is dropped and counted as backlog_refused of `to`.
 */
enum netif_rx_result netif_rx_on(struct worker *from, struct worker *to, struct skb *skb);

/* The worker, between turns: from the inbox to the queue; true if there was anything. */
bool backlog_collect(struct worker *w);
/* The worker, after its last turn: all that waits goes to another one that runs, if there is any. */
void backlog_leave(struct worker *w);
/* On the worker (worker_call): end what waits of an interface that goes away. */
void backlog_flush(struct worker *w, void *dev);
