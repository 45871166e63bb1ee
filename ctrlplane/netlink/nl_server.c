/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The set of emulated netlink sockets: families, and whose turn it is. The control loop calls
 * nl_server_poll between rounds of libevent; sockets that were active a moment ago are polled,
 * all others are asleep and wake up by a byte on their stream (nl_sock.c).
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "netlink/nl_internal.h"

uint64_t nl_now_ns(void)
{
	return skiff_now_ns();
}

static uint64_t spin_ns(void)
{
	const char *usec = getenv("SKIFF_SPIN_USEC");
	unsigned long v = usec != NULL ? strtoul(usec, NULL, 10) : SKIFF_SPIN_USEC_DEFAULT;

	return (v > 1000 ? 1000 : v) * 1000u;
}

struct nl_server *nl_server_new(struct event_base *base)
{
	struct nl_server *ns = calloc(1, sizeof(*ns));

	if (ns == NULL)
		return NULL;
	ns->base = base;
	ns->spin_ns = spin_ns();
	TAILQ_INIT(&ns->socks);
	TAILQ_INIT(&ns->active);
	LIST_INIT(&ns->accounts);
	nl_msg_init(&ns->reply, malloc(NL_CHUNK_MAX), NL_CHUNK_MAX);
	nl_msg_init(&ns->notice, malloc(NL_CHUNK_MAX), NL_CHUNK_MAX);
	nl_msg_init(&ns->chunk, malloc(NL_CHUNK_MAX), NL_CHUNK_MAX);
	if (ns->reply.buf == NULL || ns->notice.buf == NULL || ns->chunk.buf == NULL) {
		nl_server_free(ns);
		return NULL;
	}
	return ns;
}

void nl_server_free(struct nl_server *ns)
{
	if (ns == NULL)
		return;
	while (!TAILQ_EMPTY(&ns->socks))
		nl_sock_free(TAILQ_FIRST(&ns->socks));
	nl_follow_fini(ns);
	free(ns->reply.buf);
	free(ns->notice.buf);
	free(ns->chunk.buf);
	free(ns);
}

int nl_family_index(const struct nl_server *ns, int protocol)
{
	for (int i = 0; i < NL_FAMILIES; i++)
		if (ns->families[i] != NULL && ns->families[i]->protocol == protocol)
			return i;
	return -1;
}

int nl_server_register(struct nl_server *ns, const struct nl_family *f)
{
	if (nl_family_index(ns, f->protocol) >= 0)
		return -EEXIST;
	for (int i = 0; i < NL_FAMILIES; i++)
		if (ns->families[i] == NULL) {
			ns->families[i] = f;
			return 0;
		}
	return -ENOSPC;
}

bool nl_server_has(const struct nl_server *ns, int protocol)
{
	return nl_family_index(ns, protocol) >= 0;
}

/* Only marked: a handler may be the caller, in the middle of a socket's turn. */
void nl_server_drop_ctx(struct nl_server *ns, const void *ctx)
{
	struct nl_sock *s;

	TAILQ_FOREACH (s, &ns->socks, link) {
		if (s->peer.ctx != ctx)
			continue;
		nl_dump_end(s);
		s->peer.ctx = NULL;
		s->dead = true;
		nl_sock_wake(s);
	}
}

/* One socket's turn. On one CPU the program can only go on when we yield or sleep. */
static void turn(struct nl_server *ns, struct nl_sock *s, uint32_t cpu, uint64_t now)
{
	atomic_store_explicit(&s->page->srv_cpu, cpu, memory_order_relaxed);
	uint64_t taken = s->tx_pos;
	bool moved = !s->dead && nl_sock_service(s);

	if (s->dead) {
		nl_sock_free(s);
		return;
	}
	if (moved) {
		s->last_ns = now;
		if (s->tx_pos != taken)
			nl_follow_request(ns, s, now);
		return;
	}
	bool stuck = atomic_load_explicit(&s->page->cli_cpu, memory_order_relaxed) == cpu &&
		     !skiff_may_yield(&ns->yields, now);

	if ((stuck || now - s->last_ns >= ns->spin_ns) && nl_sock_sleep(s)) {
		s->active = false;
		TAILQ_REMOVE(&ns->active, s, active_link);
	}
}

bool nl_server_poll(struct nl_server *ns)
{
	uint64_t start = nl_now_ns(), now = start;

	nl_follow_check(ns, now);
	while (!TAILQ_EMPTY(&ns->active) && now - start < NL_TURN_NS) {
		uint32_t cpu = sched_getcpu();
		struct nl_sock *s = TAILQ_FIRST(&ns->active);

		while (s != NULL) {
			struct nl_sock *next = TAILQ_NEXT(s, active_link);

			turn(ns, s, cpu, now);
			s = next;
		}
		now = nl_now_ns();
		if (!TAILQ_EMPTY(&ns->active) && skiff_may_yield(&ns->yields, now))
			skiff_yield_turn(&ns->yields, &now);
	}
	if (TAILQ_EMPTY(&ns->active))
		nl_follow_rest(ns);
	return !TAILQ_EMPTY(&ns->active);
}
