/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The software input queue of a worker (Linux's input_pkt_queue and netif_rx): frames that a
 * device without a receive queue of its own sends up, the loopback's first of all.
 */
#pragma once

#include "core/ledger.h"
#include "core/napi.h"
#include "core/skb_queue.h"

struct backlog {
	struct napi napi;
	struct holder holder;
	struct skb_queue q;
};

enum netif_rx_result { NETIF_RX_SUCCESS = 0, NETIF_RX_DROP = 1 };

int backlog_init(struct worker *w);
void backlog_fini(struct worker *w);

/*
 * A frame with skb->dev set and data at the link header, of this worker: queued for eth_input, or
 * dropped when more than max_backlog wait. The arrival time is set unless it is there already.
 */
enum netif_rx_result netif_rx(struct worker *w, struct skb *skb);
