/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases about a port's life: opening and closing, its link, its peer's end, sleeping and waking. */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>

#include "conformance.h"
#include "core/timer.h"

static void live(struct put *t, bool raw)
{
	rig_open(t, raw);
	pass_some(t);
	rig_restart(t, NULL);
	pass_some(t);
	rig_close(t);
}

/* The first life of a type starts threads and tables that DPDK keeps; no other may add to them. */
void case_open_close(struct put *t)
{
	struct census never, before, after;

	census_take(&never);
	live(t, true);
	live(t, false);
	census_take(&before);
	census_expect_named(&never, &before);
	for (unsigned i = 0; i < 4; i++) {
		live(t, i & 1);
		census_take(&after);
		census_expect_same(t, &before, &after, i + 1);
	}
	if (t->type->ops != &peer_veth && t->type->ops != &peer_wire)
		return;
	rig_open(t, true);
	for (unsigned i = 0; i < 2; i++) {
		pass_some(t);
		rig_reopen(t);
	}
	pass_some(t);
	rig_close(t);
}

static bool carrier(struct put *t)
{
	struct port_event e;

	rig_turn();
	while (port_device_event(&e))
		;
	netdev_port_link(t->dp, t->dev);
	skiff_turns(t, 1);
	return !(atomic_load(&t->dev->state) & NETDEV_NOCARRIER);
}

/* Nobody counts on what is sent now; it must only not hang. */
static void send_into_nothing(struct put *t, unsigned n)
{
	uint8_t frame[100];

	for (unsigned i = 0; i < n; i++) {
		frame_fill(t, frame, sizeof(frame), 7, false);
		skiff_send(t, frame_mbuf(t, frame, sizeof(frame)));
		frame_fill(t, frame, sizeof(frame), 7, true);
		t->type->ops->send(t, frame, sizeof(frame));
		skiff_turns(t, 1);
	}
}

/*
 * A frame with a number of its own gets through in each direction, whatever was left over. Which
 * did in the last try: in, out.
 */
static bool in, out;

static bool both_ways(struct put *t)
{
	static uint32_t seed = 1000000;
	uint8_t frame[100];
	struct kept *k;

	in = out = false;
	frame_fill(t, frame, sizeof(frame), ++seed, false);
	skiff_send(t, frame_mbuf(t, frame, sizeof(frame)));
	frame_fill(t, frame, sizeof(frame), seed, true);
	t->type->ops->send(t, frame, sizeof(frame));
	for (unsigned i = 0; i < 2000 && !(in && out); i++) {
		k = port_receives(t, 0);
		in |= k && frame_seed(k->data) == seed;
		free(k);
		k = peer_receives(t, 0);
		out |= k && frame_seed(k->data) == seed;
		free(k);
	}
	return in && out;
}

static void pass_both_ways(struct put *t)
{
	if (!patiently(PATIENCE, both_ways(t)))
		fail_msg("nothing gets through %s", in ? "from skiff" : out ? "to skiff" : "either way");
}

static sem_t go_on;

static void hold(void *held)
{
	atomic_store((atomic_bool *)held, true);
	while (sem_wait(&go_on) < 0)
		;
}

static void nap(void *arg)
{
	usleep((uintptr_t)arg);
}

/*
 * The link goes and is asked for many times before DPDK's interrupt thread, where some drivers hear
 * of it, comes to look; and asked for on while that thread works off what it missed. (A peer that
 * is closed in that thread would wait for itself.)
 */
static void come_back_while_asked(struct put *t)
{
	atomic_bool held = false;

	if (t->peer_open && t->peer.spec.type->serial)
		return;
	sem_init(&go_on, 0, 0);
	assert_int_equal(rte_eal_alarm_set(1, hold, &held), 0);
	assert_true(patiently(PATIENCE, atomic_load(&held)));
	t->type->ops->link(t, false);
	for (uintptr_t i = 0; i < 200; i++) {
		carrier(t);
		assert_int_equal(rte_eal_alarm_set(1, nap, (void *)(i * 7919 % 500)), 0);
	}
	t->type->ops->link(t, true);
	sem_post(&go_on);
	for (unsigned i = 0; i < 1000; i++) {
		carrier(t);
		usleep(50);
	}
	assert_true(patiently(PATIENCE, carrier(t)));
	pass_both_ways(t);
	sem_destroy(&go_on);
}

