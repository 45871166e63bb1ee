/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's turn (Linux's net_rx_action and __do_softirq in one): polls in round robin, a sweep
 * through the pipeline after each, bounded by budget and deadline; then control messages, timers
 * and the quiescent report. No lock, no system call but the PMDs' own, no malloc.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_rcu_qsbr.h>

#include <skiff/yield.h>

#include "core/backlog.h"
#include "core/call.h"
#include "core/dp.h"
#include "core/ledger.h"
#include "core/loop.h"
#include "core/napi.h"
#include "core/skb_alloc.h"
#include "core/sleep.h"
#include "core/timer.h"
#include "core/trace.h"

static uint32_t conf(const atomic_uint *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* The lowest stage with packets, STAGE_COUNT: none. */
static inline unsigned int next_stage(const struct worker *w)
{
	for (unsigned int i = 0; i < STAGE_WORDS; i++)
		if (w->pending[i])
			return i * 64 + __builtin_ctzll(w->pending[i]);
	return STAGE_COUNT;
}

static inline void run_stage(struct worker *w, unsigned int s)
{
	struct burst *in = &w->out[s];
	struct stage_stats *st = &w->stage[s];
	uint32_t n = in->n;

	w->pending[s / 64] &= ~(UINT64_C(1) << (s % 64));
	st->packets += n;
	st->calls++;
	stage_table[s](w, in);
	if (unlikely(in->n != n)) { /* sent to itself: those wait for the next round */
		in->n -= n;
		memmove(in->skb, in->skb + n, in->n * sizeof(in->skb[0]));
		return;
	}
	in->n = 0;
}

static void sweep_plain(struct worker *w)
{
	unsigned int s;

	while ((s = next_stage(w)) < STAGE_COUNT)
		run_stage(w, s);
}

/* As sweep_plain, with the clock read between stages and the tracer looking on. */
static void sweep_observed(struct worker *w)
{
	uint64_t t0 = rte_rdtsc(), t1;
	unsigned int s;

	while ((s = next_stage(w)) < STAGE_COUNT) {
		uint32_t n = w->out[s].n;

		if (trace_on(w)) {
			trace_burst(w, s, &w->out[s]);
			t0 = rte_rdtsc();
		}
		run_stage(w, s);
		t1 = rte_rdtsc();
		w->stage[s].cycles += t1 - t0;
		w->stage[s].sampled += n;
		t0 = t1;
	}
}

void worker_sweep(struct worker *w)
{
	unsigned int rounds = 0;

	if (unlikely(++w->sweeps % SAMPLE_SWEEPS == 0 || trace_on(w)))
		sweep_observed(w);
	else
		sweep_plain(w);
	while (unlikely(w->overflow_len) && rounds++ < TURN_RESTARTS) {
		burst_refill(w);
		sweep_plain(w);
	}
	if (w->flush)
		w->tx_waiting = w->flush(w);
	burst_flush_done(w);
}

static struct napi *pop(struct napi_list *l)
{
	struct napi *n = l->head;

	l->head = n->next;
	if (!l->head)
		l->tail = &l->head;
	l->n--;
	return n;
}

static void push(struct napi_list *l, struct napi *n)
{
	n->next = NULL;
	*l->tail = n;
	l->tail = &n->next;
	l->n++;
}

static void push_front(struct napi_list *l, struct napi *n)
{
	n->next = l->head;
	if (!n->next)
		l->tail = &n->next;
	l->head = n;
	l->n++;
}

/* The packets come thick and the last look was a moment ago: the next is worth more later. */
static inline bool gathering(const struct worker *w, const struct napi *n)
{
	return n->thick && w->now - n->since < n->gather;
}

static inline void note_arrivals(struct worker *w, struct napi *n, unsigned int work, bool full)
{
	n->seen += work;
	if (full || w->now - n->since < n->gather)
		return;
	n->thick = n->seen >= GATHER_MIN && !conf(&w->dp->conf.busy);
	n->seen = 0;
	n->since = w->now;
}

/* One poll of an entry that is off the list; puts it back unless it completed or was disabled. */
static unsigned int poll_one(struct worker *w, struct napi *n, unsigned int weight)
{
	unsigned int work = n->poll(w, n, weight);

	assert(work <= weight);
	n->polls++;
	n->packets += work;
	n->full_polls += work == weight;
	n->empty_polls += work == 0;
	if (n->gather)
		note_arrivals(w, n, work, work == weight);
	if (n->state & NAPI_SCHED)
		push(w->napi, n);
	if (work != weight)
		n->done_turn = w->stats.turns;
	return work;
}

/* The receive part of a turn. Returns packets; *squeezed: budget or time ended it with work left. */
static uint64_t poll_all(struct worker *w, uint64_t start, bool *squeezed)
{
	struct napi_list *l = w->napi;
	int64_t budget = conf(&w->dp->conf.netdev_budget);
	uint64_t deadline = start + worker_usec(w, conf(&w->dp->conf.turn_usec)), moved = 0;
	uint32_t dev_weight = conf(&w->dp->conf.dev_weight), skipped = 0;

	while (l->head && skipped < l->n) {
		struct napi *n = pop(l);
		unsigned int weight = n->weight ? n->weight : dev_weight, work;

		if (n->urgent || n->done_turn == w->stats.turns || gathering(w, n)) {
			push(l, n);
			skipped++;
			continue;
		}
		/* what is parked comes first: a poll may go the lane, past the stages */
		if (budget <= 0 || w->now >= deadline || w->overflow_len) {
			push_front(l, n); /* first in the next turn */
			*squeezed = true;
			break;
		}
		skipped = 0;
		work = poll_one(w, n, RTE_MIN(weight, (unsigned int)BURST_MAX));
		if (work) {
			worker_sweep(w);
			budget -= work;
			moved += work;
			w->now = rte_rdtsc();
		}
	}
	return moved;
}

/* Control rings: once each, after the packets, whatever the load. */
static uint64_t poll_urgent(struct worker *w)
{
	struct napi_list *l = w->napi;
	uint64_t moved = 0;

	for (uint32_t i = l->n; i && l->head; i--) {
		struct napi *n = pop(l);

		if (n->urgent)
			moved += poll_one(w, n, n->weight ? n->weight : BURST_MAX);
		else
			push(l, n);
	}
	return moved;
}

/* No packet is under way; what is parked points to next hops and interfaces still. */
static void quiescent(struct worker *w)
{
	if (w->qsbr && likely(!w->overflow_len))
		rte_rcu_qsbr_quiescent(w->qsbr, w->qsbr_id);
}

bool worker_turn(struct worker *w)
{
	uint64_t start = rte_rdtsc(), moved = 0;
	bool squeezed = false;

	if (w->turn_busy)
		w->stats.busy_cycles += start - w->turn_start;
	else
		w->stats.idle_cycles += start - w->turn_start;
	w->turn_start = start;
	w->now = start;
	w->stats.turns++;
	skb_cache_fill(w);

	if (unlikely(w->overflow_len || next_stage(w) < STAGE_COUNT)) {
		burst_refill(w);
		worker_sweep(w);
		quiescent(w); /* the turn's end may have to keep silent again */
		moved++;
	}
	moved += poll_all(w, start, &squeezed);
	w->stats.time_squeeze += squeezed;
	moved += poll_urgent(w);
	moved += timers_run(w, w->now);
	if (next_stage(w) < STAGE_COUNT)
		worker_sweep(w);
	else if (w->flush)
		w->tx_waiting = w->flush(w);
	if (w->turn_end)
		w->turn_end(w);
	burst_flush_done(w);
	/* it may have brought a queue that nothing wakes us for yet: not a turn to sleep after */
	if (unlikely(atomic_load_explicit(&w->request, memory_order_relaxed) != NULL))
		moved += worker_serve_call(w);
	if (unlikely(atomic_load_explicit(&w->inbox_ready, memory_order_relaxed)))
		moved += backlog_collect(w);
	quiescent(w);
	w->turn_busy = moved != 0;
	w->stats.busy_turns += w->turn_busy;
	return moved || squeezed || w->overflow_len;
}

/* What the worker knows of its sleeping, between turns that found nothing. */
struct idle {
	uint64_t since;			/* TSC, 0: not yet */
	uint64_t woken[WAKES_MANY];	/* when, a ring */
	uint32_t n_woken;
	struct skiff_yield yields;
	bool often;			/* woken so often that the next frames are left to gather */
	bool napped;
};

static void go_to_sleep(struct worker *w, struct idle *i, bool crowded)
{
	i->since = 0;
	if (crowded && i->often) {
		i->often = false; /* unless it finds something */
		i->napped = true;
		worker_nap(w);
		return;
	}
	uint64_t *oldest = &i->woken[i->n_woken++ % WAKES_MANY];

	worker_sleep(w);
	i->napped = false;
	i->often = w->turn_start - *oldest < worker_usec(w, WAKES_USEC);
	*oldest = w->turn_start;
}

/*
 * After a turn that found nothing. Until it sleeps the worker lets others run: who feeds it may share
 * its CPU, and could not while it turns. Where others take their time, it sleeps at once.
 */
static void idle(struct worker *w, struct idle *i)
{
	uint64_t now = skiff_now_ns();
	bool crowded = !skiff_may_yield(&i->yields, now);

	if (!i->since)
		i->since = w->now;
	if (crowded || w->now - i->since >= worker_usec(w, SLEEP_AFTER_USEC))
		go_to_sleep(w, i, crowded);
	else
		skiff_yield(&i->yields, &now);
}

void worker_run(struct worker *w)
{
	struct idle i = {0};

	w->turn_start = rte_rdtsc();
	if (w->qsbr)
		rte_rcu_qsbr_thread_online(w->qsbr, w->qsbr_id);
	atomic_store(&w->running, true);
	while (!w->stop) {
		if (worker_turn(w)) {
			i.since = 0;
			i.often |= i.napped;
			i.napped = false;
		} else if (!conf(&w->dp->conf.busy)) {
			idle(w, &i);
		}
	}
	atomic_store(&w->running, false);
	worker_serve_call(w);
	backlog_leave(w);
	if (w->qsbr)
		rte_rcu_qsbr_thread_offline(w->qsbr, w->qsbr_id);
}

int worker_init(struct worker *w, struct dp *dp, const struct worker_opts *o)
{
	int rc;

	memset(w, 0, sizeof(*w));
	w->id = o->id;
	w->lcore = o->lcore;
	w->node = o->node;
	w->qsbr_id = o->qsbr_id;
	w->dp = dp;
	w->pool = o->pool;
	w->clone_pool = o->clone_pool;
	w->qsbr = o->qsbr;
	w->tsc_hz = o->tsc_hz;
	w->rng = rte_rdtsc() * 0x9E3779B97F4A7C15u | 1;
	w->now = w->turn_start = rte_rdtsc();
	w->overflow_tail = &w->overflow;
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0)
		return -errno;
	w->napi = calloc(1, sizeof(*w->napi));
	rc = w->napi ? 0 : -ENOMEM;
	if (!rc) {
		w->napi->tail = &w->napi->head;
		rc = skb_cache_init(w);
	}
	if (!rc)
		rc = timer_worker_init(w);
	if (!rc)
		rc = trace_worker_init(w);
	if (!rc)
		rc = backlog_init(w);
	if (rc)
		worker_fini(w);
	return rc;
}

/* What lies in the bursts has no one to take it any more. */
void worker_stop(struct worker *w)
{
	struct skb *skb;

	while ((skb = w->overflow)) {
		w->overflow = skb->next;
		w->overflow_len--;
		skb_drop(w, skb, DROP_STOPPED);
	}
	w->overflow_tail = &w->overflow;
	for (unsigned int s = 0; s < STAGE_COUNT; s++) {
		for (uint32_t i = 0; i < w->out[s].n; i++)
			skb_drop(w, w->out[s].skb[i], DROP_STOPPED);
		w->out[s].n = 0;
	}
	memset(w->pending, 0, sizeof(w->pending));
	if (w->backlog) {
		atomic_store(&w->inbox_ready, 1);
		backlog_collect(w);
		skb_queue_purge(w, &w->backlog->q, DROP_STOPPED);
	}
	burst_flush_done(w);
}

void worker_fini(struct worker *w)
{
	worker_stop(w);
	backlog_fini(w);
	trace_worker_fini(w);
	timer_worker_fini(w);
	skb_cache_fini(w);
	free(w->napi);
	w->napi = NULL;
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	w->wake_fd = -1;
}
