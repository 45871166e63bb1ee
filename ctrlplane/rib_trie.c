/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trie of a table. Invariant: a node without routes has two children; a child's prefix is
 * longer than its parent's and lies in it, on the side of its next bit.
 */
#include <sys/mman.h>

#include "rib_store.h"

static unsigned int bit_at(uint32_t key, uint8_t len)
{
	return key >> (31 - len) & 1;
}

static bool covers(const struct rib_node *n, uint32_t key)
{
	return ((n->key ^ key) & rib_mask(n->len)) == 0;
}

/*
 * The directory: for each block of 2^12 addresses the longest node of at most TOP_BITS bits that
 * covers it, or 0. A million routes of the Internet lie two or three nodes below.
 */
#define TOP_BITS  20
#define TOP_SHIFT (32 - TOP_BITS)
#define TOP_BYTES (sizeof(uint32_t) << TOP_BITS)
#define TOP_FROM  16384u /* nodes; it goes when they are half as many */

static void fill(uint32_t *top, uint32_t from, uint32_t to, uint32_t with)
{
	while (from < to)
		top[from++] = with;
}

static uint32_t blocks_end(const struct rib_node *n)
{
	return (n->key >> TOP_SHIFT) + (1u << (TOP_BITS - n->len));
}

/* Blocks that no child of node i covers as a whole lead to `with`: i, or its parent as it goes. */
static void point(const struct rib *r, struct rib_trie *t, uint32_t i, uint32_t with)
{
	const struct rib_node *n = rib_node(r, i);
	uint32_t at = n->key >> TOP_SHIFT;

	if (t->top == NULL || n->len > TOP_BITS)
		return;
	for (unsigned int side = 0; side < 2; side++) {
		const struct rib_node *c = rib_node(r, n->child[side]);

		if (n->child[side] == 0 || c->len > TOP_BITS)
			continue;
		fill(t->top, at, c->key >> TOP_SHIFT, with);
		at = blocks_end(c);
	}
	fill(t->top, at, blocks_end(n), with);
}

/* At most TOP_BITS deep. */
static void point_all(const struct rib *r, struct rib_trie *t, uint32_t i)
{
	if (i == 0 || rib_node(r, i)->len > TOP_BITS)
		return;
	point(r, t, i, i);
	point_all(r, t, rib_node(r, i)->child[0]);
	point_all(r, t, rib_node(r, i)->child[1]);
}

/* Where the way to the prefix begins: a node that covers it, or the root. */
static uint32_t start(const struct rib *r, const struct rib_trie *t, uint32_t key, uint8_t len)
{
	uint32_t i = t->top != NULL ? t->top[key >> TOP_SHIFT] : 0;

	while (i != 0 && rib_node(r, i)->len > len)
		i = rib_node(r, i)->parent;
	return i != 0 ? i : t->root;
}

