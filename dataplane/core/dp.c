/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings and deferred reclamation. The control thread retires what it replaced; what was retired
 * between two calls of dp_reclaim() shares one QSBR token, so a grace period costs the same for one
 * object and for a million routes. Without qsbr (unit tests) retire frees at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_rcu_qsbr.h>

#include "core/dp.h"

struct retired {
	dp_free_fn *fn;
	void *ctx, *ptr;
};

struct batch {
	struct batch *next;
	uint64_t token;
	size_t n, room;
	struct retired item[];
};

struct dp_retired {
	struct batch *open;           /* takes what is retired now */
	struct batch *head, **tail;   /* closed, oldest first */
};

#define BATCH_ROOM 256
#define BATCH_MAX (1u << 20)

static void conf_defaults(struct dp_conf *c)
{
	c->netdev_budget = 300;
	c->dev_weight = 64;
	c->max_backlog = 1000;
	c->spread = 1;
	c->turn_usec = 2000;
	c->lane = 1;
	c->icmp_ratelimit_ms = 1000;
	c->icmp_msgs_per_sec = 1000;
	c->icmp_echo_ignore_broadcasts = 1;
	c->send_redirects = 1;
	c->ip_default_ttl = 64;
	c->frag_high_bytes = 4u << 20;
	c->frag_timeout_s = 30;
	c->neigh_hold = 101;
}

int dp_init(struct dp *dp, struct rte_rcu_qsbr *qsbr)
{
	memset(dp, 0, sizeof(*dp));
	conf_defaults(&dp->conf);
	dp->qsbr = qsbr;
	dp->retired = calloc(1, sizeof(*dp->retired));
	if (!dp->retired)
		return -ENOMEM;
	dp->retired->tail = &dp->retired->head;
	return 0;
}

static void run_batch(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		b->item[i].fn(b->item[i].ctx, b->item[i].ptr);
	free(b);
}

/* Nothing retired later may use the open batch's token: it is taken when the batch closes. */
static void close_open(struct dp *dp)
{
	struct dp_retired *r = dp->retired;
	struct batch *b = r->open;

	if (!b)
		return;
	r->open = NULL;
	b->next = NULL;
	b->token = rte_rcu_qsbr_start(dp->qsbr);
	*r->tail = b;
	r->tail = &b->next;
}

static struct batch *pop(struct dp_retired *r)
{
	struct batch *b = r->head;

	r->head = b->next;
	if (!r->head)
		r->tail = &r->head;
	return b;
}

void dp_synchronize(struct dp *dp)
{
	struct dp_retired *r = dp->retired;

	if (!dp->qsbr)
		return;
	close_open(dp);
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	while (r->head)
		run_batch(pop(r));
}

bool dp_reclaim(struct dp *dp)
{
	struct dp_retired *r = dp->retired;

	if (!dp->qsbr)
		return false;
	close_open(dp);
	while (r->head && rte_rcu_qsbr_check(dp->qsbr, r->head->token, false) == 1)
		run_batch(pop(r));
	return r->head || r->open;
}

/* Room for one more in the open batch; false: no memory. */
static bool make_room(struct dp *dp)
{
	struct dp_retired *r = dp->retired;
	struct batch *b = r->open;

	if (b && b->n == BATCH_MAX) {
		close_open(dp);
		b = NULL;
	}
	if (b && b->n < b->room)
		return true;
	size_t room = b ? 2 * b->room : BATCH_ROOM;
	struct batch *bigger = realloc(b, sizeof(*b) + room * sizeof(b->item[0]));

	if (!bigger)
		return false;
	if (!b)
		bigger->n = 0;
	bigger->room = room;
	r->open = bigger;
	return true;
}

void dp_retire(struct dp *dp, dp_free_fn *fn, void *ctx, void *ptr)
{
	if (dp->qsbr && make_room(dp)) {
		struct batch *b = dp->retired->open;

		b->item[b->n++] = (struct retired){fn, ctx, ptr};
		return;
	}
	dp_synchronize(dp);
	fn(ctx, ptr);
}

void dp_fini(struct dp *dp)
{
	if (!dp->retired)
		return;
	dp_synchronize(dp);
	hook_table_fini(dp);
	free(dp->retired);
	dp->retired = NULL;
}
