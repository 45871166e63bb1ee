/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For drivers that work in DPDK's interrupt thread, too, and share what they work on with whoever
 * calls them, without a lock (virtio_user, memif: they hear there of the other end's coming and
 * going). Such a port is set up, started, stopped and closed in that thread, between its handlers.
 * A handler may wait for ever for a peer that connected and says nothing (virtio_user's does): then the
 * call is taken back, and whoever calls goes on without.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include <rte_alarm.h>
#include <rte_cycles.h>

#include "ports.h"

#define ALARM_US 1 /* the shortest that there is, and what the drivers give theirs */

struct call {
	int (*fn)(void *arg);
	void *arg;
	int rc;
	atomic_bool begun;
	sem_t done;
};

static void run(void *arg)
{
	struct call *c = arg;

	atomic_store(&c->begun, true);
	c->rc = c->fn(c->arg);
	sem_post(&c->done);
}

/*
 * A handler that ran before this one may have left the rest of its work to an alarm (virtio_user's
 * closing of a connection that ended). Alarms that are due run one after the other, with no handler
 * in between: once ours is due as the last, what was left is done when it runs.
 */
static void settle(void *arg)
{
	if (rte_eal_alarm_set(ALARM_US, run, arg) < 0)
		run(arg);
	else
		rte_delay_us_block(2 * ALARM_US + 1);
}

static bool is_done(struct call *c, const struct timespec *until)
{
	int rc;

	do
		rc = until ? sem_clockwait(&c->done, CLOCK_MONOTONIC, until) : sem_wait(&c->done);
	while (rc < 0 && errno == EINTR);
	return rc == 0;
}

/* False: it has begun. */
static bool take_back(struct call *c)
{
	return !atomic_load(&c->begun) && (rte_eal_alarm_cancel(settle, c) > 0 ||
		rte_eal_alarm_cancel(run, c) > 0);
}

static int wait_for(struct call *c)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PORT_CALL_SECONDS;
	if (!is_done(c, &until)) {
		if (take_back(c))
			return -ETIMEDOUT;
		is_done(c, NULL);
	}
	return c->rc;
}

int port_call(const struct port *p, int (*fn)(void *arg), void *arg)
{
	struct call c = {.fn = fn, .arg = arg};

	if (!p->spec.type->serial)
		return fn(arg);
	sem_init(&c.done, 0, 0);
	if (rte_eal_alarm_set(ALARM_US, settle, &c) < 0)
		c.rc = fn(arg);
	else
		c.rc = wait_for(&c);
	sem_destroy(&c.done);
	return c.rc;
}
