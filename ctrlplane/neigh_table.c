/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours by (link, address), by age, by timer; how many there may be. A scan of a connected
 * network makes entries that fail: those are the first to go when room is needed. Called by
 * neigh.c and rt_neigh.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "neigh_table.h"
#include "nexthops.h"

#define FORCED_GC_MIN_AGE_MS 5000u
#define IN_VAIN_MS 100u /* a full table is not walked for every packet that a stranger sends */
#define OVERFLOW_LOG_MS 5000u
#define RANDOM_PERIOD_MS 300000u

static uint32_t bucket_of(const struct cp_neighs *t, uint32_t ifindex, in_addr_t ip)
{
	uint64_t x = ((uint64_t)ifindex << 32 | ip) * 0x9E3779B97F4A7C15u;

	return (uint32_t)(x >> 32) & (t->hash_size - 1);
}

struct cp_neigh *cp_neigh_find(const struct cp *cp, uint32_t ifindex, in_addr_t ip)
{
	struct cp_neigh *n = cp->neighs->hash[bucket_of(cp->neighs, ifindex, ip)];

	while (n != NULL && (n->ifindex != ifindex || n->ip != ip))
		n = n->hash_next;
	return n;
}

/* ---- timers ---- */

static void heap_put(struct cp_neighs *t, uint32_t i, struct cp_neigh *n)
{
	t->heap[i] = n;
	n->heap = i;
}

static void heap_up(struct cp_neighs *t, uint32_t i, struct cp_neigh *n)
{
	for (; i > 1 && t->heap[i / 2]->due > n->due; i /= 2)
		heap_put(t, i, t->heap[i / 2]);
	heap_put(t, i, n);
}

static void heap_down(struct cp_neighs *t, uint32_t i, struct cp_neigh *n)
{
	for (uint32_t c = 2 * i; c <= t->heap_n; i = c, c = 2 * i) {
		if (c < t->heap_n && t->heap[c + 1]->due < t->heap[c]->due)
			c++;
		if (t->heap[c]->due >= n->due)
			break;
		heap_put(t, i, t->heap[c]);
	}
	heap_put(t, i, n);
}

void neigh_timer_clear(struct cp_neighs *t, struct cp_neigh *n)
{
	uint32_t i = n->heap;
	struct cp_neigh *last;

	if (i == 0)
		return;
	n->heap = 0;
	last = t->heap[t->heap_n--];
	if (last == n)
		return;
	if (i > 1 && t->heap[i / 2]->due > last->due)
		heap_up(t, i, last);
	else
		heap_down(t, i, last);
}

void neigh_timer_set(struct cp_neighs *t, struct cp_neigh *n, uint64_t due)
{
	neigh_timer_clear(t, n);
	n->due = due;
	t->heap_n++; /* there is room: an entry is made with it */
	heap_up(t, t->heap_n, n);
}

/* ---- age ---- */

static void lru_out(struct cp_neighs *t, struct cp_neigh *n)
{
	*(n->lru_prev != NULL ? &n->lru_prev->lru_next : &t->newest) = n->lru_next;
	*(n->lru_next != NULL ? &n->lru_next->lru_prev : &t->oldest) = n->lru_prev;
}

static void lru_in(struct cp_neighs *t, struct cp_neigh *n)
{
	n->lru_prev = NULL;
	n->lru_next = t->newest;
	*(t->newest != NULL ? &t->newest->lru_prev : &t->oldest) = n;
	t->newest = n;
}

void neigh_lru_touch(struct cp_neighs *t, struct cp_neigh *n)
{
	lru_out(t, n);
	lru_in(t, n);
}

/* ---- coming and going ---- */

void neigh_count_exempt(struct cp_neighs *t, struct cp_neigh *n)
{
	bool is = (n->state & NUD_PERMANENT) || (n->flags & NTF_EXT_LEARNED);

	if (is != n->exempt)
		t->exempt += is ? 1 : -1u;
	n->exempt = is;
}

static uint32_t counted(const struct cp_neighs *t)
{
	return t->n - t->exempt;
}

void neigh_unlink(struct cp_neighs *t, struct cp_neigh *n)
{
	struct cp_neigh **p = &t->hash[bucket_of(t, n->ifindex, n->ip)];

	while (*p != n)
		p = &(*p)->hash_next;
	*p = n->hash_next;
	neigh_timer_clear(t, n);
	lru_out(t, n);
	t->n--;
	t->exempt -= n->exempt;
	t->stats.destroys++;
}

void neigh_free(struct cp_neigh *n)
{
	free(n);
}

