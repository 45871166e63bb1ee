/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker's turn: weight, budget, deadline, fairness, sweeps, backlog, sleep. */
#include <stdlib.h>
#include <string.h>

#include <rte_rcu_qsbr.h>

#include "core/backlog.h"
#include "core/burst.h"
#include "core/napi.h"
#include "core/sleep.h"
#include "core/timer.h"
#include "ctl/ctl.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

struct source {
	struct napi napi;
	struct fake_worker *f;
	uint32_t left;       /* packets it can still deliver */
	uint32_t per_poll;   /* UINT32_MAX: what is asked for */
	uint32_t biggest;    /* poll it was asked for */
	uint64_t spin;       /* cycles a poll takes */
};

static unsigned int source_poll(struct worker *w, struct napi *n, unsigned int budget)
{
	struct source *s = n->priv;
	uint32_t k = RTE_MIN(RTE_MIN(s->left, s->per_poll), budget);
	uint64_t until = __builtin_ia32_rdtsc() + s->spin;
	struct pkt p = PKT_UDP();

	s->biggest = RTE_MAX(s->biggest, budget);
	s->left -= k;
	for (uint32_t i = 0; i < k; i++) {
		struct skb *skb = fake_rx(s->f, NULL, p.data, p.len);

		burst_to(w, STAGE_punt, skb);
	}
	while (__builtin_ia32_rdtsc() < until)
		;
	return k;
}

static void source(struct source *s, struct fake_worker *f, uint32_t left)
{
	*s = (struct source){.f = f, .left = left, .per_poll = UINT32_MAX};
	s->napi = (struct napi){.poll = source_poll, .priv = s, .name = "source", .wait_fd = -1};
	napi_schedule(f->w, &s->napi);
}

/* What the punt stage put on the ring, so that it never fills up. */
static void drain(struct fake_worker *f)
{
	struct ctl_msg m[64];
	unsigned int n;

	while ((n = ctl_recv(f->w, m, 64)))
		for (unsigned int i = 0; i < n; i++)
			rte_pktmbuf_free(m[i].ptr);
}

static void budget_and_fairness(void **state)
{
	struct fake_worker *f = *state;
	static struct source a, b, c;

	f->dp.conf.turn_usec = 1000000;
	source(&a, f, 1000000);
	source(&b, f, 1000000);
	source(&c, f, 10); /* never full: polled once a turn */
	c.per_poll = 10;
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t before = f->w->ledger.rx;

		c.left = 10;
		assert_true(worker_turn(f->w));
		assert_in_range(f->w->ledger.rx - before, 300, 300 + 64);
		drain(f);
	}
	assert_int_equal(a.biggest, 64);
	assert_int_equal(f->w->stats.time_squeeze, 20);
	assert_in_range(a.napi.packets, b.napi.packets - 64, b.napi.packets + 64);
	assert_int_equal(c.napi.polls, 20);
	/* changed at run time */
	f->dp.conf.dev_weight = 16;
	f->dp.conf.netdev_budget = 32;
	a.biggest = 0;
	uint64_t before = f->w->ledger.rx;

	worker_turn(f->w);
	worker_turn(f->w);
	assert_int_equal(a.biggest, 16);
	assert_in_range(f->w->ledger.rx - before, 64, 2 * 48);
	drain(f);
}

static void deadline_ends_the_turn(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;

	f->dp.conf.turn_usec = 10; /* of the fake clock: 20,000 cycles */
	source(&a, f, 1000);
	a.spin = 30000;
	assert_true(worker_turn(f->w));
	assert_int_equal(a.napi.packets, 64);
	assert_int_equal(f->w->stats.time_squeeze, 1);
	drain(f);
}

static void idle_turn_is_no_squeeze(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;

	source(&a, f, 64 * 3 + 5);
	f->dp.conf.turn_usec = 10000000; /* a busy machine is no squeeze either */
	assert_true(worker_turn(f->w));
	assert_int_equal(f->w->stats.time_squeeze, 0);
	assert_int_equal(a.left, 0);
	assert_false(worker_turn(f->w));
	assert_int_equal(a.napi.empty_polls, 1);
	drain(f);
}

/* A source whose window of gathering is over at the next poll, and then lasts minutes. */
static void source_that_gathers(struct source *s, struct fake_worker *f, uint32_t per_poll)
{
	source(s, f, 1000);
	s->per_poll = per_poll;
	s->napi.gather = UINT64_C(1) << 40;
	s->napi.since = f->w->now - s->napi.gather;
}

