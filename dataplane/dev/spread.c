/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames to the workers that their flows belong to (spread.h). The poll of a queue that is spread
 * counts what arrived, keeps what is its own for the lane and the stages, and puts the rest into the
 * rings; each ring's other end is polled like a receive queue. Set up by port_queues.c.
 */
#include "dev/spread.h"

#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ring.h>

#include "core/burst.h"
#include "core/call.h"
#include "core/dp.h"
#include "core/ring.h"
#include "core/skb_alloc.h"
#include "core/sleep.h"

/* The number of the worker that the frame belongs to; frames of no flow stay. */
static uint8_t owner(const struct spread *s, const struct rte_mbuf *m)
{
	uint32_t hash;

	if (!rss_hash(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, &hash))
		return (uint8_t)s->me;
	return s->reta[hash % RSS_RETA];
}

static void hand_over(struct worker *w, struct rx_queue *q, struct spread_inlet *in,
	struct rte_mbuf **m, uint32_t n)
{
	uint32_t sent = rte_ring_sp_enqueue_burst(in->ring, (void **)m, n, NULL);

	w->ledger.ring_out += sent;
	if (sent)
		worker_wake(in->to);
	dev_stats(w, q->dev)->rx_dropped += n - sent;
	for (uint32_t i = sent; i < n; i++)
		skb_drop(w, rxq_skb(q, m[i]), DROP_SPREAD_FULL);
}

unsigned int spread_poll(struct worker *w, struct napi *napi, unsigned int budget)
{
	struct rx_queue *q = napi->priv;
	struct spread *s = q->spread;
	struct rte_mbuf *m[BURST_MAX], *to[BURST_MAX];
	uint8_t whose[BURST_MAX];
	uint32_t n = rxq_burst(w, q, m, budget), kept = 0;

	for (uint32_t i = 0; i < n; i++)
		whose[i] = owner(s, m[i]);
	for (uint16_t k = 0; k < s->n && n; k++) {
		uint32_t k_n = 0;

		if (k == s->me)
			continue;
		for (uint32_t i = 0; i < n; i++)
			if (whose[i] == k)
				to[k_n++] = m[i];
		if (k_n)
			hand_over(w, q, s->inlet[k], to, k_n);
	}
	for (uint32_t i = 0; i < n; i++)
		if (whose[i] == s->me)
			m[kept++] = m[i];
	if (kept)
		rxq_take(w, q, m, kept);
	return n;
}

unsigned int spread_inlet_poll(struct worker *w, struct napi *napi, unsigned int budget)
{
	struct spread_inlet *in = napi->priv;
	struct rte_mbuf *m[BURST_MAX];
	uint32_t n = rte_ring_sc_dequeue_burst(in->ring, (void **)m,
		RTE_MIN(budget, (unsigned int)BURST_MAX), NULL);

	if (!n)
		return 0;
	w->ledger.ring_in += n;
	rxq_take(w, &in->q, m, n);
	return n;
}

static struct spread_inlet *inlet_new(const struct rx_queue *q, struct worker *to)
{
	struct spread_inlet *in = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*in), 64));
	struct rte_ring *r = ring_new("spread", SPREAD_RING_SIZE, RING_F_SP_ENQ | RING_F_SC_DEQ);

	if (!in || !r) {
		free(in);
		free(r);
		return NULL;
	}
	memset(in, 0, sizeof(*in));
	rxq_init(&in->q, q->dev, q->queue);
	in->napi = (struct napi){.poll = spread_inlet_poll, .priv = in, .name = "spread",
		.wait_fd = -1, .on_demand = true};
	in->ring = r;
	in->to = to;
	return in;
}

struct spread *spread_new(struct rx_queue *q, struct worker *const *to, uint16_t n, uint16_t me)
{
	struct spread *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->n = n;
	s->me = me;
	for (unsigned int i = 0; i < RSS_RETA; i++)
		s->reta[i] = (uint8_t)(i % n);
	for (uint16_t k = 0; k < n; k++) {
		if (k == me)
			continue;
		s->inlet[k] = inlet_new(q, to[k]);
		if (!s->inlet[k]) {
			spread_free(s);
			return NULL;
		}
	}
	return s;
}

void spread_free(struct spread *s)
{
	if (!s)
		return;
	for (uint16_t k = 0; k < s->n; k++) {
		if (s->inlet[k])
			free(s->inlet[k]->ring);
		free(s->inlet[k]);
	}
	free(s);
}

/* Worker number `hash % RSS_RETA % n`, as spread_new() fills the table. NULL: no worker. */
static struct worker *by_hash(const struct dp *dp, uint32_t hash)
{
	struct worker *all[WORKER_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < WORKER_MAX; i++) {
		all[n] = atomic_load_explicit(&dp->workers[i], memory_order_acquire);
		n += all[n] != NULL;
	}
	return n ? all[hash % RSS_RETA % n] : NULL;
}

enum netif_rx_result netif_rx_flow(struct dp *dp, struct worker *from, struct skb *skb)
{
	struct worker *to = from;
	uint32_t hash;

	if (rss_hash(skb_data(skb), skb_headlen(skb), &hash))
		to = by_hash(dp, hash);
	else if (!from)
		to = by_hash(dp, 0);
	if (to == from && from)
		return netif_rx(from, skb);
	if (to)
		return netif_rx_on(from, to, skb);
	skb_free(skb);
	return NETIF_RX_DROP;
}

static void attach(struct worker *w, void *arg)
{
	napi_enable(w, arg);
	napi_schedule(w, arg);
}

static void detach(struct worker *w, void *arg)
{
	struct spread_inlet *in = arg;
	struct rte_mbuf *m;

	napi_disable(w, &in->napi);
	while (rte_ring_sc_dequeue(in->ring, (void **)&m) == 0) {
		w->ledger.ring_in++;
		skb_drop(w, rxq_skb(&in->q, m), DROP_DEV_DOWN);
	}
}

void spread_attach(struct spread *s)
{
	for (uint16_t k = 0; k < s->n; k++)
		if (s->inlet[k])
			worker_call(s->inlet[k]->to, attach, &s->inlet[k]->napi);
}

void spread_detach(struct spread *s)
{
	for (uint16_t k = 0; k < s->n; k++)
		if (s->inlet[k])
			worker_call(s->inlet[k]->to, detach, s->inlet[k]);
}
