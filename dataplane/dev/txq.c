/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit queues at work: the hand-over to the port, flow control, the queue behind it and the
 * watchdog (Linux's qdisc_run, dev_watchdog). Called at every sweep's end by the engine.
 */
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "core/dp.h"
#include "core/skb_alloc.h"
#include "core/sleep.h"
#include "dev/txq.h"

/* Frames are the receiver's from here on; the ring has one producer and one consumer. */
static uint16_t ring_send(struct worker *w, struct tx_queue *t, struct rte_mbuf **m, uint16_t n)
{
	uint16_t sent = rte_ring_sp_enqueue_burst(t->ring, (void **)m, n, NULL);

	w->ledger.ring_out += sent;
	if (sent)
		worker_wake(t->owner);
	return sent;
}

/* Frames whose offloads the port refuses end here; the rest closes up. Returns how many are left. */
static uint16_t prepare(struct worker *w, struct tx_queue *t, struct rte_mbuf **m, uint16_t n)
{
	uint16_t ok = 0;

	t->offload = false;
	while ((ok += rte_eth_tx_prepare(t->port_id, t->queue, m + ok, n - ok)) < n) {
		skb_drop(w, skb_wrap(m[ok]), DROP_TX_CSUM);
		dev_stats(w, t->dev)->tx_errors++;
		memmove(m + ok, m + ok + 1, (n - ok - 1) * sizeof(*m));
		n--;
	}
	return n;
}

static uint32_t bytes_of(struct rte_mbuf **m, uint16_t n)
{
	uint32_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += m[i]->pkt_len;
	return sum;
}

/*
 * Offer m[0..*n), count what was taken, stop the queue if that was not all. Returns how many were
 * taken; *n can become less. A ring's frames are counted as sent by the queue at its other end.
 */
static uint16_t offer(struct worker *w, struct tx_queue *t, struct rte_mbuf **m, uint16_t *n,
	uint32_t bytes)
{
	struct dev_stats *st = dev_stats(w, t->dev);
	uint16_t sent;

	if (t->ring) {
		sent = ring_send(w, t, m, *n);
	} else {
		if (unlikely(t->offload)) {
			*n = prepare(w, t, m, *n);
			bytes = bytes_of(m, *n);
		}
		sent = rte_eth_tx_burst(t->port_id, t->queue, m, *n);
		if (unlikely(sent < *n))
			bytes -= bytes_of(m + sent, *n - sent);
		w->ledger.tx += sent;
		st->tx_packets += sent;
		st->tx_bytes += bytes;
	}
	if (likely(sent))
		t->trans_start = w->now;
	if (likely(sent == *n)) {
		t->state &= ~TXQ_XOFF;
	} else if (!(t->state & TXQ_XOFF)) {
		t->state |= TXQ_XOFF;
		t->stops++;
		t->trans_start = w->now;
	}
	return sent;
}

/* Frames of m[] have given up what their skb held: its first line is made anew. */
static void queue_mbuf(struct worker *w, struct tx_queue *t, struct rte_mbuf *m)
{
	struct skb *skb = skb_wrap(m);

	skb->dev = t->dev;
	if (!t->q.ops->enqueue(w, &t->q, skb))
		dev_stats(w, t->dev)->tx_dropped++;
	txq_update(t);
}

static bool stopped(const struct tx_queue *t)
{
	return t->state & (TXQ_FROZEN | TXQ_DEACTIVATED);
}

void txq_flush(struct worker *w, struct tx_queue *t)
{
	uint16_t n = t->n, sent = 0;
	uint32_t bytes = t->bytes;

	t->n = 0;
	t->bytes = 0;
	if (likely(n && !t->q.len && !stopped(t)))
		sent = offer(w, t, t->m, &n, bytes);
	for (uint16_t i = sent; i < n; i++)
		queue_mbuf(w, t, t->m[i]);
}

/* Send from the qdisc as long as the port takes all; a quota keeps the turn short. */
static void run_queue(struct worker *w, struct tx_queue *t)
{
	struct rte_mbuf *m[TXQ_BURST];
	struct skb *skb;

	for (unsigned int quota = 4; quota && t->q.len; quota--) {
		uint16_t n = 0, sent;

		while (n < TXQ_BURST && (skb = t->q.ops->dequeue(w, &t->q))) {
			skb_orphan(skb);
			m[n] = skb_mbuf(skb);
			t->offload |= (m[n]->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0;
			n++;
		}
		if (!n)
			return;
		sent = offer(w, t, m, &n, bytes_of(m, n));
		for (uint16_t i = n; i > sent; i--)
			t->q.ops->requeue(w, &t->q, skb_of(m[i - 1]));
		if (sent < n)
			return;
	}
}

bool txq_flush_all(struct worker *w)
{
	struct tx_queue *t, **p = &w->dev->active;
	bool waiting = false;

	while ((t = *p)) {
		if (t->n)
			txq_flush(w, t);
		if (unlikely(t->q.len && !stopped(t))) {
			run_queue(w, t);
			txq_update(t);
		}
		if (t->q.len) {
			waiting = true;
			p = &t->next;
			continue;
		}
		*p = t->next;
		t->active = false;
	}
	return waiting;
}

void txq_xmit(struct worker *w, struct tx_queue *t, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	if (unlikely(t->behind)) {
		if (t->n)
			txq_flush(w, t);
		if (!t->q.ops->enqueue(w, &t->q, skb))
			dev_stats(w, t->dev)->tx_dropped++;
		txq_update(t);
		txq_activate(w, t);
		return;
	}
	skb_orphan(skb);
	t->offload |= (m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0;
	dev_tx_mbuf(w, t, m);
}

static uint64_t held(const struct holder *h)
{
	const struct tx_queue *t = (const struct tx_queue *)((const char *)h -
		offsetof(struct tx_queue, holder));

	return t->q.len + t->n;
}

void txq_attach(struct worker *w, struct tx_queue *t)
{
	t->state = 0;
	t->trans_start = w->now;
	t->max_frame = t->dev->contract->max_frame;
	txq_update(t);
	t->holder = (struct holder){.name = "txq", .count = held};
	holder_add(w, &t->holder);
	w->dev->txq[t->dev->index] = t;
}

void txq_detach(struct worker *w, struct tx_queue *t, enum drop_reason reason)
{
	struct dev_stats *st = dev_stats(w, t->dev);

	t->state |= TXQ_DEACTIVATED;
	txq_update(t);
	w->dev->txq[t->dev->index] = NULL;
	st->tx_dropped += t->q.len + t->n;
	txq_flush(w, t); /* stopped: all of m[] goes behind the qdisc's */
	t->q.ops->reset(w, &t->q, reason);
	for (struct tx_queue **p = &w->dev->active; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->active = false;
	holder_remove(w, &t->holder);
}

void txq_freeze(struct worker *w, struct tx_queue *t)
{
	(void)w;
	t->state |= TXQ_FROZEN;
	txq_update(t);
}

void txq_wake(struct worker *w, struct tx_queue *t)
{
	t->state &= ~(TXQ_FROZEN | TXQ_XOFF);
	txq_update(t);
	t->trans_start = w->now;
	if (t->q.len)
		txq_activate(w, t);
}

void txq_watchdog(struct worker *w)
{
	for (struct tx_queue *t = w->dev->active; t; t = t->next) {
		if (!(t->state & TXQ_XOFF) || stopped(t) ||
		    w->now - t->trans_start < TXQ_WATCHDOG_SEC * w->tsc_hz)
			continue;
		t->timeouts++;
		dev_stats(w, t->dev)->tx_errors++;
		t->trans_start = w->now; /* again in as long */
		if (w->dp->tx_timeout)
			w->dp->tx_timeout(w, t->dev);
	}
}

unsigned int txq_handover_poll(struct worker *w, struct napi *n, unsigned int budget)
{
	struct tx_handover *h = n->priv;
	struct rte_mbuf *m[BURST_MAX];
	unsigned int got = rte_ring_sc_dequeue_burst(h->ring, (void **)m,
		RTE_MIN(budget, (unsigned int)BURST_MAX), NULL);
	struct tx_queue *t = dev_txq(w, h->dev);

	w->ledger.ring_in += got;
	for (unsigned int i = 0; i < got; i++) {
		struct skb *skb = skb_wrap(m[i]);

		skb->dev = h->dev;
		if (t)
			txq_xmit(w, t, skb);
		else
			skb_drop(w, skb, DROP_DEV_DOWN);
	}
	return got;
}
