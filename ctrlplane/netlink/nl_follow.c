/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which CPU the control thread serves a program that sends one request after another (ip -batch):
 * on the program's. They take turns in any case; on one CPU that costs a yield, and the other CPU is
 * the workers' and everybody's: who pins them is told (nl_server_on_follow). Left alone, the
 * scheduler parts two that are always runnable, and both burn a CPU while they wait. Called by
 * nl_server.c; the thread floats again as soon as another program is awake, too, or there was no
 * request for a while.
 */
#include <event2/event.h>

#include "netlink/nl_internal.h"

#define IN_A_ROW 64u	   /* requests */
#define QUIET_NS 2000000u
#define STAY_NS	 4000000u  /* programs say where they are: not moved about more often than this */

static bool several(const struct nl_server *ns)
{
	const struct nl_sock *first = TAILQ_FIRST(&ns->active);

	return first != NULL && TAILQ_NEXT(first, active_link) != NULL;
}

static void tell(const struct nl_follow *f, int cpu)
{
	if (f->told != NULL)
		f->told(f->ctx, cpu);
}

static void set_afloat(struct nl_follow *f)
{
	f->row = 0;
	f->follows = false;
	sched_setaffinity(0, sizeof(f->usual), &f->usual);
	tell(f, -1);
}

static void bind_to(struct nl_follow *f, uint32_t cpu, uint64_t now)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only) < 0)
		return;
	f->follows = true;
	f->at = cpu;
	f->moved_ns = now;
	tell(f, (int)cpu);
}

void nl_follow_request(struct nl_server *ns, const struct nl_sock *s, uint64_t now)
{
	struct nl_follow *f = &ns->follow;
	uint32_t there = atomic_load_explicit(&s->page->cli_cpu, memory_order_relaxed);
	bool again = now - f->served_ns <= QUIET_NS;

	f->served_ns = now;
	if (several(ns) || (f->follows && there == f->at))
		f->row = 0;
	else
		f->row = again ? f->row + 1 : 1;
	if (f->row < IN_A_ROW || (f->moved_ns != 0 && now - f->moved_ns < STAY_NS))
		return;
	f->row = 0;
	if (!f->follows && sched_getaffinity(0, sizeof(f->usual), &f->usual) < 0)
		return;
	/* the program says so itself: not beyond where we may run */
	if (there < CPU_SETSIZE && CPU_ISSET(there, &f->usual))
		bind_to(f, there, now);
}

void nl_follow_check(struct nl_server *ns, uint64_t now)
{
	if (ns->follow.follows && (several(ns) || now - ns->follow.served_ns > QUIET_NS))
		set_afloat(&ns->follow);
}

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
	/* It only ends the loop's wait: the next round checks. */
}

void nl_follow_rest(struct nl_server *ns)
{
	struct timeval tv = {.tv_usec = (QUIET_NS + 1000000) / 1000};
	struct nl_follow *f = &ns->follow;

	if (!f->follows)
		return;
	if (f->quiet == NULL)
		f->quiet = evtimer_new(ns->base, on_quiet, NULL);
	if (f->quiet == NULL)
		set_afloat(f); /* nobody would come and look */
	else if (!evtimer_pending(f->quiet, NULL))
		evtimer_add(f->quiet, &tv);
}

void nl_follow_fini(struct nl_server *ns)
{
	if (ns->follow.quiet != NULL)
		event_free(ns->follow.quiet);
}

void nl_server_on_follow(struct nl_server *ns, nl_follow_fn *told, void *ctx)
{
	ns->follow.told = told;
	ns->follow.ctx = ctx;
}
