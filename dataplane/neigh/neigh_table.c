/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour table: chains of immutable nodes, so that a reader sees an entry whole or not at
 * all. The control thread replaces nodes, and the whole map when it grows; what it takes out is
 * freed after a grace period. The hash is keyed at random, since strangers choose the addresses.
 */
#include "neigh/neigh_update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BITS_MIN 6
#define BITS_MAX 20
#define ENTRIES_MAX (1u << BITS_MAX)

struct node {
	const struct node *_Atomic next;
	struct neigh n;
};

struct map {
	unsigned int bits;
	const struct node *_Atomic bucket[];
};

struct neigh_table {
	struct map *_Atomic map;
	uint64_t key[2]; /* random: xor, and odd multiplier */
	uint32_t n; /* control thread's */
};

static unsigned int slot(const struct neigh_table *t, const struct map *map, uint16_t dev,
	rte_be32_t ip)
{
	uint64_t key = (uint64_t)dev << 32 | ip;

	return (unsigned int)((((key ^ t->key[0]) * t->key[1]) >> 32) >> (32 - map->bits));
}

static const struct node *next_of(const struct node *_Atomic *link)
{
	return atomic_load_explicit(link, memory_order_acquire);
}

const struct neigh *neigh_lookup(const struct dp *dp, uint16_t dev, rte_be32_t ip)
{
	const struct neigh_table *t = dp->neighs;
	struct map *map = atomic_load_explicit(&t->map, memory_order_acquire);
	const struct node *node = next_of(&map->bucket[slot(t, map, dev, ip)]);

	for (; node; node = next_of((const struct node *_Atomic *)&node->next))
		if (node->n.ip == ip && node->n.dev == dev)
			return &node->n;
	return NULL;
}

static struct map *map_new(unsigned int bits)
{
	struct map *map = calloc(1, sizeof(*map) + (sizeof(map->bucket[0]) << bits));

	if (map)
		map->bits = bits;
	return map;
}

static void map_free(void *ctx, void *ptr)
{
	struct map *map = ptr;

	for (unsigned int i = 0; i < 1u << map->bits; i++) {
		struct node *node = (struct node *)next_of(&map->bucket[i]);

		while (node) {
			struct node *next = (struct node *)next_of(&node->next);

			free(node);
			node = next;
		}
	}
	free(map);
}

static void node_free(void *ctx, void *ptr)
{
	free(ptr);
}

int neigh_table_init(struct dp *dp)
{
	struct neigh_table *t = calloc(1, sizeof(*t));
	struct map *map = map_new(BITS_MIN);

	if (!t || !map || getrandom(t->key, sizeof(t->key), 0) != sizeof(t->key)) {
		free(t);
		free(map);
		return -ENOMEM;
	}
	t->key[1] |= 1;
	atomic_store(&t->map, map);
	dp->neighs = t;
	return 0;
}

void neigh_table_fini(struct dp *dp)
{
	if (!dp->neighs)
		return;
	map_free(NULL, atomic_load(&dp->neighs->map));
	free(dp->neighs);
	dp->neighs = NULL;
}

static struct node *node_new(const struct neigh *n)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node)
		memcpy(&node->n, n, sizeof(*n));
	return node;
}

static void link_in(struct neigh_table *t, struct map *map, struct node *node)
{
	const struct node *_Atomic *head = &map->bucket[slot(t, map, node->n.dev, node->n.ip)];

	atomic_store_explicit(&node->next, next_of(head), memory_order_relaxed);
	atomic_store_explicit(head, node, memory_order_release);
}

/* A map twice as large with copies of all nodes; readers of the old one go on undisturbed. */
static int grow(struct dp *dp, struct map *old)
{
	struct neigh_table *t = dp->neighs;
	struct map *map = map_new(old->bits + 1);

	if (!map)
		return -ENOMEM;
	for (unsigned int i = 0; i < 1u << old->bits; i++) {
		const struct node *from = next_of(&old->bucket[i]);

		for (; from; from = next_of((const struct node *_Atomic *)&from->next)) {
			struct node *node = node_new(&from->n);

			if (!node) {
				map_free(NULL, map);
				return -ENOMEM;
			}
			link_in(t, map, node);
		}
	}
	atomic_store_explicit(&t->map, map, memory_order_release);
	dp_retire(dp, map_free, NULL, old);
	return 0;
}

/* The link that leads to the entry, NULL where there is none. */
static const struct node *_Atomic *find(struct neigh_table *t, struct map *map, uint16_t dev,
	rte_be32_t ip)
{
	const struct node *_Atomic *link = &map->bucket[slot(t, map, dev, ip)];
	const struct node *node;

	while ((node = next_of(link)) && (node->n.ip != ip || node->n.dev != dev))
		link = &((struct node *)node)->next;
	return node ? link : NULL;
}

int neigh_publish(struct dp *dp, const struct neigh *n)
{
	struct neigh_table *t = dp->neighs;
	struct map *map = atomic_load(&t->map);
	const struct node *_Atomic *link = find(t, map, n->dev, n->ip);
	struct node *node;

	if (!link && t->n >= ENTRIES_MAX)
		return -ENOSPC;
	node = node_new(n);
	if (!node)
		return -ENOMEM;
	if (link) {
		const struct node *old = next_of(link);

		atomic_store(&node->next, next_of((const struct node *_Atomic *)&old->next));
		atomic_store_explicit(link, node, memory_order_release);
		dp_retire(dp, node_free, NULL, (void *)(uintptr_t)old);
		return 0;
	}
	link_in(t, map, node);
	t->n++;
	/* a map that cannot grow is slower, not wrong */
	if (t->n > 1u << map->bits && map->bits < BITS_MAX)
		grow(dp, map);
	return 0;
}

int neigh_withdraw(struct dp *dp, uint16_t dev, rte_be32_t ip)
{
	struct neigh_table *t = dp->neighs;
	const struct node *_Atomic *link = find(t, atomic_load(&t->map), dev, ip);
	const struct node *old;

	if (!link)
		return -ENOENT;
	old = next_of(link);
	atomic_store_explicit(link, next_of((const struct node *_Atomic *)&old->next),
		memory_order_release);
	dp_retire(dp, node_free, NULL, (void *)(uintptr_t)old);
	t->n--;
	return 0;
}
