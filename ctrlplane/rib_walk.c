/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk over all routes in the order of Linux's dumps: by key, of one key the most specific
 * prefix first. Called for dumps and saving (rt_route.c, save.c) with a cursor that holds across any
 * change; as long as nothing changed, the RIB remembers where it stood and goes on from there.
 */
#include "rib_store.h"

static unsigned int bit_at(uint32_t key, uint8_t len)
{
	return key >> (31 - len) & 1;
}

/* The subtrees whose keys are `from` or greater, the smallest last. */
static void seek(const struct rib *r, struct rib_walk *w, uint32_t root, uint32_t from)
{
	w->n = w->n_spine = w->alias = w->nth = 0;
	for (uint32_t i = root; i != 0;) {
		const struct rib_node *n = rib_node(r, i);

		if (n->key >= from) {
			w->stack[w->n++] = i;
			break;
		}
		if (((n->key ^ from) & rib_mask(n->len)) != 0 || n->len == 32)
			break;
		if (bit_at(from, n->len) == 0 && n->child[1] != 0)
			w->stack[w->n++] = n->child[1];
		i = n->child[bit_at(from, n->len)];
	}
}

/* Take the next subtree apart: the nodes of its smallest key, and the subtrees that are left. */
static void expand(const struct rib *r, struct rib_walk *w)
{
	uint32_t i = w->stack[--w->n];

	w->key = rib_node(r, i)->key;
	w->nth = 0;
	for (;;) {
		const struct rib_node *n = rib_node(r, i);

		if (n->route != 0)
			w->spine[w->n_spine++] = i;
		if (n->child[1] != 0)
			w->stack[w->n++] = n->child[1];
		if (n->child[0] == 0)
			return;
		i = n->child[0];
		if (rib_node(r, i)->key != w->key)
			break;
	}
	w->stack[w->n++] = i;
}

static bool step(const struct rib *r, struct rib_walk *w, uint32_t *node, uint32_t *alias)
{
	while (w->alias == 0) {
		if (w->n_spine != 0)
			w->alias = rib_node(r, w->spine[--w->n_spine])->route;
		else if (w->n != 0)
			expand(r, w);
		else
			return false;
	}
	*node = w->spine[w->n_spine];
	*alias = w->alias;
	w->alias = rib_alias(r, w->alias)->next;
	w->nth++;
	return true;
}

static bool next_in_table(struct rib *r, const struct rib_table *t, struct rib_cursor *c,
	struct rib_route *out)
{
	struct rib_walk *w = &r->walk;
	uint32_t key = c->started ? c->key : 0, nth = c->started ? c->nth : 0, node, alias;

	if (!c->started || w->shape != r->shape || w->table != t->id || w->key != key ||
	    w->nth != nth) {
		seek(r, w, t->trie.root, key);
		w->table = t->id;
		w->shape = r->shape;
	}
	do {
		if (!step(r, w, &node, &alias)) {
			w->table = 0; /* what it remembers leads nowhere */
			return false;
		}
	} while (w->key == key && w->nth <= nth);
	rib_route_of(r, t, rib_node(r, node), rib_alias(r, alias), out);
	c->key = w->key;
	c->nth = w->nth;
	c->started = 1;
	return true;
}

bool rib_next(const struct cp *cp, struct rib_cursor *c, struct rib_route *out)
{
	struct rib *r = cp->rib;

	for (uint32_t i = 0; i < r->n_tables; i++) {
		const struct rib_table *t = &r->table[i];

		if ((c->table != 0 && t->id != c->table) || t->id < c->at_table)
			continue;
		if (t->id != c->at_table)
			c->started = 0;
		c->at_table = t->id;
		if (next_in_table(r, t, c, out))
			return true;
		c->started = 0;
		c->at_table = t->id + 1;
	}
	return false;
}
