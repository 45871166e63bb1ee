/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trie of a table. Invariant: a node without routes has two children; a child's prefix is
 * longer than its parent's and lies in it, on the side of its next bit.
 */
#include "rib_store.h"

static unsigned int bit_at(uint32_t key, uint8_t len)
{
	return key >> (31 - len) & 1;
}

static bool covers(const struct rib_node *n, uint32_t key)
{
	return ((n->key ^ key) & rib_mask(n->len)) == 0;
}

uint32_t rib_trie_find(const struct rib *r, uint32_t root, uint32_t key, uint8_t len)
{
	uint32_t i = root;

	while (i != 0) {
		const struct rib_node *n = rib_node(r, i);

		if (n->len > len || !covers(n, key))
			return 0;
		if (n->len == len)
			return n->route != 0 ? i : 0;
		i = n->child[bit_at(key, n->len)];
	}
	return 0;
}

/* How many leading bits the two prefixes share. */
static uint8_t shared_bits(uint32_t a, uint32_t b, uint8_t max)
{
	uint32_t x = a ^ b;
	uint8_t n = x == 0 ? 32 : (uint8_t)__builtin_clz(x);

	return n < max ? n : max;
}

static uint32_t node_new(struct rib *r, uint32_t key, uint8_t len)
{
	uint32_t i = rib_pool_get(&r->nodes);

	if (i != 0) {
		rib_node(r, i)->key = key & rib_mask(len);
		rib_node(r, i)->len = len;
	}
	return i;
}

/* Where the link to node `at` is kept: its parent's child word, or the root. */
static void relink(struct rib *r, uint32_t *root, uint32_t parent, unsigned int side, uint32_t to)
{
	if (parent == 0)
		*root = to;
	else
		rib_node(r, parent)->child[side] = to;
}

uint32_t rib_trie_make(struct rib *r, uint32_t *root, uint32_t key, uint8_t len)
{
	uint32_t parent = 0, at = *root, fresh, branch;
	unsigned int side = 0;
	uint8_t same;

	while (at != 0) {
		const struct rib_node *n = rib_node(r, at);

		if (n->len > len || !covers(n, key))
			break;
		if (n->len == len)
			return at;
		parent = at;
		side = bit_at(key, n->len);
		at = n->child[side];
	}
	fresh = node_new(r, key, len);
	if (fresh == 0)
		return 0;
	r->shape++;
	if (at == 0) {
		relink(r, root, parent, side, fresh);
		return fresh;
	}
	same = shared_bits(rib_node(r, at)->key, key,
		rib_node(r, at)->len < len ? rib_node(r, at)->len : len);
	if (same == len) { /* the new one lies above */
		rib_node(r, fresh)->child[bit_at(rib_node(r, at)->key, len)] = at;
		relink(r, root, parent, side, fresh);
		return fresh;
	}
	branch = node_new(r, key, same);
	if (branch == 0) {
		rib_pool_put(&r->nodes, fresh);
		return 0;
	}
	rib_node(r, branch)->child[bit_at(key, same)] = fresh;
	rib_node(r, branch)->child[!bit_at(key, same)] = at;
	relink(r, root, parent, side, branch);
	return fresh;
}

void rib_trie_drop(struct rib *r, uint32_t *root, uint32_t key, uint8_t len)
{
	uint32_t grand = 0, parent = 0, at = *root, heir;
	unsigned int grand_side = 0, side = 0;

	while (at != 0 && rib_node(r, at)->len != len) {
		grand = parent;
		grand_side = side;
		parent = at;
		side = bit_at(key, rib_node(r, at)->len);
		at = rib_node(r, at)->child[side];
	}
	if (at == 0 || rib_node(r, at)->route != 0)
		return;
	if (rib_node(r, at)->child[0] != 0 && rib_node(r, at)->child[1] != 0)
		return;
	r->shape++;
	heir = rib_node(r, at)->child[0] | rib_node(r, at)->child[1];
	rib_pool_put(&r->nodes, at);
	relink(r, root, parent, side, heir);
	if (heir != 0 || parent == 0 || rib_node(r, parent)->route != 0)
		return;
	/* the parent was a branch for the sake of this one */
	heir = rib_node(r, parent)->child[!side];
	rib_pool_put(&r->nodes, parent);
	relink(r, root, grand, grand_side, heir);
}

uint32_t rib_trie_path(const struct rib *r, uint32_t root, uint32_t key, uint32_t path[33])
{
	uint32_t n = 0, i = root;

	while (i != 0 && covers(rib_node(r, i), key)) {
		if (rib_node(r, i)->route != 0)
			path[n++] = i;
		if (rib_node(r, i)->len == 32)
			break;
		i = rib_node(r, i)->child[bit_at(key, rib_node(r, i)->len)];
	}
	return n;
}

bool rib_trie_next(const struct rib *r, uint32_t root, uint32_t *key, bool greater)
{
	uint32_t i = root, later = 0, k = *key;

	if (greater && k == UINT32_MAX)
		return false;
	k += greater;
	while (i != 0) {
		const struct rib_node *n = rib_node(r, i);

		if (n->key >= k) {
			later = i;
			break;
		}
		if (!covers(n, k) || n->len == 32)
			break;
		if (bit_at(k, n->len) == 0 && n->child[1] != 0)
			later = n->child[1];
		i = n->child[bit_at(k, n->len)];
	}
	if (later == 0)
		return false;
	while (rib_node(r, later)->route == 0)
		later = rib_node(r, later)->child[0];
	*key = rib_node(r, later)->key;
	return true;
}
