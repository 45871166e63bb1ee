/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the RIB lies in memory; shared by rib*.c only. All references are indices into arrays that
 * grow and never shrink; index 0 means "none". A table is a binary trie with compressed paths: a
 * node has routes, or two children, or both. A large one has a directory, so that the way down
 * starts near its end: each node on it is a cache miss.
 */
#pragma once

#include "rib.h"

struct rib_node {
	uint32_t key;	   /* host order, bits beyond len clear */
	uint32_t child[2];
	uint32_t parent;   /* 0: of the root */
	uint32_t route;	   /* first alias, 0: only a branch; of a free node: the next free one */
	uint8_t len;
};

/* One route of a prefix. */
struct rib_alias {
	uint32_t next;
	uint32_t info;
	uint8_t tos, type;
};

struct rib_trie {
	uint32_t root;
	uint32_t n;	   /* nodes */
	uint32_t *top;	   /* rib_trie.c's directory, or NULL: small, a copy, or no memory */
};

struct rib_table {
	uint32_t id;
	struct rib_trie trie;
	uint64_t n;
	bool fib;	   /* the data plane has a FIB of this number */
};

struct rib_pool {
	void *mem;
	uint32_t size;	   /* of an element */
	uint32_t n, cap;   /* used so far (index 0 wasted), room */
	uint32_t free;	   /* list through the element's first or `route` word: see rib_store.c */
	uint32_t in_use;
	size_t mapped;	   /* bytes, where mem is no malloc()'s */
};

#define RIB_METRICS_MAX 4096

/* Where the last rib_next() stood, so that the next one need not come down from the root. */
struct rib_walk {
	uint32_t table;
	uint64_t shape;	      /* of the RIB then */
	uint32_t key, nth;    /* the cursor that it left */
	uint32_t n, n_spine;
	uint32_t stack[66];   /* subtrees still to come, the next one last */
	uint32_t spine[33];   /* nodes of the key with routes to come, the next one last */
	uint32_t alias;	      /* next route of the one before those */
};

struct rib {
	struct rib_pool nodes, aliases, infos;
	uint32_t *hash;	   /* of infos */
	uint32_t hash_size;
	struct rib_table *table;
	uint32_t n_tables;
	uint32_t (*metrics)[RTAX_MAX + 1];
	uint32_t n_metrics;
	uint64_t n_routes;
	uint64_t shape;	   /* counts changes of tries and chains */
	struct rib_walk walk;
	bool merged_fib;   /* FIB CP_FIB_MERGED exists */
	bool programming;  /* new FIBs are being filled: not to be looked into yet */
};

/* 0: no memory. The element is zeroed. */
uint32_t rib_pool_get(struct rib_pool *p);
void rib_pool_put(struct rib_pool *p, uint32_t i);
void rib_pool_free(struct rib_pool *p);
int rib_pool_copy(struct rib_pool *to, const struct rib_pool *from);
/* Zeroed memory of its own in huge pages, if there are any; NULL: none. Ends by munmap(). */
void *rib_map(size_t bytes);

static inline struct rib_node *rib_node(const struct rib *r, uint32_t i)
{
	return (struct rib_node *)r->nodes.mem + i;
}

static inline struct rib_alias *rib_alias(const struct rib *r, uint32_t i)
{
	return (struct rib_alias *)r->aliases.mem + i;
}

static inline struct rib_info *rib_info(const struct rib *r, uint32_t i)
{
	return (struct rib_info *)r->infos.mem + i;
}

static inline uint32_t rib_mask(uint8_t len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

/* ---- rib_trie.c ---- */

uint32_t rib_trie_find(const struct rib *r, const struct rib_trie *t, uint32_t key, uint8_t len);
/* The prefix will be asked for soon. */
void rib_trie_hint(const struct rib_trie *t, uint32_t key);
/* The same once that is here: where the way to it begins. */
void rib_trie_hint_way(const struct rib *r, const struct rib_trie *t, uint32_t key);
/* The node's route goes, and perhaps the node. */
void rib_trie_hint_drop(const struct rib *r, uint32_t node);
/* The node of the prefix, made if needed; 0: no memory. */
uint32_t rib_trie_make(struct rib *r, struct rib_trie *t, uint32_t key, uint8_t len);
/* A node that has lost its last route. */
void rib_trie_drop(struct rib *r, struct rib_trie *t, uint32_t node);
/* Nodes with routes that hold `key` in their prefix: the longest one, the next shorter one; or 0. */
uint32_t rib_trie_longest(const struct rib *r, const struct rib_trie *t, uint32_t key);
uint32_t rib_trie_shorter(const struct rib *r, uint32_t node);
/* Frees the directory; the nodes are the pool's. */
void rib_trie_fini(struct rib_trie *t);
size_t rib_trie_bytes(const struct rib_trie *t);
/* The smallest key of a prefix with routes that is >= key (or > key); false: none. */
bool rib_trie_next(const struct rib *r, const struct rib_trie *t, uint32_t *key, bool greater);

/* ---- rib_info.c ---- */

/* The shared info for the request, checked as Linux checks it; takes no reference. */
int rib_info_create(struct cp *cp, const struct rib_cfg *cfg, uint32_t *out);
void rib_info_hold(struct rib *r, uint32_t i);
void rib_info_put(struct cp *cp, uint32_t i);
bool rib_info_matches(const struct cp *cp, const struct rib_cfg *cfg, const struct rib_info *fi);
int rib_infos_clone(struct rib *to, const struct rib *from);
void rib_infos_free(struct rib *r);

/* ---- rib.c ---- */

struct rib_table *rib_table_find(const struct rib *r, uint32_t id);
void rib_route_of(const struct rib *r, const struct rib_table *t, const struct rib_node *n,
	const struct rib_alias *a, struct rib_route *out);

int rib_flush_key(struct cp *cp, struct rib_table *t, uint32_t key, enum rib_flush_how how,
	bool (*match)(const struct rib_route *r, void *arg), void *arg);

/* ---- rib_link.c ---- */

/* Takes `flags` back from next hops through the link. */
void rib_link_alive(struct cp *cp, struct cp_link *l, uint8_t flags);

/* ---- rib_lookup.c ---- */

int rib_table_lookup(const struct cp *cp, uint32_t table, const struct rib_flow *fl,
	struct rib_result *res);
extern const struct rib_prop {
	int err;
	uint8_t scope;
} rib_props[RTN_MAX + 1];

/* ---- rib_fib.c ---- */

#define RIB_BEST_UNKNOWN UINT32_MAX /* as `old`: tell the FIB in any case */

/* The id that the prefix of a node of the table should have in its FIB now; 0: none. */
uint32_t rib_fib_best(const struct cp *cp, const struct rib_table *t, uint32_t node);
/* The id that the longest match in the FIB of `t` has by the routes, and its length; 0: no match. */
uint32_t rib_fib_longest(const struct cp *cp, const struct rib_table *t, uint32_t ip, uint8_t *len);
/* The prefix is about to change: lets memory come nearer, and once more where it leads to. */
void rib_fib_hint(struct cp *cp, const struct rib_table *t, uint32_t key, uint8_t len, bool deeper);
/* The prefix of the node changed: if its best is no longer `old`, tell the FIB. */
int rib_fib_update(struct cp *cp, struct rib_table *t, uint32_t node, uint32_t old);
