/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit queues. Each belongs to one worker: a queue of the port, or, where the port has fewer
 * queues than there are workers, a ring to the worker that owns one. Frames collect in m[] during a
 * sweep and go to the port at its end; what the port does not take waits in the qdisc, in order.
 */
#pragma once

#include "core/ledger.h"
#include "core/napi.h"
#include "core/skb_alloc.h"
#include "dev/netdev.h"
#include "dev/qdisc.h"

#define TXQ_BURST 64
#define TXQ_RING_SIZE 1024
#define TXQ_WATCHDOG_SEC 5

enum txq_state {
	TXQ_XOFF = 1 << 0,        /* the port took less than it was given */
	TXQ_FROZEN = 1 << 1,      /* the port is being reset: nothing is handed over */
	TXQ_DEACTIVATED = 1 << 2, /* closing: what comes is dropped */
};

struct tx_queue {
	struct tx_queue *next;    /* in dev_worker.active */
	bool active;
	bool behind;              /* frames go to the qdisc: others wait there, or the queue is stopped */
	bool offload;             /* m[] holds a frame with transmit offloads */
	uint16_t n;
	uint16_t port_id, queue;
	uint32_t state;           /* enum txq_state */
	uint32_t bytes;           /* of m[0..n) */
	uint32_t max_frame;       /* the contract's */
	struct rte_mbuf *m[TXQ_BURST];
	struct netdev *dev;
	struct qdisc q;
	struct holder holder;
	uint64_t trans_start;     /* TSC of the last frame taken, or of the stop */
	uint64_t stops, timeouts;

	/* where the port's queue belongs to another worker */
	struct rte_ring *ring;
	struct worker *owner;
};

/* The receiving end of a hand-over ring, a napi entry of the worker that owns the port's queue. */
struct tx_handover {
	struct napi napi;
	struct rte_ring *ring;
	struct netdev *dev;
};

/* Hand m[0..n) to the port (or the ring); the rest goes to the qdisc. */
void txq_flush(struct worker *w, struct tx_queue *t);

/* Put the queue on the worker's list of those with something to do. */
static inline void txq_activate(struct worker *w, struct tx_queue *t)
{
	if (t->active)
		return;
	t->active = true;
	t->next = w->dev->active;
	w->dev->active = t;
}

/* This worker's transmit queue of a port; NULL: the port is down. */
static inline struct tx_queue *dev_txq(const struct worker *w, const struct netdev *dev)
{
	return w->dev->txq[dev->index];
}

/*
 * The lane's way out: a plain frame (direct, one segment, one reference, not longer than the port's
 * max_frame, no offload asked for) with its link header. Takes m over; counts tx of the device and
 * the ledger when the port takes it. The mbuf's skb need not be initialised.
 */
static inline void dev_tx_mbuf(struct worker *w, struct tx_queue *t, struct rte_mbuf *m)
{
	uint32_t n = t->n;

	if (unlikely(!n))
		txq_activate(w, t);
	t->bytes += m->pkt_len;
	t->m[n] = m;
	t->n = (uint16_t)(n + 1);
	if (unlikely(n + 1 == TXQ_BURST))
		txq_flush(w, t);
}

/* Where the next n frames for dev_tx_mbufs go; NULL: fewer have room. */
static inline struct rte_mbuf **dev_tx_room(struct tx_queue *t, uint32_t n)
{
	return likely(t->n + n <= TXQ_BURST) ? t->m + t->n : NULL;
}

/* As dev_tx_mbuf for n frames of so many bytes, at least one, that stand in dev_tx_room already. */
static inline void dev_tx_mbufs(struct worker *w, struct tx_queue *t, uint32_t n, uint32_t bytes)
{
	if (unlikely(!t->n))
		txq_activate(w, t);
	t->bytes += bytes;
	t->n = (uint16_t)(t->n + n);
	if (unlikely(t->n == TXQ_BURST))
		txq_flush(w, t);
}

/* As dev_tx_mbuf for any frame the port takes as it is; behind those that wait. */
void txq_xmit(struct worker *w, struct tx_queue *t, struct skb *skb);

#define TXQ_SKB_NOTABLE (SKB_F_HOLDS | SKB_F_GSO | SKB_F_VLAN | SKB_F_TRACED)
#define TXQ_MBUF_NOTABLE \
	(RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)

static_assert(SKB_CSUM_PARTIAL == (SKB_CSUM_COMPLETE | 1), "one bit tells both");

/*
 * What every port takes as it is, if its length fits: nothing to do, one user, one segment. `more`:
 * bits of skb_state() that are not plain to the caller, either.
 */
static inline bool txq_plain(const struct skb *skb, const struct rte_mbuf *m, uint64_t more)
{
	const uint64_t s_mask = SKB_STATE_FLAGS(TXQ_SKB_NOTABLE) | SKB_STATE_USERS(0xffff) |
		SKB_STATE_SUMMED(SKB_CSUM_COMPLETE) | more;
	const uint64_t m_mask = MBUF_STATE_REFCNT(0xffff) | MBUF_STATE_SEGS(0xffff);

	return (skb_state(skb) & s_mask) == SKB_STATE_USERS(1) &&
		(mbuf_state(m) & m_mask) == (MBUF_STATE_REFCNT(1) | MBUF_STATE_SEGS(1)) &&
		!(m->ol_flags & TXQ_MBUF_NOTABLE);
}

/*
 * Ask the port to complete a checksum over IPv4: `flag` is RTE_MBUF_F_TX_TCP_CKSUM or _UDP_CKSUM, the
 * headers before are so long. The queue's `offload` is the caller's to set.
 */
static inline void txq_ask_csum(struct rte_mbuf *m, uint64_t flag, uint32_t l2_len, uint32_t l3_len)
{
	m->ol_flags = (m->ol_flags & ~RTE_MBUF_F_TX_OFFLOAD_MASK) | RTE_MBUF_F_TX_IPV4 | flag;
	m->l2_len = l2_len;
	m->l3_len = l3_len;
	m->l4_len = 0;
	m->tso_segsz = 0;
}

/* After q.len or state changed. */
static inline void txq_update(struct tx_queue *t)
{
	t->behind = t->q.len || !t->q.ops->fifo || t->state & (TXQ_FROZEN | TXQ_DEACTIVATED);
}

/* Worker (by worker_call): take the queue into use; take it out, ending what waits as `reason`. */
void txq_attach(struct worker *w, struct tx_queue *t);
void txq_detach(struct worker *w, struct tx_queue *t, enum drop_reason reason);

/* Worker: stop handing frames over, without losing any, while the port is reset; and go on. */
void txq_freeze(struct worker *w, struct tx_queue *t);
void txq_wake(struct worker *w, struct tx_queue *t);

/* Worker: what w->flush does; true when frames wait for a port. */
bool txq_flush_all(struct worker *w);
/* Worker, once a second: queues that are stopped for TXQ_WATCHDOG_SEC are reported. */
void txq_watchdog(struct worker *w);

/* poll function of a tx_handover's napi. */
unsigned int txq_handover_poll(struct worker *w, struct napi *n, unsigned int budget);
