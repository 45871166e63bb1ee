/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timer wheel. Level l has 64 slots of 64^l ticks. A timer lies at the level of the highest
 * digit (base 64) in which its tick differs from now, so that the first used slot of the lowest
 * used level is the next thing to happen; a slot of a higher level is dealt out when it is reached.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/timer.h"

#define LAST_TICK ((UINT64_C(1) << 6 * TIMER_LEVELS) - 1)

int timer_worker_init(struct worker *w)
{
	struct timer_wheel *tw = calloc(1, sizeof(*tw));

	if (!tw)
		return -ENOMEM;
	tw->shift = TIMER_MIN_SHIFT;
	while ((UINT64_C(2) << tw->shift) <= w->tsc_hz / 2000)
		tw->shift++;
	tw->now = w->now >> tw->shift; /* the one start: a later reading may be a tick ahead */
	w->timers = tw;
	return 0;
}

void timer_worker_fini(struct worker *w)
{
	free(w->timers);
	w->timers = NULL;
}

static void insert(struct timer_wheel *tw, struct timer *t)
{
	uint64_t tick = t->tick > tw->now ? t->tick : tw->now;
	uint64_t diff = tick ^ tw->now;
	unsigned int level = diff ? (63 - __builtin_clzll(diff)) / 6 : 0;

	unsigned int s = tick >> 6 * level & 63;
	struct timer **head = &tw->slot[level][s];

	t->next = *head;
	if (t->next)
		t->next->pprev = &t->next;
	t->pprev = head;
	*head = t;
	tw->used[level] |= UINT64_C(1) << s;
}

static void unlink(struct timer_wheel *tw, struct timer *t)
{
	struct timer **first = &tw->slot[0][0];
	size_t at = t->pprev - first;

	*t->pprev = t->next;
	if (t->next)
		t->next->pprev = t->pprev;
	/* the last of its slot: pprev points into the slot array */
	else if (t->pprev >= first && at < TIMER_LEVELS * 64)
		tw->used[at / 64] &= ~(UINT64_C(1) << at % 64);
	t->pprev = NULL;
}

void timer_set(struct worker *w, struct timer *t, uint64_t when)
{
	struct timer_wheel *tw = w->timers;

	if (timer_pending(t))
		unlink(tw, t);
	else
		tw->pending++;
	t->tick = (when >> tw->shift) + ((when & ((UINT64_C(1) << tw->shift) - 1)) != 0);
	if (t->tick > LAST_TICK)
		t->tick = LAST_TICK; /* "never" */
	insert(tw, t);
}

bool timer_del(struct worker *w, struct timer *t)
{
	if (!timer_pending(t))
		return false;
	unlink(w->timers, t);
	w->timers->pending--;
	return true;
}

/* The next slot to deal with and when; false: the wheel is empty. */
static bool next_slot(const struct timer_wheel *tw, unsigned int *level, unsigned int *slot,
	uint64_t *tick)
{
	for (unsigned int l = 0; l < TIMER_LEVELS; l++) {
		if (!tw->used[l])
			continue;
		*level = l;
		*slot = __builtin_ctzll(tw->used[l]);
		*tick = ((tw->now >> 6 * l & ~UINT64_C(63)) + *slot) << 6 * l;
		return true;
	}
	return false;
}

uint32_t timers_run(struct worker *w, uint64_t now)
{
	struct timer_wheel *tw = w->timers;
	uint64_t target = now >> tw->shift, tick;
	unsigned int level, slot;
	uint32_t fired = 0;

	if (target < tw->now)
		return 0;
	while (next_slot(tw, &level, &slot, &tick) && tick <= target) {
		if (tick > tw->now)
			tw->now = tick;
		if (level == 0) {
			struct timer *t = tw->slot[0][slot];

			if (fired == TIMERS_PER_TURN)
				return fired;
			unlink(tw, t);
			tw->pending--;
			fired++;
			t->fn(w, t);
			continue;
		}
		struct timer *t = tw->slot[level][slot], *next;

		tw->slot[level][slot] = NULL;
		tw->used[level] &= ~(UINT64_C(1) << slot);
		for (; t; t = next) {
			next = t->next;
			insert(tw, t);
		}
	}
	tw->now = target;
	return fired;
}

uint64_t timers_next(const struct worker *w)
{
	const struct timer_wheel *tw = w->timers;
	unsigned int level, slot;
	uint64_t tick;

	return next_slot(tw, &level, &slot, &tick) ? tick << tw->shift : UINT64_MAX;
}
