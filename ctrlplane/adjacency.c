/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours ordered by address, and the /32 that each FIB holds for them (adjacency.h). Called by
 * neigh.c when a neighbour comes or goes, by rib_fib.c when a route does: of the neighbours below
 * its prefix those are looked at anew whose match it may be. A FIB entry is written after the route
 * that makes it right and before anybody is answered, so that each lookup beside an update is
 * right by the routes before or after it.
 */
#include "adjacency.h"

#include <errno.h>
#include <stdlib.h>

#include "neigh.h"
#include "nexthops.h"
#include "rib_store.h"
#include "rules.h"

struct adj {
	uint32_t fib;		/* number of the FIB that holds it */
	uint32_t nh;
	uint8_t len;		/* of the route it stands for */
	struct adj *next;
};

/* An address with usable neighbours: one a link, hardly ever more than one. */
struct host {
	uint32_t ip;		/* host order */
	struct cp_neigh *neighs;
	struct adj *adjs;
};

struct cp_adjs {
	struct rib rib;	/* its nodes only; a /32's `route` is a place in host[] */
	struct rib_trie trie;
	struct rib_pool hosts;	/* of struct host */
	uint32_t n;		/* adjacencies in FIBs */
	bool full;		/* said so */
};

static struct host *host_at(const struct cp_adjs *t, uint32_t i)
{
	return (struct host *)t->hosts.mem + i;
}

static struct adj **find(struct host *h, uint32_t fib)
{
	struct adj **p = &h->adjs;

	while (*p != NULL && (*p)->fib != fib)
		p = &(*p)->next;
	return p;
}

/* The next hop for the host by its longest match, with a reference; 0: as the route says. */
static uint32_t wanted(struct cp *cp, const struct host *h, const struct cp_nh *route)
{
	const struct cp_neigh *n = h->neighs;
	int64_t id;

	if (route == NULL || route->key.type != RTN_UNICAST || route->key.gw != 0)
		return 0;
	while (n != NULL && n->ifindex != route->key.oif)
		n = n->host_next;
	if (n == NULL)
		return 0;
	id = cp_nh_get_host(cp, route, n->ip);
	return id < 0 ? 0 : (uint32_t)id; /* without memory, as the route says */
}

static bool has_room(struct cp *cp)
{
	struct cp_adjs *t = cp->adjs;

	if (t->n < CP_ADJ_MAX)
		return true;
	if (!t->full)
		cp_log(cp, "%u neighbours have a forwarding entry of their own: no more do", t->n);
	t->full = true;
	return false;
}

static void take_out(struct cp *cp, struct adj **p)
{
	struct adj *a = *p;

	*p = a->next;
	cp_nh_put(cp, a->nh);
	free(a);
	cp->adjs->n--;
	cp->adjs->full = false;
}

/* Writes `nh` for the host; on success the reference is the adjacency's. */
static int put(struct cp *cp, struct host *h, uint32_t fib, struct adj **p, uint32_t nh)
{
	struct adj *a = *p;
	int err;

	if (a == NULL && !has_room(cp))
		return -ENOSPC;
	if (a == NULL)
		a = calloc(1, sizeof(*a));
	err = a == NULL ? -ENOMEM : cp->be->fib_set(cp->be_ctx, fib, h->ip, 32, nh);
	if (err < 0) {
		if (*p == NULL)
			free(a);
		return err;
	}
	if (*p == NULL) {
		*p = a;
		cp->adjs->n++;
	} else {
		cp_nh_put(cp, a->nh);
	}
	a->fib = fib;
	a->nh = nh;
	return 0;
}

/* `overwritten`: the route's own /32 was just written, or taken out, where the adjacency was. */
static void look_at(struct cp *cp, struct host *h, const struct rib_table *table, uint32_t fib,
	bool overwritten)
{
	struct adj **p = find(h, fib);
	uint8_t len = 0;
	uint32_t route = rib_fib_longest(cp, table, h->ip, &len);
	uint32_t nh = wanted(cp, h, cp_nh_by_id(cp, route));

	if (nh != 0 && *p != NULL && (*p)->nh == nh && !overwritten) {
		cp_nh_put(cp, nh);
		(*p)->len = len;
		return;
	}
	if (nh != 0) {
		if (put(cp, h, fib, p, nh) == 0) {
			(*p)->len = len;
			return;
		}
		cp_nh_put(cp, nh);
	}
	if (*p == NULL)
		return;
	if (!overwritten &&
		cp->be->fib_set(cp->be_ctx, fib, h->ip, 32, len == 32 ? route : 0) < 0) {
		cp_log(cp, "no memory to take back the forwarding entry of a neighbour");
		return; /* it stays known: the next change tries again */
	}
	take_out(cp, p);
}

