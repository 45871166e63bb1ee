/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hold queues (Linux's neigh->arp_queue): neigh_resolve puts packets here, neigh_ready, called for
 * the control thread's message, takes them out again. One question to the control thread per queue;
 * it is repeated where the answer stays away, or the event ring was full.
 */
#include "neigh/neigh_hold.h"

#include <errno.h>
#include <stdlib.h>

#include "core/burst.h"
#include "core/ctl_msg.h"
#include "dev/netdev.h"
#include "neigh/neigh_output.h"

#define PATIENCE_SEC 5

static uint64_t count(const struct holder *h)
{
	return ((const struct neigh_worker *)h)->held;
}

int neigh_worker_init(struct worker *w)
{
	struct neigh_worker *nw = calloc(1, sizeof(*nw));

	if (!nw)
		return -ENOMEM;
	nw->holder.name = "neigh_hold";
	nw->holder.count = count;
	nw->held_max = NEIGH_HOLD_TOTAL;
	if (w->pool && w->pool->size / 8 < nw->held_max)
		nw->held_max = w->pool->size / 8;
	nw->patience = worker_msec(w, PATIENCE_SEC * 1000);
	for (unsigned int i = 0; i < NEIGH_HOLD_QUEUES; i++) {
		nw->queue[i].chain = nw->free;
		nw->free = &nw->queue[i];
	}
	w->neigh = nw;
	holder_add(w, &nw->holder);
	return 0;
}

static struct neigh_hold **bucket(struct neigh_worker *nw, uint16_t dev, rte_be32_t ip)
{
	uint32_t h = (ip ^ (uint32_t)dev << 16) * 0x9E3779B1u;

	return &nw->bucket[h >> 23];
}
static_assert(NEIGH_HOLD_QUEUES == 1 << (32 - 23), "one bucket a queue");

static struct neigh_hold *find(struct neigh_worker *nw, uint16_t dev, rte_be32_t ip)
{
	struct neigh_hold *q = *bucket(nw, dev, ip);

	while (q && (q->ip != ip || q->dev != dev))
		q = q->chain;
	return q;
}

static struct skb *pop(struct neigh_worker *nw, struct neigh_hold *q)
{
	struct skb *skb = q->head;

	q->head = skb->next;
	if (!q->head)
		q->tail = &q->head;
	skb->next = NULL;
	q->n--;
	nw->held--;
	return skb;
}

static void remove_queue(struct neigh_worker *nw, struct neigh_hold *q)
{
	struct neigh_hold **link = bucket(nw, q->dev, q->ip);

	while (*link != q)
		link = &(*link)->chain;
	*link = q->chain;
	*(q->older ? &q->older->younger : &nw->oldest) = q->younger;
	*(q->younger ? &q->younger->older : &nw->youngest) = q->older;
	q->chain = nw->free;
	nw->free = q;
}

static void drop_oldest(struct worker *w, struct neigh_hold *q)
{
	skb_drop(w, pop(w->neigh, q), DROP_NEIGH_QUEUE_FULL);
}

static struct neigh_hold *add_queue(struct worker *w, uint16_t dev, rte_be32_t ip)
{
	struct neigh_worker *nw = w->neigh;
	struct neigh_hold **head = bucket(nw, dev, ip);
	struct neigh_hold *q;

	if (!nw->free) {
		while (nw->oldest->n)
			drop_oldest(w, nw->oldest);
		remove_queue(nw, nw->oldest);
	}
	q = nw->free;
	nw->free = q->chain;
	*q = (struct neigh_hold){ .dev = dev, .ip = ip, .older = nw->youngest, .chain = *head };
	q->tail = &q->head;
	*head = q;
	*(nw->youngest ? &nw->youngest->younger : &nw->oldest) = q;
	nw->youngest = q;
	return q;
}

static void ask(struct worker *w, struct neigh_hold *q)
{
	const struct ctl_msg msg = { .type = CTL_NEIGH_MISS, .dev = q->dev, .ip = q->ip };

	if (q->asked && w->now - q->since < w->neigh->patience)
		return;
	q->asked = w->event(w, &msg);
	q->since = w->now;
}

/* Room for one packet more: the oldest of this queue goes, or of the oldest that holds any. */
static void make_room(struct worker *w, struct neigh_hold *q)
{
	uint32_t max = atomic_load_explicit(&w->dp->conf.neigh_hold, memory_order_relaxed);
	struct neigh_hold *victim = w->neigh->oldest;

	while (q->n && q->n >= max)
		drop_oldest(w, q);
	if (w->neigh->held < w->neigh->held_max)
		return;
	while (!victim->n && victim->younger)
		victim = victim->younger;
	if (victim->n)
		drop_oldest(w, victim);
}

void neigh_hold(struct worker *w, struct skb *skb, uint16_t dev, rte_be32_t ip)
{
	struct neigh_hold *q = find(w->neigh, dev, ip);

	if (!q)
		q = add_queue(w, dev, ip);
	make_room(w, q);
	skb->nh = NULL; /* not good beyond this turn */
	skb->next = NULL;
	*q->tail = skb;
	q->tail = &skb->next;
	q->n++;
	w->neigh->held++;
	ask(w, q);
}

void neigh_ready(struct worker *w, uint16_t dev, rte_be32_t ip)
{
	struct neigh_worker *nw = w->neigh;
	struct neigh_hold *q = find(nw, dev, ip);
	const struct netdev *out = netdev_get(w->dp, dev);
	const struct neigh *n = neigh_lookup(w->dp, dev, ip);

	if (!q)
		return;
	while (q->n) {
		struct skb *skb = pop(nw, q);

		if (skb->dev != out)
			skb_drop(w, skb, DROP_DEV_DOWN);
		else if (n && n->flags & NEIGH_VALID)
			neigh_output(w, skb, n);
		else
			neigh_unreachable(w, skb);
	}
	remove_queue(nw, q);
}

void neigh_ready_all(struct worker *w)
{
	struct neigh_hold *q = w->neigh->oldest, *next;

	for (; q; q = next) {
		next = q->younger;
		if (neigh_lookup(w->dp, q->dev, q->ip))
			neigh_ready(w, q->dev, q->ip);
	}
}

void neigh_worker_fini(struct worker *w)
{
	struct neigh_worker *nw = w->neigh;

	if (!nw)
		return;
	for (struct neigh_hold *q = nw->oldest; q; q = q->younger)
		while (q->n)
			skb_drop(w, pop(nw, q), DROP_STOPPED);
	holder_remove(w, &nw->holder);
	free(nw);
	w->neigh = NULL;
}
