/* SPDX-License-Identifier: BSD-3-Clause */
/* A trie that grows beyond where it has a directory and shrinks again, beside a sorted list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rib_store.h"

#define PREFIXES 60000u

struct prefix {
	uint32_t key;
	uint8_t len;
	uint32_t node;	/* 0: not in the trie now */
};

struct world {
	struct rib rib;
	struct rib_trie trie;
	struct prefix *prefix;	/* by key, then length */
	uint32_t n, in;
	uint64_t rng;
};

static uint32_t draw(struct world *w, uint32_t n)
{
	w->rng = w->rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((w->rng >> 33) % n);
}

static int by_prefix(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->len - y->len;
}

static struct prefix *known(const struct world *w, uint32_t key, uint8_t len)
{
	struct prefix want = {.key = key & rib_mask(len), .len = len};

	return bsearch(&want, w->prefix, w->n, sizeof(want), by_prefix);
}

/* Of all lengths; crowded, so that they cover each other. */
static void invent(struct world *w)
{
	uint32_t n = 0;

	memset(w, 0, sizeof(*w));
	w->rng = 7;
	w->rib.nodes.size = sizeof(struct rib_node);
	w->prefix = calloc(PREFIXES, sizeof(*w->prefix));
	assert_non_null(w->prefix);
	for (uint32_t i = 0; i < PREFIXES; i++) {
		uint8_t len = i <= 32 ? (uint8_t)i : (uint8_t)(8 + draw(w, 25));
		uint32_t key = draw(w, 40) << 24 | (draw(w, 60) << 18) | draw(w, 1 << 18);

		w->prefix[i] = (struct prefix){.key = key & rib_mask(len), .len = len};
	}
	qsort(w->prefix, PREFIXES, sizeof(*w->prefix), by_prefix);
	for (uint32_t i = 0; i < PREFIXES; i++)
		if (i == 0 || by_prefix(&w->prefix[n - 1], &w->prefix[i]) != 0)
			w->prefix[n++] = w->prefix[i];
	w->n = n;
}

static void toggle(struct world *w, struct prefix *p)
{
	if (p->node != 0) {
		rib_node(&w->rib, p->node)->route = 0;
		rib_trie_drop(&w->rib, &w->trie, p->node);
		p->node = 0;
		w->in--;
		return;
	}
	p->node = rib_trie_make(&w->rib, &w->trie, p->key, p->len);
	assert_int_not_equal(p->node, 0);
	rib_node(&w->rib, p->node)->route = 1;
	w->in++;
}

static void look_up(struct world *w)
{
	const struct prefix *p = &w->prefix[draw(w, w->n)];
	uint32_t key = p->key | draw(w, 1 << 12), node;
	int len = 32;

	assert_int_equal(rib_trie_find(&w->rib, &w->trie, p->key, p->len), p->node);
	node = rib_trie_longest(&w->rib, &w->trie, key);
	for (; len >= 0; len--) {
		p = known(w, key, (uint8_t)len);
		if (p == NULL || p->node == 0)
			continue;
		assert_int_equal(node, p->node);
		node = rib_trie_shorter(&w->rib, node);
	}
	assert_int_equal(node, 0);
}

/* All keys in order, and no node that should not be. */
static void check_all(struct world *w)
{
	uint32_t key = 0, branches = 0;
	bool more = rib_trie_next(&w->rib, &w->trie, &key, false);

	for (uint32_t i = 0; i < w->n; i++) {
		if (w->prefix[i].node == 0 || (more && w->prefix[i].key < key))
			continue;
		assert_true(more);
		assert_int_equal(key, w->prefix[i].key);
		while (i + 1 < w->n && w->prefix[i + 1].key == key)
			i++;
		more = rib_trie_next(&w->rib, &w->trie, &key, true);
	}
	assert_false(more);
	for (uint32_t i = 1; i < w->rib.nodes.n; i++) {
		const struct rib_node *n = rib_node(&w->rib, i);

		branches += n->route == 0 && n->child[0] != 0 && n->child[1] != 0 &&
			rib_node(&w->rib, n->child[0])->parent == i &&
			rib_node(&w->rib, n->child[1])->parent == i;
	}
	assert_int_equal(w->trie.n, w->in + branches);
	assert_int_equal(w->rib.nodes.in_use, w->trie.n);
}

static void churn(struct world *w, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		toggle(w, &w->prefix[draw(w, w->n)]);
		look_up(w);
	}
	check_all(w);
}

static void all(struct world *w, bool in)
{
	uint32_t from = draw(w, w->n);

	for (uint32_t i = 0; i < w->n; i++) {
		struct prefix *p = &w->prefix[(from + i * 7919ull) % w->n];

		if ((p->node != 0) != in)
			toggle(w, p);
		if (i % 4 == 0)
			look_up(w);
	}
	check_all(w);
}

static void finds_what_a_list_finds(void **state)
{
	struct world w;

	invent(&w);
	churn(&w, 10000);
	assert_null(w.trie.top);
	all(&w, true);
	assert_non_null(w.trie.top);
	churn(&w, 100000);
	all(&w, false);
	assert_null(w.trie.top);
	assert_int_equal(w.trie.root, 0);
	all(&w, true);
	churn(&w, 20000);
	rib_trie_fini(&w.trie);
	rib_pool_free(&w.rib.nodes);
	free(w.prefix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_list_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
