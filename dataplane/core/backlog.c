/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The software input queue: netif_rx() appends, the entry `backlog` of the poll list takes up to a
 * weight at a time, as a peer of the ports' queues, and feeds eth_input. On the poll list only while
 * the queue is not empty.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/backlog.h"
#include "core/burst.h"
#include "core/dp.h"

enum netif_rx_result netif_rx(struct worker *w, struct skb *skb)
{
	struct backlog *b = w->backlog;

	w->stats.backlog_total++;
	if (b->q.len > atomic_load_explicit(&w->dp->conf.max_backlog, memory_order_relaxed)) {
		w->stats.backlog_dropped++;
		skb_drop(w, skb, DROP_BACKLOG_FULL);
		return NETIF_RX_DROP;
	}
	if (!(skb->flags & SKB_F_TSTAMP)) {
		skb->tstamp = w->now;
		skb->flags |= SKB_F_TSTAMP;
	}
	skb_queue_tail(&b->q, skb);
	if (b->q.len == 1)
		napi_schedule(w, &b->napi);
	return NETIF_RX_SUCCESS;
}

static unsigned int poll(struct worker *w, struct napi *n, unsigned int budget)
{
	struct backlog *b = n->priv;
	unsigned int done = 0;

	while (done < budget && b->q.len) {
		burst_to(w, STAGE_eth_input, skb_dequeue(&b->q));
		done++;
	}
	if (!b->q.len)
		napi_complete(w, n);
	return done;
}

static uint64_t count(const struct holder *h)
{
	return ((const struct backlog *)((const char *)h - offsetof(struct backlog, holder)))->q.len;
}

int backlog_init(struct worker *w)
{
	struct backlog *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	skb_queue_init(&b->q);
	b->napi = (struct napi){.poll = poll, .priv = b, .name = "backlog", .wait_fd = -1,
		.on_demand = true};
	b->holder = (struct holder){.name = "backlog", .count = count};
	holder_add(w, &b->holder);
	w->backlog = b;
	return 0;
}

void backlog_fini(struct worker *w)
{
	struct backlog *b = w->backlog;

	if (!b)
		return;
	assert(skb_queue_empty(&b->q)); /* worker_stop */
	napi_disable(w, &b->napi);
	holder_remove(w, &b->holder);
	free(b);
	w->backlog = NULL;
}
