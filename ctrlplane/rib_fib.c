/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the RIB into the FIBs: of the routes of a prefix, workers know the best one's next hop.
 * While only the default rules exist and the table `default` is empty, local and main share the
 * FIB CP_FIB_MERGED, in which local wins a prefix that both have, and workers know no other table;
 * else each table has its own.
 */
#include <errno.h>

#include "adjacency.h"
#include "rib_store.h"
#include "rules.h"

static bool in_merged(const struct cp *cp, const struct rib_table *t)
{
	return cp->rules->merged && (t->id == RT_TABLE_LOCAL || t->id == RT_TABLE_MAIN);
}

static uint32_t best_of(const struct rib *r, uint32_t node)
{
	for (uint32_t i = rib_node(r, node)->route; i != 0; i = rib_alias(r, i)->next) {
		const struct rib_alias *a = rib_alias(r, i);

		/* a dead one is on its way out and must still be seen as what the FIB has */
		if (a->tos == 0)
			return rib_info(r, a->info)->nh_id;
	}
	return 0;
}

/* Of the same prefix in another table. */
static uint32_t best_in(const struct rib *r, uint32_t table, uint32_t node)
{
	const struct rib_node *n = rib_node(r, node);

	node = rib_trie_find(r, &rib_table_find(r, table)->trie, n->key, n->len);
	return node != 0 ? best_of(r, node) : 0;
}

static uint32_t longest_in(const struct rib *r, const struct rib_table *t, uint32_t ip,
	uint8_t *len)
{
	uint32_t best;

	for (uint32_t i = rib_trie_longest(r, &t->trie, ip); i != 0; i = rib_trie_shorter(r, i)) {
		best = best_of(r, i);
		*len = rib_node(r, i)->len;
		if (best != 0)
			return best;
	}
	*len = 0;
	return 0;
}

uint32_t rib_fib_longest(const struct cp *cp, const struct rib_table *t, uint32_t ip, uint8_t *len)
{
	const struct rib *r = cp->rib;
	uint32_t local, best;
	uint8_t local_len;

	if (!in_merged(cp, t))
		return longest_in(r, t, ip, len);
	local = longest_in(r, rib_table_find(r, RT_TABLE_LOCAL), ip, &local_len);
	best = longest_in(r, rib_table_find(r, RT_TABLE_MAIN), ip, len);
	if (local == 0 || (best != 0 && *len > local_len))
		return best;
	*len = local_len;
	return local;
}

uint32_t rib_fib_best(const struct cp *cp, const struct rib_table *t, uint32_t node)
{
	const struct rib *r = cp->rib;
	uint32_t best;

	if (cp->be == NULL)
		return 0;
	if (!in_merged(cp, t))
		return best_of(r, node);
	best = t->id == RT_TABLE_LOCAL ? best_of(r, node) : best_in(r, RT_TABLE_LOCAL, node);
	if (best != 0)
		return best;
	return t->id == RT_TABLE_MAIN ? best_of(r, node) : best_in(r, RT_TABLE_MAIN, node);
}

static int make_fib(struct cp *cp, uint32_t number, bool *have)
{
	int err = *have ? 0 : cp->be->fib_new(cp->be_ctx, number);

	if (err == 0)
		*have = true;
	return err;
}

/* The FIB that serves the table, made if needed. */
static int fib_of(struct cp *cp, struct rib_table *t, uint32_t *number)
{
	int err;

	if (in_merged(cp, t)) {
		*number = CP_FIB_MERGED;
		return make_fib(cp, CP_FIB_MERGED, &cp->rib->merged_fib);
	}
	*number = t->id;
	if (t->fib)
		return 0;
	err = make_fib(cp, t->id, &t->fib);
	/* rules that name the table have had nothing to look into so far */
	if (err == 0 && !cp->rules->merged && !cp->rib->programming)
		err = cp->be->rules(cp->be_ctx, cp->rules);
	return err;
}

void rib_fib_hint(struct cp *cp, const struct rib_table *t, uint32_t key, uint8_t len, bool deeper)
{
	if (cp->be != NULL && cp->be->fib_hint != NULL)
		cp->be->fib_hint(cp->be_ctx, in_merged(cp, t) ? CP_FIB_MERGED : t->id, key, len, deeper);
}

int rib_fib_update(struct cp *cp, struct rib_table *t, uint32_t node, uint32_t old)
{
	const uint32_t key = rib_node(cp->rib, node)->key;
	const uint8_t len = rib_node(cp->rib, node)->len;
	uint32_t number, best;
	int err;

	if (cp->be == NULL)
		return 0;
	if (cp->rules->merged && !in_merged(cp, t))
		return 0; /* no rule asks for it; one that does ends the merging: cp_rules_changed */
	best = rib_fib_best(cp, t, node);
	if (best == old || (best == 0 && old == RIB_BEST_UNKNOWN))
		return 0;
	err = fib_of(cp, t, &number);
	if (err == 0)
		err = cp->be->fib_set(cp->be_ctx, number, key, len, best);
	if (err == 0 && !cp->rib->programming)
		cp_adj_route_changed(cp, t, number, key, len);
	return err;
}

static int program_table(struct cp *cp, struct rib_table *t)
{
	struct rib_cursor c = {.table = t->id};
	struct rib_route route;
	uint32_t node;
	int err;

	if (t->n == 0)
		return 0;
	while (rib_next(cp, &c, &route)) {
		node = rib_trie_find(cp->rib, &t->trie, route.dst, route.len);
		err = rib_fib_update(cp, t, node, RIB_BEST_UNKNOWN);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Makes the FIBs that the rules now ask for; the old ones stay until rib_fib_drop. */
int rib_program_all(struct cp *cp)
{
	int err = 0;

	cp->rib->programming = true;
	for (uint32_t i = 0; cp->be != NULL && err == 0 && i < cp->rib->n_tables; i++)
		err = program_table(cp, &cp->rib->table[i]);
	cp->rib->programming = false;
	return err;
}

void rib_fib_drop(struct cp *cp, bool merged)
{
	if (cp->be == NULL)
		return;
	if (merged) {
		if (cp->rib->merged_fib)
			cp->be->fib_free(cp->be_ctx, CP_FIB_MERGED);
		cp->rib->merged_fib = false;
		return;
	}
	for (uint32_t i = 0; i < cp->rib->n_tables; i++) {
		if (cp->rib->table[i].fib)
			cp->be->fib_free(cp->be_ctx, cp->rib->table[i].id);
		cp->rib->table[i].fib = false;
	}
}
