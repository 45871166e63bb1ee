/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port's queues and the workers: receive queue i is polled by worker[i], transmit queue i belongs
 * to it; where flows are placed in software, each worker gets its own by spread.h's rings; workers beyond the port's transmit queues get a ring to one that has a queue. All changes
 * run on the workers themselves (worker_call), so no queue is ever seen half made.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "core/call.h"
#include "core/ring.h"
#include "core/skb_alloc.h"
#include "dev/port.h"
#include "dev/spread.h"

static void *zalloc(size_t size)
{
	size = RTE_ALIGN_CEIL(size, 64);
	void *p = aligned_alloc(64, size);

	if (p)
		memset(p, 0, size);
	return p;
}

static int arm(struct worker *w, struct napi *n, bool on)
{
	struct rx_queue *q = n->priv;
	struct dev_port *p = q->dev->priv;

	(void)w;
	return p->conf.arm(q->port_id, q->queue, on);
}

/* Queue i is polled by worker[i]; flows go by the workers' numbers, the same for all ports. */
static struct spread *new_spread(const struct dev_port *p, struct rx_queue *q, uint16_t i)
{
	struct worker *by_number[WORKER_MAX];

	for (uint16_t k = 0; k < p->nworkers; k++)
		by_number[(k + p->turned) % p->nworkers] = p->worker[k];
	return spread_new(q, by_number, p->nworkers, (i + p->turned) % p->nworkers);
}

static struct rx_queue *new_rxq(struct netdev *dev, struct dev_port *p, uint16_t i)
{
	struct rx_queue *q = zalloc(sizeof(*q));

	if (!q)
		return NULL;
	rxq_init(q, dev, i);
	q->napi.gather = worker_usec(p->worker[i], p->conf.rx_usecs);
	if (p->conf.wait_fd)
		q->napi.wait_fd = p->conf.wait_fd(dev->port_id, i);
	if (p->conf.arm)
		q->napi.arm = arm;
	q->look_ahead = p->conf.look_ahead;
	if (!p->spread)
		return q;
	q->napi.poll = spread_poll;
	q->spread = new_spread(p, q, i);
	if (!q->spread) {
		free(q);
		return NULL;
	}
	return q;
}

static struct tx_queue *new_txq(struct dp *dp, struct netdev *dev, uint16_t queue)
{
	struct tx_queue *t = zalloc(sizeof(*t));