static void thick_packets_are_left_to_gather(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;

	source_that_gathers(&a, f, GATHER_MIN);
	assert_true(worker_turn(f->w));
	assert_int_equal(a.napi.polls, 1);
	assert_false(worker_turn(f->w)); /* nothing moved: the worker may do other things */
	assert_int_equal(a.napi.polls, 1);
	a.napi.since -= a.napi.gather;
	assert_true(worker_turn(f->w));
	assert_int_equal(a.napi.polls, 2);
	a.napi.since -= a.napi.gather;
	a.per_poll = GATHER_MIN - 1; /* they come thin again */
	assert_true(worker_turn(f->w));
	assert_true(worker_turn(f->w));
	assert_int_equal(a.napi.polls, 4);
	drain(f);
}

static void nothing_gathers_unasked(void **state)
{
	struct fake_worker *f = *state;
	static struct source a, b, c;

	source_that_gathers(&a, f, 64);
	a.left = 2 * 64 + GATHER_MIN; /* full polls: more waits */
	source_that_gathers(&b, f, GATHER_MIN);
	b.napi.gather = 0;
	assert_true(worker_turn(f->w));
	assert_true(worker_turn(f->w));
	assert_int_equal(a.left, 0);
	assert_int_equal(a.napi.polls, 3);
	assert_int_equal(b.napi.polls, 2);
	napi_disable(f->w, &a.napi);
	napi_disable(f->w, &b.napi);

	f->dp.conf.busy = true;
	source_that_gathers(&c, f, GATHER_MIN);
	assert_true(worker_turn(f->w));
	assert_true(worker_turn(f->w));
	assert_int_equal(c.napi.polls, 2);
	drain(f);
}

/* What wakes a sleeper may tell of new packets only: those that lie there have to be seen before. */
static void no_sleep_over_what_gathers(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;

	source_that_gathers(&a, f, GATHER_MIN);
	assert_true(worker_turn(f->w));
	assert_int_equal(a.napi.polls, 1);
	worker_sleep(f->w);
	assert_int_equal(a.napi.polls, 2);
	assert_int_equal(f->w->stats.sleeps, 0);
	drain(f);
}

static struct source woken_by;

static void arrives(struct worker *w, struct timer *t)
{
	(void)w;
	(void)t;
	woken_by.left = 1;
}

/* What came thick before the worker fell asleep says nothing of what wakes it. */
static void what_wakes_is_looked_at(void **state)
{
	struct fake_worker *f = *state;
	struct timer t = {.fn = arrives};

	source_that_gathers(&woken_by, f, 1);
	woken_by.left = 0;
	woken_by.napi.seen = GATHER_MIN;
	timer_set(f->w, &t, __builtin_ia32_rdtsc() + worker_msec(f->w, 5));
	while (!woken_by.left)
		worker_sleep(f->w);
	worker_turn(f->w);
	assert_int_equal(woken_by.left, 0);
	drain(f);
}

static void scheduled_once_disabled_for_good(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;
	uint32_t n = f->w->napi->n;

	source(&a, f, 1000);
	napi_schedule(f->w, &a.napi);
	assert_int_equal(f->w->napi->n, n + 1);
	napi_disable(f->w, &a.napi);
	assert_int_equal(f->w->napi->n, n);
	napi_schedule(f->w, &a.napi);
	worker_turn(f->w);
	assert_int_equal(a.napi.polls, 0);
	napi_enable(f->w, &a.napi);
	napi_schedule(f->w, &a.napi);
	worker_turn(f->w);
	assert_true(a.napi.polls > 0);
	drain(f);
}

static unsigned int timer_hits, call_hits;

static void tick(struct worker *w, struct timer *t)
{
	timer_hits++;
	timer_set(w, t, w->now);
}

static void called(struct worker *w, void *arg)
{
	call_hits++;
}

