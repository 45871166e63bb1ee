/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes come and go: where a new one stands among those of its prefix, which one a deletion
 * means, with Linux's answers for each combination of NLM_F_* flags. Called by rt_route.c and
 * addr_routes.c; hands each changed prefix to rib_fib.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "rib_store.h"

struct rib_table *rib_table_find(const struct rib *r, uint32_t id)
{
	uint32_t lo = 0, hi = r->n_tables;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (r->table[mid].id == id)
			return &r->table[mid];
		if (r->table[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static struct rib_table *table_make(struct rib *r, uint32_t id)
{
	struct rib_table *t = rib_table_find(r, id), *grown;
	uint32_t i;

	if (t != NULL)
		return t;
	grown = realloc(r->table, (r->n_tables + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	r->table = grown;
	for (i = r->n_tables; i > 0 && grown[i - 1].id > id; i--)
		grown[i] = grown[i - 1];
	grown[i] = (struct rib_table){.id = id};
	r->n_tables++;
	return &grown[i];
}

void rib_route_of(const struct rib *r, const struct rib_table *t, const struct rib_node *n,
	const struct rib_alias *a, struct rib_route *out)
{
	*out = (struct rib_route){
		.table = t->id, .dst = n->key, .len = n->len, .tos = a->tos, .type = a->type,
		.fi = rib_info(r, a->info),
	};
}

static int check_prefix(struct cp *cp, const struct rib_cfg *cfg)
{
	if (cfg->len > 32)
		return cp_fail(cp, EINVAL, "Invalid prefix length");
	if (cfg->dst & ~rib_mask(cfg->len))
		return cp_fail(cp, EINVAL, "Invalid prefix for given prefix length");
	return 0;
}

/* The link (a next word) to the first alias of (tos, metric or behind it). */
static uint32_t find_place(const struct rib *r, uint32_t node, uint8_t tos, uint32_t priority,
	uint32_t *before)
{
	uint32_t i = rib_node(r, node)->route;

	*before = 0;
	for (; i != 0; *before = i, i = rib_alias(r, i)->next) {
		const struct rib_alias *a = rib_alias(r, i);

		if (a->tos > tos)
			continue;
		if (a->tos < tos || rib_info(r, a->info)->priority >= priority)
			break;
	}
	return i;
}

static bool same_rank(const struct rib *r, uint32_t alias, uint8_t tos, uint32_t priority)
{
	const struct rib_alias *a = rib_alias(r, alias);

	return alias != 0 && a->tos == tos && rib_info(r, a->info)->priority == priority;
}

/* What the flags make of routes of equal rank: where to insert, or what to replace. */
struct placement {
	uint32_t before;	/* insert behind this one, 0: first */
	uint32_t replace;	/* this one instead */
	uint16_t flags;		/* of the notification */
	bool done;		/* nothing to do: the very route is there already */
};

static int place(const struct rib *r, uint32_t node, const struct rib_cfg *cfg, uint32_t info,
	struct placement *p)
{
	uint32_t first = node != 0 ? find_place(r, node, cfg->tos, cfg->priority, &p->before) : 0;
	uint32_t same = 0, last = p->before;

	if (first != 0 && same_rank(r, first, cfg->tos, cfg->priority)) {
		if (cfg->nlflags & NLM_F_EXCL)
			return -EEXIST;
		for (uint32_t i = first; same_rank(r, i, cfg->tos, cfg->priority);
			last = i, i = rib_alias(r, i)->next)
			if (same == 0 && rib_alias(r, i)->type == cfg->type &&
				rib_alias(r, i)->info == info)
				same = i;
		if (cfg->nlflags & NLM_F_REPLACE) {
			p->flags |= NLM_F_REPLACE;
			p->replace = first;
			p->done = same == first;
			return same != 0 && same != first ? -EEXIST : 0;
		}
		if (same != 0)
			return -EEXIST;
		if (cfg->nlflags & NLM_F_APPEND) {
			p->flags |= NLM_F_APPEND;
			p->before = last;
		}
	}
	if (!(cfg->nlflags & NLM_F_CREATE))
		return -ENOENT;
	p->flags |= NLM_F_CREATE;
	return 0;
}

static void chain_in(struct rib *r, uint32_t node, uint32_t before, uint32_t alias)
{
	uint32_t *link = before != 0 ? &rib_alias(r, before)->next : &rib_node(r, node)->route;

	rib_alias(r, alias)->next = *link;
	*link = alias;
	r->shape++;
}

static void chain_out(struct rib *r, uint32_t node, uint32_t alias)
{
	uint32_t *link = &rib_node(r, node)->route;

	while (*link != alias)
		link = &rib_alias(r, *link)->next;
	*link = rib_alias(r, alias)->next;
	r->shape++;
}

static int insert(struct cp *cp, struct rib_table *t, const struct rib_cfg *cfg, uint32_t info,
	const struct placement *p, uint32_t old_best, uint32_t *out, uint32_t *out_node)
{
	struct rib *r = cp->rib;
	uint32_t alias = rib_pool_get(&r->aliases);
	uint32_t node = alias != 0 ? rib_trie_make(r, &t->trie, cfg->dst, cfg->len) : 0;
	int err;

	if (node == 0) {
		if (alias != 0)
			rib_pool_put(&r->aliases, alias);
		return -ENOBUFS;
	}
	*rib_alias(r, alias) = (struct rib_alias){.info = info, .tos = cfg->tos, .type = cfg->type};
	chain_in(r, node, p->before, alias);
	t->n++;
	r->n_routes++;
	err = rib_fib_update(cp, t, node, old_best);
	if (err < 0) {
		chain_out(r, node, alias);
		rib_pool_put(&r->aliases, alias);
		rib_trie_drop(r, &t->trie, node);
		t->n--;
		r->n_routes--;
		return err;
	}
	*out = alias;
	*out_node = node;
	return 0;
}

static int replace(struct cp *cp, struct rib_table *t, const struct rib_cfg *cfg, uint32_t info,
	uint32_t node, uint32_t alias, uint32_t old_best)
{
	struct rib_alias *a = rib_alias(cp->rib, alias);
	struct rib_alias old = *a;
	int err;

	a->info = info;
	a->type = cfg->type;
	err = rib_fib_update(cp, t, node, old_best);
	if (err < 0)
		*a = old;
	else
		rib_info_put(cp, old.info);
	return err;
}

static int add_checked(struct cp *cp, struct rib_table *t, const struct rib_cfg *cfg, uint32_t info,
	struct rib_route *out, uint16_t *nlflags)
{
	struct rib *r = cp->rib;
	uint32_t node = rib_trie_find(r, &t->trie, cfg->dst, cfg->len), alias = 0;
	uint32_t old_best = node != 0 ? rib_fib_best(cp, t, node) : RIB_BEST_UNKNOWN;
	struct placement p = {0};
	struct rib_route route;
	int err = place(r, node, cfg, info, &p);

	if (err < 0 || p.done)
		return err;
	rib_info_hold(r, info);
	alias = p.replace;
	err = p.replace != 0 ? replace(cp, t, cfg, info, node, p.replace, old_best)
		: insert(cp, t, cfg, info, &p, old_best, &alias, &node);
	if (err < 0) {
		rib_info(r, info)->refs--;
		return err;
	}
	rib_route_of(r, t, rib_node(r, node), rib_alias(r, alias), &route);
	cp->gens.routes++;
	cp_notify_route(cp, &route, RTM_NEWROUTE, p.flags);
	if (out != NULL)
		*out = route;
	if (nlflags != NULL)
		*nlflags = p.flags;
	return 0;
}

void rib_hint(struct cp *cp, uint32_t table, uint32_t dst, uint8_t len)
{
	const struct rib_table *t = rib_table_find(cp->rib, table);

	if (t == NULL || len > 32)
		return;
	rib_trie_hint(&t->trie, dst);
	rib_fib_hint(cp, t, dst, len, false);
}

int rib_add(struct cp *cp, const struct rib_cfg *cfg, struct rib_route *out, uint16_t *nlflags)
{
	struct rib_table *t;
	uint32_t info;
	int err = check_prefix(cp, cfg);

	if (err < 0)
		return err;
	t = table_make(cp->rib, cfg->table);
	if (t == NULL)
		return -ENOBUFS;
	rib_trie_hint_way(cp->rib, &t->trie, cfg->dst);
	rib_fib_hint(cp, t, cfg->dst, cfg->len, true);
	err = rib_info_create(cp, cfg, &info);
	if (err < 0)
		return err;
	err = add_checked(cp, t, cfg, info, out, nlflags);
	if (rib_info(cp->rib, info)->refs == 0)
		rib_info_put(cp, info);
	if (err == 0 && !cfg->internal)
		cp_changed(cp);
	if (err == 0 && cfg->table == RT_TABLE_DEFAULT)
		cp_rules_changed(cp);
	return err;
}

/* Takes one route out; the info may go with it, so the notification comes first. */
static void remove_alias(struct cp *cp, struct rib_table *t, uint32_t node, uint32_t alias,
	bool notify, struct rib_route *out)
{
	struct rib *r = cp->rib;
	uint32_t info = rib_alias(r, alias)->info, old_best = rib_fib_best(cp, t, node);
	struct rib_route route;

	rib_route_of(r, t, rib_node(r, node), rib_alias(r, alias), &route);
	chain_out(r, node, alias);
	rib_fib_update(cp, t, node, old_best);
	cp->gens.routes++;
	if (notify)
		cp_notify_route(cp, &route, RTM_DELROUTE, 0);
	if (out != NULL)
		*out = route;
	if (rib_node(r, node)->route == 0)
		rib_trie_drop(r, &t->trie, node);
	rib_pool_put(&r->aliases, alias);
	rib_info_put(cp, info);
	t->n--;
	r->n_routes--;
}

int rib_del(struct cp *cp, const struct rib_cfg *cfg, struct rib_route *out)
{
	struct rib_table *t = rib_table_find(cp->rib, cfg->table);
	uint32_t node, i, before;
	int err = check_prefix(cp, cfg);

	if (err < 0)
		return err;
	if (t == NULL)
		return cp_fail(cp, ESRCH, "FIB table does not exist");
	rib_trie_hint_way(cp->rib, &t->trie, cfg->dst);
	rib_fib_hint(cp, t, cfg->dst, cfg->len, true);
	node = rib_trie_find(cp->rib, &t->trie, cfg->dst, cfg->len);
	if (node == 0)
		return -ESRCH;
	rib_trie_hint_drop(cp->rib, node);
	for (i = find_place(cp->rib, node, cfg->tos, 0, &before); i != 0;
		i = rib_alias(cp->rib, i)->next) {
		const struct rib_alias *a = rib_alias(cp->rib, i);

		if (a->tos != cfg->tos)
			return -ESRCH;
		if ((cfg->type == 0 || a->type == cfg->type) &&
			rib_info_matches(cp, cfg, rib_info(cp->rib, a->info)))
			break;
	}
	if (i == 0)
		return -ESRCH;
	remove_alias(cp, t, node, i, true, out);
	if (!cfg->internal)
		cp_changed(cp);
	if (cfg->table == RT_TABLE_DEFAULT)
		cp_rules_changed(cp);
	return 0;
}

int rib_flush(struct cp *cp, uint32_t table, enum rib_flush_how how,
	bool (*match)(const struct rib_route *r, void *arg), void *arg)
{
	struct rib *r = cp->rib;
	int n = 0;

	for (uint32_t ti = 0; ti < r->n_tables; ti++) {
		struct rib_table *t = &r->table[ti];
		uint32_t key = 0;

		if (table != 0 && t->id != table)
			continue;
		for (bool more = rib_trie_next(r, &t->trie, &key, false); more;
			more = rib_trie_next(r, &t->trie, &key, true))
			n += rib_flush_key(cp, t, key, how, match, arg);
	}
	return n;
}

/* All prefixes that begin with `key`, the longest first. */
int rib_flush_key(struct cp *cp, struct rib_table *t, uint32_t key, enum rib_flush_how how,
	bool (*match)(const struct rib_route *r, void *arg), void *arg)
{
	struct rib *r = cp->rib;
	uint32_t node = rib_trie_longest(r, &t->trie, key), up, next;
	struct rib_route route;
	int gone = 0;

	for (; node != 0 && rib_node(r, node)->key == key; node = up) {
		up = rib_trie_shorter(r, node); /* the node may go, this one has routes and stays */
		for (uint32_t i = rib_node(r, node)->route; i != 0; i = next) {
			next = rib_alias(r, i)->next;
			rib_route_of(r, t, rib_node(r, node), rib_alias(r, i), &route);
			if (!match(&route, arg))
				continue;
			remove_alias(cp, t, node, i, how == RIB_FLUSH_TOLD, NULL);
			gone++;
		}
	}
	return gone;
}

uint64_t rib_count(const struct cp *cp, uint32_t table)
{
	const struct rib_table *t;

	if (table == 0)
		return cp->rib->n_routes;
	t = rib_table_find(cp->rib, table);
	return t != NULL ? t->n : 0;
}

bool rib_has_table(const struct cp *cp, uint32_t table)
{
	return rib_table_find(cp->rib, table) != NULL;
}

int rib_init(struct cp *cp)
{
	struct rib *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->nodes.size = sizeof(struct rib_node);
	r->aliases.size = sizeof(struct rib_alias);
	r->infos.size = sizeof(struct rib_info);
	cp->rib = r;
	if (table_make(r, RT_TABLE_MAIN) == NULL || table_make(r, RT_TABLE_LOCAL) == NULL) {
		rib_fini(cp);
		return -ENOMEM;
	}
	return 0;
}

void rib_fini(struct cp *cp)
{
	struct rib *r = cp->rib;

	rib_infos_free(r);
	for (uint32_t i = 0; i < r->n_tables; i++)
		rib_trie_fini(&r->table[i].trie);
	rib_pool_free(&r->nodes);
	rib_pool_free(&r->aliases);
	free(r->table);
	free(r);
	cp->rib = NULL;
}

int rib_clone(struct cp *to, const struct cp *from)
{
	struct rib *t = to->rib;
	const struct rib *f = from->rib;
	struct rib_table *table = malloc(f->n_tables * sizeof(*table));
	int err = table == NULL ? -ENOMEM : 0;

	if (err == 0)
		err = rib_pool_copy(&t->nodes, &f->nodes);
	if (err == 0)
		err = rib_pool_copy(&t->aliases, &f->aliases);
	if (err == 0)
		err = rib_infos_clone(t, f);
	if (err < 0) {
		free(table);
		return err;
	}
	memcpy(table, f->table, f->n_tables * sizeof(*table));
	for (uint32_t i = 0; i < f->n_tables; i++)
		table[i].trie.top = NULL; /* a copy does not live long enough to need one */
	free(t->table);
	t->table = table;
	t->n_tables = f->n_tables;
	t->n_routes = f->n_routes;
	return 0;
}

void rib_memory(const struct cp *cp, struct cp_memory *out)
{
	const struct rib *r = cp->rib;

	out->routes = r->n_routes;
	out->prefixes = r->nodes.in_use;
	out->fib_infos = r->infos.in_use;
	out->rib_bytes = (size_t)r->nodes.cap * r->nodes.size +
		(size_t)r->aliases.cap * r->aliases.size +
		(size_t)r->infos.cap * r->infos.size + r->hash_size * sizeof(*r->hash);
	for (uint32_t i = 0; i < r->n_tables; i++)
		out->rib_bytes += rib_trie_bytes(&r->table[i].trie);
	if (cp->be == NULL || cp->be->fib_bytes == NULL)
		return;
	if (r->merged_fib)
		out->fib_bytes += cp->be->fib_bytes(cp->be_ctx, CP_FIB_MERGED);
	for (uint32_t i = 0; i < r->n_tables; i++)
		if (r->table[i].fib)
			out->fib_bytes += cp->be->fib_bytes(cp->be_ctx, r->table[i].id);
}
