/* SPDX-License-Identifier: BSD-3-Clause */
/* The judge (routes.h): one node a bit, no trick. bench_fib compares every answer with it. */
#include <stdlib.h>
#include "routes.h"

struct node {
	uint32_t child[2];	/* 0: none */
	uint32_t nh;		/* 0: no route ends here */
};

struct bench_trie {
	struct node *node;
	uint32_t n, room;
};

static uint32_t new_node(struct bench_trie *t)
{
	if (t->n == t->room) {
		t->room *= 2;
		t->node = realloc(t->node, t->room * sizeof(*t->node));
		if (!t->node)
			abort();
	}
	t->node[t->n] = (struct node){{0, 0}, 0};
	return t->n++;
}

static void insert(struct bench_trie *t, const struct bench_route *r)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < r->len; i++) {
		unsigned int bit = r->prefix >> (31 - i) & 1;

		if (!t->node[at].child[bit]) {
			uint32_t made = new_node(t);

			t->node[at].child[bit] = made;
		}
		at = t->node[at].child[bit];
	}
	t->node[at].nh = r->nh;
}

struct bench_trie *bench_trie_make(const struct bench_route *routes, size_t n)
{
	struct bench_trie *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->room = 1u << 20;
	t->node = calloc(t->room, sizeof(*t->node));
	if (!t->node)
		abort();
	new_node(t);
	for (size_t i = 0; i < n; i++)
		insert(t, &routes[i]);
	return t;
}

void bench_trie_free(struct bench_trie *t)
{
	free(t->node);
	free(t);
}

uint32_t bench_trie_lookup(const struct bench_trie *t, uint32_t addr, unsigned int *len)
{
	uint32_t at = 0, nh = t->node[0].nh;

	*len = 0;
	for (unsigned int i = 0; i < 32; i++) {
		at = t->node[at].child[addr >> (31 - i) & 1];
		if (!at)
			break;
		if (t->node[at].nh) {
			nh = t->node[at].nh;
			*len = i + 1;
		}
	}
	return nh;
}
