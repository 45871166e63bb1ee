/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of one worker: a hierarchical wheel on the TSC, embedded entries, O(1) add and delete. A
 * timer never fires early, and late by at most one tick (under half a millisecond) plus the turn.
 */
#pragma once

#include "core/worker.h"

struct timer;
typedef void timer_fn(struct worker *w, struct timer *t);

struct timer {
	struct timer *next, **pprev; /* pprev NULL: not pending */
	uint64_t tick;
	timer_fn *fn;
};

/* A tick is 2^16 cycles or more, so that 48 bits of ticks hold any TSC: the wheel has no end. */
#define TIMER_LEVELS 8
#define TIMER_MIN_SHIFT 16
#define TIMERS_PER_TURN 1024

struct timer_wheel {
	uint64_t now;                /* tick up to which timers have fired */
	uint32_t shift;              /* a tick is 2^shift TSC cycles */
	uint32_t pending;
	uint64_t used[TIMER_LEVELS]; /* bit: slot is not empty */
	struct timer *slot[TIMER_LEVELS][64];
};

/* The wheel starts at w->now, which timers_run(w, w->now) may then be given at once. */
int timer_worker_init(struct worker *w);
void timer_worker_fini(struct worker *w);

static inline bool timer_pending(const struct timer *t)
{
	return t->pprev != NULL;
}

/* Fire t->fn at TSC `when`; a pending timer is moved. Does not allocate. */
void timer_set(struct worker *w, struct timer *t, uint64_t when);
/* False: it was not pending. */
bool timer_del(struct worker *w, struct timer *t);

/* The engine: fire what is due at TSC `now`, at most TIMERS_PER_TURN; how many fired. */
uint32_t timers_run(struct worker *w, uint64_t now);
/* TSC of the next expiry or cascade (a lower bound); UINT64_MAX: no timer. */
uint64_t timers_next(const struct worker *w);