static void in_every_fib(struct cp *cp, struct host *h)
{
	if (cp->rules->merged) {
		if (cp->rib->merged_fib)
			look_at(cp, h, rib_table_find(cp->rib, RT_TABLE_MAIN), CP_FIB_MERGED, false);
		return;
	}
	for (uint32_t i = 0; i < cp->rib->n_tables; i++)
		if (cp->rib->table[i].fib)
			look_at(cp, h, &cp->rib->table[i], cp->rib->table[i].id, false);
}

/* The address's record, made if needed; 0: no memory. */
static uint32_t host_make(struct cp_adjs *t, uint32_t ip)
{
	uint32_t node = rib_trie_make(&t->rib, &t->trie, ip, 32), i;

	if (node == 0 || rib_node(&t->rib, node)->route != 0)
		return node != 0 ? rib_node(&t->rib, node)->route : 0;
	i = rib_pool_get(&t->hosts);
	if (i == 0) {
		rib_trie_drop(&t->rib, &t->trie, node);
		return 0;
	}
	host_at(t, i)->ip = ip;
	rib_node(&t->rib, node)->route = i;
	return i;
}

static void host_drop(struct cp_adjs *t, uint32_t i)
{
	uint32_t node = rib_trie_find(&t->rib, &t->trie, host_at(t, i)->ip, 32);

	rib_node(&t->rib, node)->route = 0;
	rib_trie_drop(&t->rib, &t->trie, node);
	rib_pool_put(&t->hosts, i);
}

static void joins(struct cp *cp, struct cp_neigh *n)
{
	struct cp_adjs *t = cp->adjs;
	struct host *h;

	n->host = host_make(t, ntohl(n->ip));
	if (n->host == 0)
		return; /* it is served by the neighbour table */
	h = host_at(t, n->host);
	n->host_next = h->neighs;
	h->neighs = n;
	in_every_fib(cp, h);
}

static void leaves(struct cp *cp, struct cp_neigh *n)
{
	struct cp_adjs *t = cp->adjs;
	struct host *h = host_at(t, n->host);
	struct cp_neigh **p = &h->neighs;

	while (*p != n)
		p = &(*p)->host_next;
	*p = n->host_next;
	in_every_fib(cp, h);
	if (h->neighs == NULL && h->adjs == NULL)
		host_drop(t, n->host);
	n->host = 0;
	n->host_next = NULL;
}

void cp_adj_neigh_changed(struct cp *cp, struct cp_neigh *n)
{
	bool usable = n->state & CP_NUD_VALID & ~NUD_NOARP;

	if (cp->be == NULL || usable == (n->host != 0))
		return;
	if (usable)
		joins(cp, n);
	else
		leaves(cp, n);
}

void cp_adj_route_changed(struct cp *cp, const struct rib_table *table, uint32_t fib, uint32_t key,
	uint8_t len)
{
	struct cp_adjs *t = cp->adjs;
	uint32_t ip = key, last = key | ~rib_mask(len);

	for (bool more = rib_trie_next(&t->rib, &t->trie, &ip, false); more && ip <= last;
		more = rib_trie_next(&t->rib, &t->trie, &ip, true)) {
		uint32_t node = rib_trie_find(&t->rib, &t->trie, ip, 32);
		struct host *h = host_at(t, rib_node(&t->rib, node)->route);
		const struct adj *a = *find(h, fib);

		/* a longer match than this one decides, before and after */
		if (a == NULL || a->len <= len)
			look_at(cp, h, table, fib, len == 32);
		if (h->neighs == NULL && h->adjs == NULL) /* taken back at last */
			host_drop(t, rib_node(&t->rib, node)->route);
	}
}

static void for_each_host(struct cp *cp, void (*fn)(struct cp *cp, struct host *h))
{
	struct cp_adjs *t = cp->adjs;
	uint32_t ip = 0;

	for (bool more = rib_trie_next(&t->rib, &t->trie, &ip, false); more;
		more = rib_trie_next(&t->rib, &t->trie, &ip, true))
		fn(cp, host_at(t, rib_node(&t->rib,
			rib_trie_find(&t->rib, &t->trie, ip, 32))->route));
}

static void forget_host(struct cp *cp, struct host *h)
{
	while (h->adjs != NULL)
		take_out(cp, &h->adjs);
}

void cp_adj_forget(struct cp *cp)
{
	if (cp->be != NULL)
		for_each_host(cp, forget_host);
}

void cp_adj_rebuild(struct cp *cp)
{
	if (cp->be != NULL)
		for_each_host(cp, in_every_fib);
}

uint32_t cp_adj_count(const struct cp *cp)
{
	return cp->adjs->n;
}

int cp_adjs_init(struct cp *cp)
{
	struct cp_adjs *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->rib.nodes.size = sizeof(struct rib_node);
	t->hosts.size = sizeof(struct host);
	cp->adjs = t;
	return 0;
}

void cp_adjs_fini(struct cp *cp)
{
	struct cp_adjs *t = cp->adjs;

	cp_adj_forget(cp);
	rib_trie_fini(&t->trie);
	rib_pool_free(&t->rib.nodes);
	rib_pool_free(&t->hosts);
	free(t);
	cp->adjs = NULL;
}
