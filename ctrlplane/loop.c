/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's loop: libevent for descriptors, signals and timers; between its turns the
 * rings of emulated netlink sockets, which spin for a moment after activity (nl_server_poll), the
 * model's clock (cp_tick) and memory whose grace period is over (dp_reclaim).
 */
#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/dp.h"
#include "cp.h"
#include "daemon.h"
#include "loader.h"
#include "log.h"
#include "netlink/nl_server.h"

#define RECLAIM_MS 10
#define NEVER UINT64_MAX

uint64_t daemon_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void loop_stop(struct skiffd *d, int status)
{
	if (d->stop)
		return;
	d->stop = true;
	d->status = status;
	event_base_loopbreak(d->base);
}

static void on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
	struct skiffd *d = arg;

	log_info("signal %d: stopping", (int)sig);
	loop_stop(d, 0);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	loader_reap(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	/* The work is done between the turns of the loop: this only ends the wait. */
}

static struct event *on_signal(struct skiffd *d, int sig, event_callback_fn fn)
{
	struct event *ev = evsignal_new(d->base, sig, fn, d);

	if (ev != NULL)
		event_add(ev, NULL);
	return ev;
}

int loop_init(struct skiffd *d)
{
	/* Its timers count milliseconds; precise ones would cost a timerfd_settime() each turn. */
	d->base = event_base_new();
	if (d->base == NULL) {
		log_error("no event loop: %s", "too few file descriptors or too little memory");
		return -ENOMEM;
	}
	signal(SIGPIPE, SIG_IGN);
	d->sigterm = on_signal(d, SIGTERM, on_stop_signal);
	d->sigint = on_signal(d, SIGINT, on_stop_signal);
	d->sigchld = on_signal(d, SIGCHLD, on_child);
	d->tick = evtimer_new(d->base, on_tick, d);
	if (d->sigterm == NULL || d->sigint == NULL || d->sigchld == NULL || d->tick == NULL)
		return -ENOMEM;
	return 0;
}

void loop_fini(struct skiffd *d)
{
	struct event *all[] = {d->sigterm, d->sigint, d->sigchld, d->tick};

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			event_free(all[i]);
	if (d->base != NULL)
		event_base_free(d->base);
	libevent_global_shutdown();
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is due now; when to come back. */
static uint64_t housekeeping(struct skiffd *d)
{
	uint64_t now = daemon_now_ms();
	uint64_t next = cp_tick(d->cp, now);

	if (d->dp != NULL && dp_reclaim(d->dp))
		next = sooner(next, now + RECLAIM_MS);
	return next;
}

static void set_tick(struct skiffd *d, uint64_t next)
{
	uint64_t now = daemon_now_ms(), wait = next > now ? next - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000) * 1000};

	if (next == NEVER)
		event_del(d->tick);
	else
		event_add(d->tick, &tv);
}

void loop_run(struct skiffd *d)
{
	uint64_t set = NEVER;

	while (!d->stop) {
		cp_tick(d->cp, daemon_now_ms()); /* it stood still while we slept */
		bool busy = nl_server_poll(d->ns);
		uint64_t next = housekeeping(d);

		/* A timer that is set already costs a heap operation each time it is moved. */
		if (next != set || !evtimer_pending(d->tick, NULL)) {
			set_tick(d, next);
			set = next;
		}
		if (d->stop)
			break;
		event_base_loop(d->base, EVLOOP_ONCE | (busy ? EVLOOP_NONBLOCK : 0));
	}
}
