/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's ends and its copies, for stages: each counts its skb head in the ledger. What ends is
 * collected in w->done and freed by the engine when the sweep is over (or when done is full).
 * Also the overflow list, where a stage that multiplies parks what a burst cannot take.
 */
#include "core/burst.h"
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "core/trace.h"

void burst_flush_done(struct worker *w)
{
	struct burst *b = &w->done;

	if (b->n == 0)
		return;
	skb_free_bulk(b->skb, b->n);
	b->n = 0;
}

/* Queue for release; true if this was the last reference, so that the skb counts as ended. */
static inline uint32_t end(struct worker *w, struct skb *skb)
{
	uint32_t heads = 1;

	if (unlikely(skb->users > 1)) {
		skb->users--;
		return 0;
	}
	if (unlikely(skb->flags & SKB_F_FRAGLIST))
		for (struct skb *s = skb->frag_list; s; s = s->next)
			heads += s->users == 1;
	if (unlikely(w->done.n == BURST_MAX))
		burst_flush_done(w);
	w->done.skb[w->done.n++] = skb;
	return heads;
}

void skb_drop(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	if (unlikely(skb->flags & SKB_F_TRACED))
		trace_end(w, skb, TRACE_DROPPED, reason);
	w->ledger.dropped[reason] += end(w, skb);
}

void skb_absorb(struct worker *w, struct skb *skb)
{
	if (unlikely(skb->flags & SKB_F_TRACED))
		trace_end(w, skb, TRACE_ABSORBED, 0);
	w->ledger.absorbed += end(w, skb);
}

void skb_delivered(struct worker *w, struct skb *skb)
{
	if (unlikely(skb->flags & SKB_F_TRACED))
		trace_end(w, skb, TRACE_DELIVERED, 0);
	w->ledger.delivered += end(w, skb);
}

void burst_overflow(struct worker *w, enum stage stage, struct skb *skb)
{
	if (w->overflow_len >= OVERFLOW_MAX) {
		skb_drop(w, skb, DROP_BURST_OVERFLOW);
		return;
	}
	skb->next = NULL;
	skb->stage = stage;
	*w->overflow_tail = skb;
	w->overflow_tail = &skb->next;
	w->overflow_len++;
}

void burst_refill(struct worker *w)
{
	uint32_t n = w->overflow_len;
	struct skb *skb = w->overflow;

	w->overflow = NULL;
	w->overflow_tail = &w->overflow;
	w->overflow_len = 0;
	while (n--) {
		struct skb *next = skb->next;

		skb->next = NULL;
		burst_to(w, skb->stage, skb);
		skb = next;
	}
}

struct skb *skb_get_new(struct worker *w)
{
	struct rte_mbuf *m = skb_cache_get(w);

	if (unlikely(!m))
		return NULL;
	skb_init(m);
	w->ledger.alloc++;
	return skb_of(m);
}

struct skb *skb_get_fclone(struct worker *w)
{
	struct rte_mbuf *half = skb_cache_get_clone(w);
	struct skb *skb = half ? skb_get_new(w) : NULL;

	if (skb)
		skb_set_fclone_half(skb, half);
	else if (half)
		w->skb_cache->clone[w->skb_cache->clones++] = half;
	return skb;
}

/* Metadata that belongs to the content: all but queue links, owner and references. */
static void copy_meta(struct skb *to, const struct skb *from)
{
	memcpy(to, from, sizeof(*to));
	to->next = NULL;
	to->prev = NULL;
	to->users = 1;
	to->sk = NULL;
	to->destructor = NULL;
	to->truesize = 0;
	to->flags &= ~(SKB_F_OWNED | SKB_F_FCLONE | SKB_F_FRAGLIST | SKB_F_CT | SKB_F_TRACED);
}

static void copy_mbuf_meta(struct rte_mbuf *to, const struct rte_mbuf *from)
{
	to->port = from->port;
	to->ol_flags = from->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	to->packet_type = from->packet_type;
	to->vlan_tci = from->vlan_tci;
	to->vlan_tci_outer = from->vlan_tci_outer;
	to->tx_offload = from->tx_offload;
	to->hash = from->hash;
}