/* Under overload timers and control messages still have their turn. */
static void overload_starves_nobody(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;
	struct timer t = {.fn = tick};
	struct ctl_msg m = {.type = CTL_CALL, .fn = called};

	timer_hits = call_hits = 0;
	f->dp.conf.turn_usec = 10;
	source(&a, f, UINT32_MAX);
	a.spin = 3000000; /* a turn is longer than a tick of the wheel */
	timer_set(f->w, &t, f->w->now);
	for (unsigned int i = 0; i < 10; i++) {
		ctl_send(f->w, &m);
		worker_turn(f->w);
		while (ctl_recv(f->w, &m, 1))
			if (m.type == CTL_PUNT)
				rte_pktmbuf_free(m.ptr);
		m = (struct ctl_msg){.type = CTL_CALL, .fn = called};
	}
	assert_true(timer_hits >= 9);
	assert_int_equal(call_hits, 10);
	timer_del(f->w, &t);
}

static void stage_counters(void **state)
{
	struct fake_worker *f = *state;
	static struct source a;

	source(&a, f, 0);
	for (unsigned int i = 0; i < 2 * SAMPLE_SWEEPS; i++) {
		a.left = 7;
		worker_turn(f->w);
		drain(f);
	}
	assert_int_equal(f->w->stage[STAGE_punt].packets, 7 * 2 * SAMPLE_SWEEPS);
	assert_int_equal(f->w->stage[STAGE_punt].calls, 2 * SAMPLE_SWEEPS);
	assert_in_range(f->w->stage[STAGE_punt].sampled, 7, 7 * 2);
	assert_true(f->w->stage[STAGE_punt].cycles > 0);
}

static void backlog_is_bounded_and_in_order(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 5, "x", NULL);
	struct pkt p = PKT_UDP(.eth_type = 0x9999);
	uint64_t when = 0;

	f->dp.conf.max_backlog = 100;
	for (unsigned int i = 0; i < 110; i++) {
		struct skb *skb = fake_rx(f, dev, p.data, p.len);

		if (i == 3) {
			skb->tstamp = when = 42;
			skb->flags |= SKB_F_TSTAMP;
		}
		assert_int_equal(netif_rx(f->w, skb), i <= 100 ? NETIF_RX_SUCCESS : NETIF_RX_DROP);
		if (i == 3)
			assert_int_equal(skb->tstamp, when);
	}
	fake_expect_drop(f, DROP_BACKLOG_FULL, 9);
	assert_int_equal(f->w->stats.backlog_total, 110);
	assert_int_equal(f->w->stats.backlog_dropped, 9);
	struct ledger_sum sum;

	ledger_snapshot(f->w, &sum);
	assert_int_equal(sum.held, 101);
	assert_true(worker_turn(f->w));
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 101);
	assert_int_equal(f->w->backlog->napi.polls, 2);
	assert_false(worker_turn(f->w)); /* off the list */
	assert_int_equal(f->w->backlog->napi.polls, 2);
}

static struct skb *unknown(struct fake_worker *f, struct netdev *dev)
{
	struct pkt p = PKT_UDP(.eth_type = 0x9999);

	return fake_rx(f, dev, p.data, p.len);
}

/* From another worker (here: itself, by the ring) and from a thread that is none. */
static void inbox_is_bounded_and_in_the_ledger(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 5, "x", NULL);
	struct ledger_sum sum;
	struct skb *skb;

	f->dp.conf.max_backlog = 100;
	for (unsigned int i = 0; i < 110; i++) {
		skb = unknown(f, dev);
		assert_int_equal(netif_rx_on(f->w, f->w, skb), i <= 100 ? NETIF_RX_SUCCESS :
			NETIF_RX_DROP);
		assert_true(i > 100 || skb->flags & SKB_F_TSTAMP);
	}
	fake_expect_drop(f, DROP_INBOX_FULL, 9);
	assert_int_equal(f->w->backlog->refused, 9);
	assert_int_equal(f->w->ledger.ring_out, 101);
	skb = unknown(f, dev); /* of nobody's ledger */
	f->w->ledger.rx--;
	assert_int_equal(netif_rx_on(NULL, f->w, skb), NETIF_RX_DROP);
	assert_int_equal(f->w->backlog->refused, 10);
	assert_int_equal(f->w->backlog->q.len, 0);
	assert_true(worker_turn(f->w)); /* takes them in */
	assert_false(f->w->inbox_ready);
	assert_int_equal(f->w->ledger.ring_in, 101);
	assert_int_equal(f->w->backlog->q.len, 101);
	ledger_snapshot(f->w, &sum);
	assert_int_equal(sum.held, 101);
	assert_int_equal(ledger_gap(&sum), 0);
	assert_true(worker_turn(f->w)); /* and up */
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 101);
	assert_false(worker_turn(f->w));
	/* what is left in the ring at the end ends */
	assert_int_equal(netif_rx_on(f->w, f->w, unknown(f, dev)), NETIF_RX_SUCCESS);
	worker_stop(f->w);
	fake_expect_drop(f, DROP_STOPPED, 1);
}

