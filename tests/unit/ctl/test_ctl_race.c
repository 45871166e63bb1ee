/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker on a thread of its own, asked by the control thread: every request is answered once and
 * in order, and neither side sleeps through what the other has said, however the two meet. Under
 * ThreadSanitizer it shows that the rings and worker_call order what they hand over.
 */
#include "unit.h"

#include <poll.h>
#include <pthread.h>

#include "core/call.h"
#include "core/timer.h"
#include "ctl/ctl.h"
#include "dev/netdev.h"
#include "fake_worker.h"

#define REQUESTS 20000
#define CALLS    2000
#define STOPS    200
#define PATIENCE 10000 /* ms; only a lost wake-up waits so long */

struct told {
	uint64_t sum, calls; /* plain words: handed over by the rings alone */
};

static void *run(void *arg)
{
	worker_run(arg);
	return NULL;
}

static pthread_t start(struct worker *w)
{
	pthread_t thread;

	w->stop = false;
	timer_del(w, &w->dev->watchdog); /* which would cover up a lost wake-up */
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	return thread;
}

static void stop(struct worker *w, pthread_t thread)
{
	const struct ctl_msg m = {.type = CTL_STOP};

	assert_int_equal(ctl_send(w, &m), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void add(struct worker *w, void *ptr)
{
	struct told *t = ptr;

	t->sum += t->calls++;
}

/* Takes answers until `upto` have come. */
static void take(struct worker *w, uint64_t *answered, uint64_t upto)
{
	struct pollfd bell = {.fd = ctl_fd(w), .events = POLLIN};
	struct ctl_msg m[32];

	while (*answered < upto) {
		unsigned int n = ctl_recv(w, m, 32);

		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(m[i].type, CTL_DONE);
			assert_int_equal(m[i].token, (*answered)++);
		}
		if (n == 0 && poll(&bell, 1, PATIENCE) == 0)
			fail_msg("no bell for answer %lu", *answered);
	}
}

static void requests_are_answered(void **state)
{
	struct worker *w = ((struct fake_worker *)*state)->w;
	struct told told = {0};
	uint64_t answered = 0, seed = 7;
	pthread_t thread = start(w);

	for (uint64_t asked = 0; asked < REQUESTS;) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		/* mostly one or two, so that both sides fall asleep between them */
		for (uint64_t n = seed >> 62 ? 1 : seed >> 55 & 127; n > 0 && asked < REQUESTS; n--) {
			const struct ctl_msg m = {.type = CTL_CALL, .fn = add, .ptr = &told,
				.token = asked++};

			assert_int_equal(ctl_send(w, &m), 0);
		}
		take(w, &answered, asked);
		assert_int_equal(told.calls, asked);
	}
	stop(w, thread);
	assert_int_equal(told.sum, (uint64_t)REQUESTS * (REQUESTS - 1) / 2);
}

static void calls_are_served(void **state)
{
	struct worker *w = ((struct fake_worker *)*state)->w;
	struct told told = {0};
	pthread_t thread = start(w);

	for (unsigned int i = 0; i < CALLS; i++) {
		worker_call(w, add, &told);
		assert_int_equal(told.calls, i + 1);
	}
	stop(w, thread);
}

/* The worker leaves its loop while it is called: somebody serves the call, and only once. */
static void calls_while_stopping(void **state)
{
	const struct ctl_msg m = {.type = CTL_STOP};
	struct worker *w = ((struct fake_worker *)*state)->w;
	struct told told = {0};

	for (unsigned int i = 0; i < STOPS; i++) {
		pthread_t thread = start(w);

		while (!atomic_load(&w->running))
			sched_yield();
		assert_int_equal(ctl_send(w, &m), 0);
		for (unsigned int k = 0; k < 4; k++)
			worker_call(w, add, &told);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_int_equal(told.calls, 4 * STOPS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_worker_setup, fake_worker_teardown)
	const struct CMUnitTest tests[] = {
		T(requests_are_answered),
		T(calls_are_served),
		T(calls_while_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
