/* SPDX-License-Identifier: BSD-3-Clause */
/* The table behind neigh.h: hash, order of age, timer heap, limits. neigh*.c only. */
#pragma once

#include "neigh.h"

struct cp_neighs {
	struct cp_neigh **hash;
	uint32_t hash_size;	/* power of two */
	uint32_t n;
	uint32_t exempt;	/* of n: permanent or learned from outside */
	struct cp_neigh *newest, *oldest; /* by last change */
	struct cp_neigh **heap;	/* [1..heap_n], earliest first */
	uint32_t heap_n, heap_cap;
	struct cp_neigh_parms parms;
	struct cp_neighs_stats stats;
	uint32_t thresh[3];
	uint64_t in_vain_until;	/* a forced collection found nothing to collect */
	uint64_t next_overflow_log;
	uint64_t next_gc, next_random, last_forced, next_dup_log;
};

/* A second timer of the entry replaces the first. */
void neigh_timer_set(struct cp_neighs *t, struct cp_neigh *n, uint64_t due);
void neigh_timer_clear(struct cp_neighs *t, struct cp_neigh *n);
void neigh_lru_touch(struct cp_neighs *t, struct cp_neigh *n);
/* After a change of state or flags. */
void neigh_count_exempt(struct cp_neighs *t, struct cp_neigh *n);
void neigh_unlink(struct cp_neighs *t, struct cp_neigh *n);
void neigh_free(struct cp_neigh *n);
/* Every half base_reachable: what is old and unused goes, once the table holds GC1. */
void neigh_gc_periodic(struct cp *cp);
