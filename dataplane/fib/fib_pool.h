/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of one forwarding table: taken, published, retired, and free again after a grace period.
 * Writer only. A block is named by its slot value (FIB_BLOCK | offset | FIB_WIDE). Each slot has a
 * depth byte beside it that lookups never touch: the length of the route that filled the slot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fib/fib.h"

struct rte_rcu_qsbr;

#define FIB_TOP_SLOTS	(1u << FIB_TOP_BITS)
#define FIB_BLOCK_SLOTS	(1u << FIB_STRIDE)
#define FIB_DEPTH_CHILD	0xffu		/* the slot leads to a block */

/* Blocks that wait for readers, linked through their own depth bytes: retiring needs no memory. */
struct fib_retired {
	uint32_t head, count;
};

struct fib_pool {
	uint32_t *base;			/* the range readers see: direct table, then blocks */
	uint8_t *depth;
	struct rte_rcu_qsbr *rcu;
	uint32_t batch;			/* retired blocks that start a grace period */
	uint32_t limit, committed, next;/* words of base: most, usable, never used yet */
	uint32_t depth_committed;	/* bytes of depth in use */
	uint32_t free_wide, free_narrow;/* heads; 0: none */
	uint32_t nfree_wide, nfree_narrow;
	uint32_t wide, narrow;		/* in use */
	struct fib_retired open, waiting;
	uint64_t token;			/* when readers have passed it, `waiting` is free */
	uint64_t grace_periods;
};

struct fib_conf;
int fib_pool_init(struct fib_pool *p, const struct fib_conf *conf, size_t max_bytes);
void fib_pool_fini(struct fib_pool *p);

/* After 0, n blocks of either kind can be taken without fail. -ENOMEM changes nothing visible. */
int fib_pool_reserve(struct fib_pool *p, uint32_t n);
/* Whether one block may be taken now without a reserve. */
bool fib_pool_has_spare(const struct fib_pool *p);
uint32_t fib_pool_take(struct fib_pool *p, bool wide);
/* No reader can newly find the block. Frees it after a grace period, in batches. */
void fib_pool_retire(struct fib_pool *p, uint32_t block);
/* Starts a grace period for retired blocks if none runs, frees those whose period is over. */
void fib_pool_reclaim(struct fib_pool *p);

static inline bool fib_is_wide(uint32_t block)
{
	return block & FIB_WIDE;
}

static inline uint32_t *fib_slots(const struct fib_pool *p, uint32_t block)
{
	return p->base + (block & FIB_OFFSET);
}

/* The depth bytes of a block's slots; offset 0 is the direct table. */
static inline uint8_t *fib_depths(const struct fib_pool *p, uint32_t block)
{
	uint32_t offset = block & FIB_OFFSET;

	return offset ? p->depth + FIB_TOP_SLOTS + (size_t)(offset - FIB_TOP_SLOTS) * 2 : p->depth;
}
