/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port's receive queue, polled by one worker. `line0` is what the first line of every received
 * skb starts as.
 */
#pragma once

#include "core/napi.h"
#include "dev/netdev.h"

struct rx_queue {
	struct napi napi;
	struct netdev *dev;
	uint16_t port_id, queue;
	uint8_t line0[offsetof(struct skb, cb)] __attribute__((aligned(64)));
};

/* Fill napi and line0; the caller sets wait_fd and arm. */
void rxq_init(struct rx_queue *q, struct netdev *dev, uint16_t queue);

/* The skb of a frame from this queue: first line from the template, then what the mbuf's flags say. */
struct skb *rxq_skb(const struct rx_queue *q, struct rte_mbuf *m);