	if (!t)
		return NULL;
	t->dev = dev;
	t->port_id = dev->port_id;
	t->queue = queue;
	t->q.ops = dp->qdisc;
	t->q.limit = dev->tx_queue_len;
	if (t->q.ops->init && t->q.ops->init(&t->q) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

/* The ring of worker i to the owner of queue i % ntxq. */
static int add_handover(struct netdev *dev, struct dev_port *p, uint16_t i)
{
	struct tx_handover *h = zalloc(sizeof(*h));
	struct tx_queue *t = p->txq[i];

	p->handover[i] = h;
	t->ring = ring_new("handover", TXQ_RING_SIZE, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!h || !t->ring)
		return -ENOMEM;
	t->owner = p->worker[i % p->ntxq];
	h->ring = t->ring;
	h->dev = dev;
	h->napi = (struct napi){.poll = txq_handover_poll, .priv = h, .name = "handover",
		.wait_fd = -1, .on_demand = true};
	return 0;
}

static void attach_txq(struct worker *w, void *arg)
{
	txq_attach(w, arg);
}

static void attach_held(struct worker *w, void *arg)
{
	txq_attach(w, arg);
	txq_freeze(w, arg);
}

static void attach_napi(struct worker *w, void *arg)
{
	napi_enable(w, arg);
	napi_schedule(w, arg);
}

static void detach_napi(struct worker *w, void *arg)
{
	napi_disable(w, arg);
}

static void detach_rxq(struct worker *w, void *arg)
{
	struct rx_queue *q = arg;

	napi_disable(w, &q->napi);
	rxq_drop_ahead(q);
}

static void detach_txq(struct worker *w, void *arg)
{
	txq_detach(w, arg, DROP_DEV_DOWN);
}

/* The owner's side: what is still in the ring ends here. */
static void detach_handover(struct worker *w, void *arg)
{
	struct tx_handover *h = arg;
	struct rte_mbuf *m;

	napi_disable(w, &h->napi);
	while (rte_ring_sc_dequeue(h->ring, (void **)&m) == 0) {
		w->ledger.ring_in++;
		skb_drop(w, skb_wrap(m), DROP_DEV_DOWN);
	}
}

static void free_queues(struct dev_port *p)
{
	for (uint16_t i = 0; i < WORKER_MAX; i++) {
		if (p->rxq[i])
			spread_free(p->rxq[i]->spread);
		free(p->rxq[i]);
		p->rxq[i] = NULL;
		if (p->txq[i]) {
			if (p->txq[i]->q.ops->destroy)
				p->txq[i]->q.ops->destroy(&p->txq[i]->q);
			free(p->txq[i]->ring);
		}
		free(p->txq[i]);
		p->txq[i] = NULL;
		free(p->handover[i]);
		p->handover[i] = NULL;
	}
}

int port_queues_attach(struct netdev *dev, struct dev_port *p)
{
	int rc = 0;

	for (uint16_t i = 0; i < p->nrxq && !rc; i++) {
		p->rxq[i] = new_rxq(dev, p, i);
		rc = p->rxq[i] ? 0 : -ENOMEM;
	}
	for (uint16_t i = 0; i < p->nworkers && !rc; i++) {
		p->txq[i] = new_txq(p->worker[i]->dp, dev, i < p->ntxq ? i : 0);
		rc = p->txq[i] ? 0 : -ENOMEM;
		if (!rc && i >= p->ntxq)
			rc = add_handover(dev, p, i);
	}
	if (rc) {
		free_queues(p);
		return rc;
	}
	for (uint16_t i = 0; i < p->ntxq; i++)
		worker_call(p->worker[i], p->held ? attach_held : attach_txq, p->txq[i]);
	for (uint16_t i = p->ntxq; i < p->nworkers; i++) {
		worker_call(p->txq[i]->owner, attach_napi, &p->handover[i]->napi);
		worker_call(p->worker[i], attach_txq, p->txq[i]);
	}
	for (uint16_t i = 0; i < p->nrxq && p->spread; i++)
		spread_attach(p->rxq[i]->spread);
	for (uint16_t i = 0; i < p->nrxq && !p->held; i++)
		worker_call(p->worker[i], attach_napi, &p->rxq[i]->napi);
	p->attached = true;
	return 0;
}

void port_queues_detach(struct netdev *dev, struct dev_port *p)
{
	(void)dev;
	p->attached = false;
	for (uint16_t i = 0; i < p->nrxq; i++)
		worker_call(p->worker[i], detach_rxq, p->rxq[i]);
	for (uint16_t i = 0; i < p->nrxq && p->spread; i++)
		spread_detach(p->rxq[i]->spread);
	for (uint16_t i = p->nworkers; i-- > 0;) {
		worker_call(p->worker[i], detach_txq, p->txq[i]);
		if (p->handover[i])
			worker_call(p->txq[i]->owner, detach_handover, p->handover[i]);
	}
	free_queues(p);
}

static void freeze(struct worker *w, void *arg)
{
	txq_freeze(w, arg);
}

static void wake(struct worker *w, void *arg)
{
	txq_wake(w, arg);
}

static void set_max_frame(struct worker *w, void *arg)
{
	struct tx_queue *t = arg;

	(void)w;
	t->max_frame = t->dev->contract->max_frame;
}

void port_queues_max_frame(struct dev_port *p)
{
	for (uint16_t i = 0; i < p->nworkers; i++)
		worker_call(p->worker[i], set_max_frame, p->txq[i]);
}

/* Out of the workers' hands, but they keep what waits; and back. */
static void let_go(struct dev_port *p)
{
	for (uint16_t i = 0; i < p->nrxq; i++)
		worker_call(p->worker[i], detach_napi, &p->rxq[i]->napi);
	for (uint16_t i = 0; i < p->ntxq; i++)
		worker_call(p->worker[i], freeze, p->txq[i]);
}

static void take_up(struct dev_port *p)
{
	for (uint16_t i = 0; i < p->ntxq; i++)
		worker_call(p->worker[i], wake, p->txq[i]);
	for (uint16_t i = 0; i < p->nrxq; i++)
		worker_call(p->worker[i], attach_napi, &p->rxq[i]->napi);
}

void port_queues_freeze(struct dev_port *p)
{
	p->frozen = true;
	let_go(p);
}

void port_queues_wake(struct dev_port *p)
{
	p->frozen = false;
	if (!p->held)
		take_up(p);
}

void netdev_port_hold(void *priv, bool on)
{
	struct dev_port *p = priv;

	if (p->held == on)
		return;
	p->held = on;
	if (p->attached && on)
		let_go(p);
	else if (p->attached && !p->frozen)
		take_up(p);
}
