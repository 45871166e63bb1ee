/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP rate limits, called by icmp_error before a message is built. Linux's icmp_global_allow and
 * inet_peer_xrlim_allow for errors, ip_rt_send_redirect for redirects. A worker limits what it
 * sends itself: of the limit over all destinations it takes its share, that of one destination is
 * whole on each worker, since a destination's flows mostly live on one.
 */

#include "ip4/icmp_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/dp.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "wire/icmp.h"

#define REFILL_MS 20 /* the bucket over all grows in steps of at least this */

static uint32_t now_ms(const struct worker *w)
{
	return (uint32_t)(w->now / RTE_MAX(worker_msec(w, 1), 1u));
}

static unsigned int hash(const struct icmp_worker *icmp, rte_be32_t addr)
{
	uint64_t x = (addr ^ icmp->seed) * UINT64_C(0x9E3779B97F4A7C15);

	return (unsigned int)(x >> 32) % ICMP_PEER_SETS;
}

/* The destination's entry; a new one has been silent for ever. */
static struct icmp_peer *peer_get(struct icmp_worker *icmp, rte_be32_t addr, uint32_t now)
{
	struct icmp_peer *set = icmp->peer[hash(icmp, addr)], *oldest = set;

	for (unsigned int i = 0; i < ICMP_PEER_WAYS; i++) {
		if (!set[i].used || (oldest->used && now - set[i].last > now - oldest->last))
			oldest = &set[i];
		if (set[i].used && set[i].addr == addr)
			return &set[i];
	}
	*oldest = (struct icmp_peer){ .addr = addr, .used = 1, .last = now, .tokens = UINT32_MAX / 2 };
	return oldest;
}

static bool peer_allow(struct icmp_peer *p, uint32_t now, uint32_t timeout)
{
	uint64_t tokens = (uint64_t)p->tokens + (now - p->last);

	p->last = now;
	if (tokens > (uint64_t)ICMP_PEER_BURST * timeout)
		tokens = (uint64_t)ICMP_PEER_BURST * timeout;
	p->tokens = (uint32_t)tokens;
	if (tokens < timeout)
		return false;
	p->tokens -= timeout;
	return true;
}

static unsigned int worker_count(const struct dp *dp)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < WORKER_MAX; i++)
		n += atomic_load_explicit(&dp->workers[i], memory_order_relaxed) != NULL;
	return n ? n : 1;
}

static void global_refill(struct worker *w, struct icmp_worker *icmp, uint32_t now)
{
	uint32_t passed = RTE_MIN(now - icmp->stamp, 1000u), n, rate, burst;

	if (passed < REFILL_MS)
		return;
	n = worker_count(w->dp);
	rate = RTE_MAX(atomic_load_explicit(&w->dp->conf.icmp_msgs_per_sec, memory_order_relaxed) / n,
		1u);
	burst = RTE_MAX(ICMP_LIMIT_BURST / n, 1u);
	if (rate * passed / 1000 == 0)
		return;
	icmp->stamp = now;
	icmp->credit = RTE_MIN(icmp->credit + rate * passed / 1000, burst);
}

/* Takes one credit on average, 0 to 2 at random, so that nobody can count others' errors by it. */
static void global_take(struct worker *w, struct icmp_worker *icmp)
{
	uint32_t n = (uint32_t)(worker_rand(w) >> 32) % 3;

	icmp->credit -= RTE_MIN(n, icmp->credit);
}

enum icmp_limit icmp_limit(struct worker *w, uint8_t type, uint8_t code, rte_be32_t dst)
{
	struct icmp_worker *icmp = w->ip4->icmp;
	uint32_t timeout = atomic_load_explicit(&w->dp->conf.icmp_ratelimit_ms,
		memory_order_relaxed);
	uint32_t now = now_ms(w);

	if (type > ICMP_TYPE_MAX || !(1u << type & ICMP_LIMIT_MASK))
		return ICMP_ALLOWED;
	if (type == ICMP_DEST_UNREACH && code == ICMP_UNREACH_FRAG_NEEDED)
		return ICMP_ALLOWED; /* path MTU discovery needs each */
	global_refill(w, icmp, now);
	if (!icmp->credit)
		return ICMP_LIMITED_GLOBAL;
	if (timeout && !peer_allow(peer_get(icmp, dst, now), now, timeout))
		return ICMP_LIMITED_HOST;
	global_take(w, icmp);
	return ICMP_ALLOWED;
}

bool icmp_limit_redirect(struct worker *w, rte_be32_t dst)
{
	struct icmp_worker *icmp = w->ip4->icmp;
	uint32_t now = now_ms(w);
	struct icmp_peer *p = peer_get(icmp, dst, now);
	uint32_t silent = now - p->redirect_last;

	if (p->redirects && silent > ICMP_REDIRECT_LOAD_MS << (ICMP_REDIRECT_MAX + 1))
		p->redirects = 0;
	if (p->redirects >= ICMP_REDIRECT_MAX) {
		p->redirect_last = now; /* it did not listen: silence starts anew */
		return false;
	}
	if (p->redirects && silent <= ICMP_REDIRECT_LOAD_MS << p->redirects)
		return false;
	p->redirects++;
	p->redirect_last = now;
	return true;
}

int icmp_worker_init(struct worker *w)
{
	struct icmp_worker *icmp = calloc(1, sizeof(*icmp));

	if (!icmp)
		return -ENOMEM;
	if (getrandom(&icmp->seed, sizeof(icmp->seed), 0) != sizeof(icmp->seed)) {
		free(icmp);
		return -EIO;
	}
	icmp->credit = ICMP_LIMIT_BURST;
	w->ip4->icmp = icmp;
	return 0;
}

void icmp_worker_fini(struct worker *w)
{
	free(w->ip4->icmp);
	w->ip4->icmp = NULL;
}
