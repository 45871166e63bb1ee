/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adaptive sleep: publish, fence, arm, one more turn, wait. The turn after arming runs with QSBR
 * online, as it reads the tables; offline only around the wait itself. A tick that finds nothing goes
 * back to the wait as it is, published and armed: one turn a tick, and no call to be missed.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_rcu_qsbr.h>

#include "core/loop.h"
#include "core/napi.h"
#include "core/sleep.h"
#include "core/timer.h"

void worker_wake(struct worker *w)
{
	uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&w->sleeping, memory_order_relaxed))
		return;
	/* EAGAIN: the counter is full of wake-ups already */
	while (write(w->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Arm every entry; its fd goes to `fds`. *tick: one of them can't wake us. */
static nfds_t arm(struct worker *w, struct pollfd *fds, bool *tick)
{
	nfds_t n = 0;

	fds[n++] = (struct pollfd){.fd = w->wake_fd, .events = POLLIN};
	for (struct napi *e = w->napi->head; e; e = e->next) {
		if (e->on_demand)
			continue;
		e->thick = false; /* the turn after this looks at all of them, */
		e->seen = 0;	  /* and what wakes us is looked at, too */
		if (e->wait_fd < 0 || n == SLEEP_FDS_MAX || (e->arm && e->arm(w, e, true) < 0)) {
			*tick = true;
			continue;
		}
		e->armed = true;
		fds[n++] = (struct pollfd){.fd = e->wait_fd, .events = POLLIN};
	}
	return n;
}

static void disarm(struct worker *w)
{
	for (struct napi *e = w->napi->head; e; e = e->next) {
		if (!e->armed)
			continue;
		e->armed = false;
		if (e->arm)
			e->arm(w, e, false);
	}
}

/* How long to wait at most (most_usec 0: as the timers say); false: not at all. */
static bool wait_time(const struct worker *w, uint32_t most_usec, struct timespec *ts)
{
	uint64_t now = rte_rdtsc(), due = timers_next(w), ns = 3600 * UINT64_C(1000000000);

	if (due <= now)
		return false;
	if (due != UINT64_MAX && (due - now) / w->tsc_hz < 3600)
		ns = (due - now) * 1000 / (w->tsc_hz / 1000000 + 1) + 1;
	if (most_usec != 0 && ns > most_usec * UINT64_C(1000))
		ns = most_usec * UINT64_C(1000);
	*ts = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	return true;
}

/* True: it was the time that ended the wait, nobody's wake-up. */
static bool wait_for_work(struct worker *w, struct pollfd *fds, nfds_t n, uint32_t most_usec)
{
	struct timespec ts;
	uint64_t start = rte_rdtsc(), count;
	int woken;

	if (!wait_time(w, most_usec, &ts))
		return false;
	w->stats.sleeps++;
	if (w->qsbr)
		rte_rcu_qsbr_thread_offline(w->qsbr, w->qsbr_id);
	woken = ppoll(fds, n, &ts, NULL);
	if (w->qsbr)
		rte_rcu_qsbr_thread_online(w->qsbr, w->qsbr_id);
	if (fds[0].revents && read(w->wake_fd, &count, sizeof(count)) < 0)
		errno = 0; /* another reader was faster: nothing to clear */
	w->turn_start = rte_rdtsc();
	w->stats.sleep_cycles += w->turn_start - start;
	return woken == 0;
}

void worker_nap(struct worker *w)
{
	struct pollfd fd = {.fd = w->wake_fd, .events = POLLIN};

	atomic_store_explicit(&w->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!worker_turn(w) && !w->stop)
		wait_for_work(w, &fd, 1, NAP_USEC);
	atomic_store_explicit(&w->sleeping, 0, memory_order_relaxed);
}

void worker_sleep(struct worker *w)
{
	struct pollfd fds[SLEEP_FDS_MAX + 1];
	bool tick = false;
	nfds_t n;

	atomic_store_explicit(&w->sleeping, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	n = arm(w, fds, &tick);
	while (!worker_turn(w) && !w->stop &&
		wait_for_work(w, fds, n, tick || w->tx_waiting ? SLEEP_TICK_USEC : 0))
		;
	atomic_store_explicit(&w->sleeping, 0, memory_order_relaxed);
	disarm(w);
}
