/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The states of a neighbour and what moves them (RFC 4861 7.3.2, Linux's timers). Called by arp.c
 * (what was heard), by workers' events (what is needed), by rt_neigh.c (the user), by the clock.
 * The table itself is neigh_table.c.
 */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "adjacency.h"
#include "neigh_table.h"
#include "nexthops.h"
#include "notify.h"

const struct cp_neigh_parms *cp_neigh_parms_of(const struct cp *cp, const struct cp_link *l)
{
	return l != NULL && l->parms != NULL ? l->parms : &cp->neighs->parms;
}

static const struct cp_neigh_parms *parms_of(const struct cp *cp, const struct cp_neigh *n)
{
	return cp_neigh_parms_of(cp, cp_link_get(cp, n->ifindex));
}

/* What workers and next hops see. */
static void program(struct cp *cp, struct cp_neigh *n)
{
	bool show = n->state & (CP_NUD_VALID | NUD_FAILED);

	if (cp->be == NULL)
		return;
	if (show && cp->be->neigh_publish(cp->be_ctx, n) == 0)
		n->dp = true;
	else if (n->dp) {
		cp->be->neigh_withdraw(cp->be_ctx, n);
		n->dp = false;
	}
	cp_nh_neigh_changed(cp, n->ifindex, n->ip);
	cp_adj_neigh_changed(cp, n);
	if (show)
		cp->be->neigh_ready(cp->be_ctx, n);
}

static void changed_quietly(struct cp *cp, struct cp_neigh *n)
{
	n->updated = cp->now_ms;
	neigh_lru_touch(cp->neighs, n);
	cp->gens.neighs++;
	program(cp, n);
}

static void changed(struct cp *cp, struct cp_neigh *n)
{
	changed_quietly(cp, n);
	cp_notify_neigh(cp, n, RTM_NEWNEIGH);
}

/* Linux tells nobody of this state: it is STALE, in use. */
static void delay(struct cp *cp, struct cp_neigh *n)
{
	n->state = NUD_DELAY;
	neigh_timer_set(cp->neighs, n, cp->now_ms + parms_of(cp, n)->delay_probe);
	changed_quietly(cp, n);
}

static void fail(struct cp *cp, struct cp_neigh *n)
{
	n->state = NUD_FAILED;
	cp->neighs->stats.res_failed++;
	changed(cp, n);
	/* for so long workers refuse packets at once; then the next one asks anew */
	neigh_timer_set(cp->neighs, n, cp->now_ms + parms_of(cp, n)->retrans);
}

static void solicit(struct cp *cp, struct cp_neigh *n)
{
	struct cp_link *l = cp_link_get(cp, n->ifindex);
	bool unicast = n->probes < parms_of(cp, n)->ucast_probes && n->has_lladdr;

	if (n->probes < UINT8_MAX)
		n->probes++;
	if (l != NULL)
		cp_arp_solicit(cp, l, n->ip, unicast ? n->lladdr : NULL);
}

static unsigned int max_probes(const struct cp *cp, const struct cp_neigh *n)
{
	const struct cp_neigh_parms *p = parms_of(cp, n);

	return p->ucast_probes + p->app_probes +
		(n->state == NUD_PROBE ? p->mcast_reprobes : p->mcast_probes);
}

static void timer_reachable(struct cp *cp, struct cp_neigh *n)
{
	const struct cp_neigh_parms *p = parms_of(cp, n);

	if ((int64_t)cp->now_ms < n->confirmed + p->reachable) {
		neigh_timer_set(cp->neighs, n, (uint64_t)(n->confirmed + p->reachable));
		return;
	}
	if (n->used != 0 && cp->now_ms <= n->used + p->delay_probe) {
		delay(cp, n);
		return;
	}
	n->state = NUD_STALE;
	changed(cp, n);
}

static void timer_delay(struct cp *cp, struct cp_neigh *n)
{
	const struct cp_neigh_parms *p = parms_of(cp, n);

	if ((int64_t)cp->now_ms <= n->confirmed + p->delay_probe) {
		n->state = NUD_REACHABLE;
		neigh_timer_set(cp->neighs, n, (uint64_t)(n->confirmed + p->reachable));
		changed(cp, n);
		return;
	}
	n->state = NUD_PROBE;
	n->probes = 0;
	changed(cp, n);
	neigh_timer_set(cp->neighs, n, cp->now_ms + p->retrans);
	solicit(cp, n);
}

static void timer_probe(struct cp *cp, struct cp_neigh *n)
{
	if (n->probes >= max_probes(cp, n)) {
		fail(cp, n);
		return;
	}
	neigh_timer_set(cp->neighs, n, cp->now_ms + parms_of(cp, n)->retrans);
	solicit(cp, n);
}

/* The entry's timer is due (it is off now). */
static void timer(struct cp *cp, struct cp_neigh *n)
{
	switch (n->state) {
	case NUD_REACHABLE:
		timer_reachable(cp, n);
		break;
	case NUD_DELAY:
		timer_delay(cp, n);
		break;
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		timer_probe(cp, n);
		break;
	case NUD_FAILED:
		if (n->dp)
			cp->be->neigh_withdraw(cp->be_ctx, n);
		n->dp = false;
		break;
	default:
		break;
	}
}

void cp_neigh_miss(struct cp *cp, struct cp_link *l, in_addr_t ip)
{
	struct cp_neigh *n = cp_neigh_make(cp, l, ip);

	if (n == NULL)
		return;
	n->used = cp->now_ms;
	if (n->state & CP_NUD_VALID) { /* the answer crossed the question */
		program(cp, n);
		return;
	}
	if (n->state & NUD_INCOMPLETE)
		return;
	if (!(l->flags & IFF_UP)) {
		fail(cp, n);
		return;
	}
	if (l->flags & (IFF_NOARP | IFF_LOOPBACK)) {
		cp_neigh_update(cp, n, l->flags & IFF_LOOPBACK ? l->addr : l->brd, NUD_NOARP,
			CP_NEIGH_OVERRIDE | CP_NEIGH_ADMIN);
		return;
	}
	n->state = NUD_INCOMPLETE;
	n->probes = (uint8_t)parms_of(cp, n)->ucast_probes;
	changed(cp, n);
	neigh_timer_set(cp->neighs, n, cp->now_ms + parms_of(cp, n)->retrans);
	solicit(cp, n);
}

void cp_neigh_used(struct cp *cp, struct cp_link *l, in_addr_t ip)
{
	struct cp_neigh *n = cp_neigh_find(cp, l->ifindex, ip);

	if (n == NULL)
		return;
	n->used = cp->now_ms;
	if (n->state == NUD_STALE)
		delay(cp, n);
}

void cp_neigh_confirm(struct cp *cp, struct cp_link *l, in_addr_t ip)
{
	struct cp_neigh *n = cp_neigh_find(cp, l->ifindex, ip);

	if (n != NULL && (n->state & CP_NUD_VALID))
		n->confirmed = (int64_t)cp->now_ms;
}

/* What Linux makes of news about a valid entry; false: the news is ignored. */
static bool accept_over(const struct cp_neigh *n, bool same, uint8_t *state, unsigned int flags)
{
	if (!same && !(flags & CP_NEIGH_OVERRIDE))
		return false;
	if (same && *state == NUD_STALE && !(flags & CP_NEIGH_ADMIN))
		*state = n->state;
	return true;
}

static int update_invalid(struct cp *cp, struct cp_neigh *n, uint8_t state)
{
	uint8_t old = n->state;

	neigh_timer_clear(cp->neighs, n);
	n->state = state;
	neigh_count_exempt(cp->neighs, n);
	if (state == NUD_INCOMPLETE) {
		n->probes = (uint8_t)parms_of(cp, n)->ucast_probes;
		neigh_timer_set(cp->neighs, n, cp->now_ms + parms_of(cp, n)->retrans);
	}
	if (old & (CP_NUD_VALID | NUD_INCOMPLETE))
		changed(cp, n);
	return 0;
}

int cp_neigh_update(struct cp *cp, struct cp_neigh *n, const uint8_t *lladdr, uint8_t state,
	unsigned int flags)
{
	uint8_t old = n->state;
	bool same;

	if (!(flags & CP_NEIGH_ADMIN) && (old & (NUD_NOARP | NUD_PERMANENT)))
		return -EPERM;
	if (!(state & CP_NUD_VALID))
		return update_invalid(cp, n, state);
	if (lladdr == NULL && !n->has_lladdr && !(old & CP_NUD_VALID))
		return cp_fail(cp, EINVAL, "No link layer address given");
	same = (old & CP_NUD_VALID) && (lladdr == NULL || memcmp(lladdr, n->lladdr, 6) == 0);
	if (state & CP_NUD_CONNECTED)
		n->confirmed = (int64_t)cp->now_ms;
	if ((old & CP_NUD_VALID) && !accept_over(n, same, &state, flags))
		return 0;
	if (state != old) {
		neigh_timer_clear(cp->neighs, n);
		n->probes = 0;
		n->state = state;
		neigh_count_exempt(cp->neighs, n);
		if (state & CP_NUD_IN_TIMER)
			neigh_timer_set(cp->neighs, n, cp->now_ms +
				(state == NUD_REACHABLE ? parms_of(cp, n)->reachable : 0));
	}
	if (!same) {
		if (lladdr != NULL)
			memcpy(n->lladdr, lladdr, 6);
		n->has_lladdr = true;
		if (!(state & CP_NUD_CONNECTED))
			n->confirmed = (int64_t)cp->now_ms - 2 * (int64_t)parms_of(cp, n)->base_reachable;
	}
	if (!same || state != old)
		changed(cp, n);
	return 0;
}

int cp_neigh_del(struct cp *cp, struct cp_neigh *n)
{
	n->state = NUD_FAILED;
	neigh_timer_clear(cp->neighs, n);
	cp->gens.neighs++;
	if (cp->be != NULL && n->dp)
		cp->be->neigh_withdraw(cp->be_ctx, n);
	n->dp = false;
	cp_notify_neigh(cp, n, RTM_DELNEIGH);
	cp_adj_neigh_changed(cp, n);
	neigh_unlink(cp->neighs, n);
	cp_nh_neigh_changed(cp, n->ifindex, n->ip);
	neigh_free(n);
	return 0;
}

void cp_neigh_discard(struct cp *cp, struct cp_neigh *n)
{
	neigh_unlink(cp->neighs, n);
	neigh_free(n);
}

void cp_neigh_link_down(struct cp *cp, struct cp_link *l, enum cp_neigh_down how)
{
	struct cp_neigh *n, *next;

	for (n = cp->neighs->newest; n != NULL; n = next) {
		next = n->lru_next;
		if (n->ifindex == l->ifindex && (how == CP_NEIGH_ALL || !(n->state & NUD_PERMANENT)))
			cp_neigh_del(cp, n);
	}
}

void cp_neigh_link_up(struct cp *cp, struct cp_link *l)
{
	for (struct cp_neigh *n = cp->neighs->newest; n != NULL; n = n->lru_next) {
		if (n->ifindex != l->ifindex || n->state != NUD_INCOMPLETE)
			continue;
		n->probes = (uint8_t)parms_of(cp, n)->ucast_probes;
		neigh_timer_set(cp->neighs, n, cp->now_ms);
	}
}

uint64_t cp_neighs_tick(struct cp *cp)
{
	struct cp_neighs *t = cp->neighs;
	struct cp_neigh *n;

	if (cp->be == NULL)
		return UINT64_MAX; /* a shadow: nothing is asked of the network */
	neigh_gc_periodic(cp);
	while (t->heap_n > 0 && t->heap[1]->due <= cp->now_ms) {
		n = t->heap[1];
		neigh_timer_clear(t, n);
		timer(cp, n);
	}
	if (t->heap_n > 0 && t->heap[1]->due < t->next_gc)
		return t->heap[1]->due;
	return t->next_gc;
}
