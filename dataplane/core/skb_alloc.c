/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools, the worker's prefilled caches, and the only place that gives mbufs back. The engine calls
 * skb_free_bulk at the end of a sweep; stages never come here (burst.h). Without hugepages the
 * default layout of a mempool puts one object on a page, so that all headers share a few L1 sets;
 * RTE_MEMPOOL_F_NO_IOVA_CONTIG packs them, which is right wherever IOVA is VA.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "core/skb_alloc.h"
#include "core/thp.h"

static void collapse(struct rte_mempool *mp, void *opaque, struct rte_mempool_memhdr *part,
	unsigned int i)
{
	(void)mp;
	(void)opaque;
	(void)i;
	thp_collapse(part->addr, part->len);
}

struct rte_mempool *skb_pool_create(const char *name, uint32_t n, uint32_t cache,
	uint16_t data_room, int socket)
{
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = data_room,
		.mbuf_priv_size = sizeof(struct skb),
	};
	uint32_t size = sizeof(struct rte_mbuf) + sizeof(struct skb) + data_room;
	uint32_t flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	struct rte_mempool *mp = rte_mempool_create_empty(name, n, size, cache, sizeof(priv), socket,
		flags);

	if (!mp)
		return NULL;
	int rc = rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL);

	if (rc == 0) {
		rte_pktmbuf_pool_init(mp, &priv);
		rc = rte_mempool_populate_default(mp);
	}
	if (rc < 0) {
		rte_mempool_free(mp);
		rte_errno = -rc;
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	rte_mempool_mem_iter(mp, collapse, NULL);
	return mp;
}

void skb_pool_free(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}

int skb_cache_init(struct worker *w)
{
	w->skb_cache = calloc(1, sizeof(*w->skb_cache));
	return w->skb_cache ? 0 : -ENOMEM;
}

void skb_cache_fini(struct worker *w)
{
	struct skb_cache *c = w->skb_cache;

	if (!c)
		return;
	if (c->n)
		rte_mempool_put_bulk(w->pool, (void **)c->m, c->n);
	if (c->clones)
		rte_mempool_put_bulk(w->clone_pool, (void **)c->clone, c->clones);
	free(c);
	w->skb_cache = NULL;
}

static uint32_t fill(struct rte_mempool *mp, struct rte_mbuf **m, uint32_t have)
{
	if (rte_mempool_get_bulk(mp, (void **)(m + have), SKB_CACHE_FILL) == 0)
		return have + SKB_CACHE_FILL;
	while (have < SKB_CACHE_SIZE && rte_mempool_get(mp, (void **)&m[have]) == 0)
		have++;
	return have;
}

void skb_cache_fill(struct worker *w)
{
	struct skb_cache *c = w->skb_cache;

	if (unlikely(c->n < SKB_CACHE_FILL))
		c->n = fill(w->pool, c->m, c->n);
	if (unlikely(c->clones < SKB_CACHE_FILL) && w->clone_pool)
		c->clones = fill(w->clone_pool, c->clone, c->clones);
}

struct rte_mbuf *skb_cache_get(struct worker *w)
{
	struct skb_cache *c = w->skb_cache;

	if (unlikely(c->n == 0)) {
		c->n = fill(w->pool, c->m, 0);
		if (c->n == 0) {
			w->stats.no_skb++;
			return NULL;
		}
	}
	return c->m[--c->n];
}

struct rte_mbuf *skb_cache_get_clone(struct worker *w)
{
	struct skb_cache *c = w->skb_cache;

	if (unlikely(c->clones == 0)) {
		c->clones = fill(w->clone_pool, c->clone, 0);
		if (c->clones == 0) {
			w->stats.no_skb++;
			return NULL;
		}
	}
	return c->clone[--c->clones];
}

void skb_init(struct rte_mbuf *m)
{
	rte_pktmbuf_reset(m);
	skb_wrap(m);
}

struct skb *skb_wrap(struct rte_mbuf *m)
{
	struct skb *skb = skb_of(m);

	memset(skb, 0, offsetof(struct skb, cb));
	skb->mac_header = SKB_HDR_UNSET;
	skb->network_header = SKB_HDR_UNSET;
	skb->transport_header = SKB_HDR_UNSET;
	skb->users = 1;
	return skb;
}

struct skb *skb_alloc(struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_mbuf_raw_alloc(pool);

	if (!m)
		return NULL;
	skb_init(m);
	return skb_of(m);
}

void skb_free_seg(struct rte_mbuf *m)
{
	rte_pktmbuf_free_seg(m);
}

/* The reserved half of an fclone pair that was never used. */
static void fclone_release(struct skb *skb)
{
	struct rte_mbuf *half = skb_fclone_half(skb);

	if (half)
		rte_mbuf_raw_free(half);
	skb_set_fclone_half(skb, NULL);
}

/* What Linux's skb_release_head_state and skb_release_data's frag_list part do, in that order. */
void skb_orphan_slow(struct skb *skb)
{
	skb->nh = NULL;
	if (skb->flags & SKB_F_CT)
		skb->nfct->put(skb->nfct);
	if (skb->flags & SKB_F_OWNED && skb->destructor)
		skb->destructor(skb);
	if (skb->flags & SKB_F_FCLONE)
		fclone_release(skb);
	if (skb->flags & SKB_F_FRAGLIST) {
		struct skb *s = skb->frag_list, *next;

		for (; s; s = next) {
			next = s->next;
			skb_free(s);
		}
	}
	skb->sk = NULL;
	skb->flags &= ~SKB_F_HOLDS;
}

void skb_free(struct skb *skb)
{
	if (skb->users > 1) {
		skb->users--;
		return;
	}
	skb_orphan(skb);
	rte_pktmbuf_free(skb_mbuf(skb));
}

/* An mbuf that goes back as it is: direct, one segment, one reference. */
static inline bool plain(const struct rte_mbuf *m)
{
	return likely(m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m));
}

void skb_free_bulk(struct skb **skb, uint32_t n)
{
	void *batch[BURST_MAX];
	struct rte_mempool *pool = NULL;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = skb_mbuf(skb[i]);

		skb_orphan(skb[i]);
		if (unlikely(!plain(m))) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (unlikely(m->pool != pool || k == BURST_MAX)) {
			if (k)
				rte_mempool_put_bulk(pool, batch, k);
			pool = m->pool;
			k = 0;
		}
		batch[k++] = m;
	}
	if (k)
		rte_mempool_put_bulk(pool, batch, k);
}