void case_link(struct put *t)
{
	if (t->type->link_words) {
		t->words = t->type->link_words;
		t->peer_words = t->type->link_peer;
	}
	rig_open(t, false);
	pass_both_ways(t);
	assert_true(patiently(PATIENCE, carrier(t)));
	for (unsigned i = 0; i < 3; i++) {
		t->type->ops->link(t, false);
		assert_true(patiently(PATIENCE, !carrier(t)));
		send_into_nothing(t, 20);
		t->type->ops->link(t, true);
		assert_true(patiently(PATIENCE, carrier(t)));
		pass_both_ways(t);
	}
	for (unsigned i = 0; i < 3; i++)
		come_back_while_asked(t);
	while (both_ways(t) && (t->to_skiff.n || t->from_port.n))
		;
	pass_some(t);
	rig_close(t);
}

static void remove_and_close(struct put *t)
{
	rig_open(t, false);
	pass_both_ways(t);
	send_into_nothing(t, 200);
	t->type->ops->remove(t);
	send_into_nothing(t, 500);
	carrier(t);
	rig_close(t);
}

void case_removal(struct put *t)
{
	struct census before, after;

	remove_and_close(t);
	census_take(&before);
	for (unsigned i = 0; i < 1; i++) {
		remove_and_close(t);
		census_take(&after);
		census_expect_same(t, &before, &after, i + 1);
	}
	live(t, false); /* and can be had again */
}

static bool asleep(const struct put *t)
{
	return atomic_load(&((struct put *)(uintptr_t)t)->w->sleeping);
}

static void send_and_await(struct put *t, uint32_t seed)
{
	unsigned before = atomic_load(&t->arrived);
	uint8_t frame[100];

	frame_fill(t, frame, sizeof(frame), seed, true);
	assert_true(patiently(PATIENCE, t->type->ops->send(t, frame, sizeof(frame))));
	if (!patiently(PATIENCE, atomic_load(&t->arrived) != before))
		fail_msg("frame %u did not wake the worker", seed);
}

static double latency(struct put *t, uint32_t seed)
{
	double start;

	assert_true(patiently(PATIENCE, asleep(t)));
	start = clock_s();
	send_and_await(t, seed);
	return clock_s() - start;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void read_sleeps(struct worker *w, void *arg)
{
	*(uint64_t *)arg = w->stats.sleeps;
}

/* Sleeps in some ms of nothing: a descriptor that is always ready ends each at once. */
static unsigned idle_sleeps(struct put *t, double *ms)
{
	double start = clock_s();
	uint64_t before, after;

	worker_call(t->w, read_sleeps, &before);
	do {
		usleep(200000);
		worker_call(t->w, read_sleeps, &after);
	} while (after == before && clock_s() - start < PATIENCE);
	*ms = (clock_s() - start) * 1e3;
	return after - before;
}

#define ROUNDS 50

void case_wake(struct put *t)
{
	enum port_wait wait;
	double took[ROUNDS], ms;
	unsigned sleeps;

	rig_open(t, false);
	wait = t->port.spec.type->wait;
	pass_some(t);
	/* Its visit every second would hide that nothing else woke the worker. */
	timer_del(t->w, &t->w->dev->watchdog);
	atomic_store(&t->arrived, 0);
	skiff_thread_start(t);
	for (unsigned i = 0; i < ROUNDS; i++)
		took[i] = latency(t, i);
	/* At every moment of falling asleep. */
	for (unsigned i = 0; i < 1000; i++) {
		double until = clock_s() + (i * 7919 % 150) * 1e-6;

		while (clock_s() < until)
			;
		send_and_await(t, i);
	}
	sleeps = idle_sleeps(t, &ms);
	skiff_thread_stop(t);
	qsort(took, ROUNDS, sizeof(took[0]), by_size);
	print_message("woken after %.0f us (median), %.0f at most; %u sleeps in %.0f ms of nothing\n",
		took[ROUNDS / 2] * 1e6, took[ROUNDS - 1] * 1e6, sleeps, ms);
	/* With a descriptor nothing ends a sleep; without, it is looked every millisecond. */
	if (wait == PORT_WAIT_TIMER)
		assert_in_range(sleeps, 1, 10 + ms);
	else
		assert_in_range(sleeps, 0, 10 + ms / 100);
	inbox_empty(&t->to_skiff);
	rig_close(t);
}
