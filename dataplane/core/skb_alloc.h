/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where skbs come from and go to: the pools, a worker's prefilled cache, and the only functions
 * that free an mbuf. Stages use burst.h; this is for the engine, dev/, ctl/ and the control
 * thread, and counts nothing in the ledger unless said.
 */
#pragma once

#include "core/worker.h"

#define SKB_CACHE_SIZE 256
#define SKB_CACHE_FILL 64
#define SKB_DATA_ROOM RTE_MBUF_DEFAULT_BUF_SIZE

struct skb_cache {
	uint32_t n;
	uint32_t clones;
	struct rte_mbuf *m[SKB_CACHE_SIZE];
	struct rte_mbuf *clone[SKB_CACHE_SIZE];
};

/*
 * Pools. data_room includes RTE_PKTMBUF_HEADROOM; 0 makes a pool of header-only mbufs for clones.
 * Objects lie packed, not one a page (DESIGN 3 "Memory"), where IOVA is VA. NULL: rte_errno.
 */
struct rte_mempool *skb_pool_create(const char *name, uint32_t n, uint32_t cache,
	uint16_t data_room, int socket);
void skb_pool_free(struct rte_mempool *pool);

/* The worker's cache; w->pool and w->clone_pool are set before. 0 or -ENOMEM. */
int skb_cache_init(struct worker *w);
void skb_cache_fini(struct worker *w);

/* Line 0 and the mbuf of a fresh buffer as Linux's alloc_skb leaves them. */
void skb_init(struct rte_mbuf *m);

/* Any thread with its own access to `pool`: an empty skb, or NULL. */
struct skb *skb_alloc(struct rte_mempool *pool);
/* An skb over an mbuf that a PMD or another thread made; counted nowhere. */
struct skb *skb_wrap(struct rte_mbuf *m);
/* Drop one reference; at the last one release all it holds, in Linux's order. */
void skb_free(struct skb *skb);
/* As skb_free for n skbs whose users is 1; the fast way for plain single-segment mbufs. */
void skb_free_bulk(struct skb **skb, uint32_t n);

/* One segment that is in no packet any more. */
void skb_free_seg(struct rte_mbuf *m);

/* A data or header-only mbuf of the worker; NULL counts as no_skb. Not in the ledger. */
struct rte_mbuf *skb_cache_get(struct worker *w);
struct rte_mbuf *skb_cache_get_clone(struct worker *w);
/* Top the caches up, so that a stage seldom meets an empty one. Once per turn. */
void skb_cache_fill(struct worker *w);

/*
 * Release what an skb holds beside its data (destructor, conntrack, dst), before a PMD gets the
 * mbuf. One branch for an skb that holds nothing.
 */
void skb_orphan_slow(struct skb *skb);

#define SKB_F_HOLDS (SKB_F_OWNED | SKB_F_CT | SKB_F_FRAGLIST | SKB_F_FCLONE)

static inline void skb_orphan(struct skb *skb)
{
	if (unlikely(skb->flags & SKB_F_HOLDS))
		skb_orphan_slow(skb);
}
