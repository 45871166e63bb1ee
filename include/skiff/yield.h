/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How two sides of shared memory that take turns wait for each other without sleeping: by
 * sched_yield(). On one CPU it hands over without waking anybody (1.9 us a round trip, where a byte
 * on a socket takes 3.5 to 5 and two CPUs that sleep 70); on two it is a spin that lets others
 * run. But whoever computes on the CPU takes a whole slice of his then: after a yield that took so
 * long the caller sleeps instead, for a while that grows as long as that goes on.
 */
#pragma once

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SKIFF_YIELD_LONG_NS 250000u   /* the other side and a worker together take less */
#define SKIFF_YIELD_REST_NS 10000000u /* without yielding, doubled up to the next */
#define SKIFF_YIELD_REST_MAX_NS 640000000u
#define SKIFF_YIELD_TURN_REST_MAX_NS 80000000u /* of skiff_yield_turn */

/* Per process, any thread; all zero at first. */
struct skiff_yield {
	_Atomic uint64_t until; /* no yielding before */
	_Atomic uint64_t rest;
	_Atomic uint64_t long_end; /* of the last long yield in a turn */
};

static inline uint64_t skiff_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void skiff_yield_rest_upto(struct skiff_yield *y, uint64_t now, uint64_t max)
{
	uint64_t rest = atomic_load_explicit(&y->rest, memory_order_relaxed);
	uint64_t until = atomic_load_explicit(&y->until, memory_order_relaxed);

	if (rest == 0 || now - until > rest)
		rest = SKIFF_YIELD_REST_NS;
	else
		rest = rest * 2 < max ? rest * 2 : max;
	atomic_store_explicit(&y->rest, rest, memory_order_relaxed);
	atomic_store_explicit(&y->until, now + rest, memory_order_relaxed);
}

/* Somebody else has the CPU: the next rest is longer if the last one ended just now. */
static inline void skiff_yield_rest(struct skiff_yield *y, uint64_t now)
{
	skiff_yield_rest_upto(y, now, SKIFF_YIELD_REST_MAX_NS);
}

static inline bool skiff_may_yield(const struct skiff_yield *y, uint64_t now)
{
	return now >= atomic_load_explicit(&y->until, memory_order_relaxed);
}

/* Lets others run; *now is the time before it and then the time after it. */
static inline void skiff_yield(struct skiff_yield *y, uint64_t *now)
{
	uint64_t before = *now;

	sched_yield();
	*now = skiff_now_ns();
	if (*now - before >= SKIFF_YIELD_LONG_NS)
		skiff_yield_rest(y, *now);
}

/*
 * The same for two that take turns at requests: who has a burst of work now and then may have it,
 * to sleep would not spare them that. They sleep where such slices are a quarter of the time, and
 * soon try again: that costs two slices, to sleep without need more, at each request.
 */
static inline void skiff_yield_turn(struct skiff_yield *y, uint64_t *now)
{
	uint64_t before = *now, took, apart;

	sched_yield();
	*now = skiff_now_ns();
	took = *now - before;
	if (took < SKIFF_YIELD_LONG_NS)
		return;
	apart = before - atomic_load_explicit(&y->long_end, memory_order_relaxed);
	atomic_store_explicit(&y->long_end, *now, memory_order_relaxed);
	if (apart < 3 * took)
		skiff_yield_rest_upto(y, *now, SKIFF_YIELD_TURN_REST_MAX_NS);
}
