/* SPDX-License-Identifier: BSD-3-Clause */
/* What dev/ keeps per worker: interface counters and transmit queues. Called at worker start. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "dev/txq.h"

#define STATS_BYTES (NETDEV_MAX * sizeof(struct dev_stats))

/* Only stopped queues are looked at, and a worker with none of them sleeps on. */
static void watchdog(struct worker *w, struct timer *t)
{
	txq_watchdog(w);
	timer_set(w, t, w->now + w->tsc_hz);
}

int dev_worker_init(struct worker *w)
{
	struct dev_worker *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->stats = mmap(NULL, STATS_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (d->stats == MAP_FAILED) {
		free(d);
		return -ENOMEM;
	}
	w->dev = d;
	w->flush = txq_flush_all;
	d->watchdog.fn = watchdog;
	timer_set(w, &d->watchdog, w->now + w->tsc_hz);
	return 0;
}

void dev_worker_fini(struct worker *w)
{
	if (!w->dev)
		return;
	w->flush = NULL;
	timer_del(w, &w->dev->watchdog);
	munmap(w->dev->stats, STATS_BYTES);
	free(w->dev);
	w->dev = NULL;
}
