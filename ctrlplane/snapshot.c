/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One round at a time: whoever asks while workers are being asked waits for the next round, so
 * that nobody gets counters older than his question.
 */
#include "snapshot.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon.h"
#include "log.h"

struct asker {
	struct asker *next;
	snapshot_fn *fn;
	void *arg;
};

struct snapshots {
	struct asker *now, *later; /* of the round that runs; of the next */
	struct worker_snapshot *buf;
	uint64_t round;            /* token of its messages */
	uint32_t missing;
	bool running;
	struct event *deadline;
};

static void start(struct skiffd *d);

static void tell(struct asker *list, const struct snapshot *s)
{
	while (list != NULL) {
		struct asker *a = list;

		list = a->next;
		if (a->fn != NULL)
			a->fn(a->arg, s);
		free(a);
	}
}

static void finish(struct skiffd *d, bool good)
{
	struct snapshots *s = d->snapshots;
	struct snapshot result = {.n = d->n_workers, .worker = s->buf};
	struct asker *list = s->now;

	event_del(s->deadline);
	s->running = false;
	s->now = NULL;
	tell(list, good ? &result : NULL);
	if (!good)
		/* A worker may still write into it, when it comes back to life. */
		s->buf = calloc(SETTINGS_WORKERS_MAX, sizeof(*s->buf));
	if (s->later != NULL && !s->running) /* who was told may have asked anew */
		start(d);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct skiffd *d = arg;

	log_warn("a worker did not tell its counters within %d ms", SNAPSHOT_MS);
	finish(d, false);
}

static void start(struct skiffd *d)
{
	const struct timeval tv = {.tv_sec = SNAPSHOT_MS / 1000};
	struct snapshots *s = d->snapshots;

	s->now = s->later;
	s->later = NULL;
	s->running = true;
	s->round++;
	s->missing = d->n_workers;
	event_add(s->deadline, &tv);
	for (uint32_t i = 0; i < d->n_workers && s->buf != NULL; i++) {
		struct ctl_msg m = {.type = CTL_SNAPSHOT, .ptr = &s->buf[i], .token = TOKEN_SNAPSHOT | s->round};

		/* A full ring is a worker that does not turn: the deadline says so. */
		ctl_send(d->workers[i], &m);
	}
}

int snapshots_init(struct skiffd *d)
{
	struct snapshots *s = calloc(1, sizeof(*s));

	d->snapshots = s;
	if (s == NULL)
		return -ENOMEM;
	s->buf = calloc(SETTINGS_WORKERS_MAX, sizeof(*s->buf));
	s->deadline = evtimer_new(d->base, on_deadline, d);
	return s->buf == NULL || s->deadline == NULL ? -ENOMEM : 0;
}

void snapshots_fini(struct skiffd *d)
{
	struct snapshots *s = d->snapshots;

	if (s == NULL)
		return;
	tell(s->now, NULL);
	tell(s->later, NULL);
	if (s->deadline != NULL)
		event_free(s->deadline);
	free(s->buf);
	free(s);
	d->snapshots = NULL;
}

int snapshot_ask(struct skiffd *d, snapshot_fn *fn, void *arg)
{
	struct snapshots *s = d->snapshots;
	struct asker *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	*a = (struct asker){.next = s->later, .fn = fn, .arg = arg};
	s->later = a;
	if (!s->running)
		start(d);
	return 0;
}

static void forget(struct asker *list, const void *arg)
{
	for (; list != NULL; list = list->next)
		if (list->arg == arg)
			list->fn = NULL;
}

void snapshot_forget(struct skiffd *d, const void *arg)
{
	forget(d->snapshots->now, arg);
	forget(d->snapshots->later, arg);
}

void snapshot_done(struct skiffd *d, uint64_t token)
{
	struct snapshots *s = d->snapshots;

	if (!s->running || token != (TOKEN_SNAPSHOT | s->round))
		return;
	if (--s->missing == 0)
		finish(d, true);
}
