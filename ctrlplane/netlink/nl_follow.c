/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which CPU the control thread serves a program that sends one request after another (ip -batch):
 * on the program's. They take turns in any case; on one CPU that costs a yield, and the other CPU is
 * the workers' and everybody's. Left alone, the scheduler parts two that are always runnable, and
 * both burn a CPU while they wait. Called by nl_server.c; the thread floats again as soon as another
 * program is awake, too, or there was no request for a while.
 */
#include "netlink/nl_internal.h"

#define APART 64            /* requests in a row from another CPU */
#define QUIET_NS 2000000u

static bool several(const struct nl_server *ns)
{
	const struct nl_sock *first = TAILQ_FIRST(&ns->active);

	return first != NULL && TAILQ_NEXT(first, active_link) != NULL;
}

static void set_afloat(struct nl_server *ns)
{
	struct nl_follow *f = &ns->follow;

	f->apart = 0;
	f->follows = false;
	sched_setaffinity(0, sizeof(f->usual), &f->usual);
}

void nl_follow_request(struct nl_server *ns, const struct nl_sock *s, uint32_t cpu, uint64_t now)
{
	struct nl_follow *f = &ns->follow;
	uint32_t there = atomic_load_explicit(&s->page->cli_cpu, memory_order_relaxed);
	cpu_set_t only;

	f->served_ns = now;
	f->apart = there == cpu || several(ns) ? 0 : f->apart + 1;
	if (f->apart < APART)
		return;
	f->apart = 0;
	if (!f->follows && sched_getaffinity(0, sizeof(f->usual), &f->usual) < 0)
		return;
	/* the program says so itself: not beyond where we may run */
	if (there >= CPU_SETSIZE || !CPU_ISSET(there, &f->usual))
		return;
	CPU_ZERO(&only);
	CPU_SET(there, &only);
	f->follows |= sched_setaffinity(0, sizeof(only), &only) == 0;
}

void nl_follow_check(struct nl_server *ns, uint64_t now)
{
	if (ns->follow.follows && (several(ns) || now - ns->follow.served_ns > QUIET_NS))
		set_afloat(ns);
}