static bool collectable(const struct cp *cp, const struct cp_neigh *n)
{
	return !(n->state & (NUD_PERMANENT | CP_NUD_IN_TIMER)) && !(n->flags & NTF_EXT_LEARNED) &&
		!cp_nh_uses(cp, n->ifindex, n->ip);
}

/* Failed entries at once, others after the age; at most as many as bring the table to `target`. */
static uint32_t collect(struct cp *cp, uint64_t age, uint32_t target)
{
	struct cp_neigh *n, *newer;
	uint32_t before = cp->neighs->n;

	for (n = cp->neighs->oldest; n != NULL && counted(cp->neighs) > target; n = newer) {
		uint64_t last = n->used > n->updated ? n->used : n->updated;

		newer = n->lru_prev;
		if (collectable(cp, n) && (n->state == NUD_FAILED || cp->now_ms >= last + age))
			cp_neigh_del(cp, n);
	}
	return before - cp->neighs->n;
}

void neigh_gc_periodic(struct cp *cp)
{
	struct cp_neighs *t = cp->neighs;

	if (cp->now_ms >= t->next_random) {
		t->next_random = cp->now_ms + RANDOM_PERIOD_MS;
		t->parms.reachable = t->parms.base_reachable / 2 +
			cp_random(cp) % t->parms.base_reachable;
	}
	if (cp->now_ms < t->next_gc)
		return;
	t->next_gc = cp->now_ms + t->parms.base_reachable / 2;
	t->stats.periodic_gc_runs++;
	if (counted(t) >= t->thresh[0])
		collect(cp, t->parms.gc_stale, 0);
}

static void overflow(struct cp *cp)
{
	struct cp_neighs *t = cp->neighs;

	t->stats.table_fulls++;
	if (cp->now_ms < t->next_overflow_log)
		return;
	t->next_overflow_log = cp->now_ms + OVERFLOW_LOG_MS;
	cp_log(cp, "neighbour: table overflow: %u entries, net.ipv4.neigh.default.gc_thresh3 is %u",
		counted(t), t->thresh[2]);
}

static bool make_room(struct cp *cp, bool exempt)
{
	struct cp_neighs *t = cp->neighs;
	uint32_t target = t->thresh[1] > 0 ? t->thresh[1] - 1 : 0;

	if (t->n >= CP_NEIGH_THRESH_MAX) {
		overflow(cp);
		return false;
	}
	if (exempt || (counted(t) < t->thresh[1] && counted(t) < t->thresh[2]))
		return true;
	if ((counted(t) >= t->thresh[2] && cp->now_ms >= t->in_vain_until) ||
		cp->now_ms >= t->last_forced + FORCED_GC_MIN_AGE_MS) {
		t->last_forced = cp->now_ms;
		t->stats.forced_gc_runs++;
		if (collect(cp, FORCED_GC_MIN_AGE_MS, target) == 0)
			t->in_vain_until = cp->now_ms + IN_VAIN_MS;
	}
	if (counted(t) < t->thresh[2])
		return true;
	overflow(cp);
	return false;
}

uint32_t cp_neigh_thresh(const struct cp *cp, unsigned int nr)
{
	return cp->neighs->thresh[nr - 1];
}

int cp_neigh_set_thresh(struct cp *cp, unsigned int nr, uint32_t value)
{
	if (value > CP_NEIGH_THRESH_MAX)
		return cp_fail(cp, EINVAL, "the workers' table has room for %u neighbours",
			CP_NEIGH_THRESH_MAX);
	cp->neighs->thresh[nr - 1] = value;
	cp->neighs->in_vain_until = 0;
	cp_changed(cp);
	return 0;
}

static int grow(struct cp_neighs *t)
{
	uint32_t size = t->hash_size * 2;
	struct cp_neigh **hash = calloc(size, sizeof(*hash)), **old = t->hash;

	if (hash == NULL)
		return -ENOMEM;
	t->hash = hash;
	t->hash_size = size;
	for (uint32_t b = 0; b < size / 2; b++) {
		while (old[b] != NULL) {
			struct cp_neigh *n = old[b];
			uint32_t to = bucket_of(t, n->ifindex, n->ip);

			old[b] = n->hash_next;
			n->hash_next = hash[to];
			hash[to] = n;
		}
	}
	free(old);
	t->stats.hash_grows++;
	return 0;
}

