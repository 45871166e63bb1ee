/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel against a dumb model: a seeded random walk of set, delete and time. */
#include <stdlib.h>
#include <string.h>

#include "core/timer.h"
#include "lib/fake_worker.h"
#include "unit.h"

#define N 300

struct model {
	struct timer t;
	uint64_t when;   /* 0: not pending */
	uint64_t fired;  /* at */
};

static struct model m[N];
static uint64_t clock_now;

static void fired(struct worker *w, struct timer *t)
{
	struct model *x = (struct model *)t;

	(void)w;
	assert_true(x->when && x->when <= clock_now); /* never early */
	x->when = 0;
	x->fired = clock_now;
}

/* An empty wheel that starts when the test says, so that every run is the same. */
static void start_at(struct worker *w, uint64_t now)
{
	timer_del(w, &w->dev->watchdog);
	timer_worker_fini(w);
	w->now = now;
	assert_int_equal(timer_worker_init(w), 0);
}

static void walk(struct worker *w, uint64_t start, uint64_t seed)
{
	uint64_t tick;

	start_at(w, start);
	tick = UINT64_C(1) << w->timers->shift;
	clock_now = start;
	memset(m, 0, sizeof(m));
	for (unsigned int i = 0; i < N; i++)
		m[i].t.fn = fired;
	for (unsigned int step = 0; step < 40000; step++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		struct model *x = &m[(seed >> 33) % N];
		uint64_t span = (seed >> 40) % 1000 * (tick / 3) << (seed >> 20) % 12;

		switch (seed >> 60) {
		case 0:
			assert_int_equal(timer_del(w, &x->t), x->when != 0);
			x->when = 0;
			break;
		case 1 ... 9:
			x->when = clock_now + span + 1;
			timer_set(w, &x->t, x->when);
			break;
		default:
			if (timers_next(w) != UINT64_MAX && (seed >> 50) % 3 == 0 &&
			    timers_next(w) > clock_now)
				clock_now = timers_next(w);
			else
				clock_now += span / 16;
			timers_run(w, clock_now);
			for (unsigned int i = 0; i < N; i++) /* never late by a tick */
				if (m[i].when)
					assert_true(m[i].when + tick > clock_now - clock_now % tick);
			break;
		}
		uint64_t first = UINT64_MAX;

		for (unsigned int i = 0; i < N; i++) {
			assert_int_equal(timer_pending(&m[i].t), m[i].when != 0);
			if (m[i].when && m[i].when < first)
				first = m[i].when;
		}
		/* timers_next is a lower bound for the first expiry, rounded up to a tick */
		assert_true(first == UINT64_MAX ? timers_next(w) == UINT64_MAX :
			timers_next(w) <= first + tick);
	}
	for (unsigned int i = 0; i < N; i++)
		timer_del(w, &m[i].t);
	assert_int_equal(w->timers->pending, 0);
}

static void against_model(void **state)
{
	struct fake_worker *f = *state;

	walk(f->w, 0, 42);
	walk(f->w, UINT64_C(0x123456789abcdef), 43);
	/* shortly before digits of the wheel turn over */
	for (unsigned int bit = 49; bit < 64; bit += 7)
		walk(f->w, (UINT64_C(1) << bit) - 1000000, bit);
}

/* As far as a TSC can count, and as far as it never will. */
static void never_is_far(void **state)
{
	struct worker *w = ((struct fake_worker *)*state)->w;
	struct timer never = {.fn = fired}, last = {.fn = fired};

	start_at(w, 1000);
	timer_set(w, &never, UINT64_MAX);
	timer_set(w, &last, UINT64_C(1) << 63);
	assert_int_equal(timers_run(w, (UINT64_C(1) << 63) - 1), 0);
	assert_true(timer_pending(&never) && timer_del(w, &last) && timer_del(w, &never));
	assert_int_equal(timers_next(w), UINT64_MAX);
}

static unsigned int rounds;

static void again(struct worker *w, struct timer *t)
{
	rounds++;
	timer_set(w, t, 0); /* due at once: must not hold up the turn */
}

static void rearming_is_bounded(void **state)
{
	struct fake_worker *f = *state;
	struct timer t = {.fn = again};

	/* the last cycle of a tick: what is due now must not wait for the next one */
	start_at(f->w, (UINT64_C(1000) << f->w->timers->shift) - 1);
	rounds = 0;
	timer_set(f->w, &t, 0);
	timers_run(f->w, (f->w->timers->now + 1) << f->w->timers->shift);
	assert_in_range(rounds, 1, TIMERS_PER_TURN);
	timer_del(f->w, &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(against_model, fake_worker_setup, fake_worker_teardown),
		cmocka_unit_test_setup_teardown(never_is_far, fake_worker_setup,
			fake_worker_teardown),
		cmocka_unit_test_setup_teardown(rearming_is_bounded, fake_worker_setup,
			fake_worker_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
