/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts: what moves between stages, and a packet's ends.
 *
 * Every worker has one burst per stage. A stage takes its whole burst and moves each skb on with
 * burst_to(), or ends it: skb_drop (counted under a reason), skb_absorb (its content goes on in
 * other skbs), skb_delivered; or it hands the skb to a queue with a holder (ledger.h).
 * Stages never free; the engine does so at the end of the sweep.
 */
#pragma once

#include "core/worker.h"

#define OVERFLOW_MAX 4096

/*
 * Park the skb for another round of the sweep, after all bursts of this one (bounded, own drop
 * reason). burst_to() does so when the burst is full; a stage that sends to itself does so too.
 */
void burst_overflow(struct worker *w, enum stage stage, struct skb *skb);

/* Move skb to the input of `stage`; a stage of a lower number runs again in the same sweep. */
static inline void burst_to(struct worker *w, enum stage stage, struct skb *skb)
{
	struct burst *b = &w->out[stage];

	if (unlikely(b->n == BURST_MAX)) {
		burst_overflow(w, stage, skb);
		return;
	}
	b->skb[b->n++] = skb;
	w->pending[stage / 64] |= UINT64_C(1) << (stage % 64);
}

/*
 * The way of a stage that sends nearly all of its burst to one place: the count stays in a register
 * until burst_run_end(). In between nobody else may send to that stage, neither functions called, and
 * the run's address is given to none that is not inlined, or the count would go through memory for
 * every packet. What is out of the ordinary: end the run, send by burst_to(), begin it anew.
 */
struct burst_run {
	struct worker *w;
	struct burst *b;
	enum stage stage;
	uint32_t n;
};

static inline struct burst_run burst_run_begin(struct worker *w, enum stage stage)
{
	return (struct burst_run){ .w = w, .b = &w->out[stage], .stage = stage,
		.n = w->out[stage].n };
}

static inline void burst_run_put(struct burst_run *r, struct skb *skb)
{
	if (unlikely(r->n == BURST_MAX))
		burst_overflow(r->w, r->stage, skb);
	else
		r->b->skb[r->n++] = skb;
}

static inline void burst_run_end(struct burst_run *r)
{
	r->b->n = r->n;
	if (r->n)
		r->w->pending[r->stage / 64] |= UINT64_C(1) << (r->stage % 64);
}

/* n packets passed all of these stages at once: they count in each. */
static inline void stages_passed(struct worker *w, const uint8_t *stages, unsigned int k, uint32_t n)
{
	for (unsigned int s = 0; s < k; s++) {
		w->stage[stages[s]].packets += n;
		w->stage[stages[s]].calls++;
	}
}

/* End skb: lost for `reason`. With users > 1 or a frag_list, the counts follow skb heads. */
void skb_drop(struct worker *w, struct skb *skb, enum drop_reason reason);

/* End skb: what it carried goes on in other skbs (fragments, a reassembled datagram). */
void skb_absorb(struct worker *w, struct skb *skb);

/* End skb: its bytes reached their consumer on this host. */
void skb_delivered(struct worker *w, struct skb *skb);

/*
 * A new empty linear skb, headroom RTE_PKTMBUF_HEADROOM, dev NULL, users 1, counted as alloc.
 * NULL when the pool is exhausted (counted as no_skb).
 */
struct skb *skb_get_new(struct worker *w);

/* As skb_get_new, with the head for one clone reserved, so that skb_clone of it cannot fail. */
struct skb *skb_get_fclone(struct worker *w);

/*
 * Linux's skb_clone: an skb of its own over the same, now read-only, data; no socket, in no queue.
 * Counted as clone. NULL when the pool is exhausted.
 */
struct skb *skb_clone(struct worker *w, struct skb *skb);

/*
 * Linux's skb_copy: a writable skb with the same bytes in one or more fresh segments, headers and
 * metadata carried over. Counted as alloc. NULL when the pool is exhausted.
 */
struct skb *skb_copy(struct worker *w, const struct skb *skb);

/*
 * Linux's pskb_copy: the first segment is copied and writable, further ones are shared. Counted as
 * alloc. NULL when the pool is exhausted.
 */
struct skb *skb_pskb_copy(struct worker *w, const struct skb *skb);

/*
 * A writable skb with the same content: skb itself where nobody shares it, else a copy while skb
 * ends as absorbed. NULL when the pool is exhausted; skb is then the caller's still.
 */
struct skb *skb_unshare(struct worker *w, struct skb *skb);

/*
 * Cut a TCPv4 super-frame (SKB_F_GSO, gso_size; network and transport headers set) into segments
 * that each go to `stage`, both checksums complete; skb ends as
 * absorbed. Each is counted as alloc. -ENOMEM, -EINVAL (not TCPv4, headers broken): nothing was
 * sent and skb is still the caller's.
 */
int skb_gso_segment(struct worker *w, struct skb *skb, enum stage stage);