static void backlog_of_an_interface_that_goes(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 5, "x", NULL), *stays = fake_netdev(f, 6, "y", NULL);

	netif_rx(f->w, unknown(f, dev));
	netif_rx(f->w, unknown(f, stays));
	netif_rx_on(f->w, f->w, unknown(f, dev));
	netif_rx_on(f->w, f->w, unknown(f, stays));
	backlog_flush(f->w, dev);
	fake_expect_drop(f, DROP_DEV_DOWN, 2);
	assert_true(worker_turn(f->w));
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 2);
}

static void sleep_ends_at_the_timer(void **state)
{
	struct fake_worker *f = *state;
	struct timer t = {.fn = tick};

	timer_hits = 0;
	timer_del(f->w, &f->w->dev->watchdog);
	timer_set(f->w, &t, __builtin_ia32_rdtsc() + worker_msec(f->w, 5));
	uint64_t start = __builtin_ia32_rdtsc();

	/* a sleep may end early, where the wheel deals out a coarse slot; not over and over */
	for (unsigned int i = 0; i < 8 && !timer_hits; i++)
		worker_sleep(f->w);
	worker_turn(f->w);
	assert_true(timer_hits > 0);
	assert_in_range(f->w->stats.sleeps, 1, 8);
	assert_true(__builtin_ia32_rdtsc() - start >= worker_msec(f->w, 5));
	timer_del(f->w, &t);
	/* a wake-up that came before the sleep is seen */
	atomic_store(&f->w->sleeping, 1);
	worker_wake(f->w);
	worker_sleep(f->w);
	assert_int_equal(f->w->sleeping, 0);
	/* work that is there means no sleep at all */
	static struct source a;
	uint64_t sleeps = f->w->stats.sleeps;

	source(&a, f, 10);
	worker_sleep(f->w);
	assert_int_equal(f->w->stats.sleeps, sleeps);
	drain(f);
}

static void nap_ends_by_itself(void **state)
{
	struct fake_worker *f = *state;
	uint64_t sleeps = f->w->stats.sleeps, start = __builtin_ia32_rdtsc();
	static struct source a;

	timer_del(f->w, &f->w->dev->watchdog);
	worker_nap(f->w);
	assert_int_equal(f->w->stats.sleeps, sleeps + 1);
	assert_true(__builtin_ia32_rdtsc() - start >= worker_usec(f->w, NAP_USEC));
	assert_int_equal(f->w->sleeping, 0);
	/* a wake-up ends it before its time, work that is there comes first */
	atomic_store(&f->w->sleeping, 1);
	worker_wake(f->w);
	worker_nap(f->w);
	assert_int_equal(f->w->sleeping, 0);
	sleeps = f->w->stats.sleeps;
	source(&a, f, 10);
	worker_nap(f->w);
	assert_int_equal(f->w->stats.sleeps, sleeps);
	drain(f);
}

static void last_tick(struct worker *w, struct timer *t)
{
	w->stop = true;
}

/* An entry that cannot wake us: looked at once a tick, not polled in between. */
static void nothing_to_do_costs_a_turn_a_tick(void **state)
{
	struct fake_worker *f = *state;
	struct timer t = {.fn = last_tick};
	static struct source a;

	timer_del(f->w, &f->w->dev->watchdog);
	source(&a, f, 0);
	a.spin = worker_usec(f->w, 2);
	timer_set(f->w, &t, __builtin_ia32_rdtsc() + worker_msec(f->w, 50));
	f->w->stats.sleeps = f->w->stats.turns = 0;
	worker_run(f->w);
	/* one turn a sleep, and some of waiting for work at the start and at the wheel's coarse slots */
	assert_true(f->w->stats.sleeps > 5);
	assert_in_range(f->w->stats.turns, f->w->stats.sleeps, f->w->stats.sleeps + 30);
	napi_disable(f->w, &a.napi);
}

/* ---- more packets than a turn takes ---- */

