/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The software input queue: netif_rx() appends, the entry `backlog` of the poll list takes up to a
 * weight at a time, as a peer of the ports' queues, and feeds eth_input. On the poll list only while
 * the queue is not empty. netif_rx_on() is for other threads: into the inbox, and a word that the
 * worker looks at once a turn; only who sets it wakes, so a burst costs one wake-up.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ring.h>

#include "core/backlog.h"
#include "core/burst.h"
#include "core/dp.h"
#include "core/loop.h"
#include "core/ring.h"
#include "core/skb_alloc.h"
#include "core/sleep.h"

#define COLLECT 64

static uint32_t limit(const struct worker *w)
{
	return atomic_load_explicit(&w->dp->conf.max_backlog, memory_order_relaxed);
}

enum netif_rx_result netif_rx(struct worker *w, struct skb *skb)
{
	struct backlog *b = w->backlog;

	w->stats.backlog_total++;
	if (b->q.len > limit(w)) {
		w->stats.backlog_dropped++;
		skb_drop(w, skb, DROP_BACKLOG_FULL);
		return NETIF_RX_DROP;
	}
	skb_stamp(skb, w->now);
	skb_queue_tail(&b->q, skb);
	if (b->q.len == 1)
		napi_schedule(w, &b->napi);
	return NETIF_RX_SUCCESS;
}

enum netif_rx_result netif_rx_on(struct worker *from, struct worker *to, struct skb *skb)
{
	struct backlog *b = to->backlog;

	skb_stamp(skb, from ? from->now : rte_rdtsc());
	if (rte_ring_count(b->inbox) > limit(to) || rte_ring_enqueue(b->inbox, skb) != 0) {
		atomic_fetch_add_explicit(&b->refused, 1, memory_order_relaxed);
		if (from)
			skb_drop(from, skb, DROP_INBOX_FULL);
		else
			skb_free(skb);
		return NETIF_RX_DROP;
	}
	if (from)
		from->ledger.ring_out++;
	if (!atomic_exchange(&to->inbox_ready, 1))
		worker_wake(to);
	return NETIF_RX_SUCCESS;
}

bool backlog_collect(struct worker *w)
{
	struct skb *skb[COLLECT];
	unsigned int n, left = INBOX_SIZE; /* what comes meanwhile has set the word again */

	if (!atomic_exchange(&w->inbox_ready, 0))
		return false;
	do {
		n = rte_ring_sc_dequeue_burst(w->backlog->inbox, (void **)skb,
			RTE_MIN(left, (unsigned int)COLLECT), NULL);
		w->ledger.ring_in += n;
		for (unsigned int i = 0; i < n; i++)
			netif_rx(w, skb[i]);
		left -= n;
	} while (n && left);
	return true;
}

static struct worker *another(const struct worker *w)
{
	for (unsigned int i = 1; i < WORKER_MAX; i++) {
		struct worker *to = atomic_load_explicit(&w->dp->workers[(w->id + i) % WORKER_MAX],
			memory_order_acquire);

		if (to && to != w && atomic_load(&to->running))
			return to;
	}
	return NULL;
}

void backlog_leave(struct worker *w)
{
	struct worker *to = another(w);
	struct backlog *b = w->backlog;
	struct skb *skb;

	if (!to)
		return;
	while ((skb = skb_dequeue(&b->q)))
		netif_rx_on(w, to, skb);
	while (rte_ring_sc_dequeue(b->inbox, (void **)&skb) == 0) {
		w->ledger.ring_in++;
		netif_rx_on(w, to, skb);
	}
	burst_flush_done(w);
}

void backlog_flush(struct worker *w, void *dev)
{
	struct skb_queue rest;
	struct skb *skb;

	backlog_collect(w);
	skb_queue_init(&rest);
	while ((skb = skb_dequeue(&w->backlog->q))) {
		if (skb->dev == dev)
			skb_drop(w, skb, DROP_DEV_DOWN);
		else
			skb_queue_tail(&rest, skb);
	}
	w->backlog->q = rest;
	burst_flush_done(w);
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
	/* RTS: a sender that is preempted in the middle does not hold up the others */
	b->inbox = ring_new("inbox", INBOX_SIZE, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	if (!b->inbox) {
		free(b);
		return -ENOMEM;
	}
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
	assert(skb_queue_empty(&b->q) && rte_ring_empty(b->inbox)); /* worker_stop */
	napi_disable(w, &b->napi);
	holder_remove(w, &b->holder);
	free(b->inbox);
	free(b);
	w->backlog = NULL;
}