/* Chain header-only mbufs after `last` that share the segments from `s` on. */
static bool attach_rest(struct worker *w, struct rte_mbuf *head, struct rte_mbuf *last,
	struct rte_mbuf *s)
{
	for (; s; s = s->next) {
		struct rte_mbuf *c = skb_cache_get_clone(w);

		if (!c)
			return false;
		rte_pktmbuf_attach(c, s);
		c->nb_segs = 1;
		c->next = NULL;
		last->next = c;
		last = c;
		head->nb_segs++;
	}
	return true;
}

struct skb *skb_clone(struct worker *w, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb), *c = NULL;

	if (skb->flags & SKB_F_FCLONE)
		c = skb_fclone_half(skb);
	if (c)
		skb_set_fclone_half(skb, NULL);
	else
		c = skb_cache_get_clone(w);
	if (!c)
		return NULL;
	rte_pktmbuf_attach(c, m);
	c->nb_segs = 1;
	c->next = NULL;
	c->pkt_len = m->pkt_len;
	if (unlikely(!attach_rest(w, c, c, m->next))) {
		rte_pktmbuf_free(c);
		return NULL;
	}
	copy_meta(skb_of(c), skb);
	skb->flags |= SKB_F_CLONED;
	skb_of(c)->flags |= SKB_F_CLONED;
	w->ledger.clone++;
	return skb_of(c);
}

/* A fresh head with the metadata of `skb`, and the same headroom, headers in it included. */
static struct rte_mbuf *copy_head(struct worker *w, const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);
	struct rte_mbuf *c = skb_cache_get(w);

	if (!c)
		return NULL;
	rte_pktmbuf_reset(c);
	copy_mbuf_meta(c, m);
	copy_meta(skb_of(c), skb);
	skb_of(c)->flags &= ~SKB_F_CLONED;
	c->data_off = RTE_MIN(m->data_off, c->buf_len);
	uint32_t from = RTE_MIN(skb->mac_header, RTE_MIN(skb->network_header, skb->transport_header));

	if (from < c->data_off)
		memcpy((uint8_t *)c->buf_addr + from, (uint8_t *)m->buf_addr + from,
		       c->data_off - from);
	return c;
}

/* Copy all bytes of `skb` behind `head`, taking more segments as needed. */
static bool copy_data(struct worker *w, struct rte_mbuf *head, const struct skb *skb)
{
	struct rte_mbuf *c = head;
	uint32_t done = 0, len = skb_len(skb);

	for (;;) {
		uint32_t k = RTE_MIN(len - done, (uint32_t)(c->buf_len - c->data_off));

		skb_copy_bits(skb, done, rte_pktmbuf_mtod(c, void *), k);
		c->data_len = k;
		done += k;
		if (done == len)
			break;
		c->next = skb_cache_get(w);
		if (!c->next)
			return false;
		c = c->next;
		rte_pktmbuf_reset(c);
		c->data_off = 0;
		head->nb_segs++;
	}
	head->pkt_len = len;
	return true;
}

struct skb *skb_copy(struct worker *w, const struct skb *skb)
{
	struct rte_mbuf *c = copy_head(w, skb);

	if (!c)
		return NULL;
	if (unlikely(!copy_data(w, c, skb))) {
		rte_pktmbuf_free(c);
		return NULL;
	}
	w->ledger.alloc++;
	return skb_of(c);
}

struct skb *skb_pskb_copy(struct worker *w, const struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb), *c = copy_head(w, skb);

	if (!c)
		return NULL;
	if (c->data_off + m->data_len > c->buf_len) {
		rte_pktmbuf_free(c);
		return NULL;
	}
	memcpy(rte_pktmbuf_mtod(c, void *), rte_pktmbuf_mtod(m, void *), m->data_len);
	c->data_len = m->data_len;
	c->pkt_len = m->pkt_len;
	if (unlikely(!attach_rest(w, c, c, m->next))) {
		rte_pktmbuf_free(c);
		return NULL;
	}
	w->ledger.alloc++;
	return skb_of(c);
}

struct skb *skb_unshare(struct worker *w, struct skb *skb)
{
	if (likely(!skb_shared(skb)))
		return skb;
	struct skb *copy = skb_copy(w, skb);

	if (copy) {
		if (skb->flags & SKB_F_TRACED)
			trace_move(w, skb, copy);
		skb_absorb(w, skb);
	}
	return copy;
}