#define PARKED 1800 /* a sweep takes TURN_RESTARTS bursts and one */

/* As a stage does that multiplies: n heads, every second one a clone. */
static void park(struct fake_worker *f, struct netdev *dev, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += 2) {
		struct skb *skb = unknown(f, dev), *clone = skb_clone(f->w, skb);

		assert_non_null(clone);
		burst_overflow(f->w, STAGE_eth_input, skb);
		burst_overflow(f->w, STAGE_eth_input, clone);
	}
}

static struct rte_rcu_qsbr *with_qsbr(struct fake_worker *f)
{
	struct rte_rcu_qsbr *v = aligned_alloc(64, RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), 64));

	assert_non_null(v);
	assert_int_equal(rte_rcu_qsbr_init(v, 1), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(v, 0), 0);
	rte_rcu_qsbr_thread_online(v, 0);
	f->w->qsbr = v;
	f->w->qsbr_id = 0;
	return v;
}

/* Parked packets point to next hops and interfaces, which stay until they are gone. */
static void what_is_parked_holds_its_tables(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 5, "x", NULL);
	struct rte_rcu_qsbr *v = with_qsbr(f);
	uint64_t retired;

	park(f, dev, PARKED);
	retired = rte_rcu_qsbr_start(v);
	assert_true(worker_turn(f->w));
	assert_in_range(f->w->overflow_len, 1, PARKED);
	assert_int_equal(rte_rcu_qsbr_check(v, retired, false), 0);
	assert_true(worker_turn(f->w));
	assert_int_equal(f->w->overflow_len, 0);
	assert_int_equal(rte_rcu_qsbr_check(v, retired, false), 1);
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, PARKED);
	free(v);
}

/* What arrives later could go the lane, and be of the same flow. */
static void what_arrives_waits_for_what_is_parked(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 5, "x", NULL);
	static struct source a;

	source(&a, f, 10);
	park(f, dev, PARKED);
	assert_true(worker_turn(f->w));
	assert_in_range(f->w->overflow_len, 1, PARKED);
	assert_int_equal(a.napi.polls, 0);
	assert_int_equal(f->w->stats.time_squeeze, 1);
	assert_true(worker_turn(f->w));
	assert_int_equal(f->w->overflow_len, 0);
	assert_int_equal(a.napi.packets, 10);
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, PARKED);
	drain(f);
}

static unsigned int multiply(struct worker *w, struct napi *n, unsigned int budget)
{
	struct source *s = n->priv;

	(void)budget;
	(void)w;
	park(s->f, s->f->made[0], 1500);
	return 1;
}

/* Where every turn leaves some behind, a grace period still ends. */
static void overload_ends_grace_periods(void **state)
{
	struct fake_worker *f = *state;
	struct rte_rcu_qsbr *v = with_qsbr(f);
	static struct source a;
	uint64_t retired;

	fake_netdev(f, 5, "x", NULL);
	f->dp.conf.turn_usec = 1000000;
	source(&a, f, 0);
	a.napi.poll = multiply;
	assert_true(worker_turn(f->w));
	for (unsigned int i = 0; i < 5; i++) {
		assert_in_range(f->w->overflow_len, 1, 1500);
		retired = rte_rcu_qsbr_start(v);
		assert_true(worker_turn(f->w));
		assert_int_equal(rte_rcu_qsbr_check(v, retired, false), 1);
	}
	assert_int_equal(a.napi.polls, 6);
	napi_disable(f->w, &a.napi);
	worker_turn(f->w);
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 6 * 1500);
	free(v);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_worker_setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(budget_and_fairness), T(deadline_ends_the_turn), T(idle_turn_is_no_squeeze),
		T(thick_packets_are_left_to_gather), T(nothing_gathers_unasked),
		T(no_sleep_over_what_gathers), T(what_wakes_is_looked_at),
		T(scheduled_once_disabled_for_good), T(overload_starves_nobody), T(stage_counters),
		T(backlog_is_bounded_and_in_order),
		T(inbox_is_bounded_and_in_the_ledger), T(backlog_of_an_interface_that_goes), T(sleep_ends_at_the_timer),
		T(nap_ends_by_itself),
		T(nothing_to_do_costs_a_turn_a_tick),
		T(what_is_parked_holds_its_tables), T(what_arrives_waits_for_what_is_parked),
		T(overload_ends_grace_periods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