uint32_t rib_trie_find(const struct rib *r, const struct rib_trie *t, uint32_t key, uint8_t len)
{
	uint32_t i = start(r, t, key, len);

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

void rib_trie_hint(const struct rib_trie *t, uint32_t key)
{
	if (t->top != NULL)
		__builtin_prefetch(&t->top[key >> TOP_SHIFT]);
}

void rib_trie_hint_way(const struct rib *r, const struct rib_trie *t, uint32_t key)
{
	if (t->top != NULL)
		__builtin_prefetch(rib_node(r, t->top[key >> TOP_SHIFT]));
}

void rib_trie_hint_drop(const struct rib *r, uint32_t node)
{
	const struct rib_node *n = rib_node(r, node), *p = rib_node(r, n->parent);

	__builtin_prefetch(rib_alias(r, n->route));
	if (n->parent != 0)
		__builtin_prefetch(rib_node(r, p->child[0] ^ p->child[1] ^ node), 1);
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

/* The link below `parent` on the side of the key; of no parent: the root. */
static uint32_t *link_to(struct rib *r, struct rib_trie *t, uint32_t parent, uint32_t key)
{
	struct rib_node *p = rib_node(r, parent);

	return parent == 0 ? &t->root : &p->child[bit_at(key, p->len)];
}

static void hang(struct rib *r, struct rib_trie *t, uint32_t parent, uint32_t i)
{
	*link_to(r, t, parent, rib_node(r, i)->key) = i;
	rib_node(r, i)->parent = parent;
}

static void count_in(struct rib *r, struct rib_trie *t, uint32_t i)
{
	r->shape++;
	point(r, t, i, i);
	if (++t->n != TOP_FROM || t->top != NULL)
		return;
	t->top = rib_map(TOP_BYTES); /* without, the way is longer */
	if (t->top != NULL)
		point_all(r, t, t->root);
}

uint32_t rib_trie_make(struct rib *r, struct rib_trie *t, uint32_t key, uint8_t len)
{
	uint32_t parent = 0, at = start(r, t, key, len), fresh, branch;
	uint8_t same;

	while (at != 0) {
		const struct rib_node *n = rib_node(r, at);

		if (n->len > len || !covers(n, key))
			break;
		if (n->len == len)
			return at;
		parent = at;
		at = n->child[bit_at(key, n->len)];
	}
	fresh = node_new(r, key, len);
	if (fresh == 0)
		return 0;
	if (at == 0) {
		hang(r, t, parent, fresh);
		count_in(r, t, fresh);
		return fresh;
	}
	same = shared_bits(rib_node(r, at)->key, key,
		rib_node(r, at)->len < len ? rib_node(r, at)->len : len);
	if (same == len) { /* the new one lies above */
		hang(r, t, parent, fresh);
		hang(r, t, fresh, at);
		count_in(r, t, fresh);
		return fresh;
	}
	branch = node_new(r, key, same);
	if (branch == 0) {
		rib_pool_put(&r->nodes, fresh);
		return 0;
	}
	hang(r, t, parent, branch);
	hang(r, t, branch, at);
	hang(r, t, branch, fresh);
	count_in(r, t, branch);
	count_in(r, t, fresh);
	return fresh;
}

/* A node with at most one child: that one takes its place. Answers the parent. */
static uint32_t take_out(struct rib *r, struct rib_trie *t, uint32_t i)
{
	const struct rib_node *n = rib_node(r, i);
	uint32_t parent = n->parent, heir = n->child[0] | n->child[1];

	r->shape++;
	point(r, t, i, parent);
	*link_to(r, t, parent, n->key) = heir;
	if (heir != 0)
		rib_node(r, heir)->parent = parent;
	rib_pool_put(&r->nodes, i);
	if (--t->n < TOP_FROM / 2)
		rib_trie_fini(t);
	return parent;
}

void rib_trie_drop(struct rib *r, struct rib_trie *t, uint32_t node)
{
	const struct rib_node *n = rib_node(r, node);
	bool leaf = n->child[0] == 0 && n->child[1] == 0;
	uint32_t parent;

	if (n->route != 0 || (n->child[0] != 0 && n->child[1] != 0))
		return;
	parent = take_out(r, t, node);
	if (leaf && parent != 0 && rib_node(r, parent)->route == 0)
		take_out(r, t, parent); /* it was a branch for the sake of this one */
}

uint32_t rib_trie_shorter(const struct rib *r, uint32_t node)
{
	do
		node = rib_node(r, node)->parent;
	while (node != 0 && rib_node(r, node)->route == 0);
	return node;
}

uint32_t rib_trie_longest(const struct rib *r, const struct rib_trie *t, uint32_t key)
{
	uint32_t i = start(r, t, key, 32), last = 0;

	while (i != 0 && covers(rib_node(r, i), key)) {
		last = i;
		if (rib_node(r, i)->len == 32)
			break;
		i = rib_node(r, i)->child[bit_at(key, rib_node(r, i)->len)];
	}
	return last != 0 && rib_node(r, last)->route == 0 ? rib_trie_shorter(r, last) : last;
}

void rib_trie_fini(struct rib_trie *t)
{
	if (t->top != NULL)
		munmap(t->top, TOP_BYTES);
	t->top = NULL;
}

size_t rib_trie_bytes(const struct rib_trie *t)
{
	return t->top != NULL ? TOP_BYTES : 0;
}

bool rib_trie_next(const struct rib *r, const struct rib_trie *t, uint32_t *key, bool greater)
{
	uint32_t i = t->root, later = 0, k = *key;

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
