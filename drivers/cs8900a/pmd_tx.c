/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit: the burst puts frames into the queue, the pump moves the first of them through the chip:
 * bid, write when memory is granted, wait for TxEvent. Each call does what can be done now and comes
 * back; the pump is called by the bursts of both queues. A frame stays in the queue until the chip
 * has said how it ended, so that an underrun or a reset of the chip loses none.
 */
#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_errno.h>

#include "pmd.h"

#define MS UINT64_C(1000000)
#define STARVED (50 * MS) /* a bid waits so long only for received frames that nobody reads, */
#define STARVED_TRIES 16  /* which the sender has seen so often: it was not away itself */
#define LATE (10 * MS)    /* one that meets no collision is on the wire for 1.2 ms */
#define HUNG (2000 * MS)  /* 16 attempts with the longest back-off take less than 500 ms */
#define PUMP_FRAMES 8

static uint64_t now_of(const struct cs_dev *d)
{
	return d->bus->ops->now(d->bus);
}

static void enter_state(struct cs_dev *d, enum cs_tx_state state)
{
	d->txq->state = state;
	d->txq->since = now_of(d);
	d->txq->tries = 0;
}

/* In one piece, with zeros up to the shortest frame and the last word. Returns the length. */
static unsigned gather(struct cs_txq *q, const struct rte_mbuf *m)
{
	uint8_t *to = (uint8_t *)q->frame;
	unsigned len = 0;

	for (; m; m = m->next) {
		memcpy(to + len, rte_pktmbuf_mtod(m, const void *), m->data_len);
		len += m->data_len;
	}
	if (len < CS_TX_PAD) {
		memset(to + len, 0, CS_TX_PAD - len);
		len = CS_TX_PAD;
	}
	to[len] = 0;
	return len;
}

/* The first frame is done with. */
static void pop(struct cs_dev *d)
{
	struct cs_txq *q = d->txq;
	const uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);

	rte_pktmbuf_free(q->ring[head & q->mask]);
	atomic_store_explicit(&q->head, head + 1, memory_order_release);
	enter_state(d, CS_TX_IDLE);
}

static struct rte_mbuf *first(struct cs_txq *q)
{
	const uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&q->tail, memory_order_acquire))
		return NULL;
	return q->ring[head & q->mask];
}

/* The chip has the memory full of frames that nobody takes: one is given up for this one. */
static void make_room(struct cs_dev *d)
{
	if (cs_rx_event(&d->chip) & CS_RXEVENT_RXOK)
		cs_rx_skip(&d->chip);
	d->txq->starved++;
}

/* Too long in one state. On a line without link, or switched off, the chip rightly waits. */
static void check_hung(struct cs_dev *d)
{
	struct cs_txq *q = d->txq;
	const uint64_t waits = now_of(d) - q->since;

	if (waits < HUNG)
		return;
	q->since = now_of(d);
	if (!d->chip.gone && !d->down && cs_line_link(&d->chip) != CS_LINK_DOWN)
		cs_news(d, CS_NEWS_HUNG);
}

static bool bid(struct cs_dev *d, const struct rte_mbuf *m)
{
	cs_tx_bid(&d->chip, RTE_MAX(m->pkt_len, CS_TX_PAD));
	enter_state(d, CS_TX_BID);
	return true;
}

/* false: nothing more can be done now. */
static bool write_granted(struct cs_dev *d, struct rte_mbuf *m, bool receives)
{
	struct cs_txq *q = d->txq;
	int granted = cs_tx_granted(&d->chip);

	if (granted > 0) {
		unsigned len = gather(q, m);

		cs_tx_write(&d->chip, q->frame, (len + 1) / 2);
		enter_state(d, CS_TX_SENT);
		return true;
	}
	if (granted == -EMSGSIZE) {
		q->errors++;
		pop(d);
		return true;
	}
	if (granted == 0) {
		if (!receives && q->tries++ >= STARVED_TRIES && now_of(d) - q->since >= STARVED)
			make_room(d);
		check_hung(d);
	}
	return false;
}