static int room_for_timer(struct cp_neighs *t)
{
	uint32_t cap = t->heap_cap == 0 ? 64 : t->heap_cap * 2;
	struct cp_neigh **grown;

	if (t->n + 2 < t->heap_cap)
		return 0;
	grown = realloc(t->heap, cap * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	t->heap = grown;
	t->heap_cap = cap;
	return 0;
}

struct cp_neigh *cp_neigh_make(struct cp *cp, struct cp_link *l, in_addr_t ip)
{
	return cp_neigh_make_for(cp, l, ip, false);
}

struct cp_neigh *cp_neigh_make_for(struct cp *cp, struct cp_link *l, in_addr_t ip, bool exempt)
{
	struct cp_neighs *t = cp->neighs;
	struct cp_neigh *n = cp_neigh_find(cp, l->ifindex, ip), **b;

	t->stats.lookups++;
	if (n != NULL) {
		t->stats.hits++;
		return n;
	}
	if (!make_room(cp, exempt) || room_for_timer(t) < 0)
		return NULL;
	if (t->n >= t->hash_size)
		grow(t);
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->ifindex = l->ifindex;
	n->ip = ip;
	n->type = RTN_UNICAST;
	n->updated = n->used = cp->now_ms;
	b = &t->hash[bucket_of(t, n->ifindex, ip)];
	n->hash_next = *b;
	*b = n;
	lru_in(t, n);
	t->n++;
	t->stats.allocs++;
	return n;
}

struct cp_neigh *cp_neigh_next(const struct cp *cp, uint32_t *bucket, uint32_t *nth)
{
	for (; *bucket < cp->neighs->hash_size; ++*bucket, *nth = 0) {
		struct cp_neigh *n = cp->neighs->hash[*bucket];

		for (uint32_t i = 0; n != NULL && i < *nth; i++)
			n = n->hash_next;
		if (n != NULL) {
			++*nth;
			return n;
		}
	}
	return NULL;
}

const struct cp_neighs_stats *cp_neighs_stats(const struct cp *cp)
{
	return &cp->neighs->stats;
}

uint32_t cp_neigh_count(const struct cp *cp)
{
	return cp->neighs->n;
}

static const struct cp_neigh_parms linux_defaults = {
	.base_reachable = 30000, .reachable = 30000, .retrans = 1000, .delay_probe = 5000,
	.gc_stale = 60000, .ucast_probes = 3, .mcast_probes = 3, .queue_len_bytes = 212992,
	.locktime = 1000, .anycast_delay = 1000, .proxy_delay = 800, .proxy_qlen = 64,
};

int cp_neighs_init(struct cp *cp)
{
	struct cp_neighs *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->hash_size = 256;
	t->hash = calloc(t->hash_size, sizeof(*t->hash));
	t->parms = linux_defaults;
	t->thresh[0] = CP_NEIGH_GC1;
	t->thresh[1] = CP_NEIGH_GC2;
	t->thresh[2] = CP_NEIGH_GC3;
	cp->neighs = t;
	if (t->hash != NULL)
		return 0;
	free(t);
	return -ENOMEM;
}

void cp_neighs_fini(struct cp *cp)
{
	struct cp_neighs *t = cp->neighs;

	while (t->newest != NULL) {
		struct cp_neigh *n = t->newest;

		if (cp->be != NULL && n->dp)
			cp->be->neigh_withdraw(cp->be_ctx, n);
		neigh_unlink(t, n);
		free(n);
	}
	free(t->hash);
	free(t->heap);
	free(t);
	cp->neighs = NULL;
}

int cp_neighs_clone(struct cp *to, const struct cp *from)
{
	to->now_ms = from->now_ms;
	to->neighs->parms = from->neighs->parms;
	for (unsigned int i = 0; i < 3; i++) /* nothing is collected on the way */
		to->neighs->thresh[i] = UINT32_MAX;
	for (const struct cp_neigh *n = from->neighs->oldest; n != NULL; n = n->lru_prev) {
		struct cp_link *l = cp_link_get(to, n->ifindex);
		struct cp_neigh *c = l != NULL ? cp_neigh_make(to, l, n->ip) : NULL;

		if (c == NULL)
			return -ENOMEM;
		c->state = n->state;
		c->flags = n->flags;
		neigh_count_exempt(to->neighs, c);
		c->type = n->type;
		c->protocol = n->protocol;
		c->has_lladdr = n->has_lladdr;
		memcpy(c->lladdr, n->lladdr, sizeof(c->lladdr));
		c->probes = n->probes;
		c->confirmed = n->confirmed;
		c->used = n->used;
		c->updated = n->updated;
	}
	memcpy(to->neighs->thresh, from->neighs->thresh, sizeof(to->neighs->thresh));
	return 0;
}
