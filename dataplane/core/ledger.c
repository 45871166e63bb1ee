/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The census of places that keep skbs, and the sum that must come out at zero. A snapshot is taken
 * by the worker itself at the end of a turn, when no skb is in a burst, so it is of one instant.
 */
#include "core/ledger.h"

void holder_add(struct worker *w, struct holder *h)
{
	h->next = w->holders;
	w->holders = h;
}

void holder_remove(struct worker *w, struct holder *h)
{
	for (struct holder **p = &w->holders; *p; p = &(*p)->next) {
		if (*p == h) {
			*p = h->next;
			return;
		}
	}
}

static uint64_t in_bursts(const struct worker *w)
{
	uint64_t n = w->overflow_len;

	for (unsigned int s = 0; s < STAGE_COUNT; s++)
		n += w->out[s].n;
	return n;
}

void ledger_snapshot(const struct worker *w, struct ledger_sum *sum)
{
	sum->l = w->ledger;
	sum->dropped = 0;
	for (unsigned int r = 0; r < DROP_REASON_COUNT; r++)
		sum->dropped += w->ledger.dropped[r];
	sum->held = in_bursts(w);
	for (const struct holder *h = w->holders; h; h = h->next)
		sum->held += h->count(h);
}

void ledger_add(struct ledger_sum *sum, const struct ledger_sum *other)
{
	uint64_t *to = (uint64_t *)&sum->l;
	const uint64_t *from = (const uint64_t *)&other->l;

	for (size_t i = 0; i < sizeof(sum->l) / sizeof(*to); i++)
		to[i] += from[i];
	sum->dropped += other->dropped;
	sum->held += other->held;
}

int64_t ledger_gap(const struct ledger_sum *sum)
{
	const struct ledger *l = &sum->l;

	return (int64_t)(l->rx + l->alloc + l->clone + l->ring_in) -
	       (int64_t)(l->tx + l->delivered + l->absorbed + sum->dropped + l->ring_out + sum->held);
}
