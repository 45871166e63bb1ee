/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port's receive queue, polled by one worker. `line0` is what the first line of every received
 * skb starts as.
 */
#pragma once

#include <string.h>

#include <rte_prefetch.h>

#include "core/napi.h"
#include "dev/netdev.h"

struct spread;

struct line0 {
	uint8_t byte[offsetof(struct skb, cb)];
} __attribute__((aligned(64)));

struct rx_queue {
	struct napi napi;
	struct netdev *dev;
	struct spread *spread; /* spread.h; NULL: its flows stay with the worker that polls it */
	uint16_t port_id, queue;
	struct line0 line0;
	/*
	 * While bursts are full the next one is received before this one is on its way, so that its
	 * frames can be fetched meanwhile. Only where the driver does not touch them itself.
	 */
	bool look_ahead;
	bool fetched;                      /* the burst at hand was, by the one before */
	uint16_t n_ahead;
	struct rte_mbuf *ahead[BURST_MAX]; /* not yet counted as received */
};

/* Fill napi and line0; the caller sets wait_fd, arm, and another poll where the queue is spread. */
void rxq_init(struct rx_queue *q, struct netdev *dev, uint16_t queue);

/* Frames from the port, counted as received; 0 where the interface is down. */
uint32_t rxq_burst(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t budget);
/* Give back what was received ahead: the queue goes. */
void rxq_drop_ahead(struct rx_queue *q);
/* On to the lane and the stages with frames that are this worker's. */
void rxq_take(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n);

/* The skb of a frame from this queue: first line from the template, then what the mbuf's flags say. */
struct skb *rxq_skb(const struct rx_queue *q, struct rte_mbuf *m);

/* mbuf flags that the skb has to know of, and what they say. */
#define RXQ_NOTABLE (RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_RSS_HASH | \
	RTE_MBUF_F_RX_VLAN_STRIPPED)
void rxq_notable(struct skb *skb, const struct rte_mbuf *m);

/* rxq_skb for loops, which have the template in registers. */
static inline struct skb *rxq_make_skb(const struct line0 *line0, struct rte_mbuf *m)
{
	struct skb *skb = skb_of(m);

	memcpy(skb, line0, sizeof(*line0));
	if (unlikely(m->ol_flags & RXQ_NOTABLE))
		rxq_notable(skb, m);
	return skb;
}

/* Fetch a frame and the place of its skb, so many frames before their first use. */
#define RXQ_PREFETCH 8
static inline void rxq_prefetch(struct rte_mbuf *m)
{
	rte_prefetch0(m);
	rte_prefetch0_write(skb_of(m));
	rte_prefetch0((const uint8_t *)m + SKB_RX_DATA_AT);
}