static bool finish(struct cs_dev *d, const struct rte_mbuf *m)
{
	struct cs_txq *q = d->txq;
	uint16_t ev = cs_tx_event(&d->chip, now_of(d) - q->since >= LATE);

	if (ev == 0) {
		check_hung(d);
		return false;
	}
	if (cs_tx_is_underrun(ev)) { /* once more, from a higher threshold some time */
		enter_state(d, CS_TX_IDLE);
		return true;
	}
	if (cs_tx_is_ok(ev)) {
		q->packets++;
		q->bytes += m->pkt_len;
	} else {
		q->errors++;
	}
	pop(d);
	return true;
}

/* Of a device that is being stopped, only what the chip has is seen to its end. */
void cs_tx_pump(struct cs_dev *d, bool receives)
{
	struct cs_txq *q = d->txq;
	bool go = true;

	/* A frame takes three steps. */
	for (unsigned steps = 3 * PUMP_FRAMES; go && steps && !d->chip.gone; steps--) {
		struct rte_mbuf *m = q ? first(q) : NULL;

		if (m == NULL || (!d->started && q->state != CS_TX_SENT))
			return;
		switch (q->state) {
		case CS_TX_IDLE:
			go = bid(d, m);
			break;
		case CS_TX_BID:
			go = write_granted(d, m, receives);
			break;
		case CS_TX_SENT:
			go = finish(d, m);
			break;
		}
	}
}

/* After a reset of the chip: what it had is sent again. */
void cs_tx_again(struct cs_dev *d)
{
	enter_state(d, CS_TX_IDLE);
}

/* Under the lock, or with nobody polling. */
void cs_tx_drop_all(struct cs_dev *d)
{
	struct cs_txq *q = d->txq;

	while (first(q)) {
		q->errors++;
		pop(d);
	}
}

/* What the chip can never send is the sender's fault and counted; 0: it can. */
static int refuse(struct cs_txq *q, struct rte_mbuf *m)
{
	if (likely(m->pkt_len >= RTE_ETHER_HDR_LEN && m->pkt_len <= CS_MAX_FRAME))
		return 0;
	if (m->pkt_len > CS_MAX_FRAME)
		q->too_long++;
	else
		q->too_short++;
	rte_pktmbuf_free(m);
	return -EINVAL;
}

uint16_t cs_tx_burst(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct cs_txq *q = queue;
	struct cs_dev *d = q->dev;
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	uint16_t done = 0;

	if (unlikely(d->dead)) { /* what is kept for later would never leave */
		q->pulled += n;
		rte_pktmbuf_free_bulk(pkts, n);
		return n;
	}
	for (unsigned round = 0; round < 2 && (round == 0 || done < n); round++) {
		uint32_t room = q->size -
			(tail - atomic_load_explicit(&q->head, memory_order_acquire));

		while (room && done < n) {
			struct rte_mbuf *m = pkts[done++];

			if (unlikely(refuse(q, m) < 0))
				continue;
			q->ring[tail++ & q->mask] = m;
			room--;
		}
		atomic_store_explicit(&q->tail, tail, memory_order_release);
		if (!cs_burst_enter(d))
			break;
		cs_tx_pump(d, false);
		cs_dev_leave(d);
	}
	return done;
}

uint16_t cs_tx_prepare(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];

		if (m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK)
			rte_errno = ENOTSUP;
		else if (m->pkt_len < RTE_ETHER_HDR_LEN || m->pkt_len > CS_MAX_FRAME)
			rte_errno = EINVAL;
		else
			continue;
		return i;
	}
	return n;
}

/* For applications that only send now and then: moves what waits without sending more. */
int cs_tx_done_cleanup(void *queue, uint32_t count)
{
	struct cs_txq *q = queue;
	const uint32_t before = atomic_load_explicit(&q->head, memory_order_acquire);

	(void)count; /* as many as the chip has sent; it sends one at a time */
	if (cs_burst_enter(q->dev)) {
		cs_tx_pump(q->dev, false);
		cs_dev_leave(q->dev);
	}
	return (int)(atomic_load_explicit(&q->head, memory_order_acquire) - before);
}
