/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs the workers and takes what they tell: punted packets and neighbour events go to the model,
 * answers to whoever asked, trace records to the tracer. Called by the event loop when a worker's
 * ring has something.
 */
#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "cmd_trace.h"
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "cp.h"
#include "ctl/ctl.h"
#include "daemon.h"
#include "engine.h"
#include "log.h"
#include "netlink/nl_server.h"
#include "port_table.h"
#include "snapshot.h"
#include "worker_cpus.h"

#define SLICE_NS 100000 /* the least there is */
#define NICE (-10)
#define MESSAGES 64u   /* taken of a worker before others have their turn */

static void free_packet(void *mbuf)
{
	rte_pktmbuf_free(mbuf);
}

static void answered(struct skiffd *d, uint64_t token)
{
	switch (TOKEN_KIND(token)) {
	case TOKEN_SNAPSHOT:
		snapshot_done(d, token);
		break;
	case TOKEN_TRACE:
		traces_done(d, token);
		break;
	}
}

static void take(struct skiffd *d, struct worker *w, const struct ctl_msg *m)
{
	switch ((enum ctl_type)m->type) {
	case CTL_DONE:
		answered(d, m->token);
		break;
	case CTL_PUNT:
		cp_event(d->cp, m);
		free_packet(m->ptr);
		break;
	case CTL_NEIGH_MISS:
	case CTL_NEIGH_USED:
	case CTL_NEIGH_CONFIRM:
	case CTL_MARTIAN:
		cp_event(d->cp, m);
		break;
	case CTL_TX_TIMEOUT:
		port_table_tx_timeout(d, m->dev);
		break;
	case CTL_TRACE:
		traces_record(d, m->ptr);
		break;
	default:
		log_debug("worker %u: message %u is not for the control thread", w->id, m->type);
	}
}

static unsigned int drain(struct skiffd *d, struct worker *w)
{
	struct ctl_msg m[MESSAGES];
	unsigned int n = ctl_recv(w, m, MESSAGES);

	for (unsigned int i = 0; i < n; i++)
		take(d, w, &m[i]);
	return n;
}

static void on_messages(evutil_socket_t fd, short what, void *arg)
{
	struct skiffd *d = arg;

	/* The model's clock stood still while the loop slept: timers that start now start now. */
	cp_tick(d->cp, daemon_now_ms());
	for (uint32_t i = 0; i < d->n_workers; i++) {
		if (event_get_fd(d->worker_events[i]) != fd)
			continue;
		if (drain(d, d->workers[i]) == MESSAGES)
			event_active(d->worker_events[i], EV_READ, 0);
	}
}

/* As <linux/sched/types.h> has it; that header and <sched.h> exclude each other. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/*
 * Where a worker has to share its CPU it goes first, as the kernel's own forwarding does, which runs
 * in softirqs: with a higher weight, if skiffd may take one, so that nobody's computing loses frames;
 * and in short slices, which Linux 6.12 and later grant to anybody: the shorter the slice, the
 * sooner a thread runs after it woke. With the default it waits for slices of others, 3 ms each.
 */
static void go_first(const struct worker *w)
{
	struct sched_attributes a = {.size = sizeof(a)};

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0 || a.policy != SCHED_OTHER)
		return;
	const int32_t given = a.nice;

	a.flags = 0;
	a.runtime = SLICE_NS;
	a.nice = given < NICE ? given : NICE;
	if (syscall(SYS_sched_setattr, 0, &a, 0) == 0)
		return;
	a.nice = given;
	if (syscall(SYS_sched_setattr, 0, &a, 0) < 0)
		log_debug("worker %u has to wait for its turn: %s", w->id, strerror(errno));
}

static int run(void *arg)
{
	struct worker_thread *t = arg;

	atomic_store(&t->tid, gettid());
	go_first(t->w);
	worker_run(t->w);
	atomic_store(&t->tid, 0);
	return 0;
}

int workers_start(struct skiffd *d)
{
	for (uint32_t i = 0; i < d->n_workers; i++) {
		struct event *ev = event_new(d->base, ctl_fd(d->workers[i]), EV_READ | EV_PERSIST,
			on_messages, d);
		int err = ev == NULL || event_add(ev, NULL) < 0 ? -ENOMEM : 0;

		d->worker_events[i] = ev;
		d->threads[i].w = d->workers[i];
		worker_cpus_init(d, i);
		if (err == 0)
			err = rte_eal_remote_launch(run, &d->threads[i], d->workers[i]->lcore);
		if (err < 0) {
			log_error("worker %u does not start: %s", i, strerror(-err));
			return err;
		}
		d->running++;
	}
	nl_server_on_follow(d->ns, worker_cpus_yield, d);
	return 0;
}

void workers_stop(struct skiffd *d)
{
	const struct ctl_msg stop = {.type = CTL_STOP};

	if (d->ns != NULL)
		nl_server_on_follow(d->ns, NULL, NULL);
	for (uint32_t i = 0; i < d->running; i++) {
		/* A full ring empties as the worker turns. */
		while (ctl_send(d->workers[i], &stop) == -ENOBUFS)
			drain(d, d->workers[i]);
		rte_eal_wait_lcore(d->workers[i]->lcore);
	}
	for (uint32_t i = 0; i < d->n_workers; i++) {
		if (d->running > i)
			while (drain(d, d->workers[i]) > 0)
				;
		if (d->worker_events[i] != NULL)
			event_free(d->worker_events[i]);
		d->worker_events[i] = NULL;
	}
	d->running = 0;
}
