/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipeline's entry: the poll function of a DPDK receive queue. Counts what arrived, offers it to
 * the lane where nothing asks for the stages, makes skbs of the rest and hands them to eth_input.
 */
#include <rte_ethdev.h>

#include "core/burst.h"
#include "dev/rxq.h"
#include "wire/eth.h"
#include "wire/ip4.h"

/* A checksum that the sender left to be completed, as between guests of one host. */
static void partial(struct skb *skb, const struct rte_mbuf *m)
{
	uint32_t l4 = m->packet_type & RTE_PTYPE_L4_MASK;
	uint32_t start = m->l2_len + m->l3_len;

	if (l4 == RTE_PTYPE_L4_TCP)
		skb_set_csum_partial(skb, start, 16);
	else if (l4 == RTE_PTYPE_L4_UDP)
		skb_set_csum_partial(skb, start, 6);
}

static void gso(struct skb *skb, const struct rte_mbuf *m)
{
	uint32_t headers = m->l2_len + m->l3_len + m->l4_len;

	if (!m->tso_segsz || m->pkt_len <= headers)
		return;
	skb->flags |= SKB_F_GSO;
	skb->gso_size = m->tso_segsz;
	skb->gso_segs = (m->pkt_len - headers + m->tso_segsz - 1) / m->tso_segsz;
	if ((m->packet_type & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_UDP)
		skb->gso_type = SKB_GSO_UDP_L4;
	else
		skb->gso_type = RTE_ETH_IS_IPV4_HDR(m->packet_type) ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
}

void rxq_notable(struct skb *skb, const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags;

	if ((flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		skb->ip_summed = SKB_CSUM_UNNECESSARY;
	else if ((flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		partial(skb, m);
	if (flags & RTE_MBUF_F_RX_RSS_HASH)
		skb->hash = m->hash.rss;
	if (flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		skb_set_vlan(skb, RTE_BE16(ETH_TYPE_VLAN), m->vlan_tci); /* ports do not say which TPID */
	if (flags & RTE_MBUF_F_RX_LRO)
		gso(skb, m);
}

struct skb *rxq_skb(const struct rx_queue *q, struct rte_mbuf *m)
{
	return rxq_make_skb(&q->line0, m);
}

static inline bool lane_open(const struct worker *w, const struct netdev *dev)
{
	const struct dp *dp = w->dp;

	return dp->lane && !w->tracing &&
		!atomic_load_explicit(&dp->staged, memory_order_relaxed) &&
		!atomic_load_explicit(&dev->rx_path, memory_order_relaxed) &&
		atomic_load_explicit(&dp->conf.lane, memory_order_relaxed);
}

/* Has nobody but the protocol anything to do before PRE_ROUTING, and is nothing under way to it? */
static inline bool admits(const struct worker *w, const struct netdev *dev)
{
	return w->dp->admit && !w->tracing && !w->pending[0] && !w->overflow_len &&
		!(atomic_load_explicit(&dev->rx_path, memory_order_relaxed) &
		  ~(unsigned int)NETDEV_RX_VLANS);
}

/*
 * The frames become skbs in eth_input's burst; at a poll it has room for a whole weight. `cold`: this
 * is their first touch, so they are fetched, with the places of their skbs, some frames before they
 * are used. Returns their bytes.
 */
static inline uint64_t to_eth_input(struct worker *w, const struct rx_queue *q, struct rte_mbuf **m,
	uint32_t n, bool cold)
{
	struct burst *out = &w->out[STAGE_eth_input];
	uint32_t room = RTE_MIN(n, BURST_MAX - out->n);
	struct skb **to = out->skb + out->n;
	struct line0 line0 = q->line0; /* of our own, so that it stays in registers */
	uint64_t bytes = 0;

	for (uint32_t i = 0; cold && i < n && i < RXQ_PREFETCH; i++)
		rxq_prefetch(m[i]);
	for (uint32_t i = 0; i < room; i++) {
		struct rte_mbuf *pkt = m[i];

		if (cold && i + RXQ_PREFETCH < n)
			rxq_prefetch(m[i + RXQ_PREFETCH]);
		to[i] = rxq_make_skb(&line0, pkt);
		bytes += pkt->pkt_len;
	}
	for (uint32_t i = room; i < n; i++) {
		bytes += m[i]->pkt_len;
		burst_overflow(w, STAGE_eth_input, rxq_make_skb(&line0, m[i]));
	}
	out->n += room;
	w->pending[STAGE_eth_input / 64] |= UINT64_C(1) << (STAGE_eth_input % 64);
	return bytes;
}

/* First touch of the burst: fetch the frames and where their skbs will be, sum up the lengths. */
static inline uint64_t look_at(struct rte_mbuf **m, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n && i < RXQ_PREFETCH; i++)
		rxq_prefetch(m[i]);
	for (uint32_t i = 0; i < n; i++) {
		if (i + RXQ_PREFETCH < n)
			rxq_prefetch(m[i + RXQ_PREFETCH]);
		bytes += m[i]->pkt_len;
	}
	return bytes;
}

uint32_t rxq_burst(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t budget)
{
	struct dev_stats *st = dev_stats(w, q->dev);
	uint32_t n = netdev_running(q->dev) ? rte_eth_rx_burst(q->port_id, q->queue, m, budget) : 0;

	if (n == 0)
		return 0;
	st->rx_packets += n;
	st->rx_bytes += look_at(m, n);
	w->ledger.rx += n;
	return n;
}

/* On with the burst, by the lane as far as it goes; returns its bytes. */
static inline uint64_t take(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n)
{
	uint64_t bytes = 0;
	uint32_t left = n;

	if (likely(lane_open(w, q->dev))) {
		left = w->dp->lane(w, q, m, n, &bytes);
		w->stats.lane_packets += n - left;
		w->stats.lane_left += left;
	}
	if (!bytes && admits(w, q->dev)) /* no lane, or a shut one */
		left = w->dp->admit(w, q, m, n, &bytes);
	if (!bytes)
		return to_eth_input(w, q, m, n, true);
	if (left)
		to_eth_input(w, q, m, left, false);
	return bytes;
}

void rxq_take(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n)
{
	take(w, q, m, n); /* its bytes were counted at arrival */
}

/* What was received ahead, or a burst from the port. */
static inline uint32_t receive(struct rx_queue *q, struct rte_mbuf **m, uint32_t budget)
{
	uint32_t n = RTE_MIN(q->n_ahead, budget);

	if (!n) {
		q->fetched = false;
		return rte_eth_rx_burst(q->port_id, q->queue, m, budget);
	}
	memcpy(m, q->ahead, n * sizeof(*m));
	q->n_ahead -= n;
	if (unlikely(q->n_ahead))
		memmove(q->ahead, q->ahead + n, q->n_ahead * sizeof(*m));
	return n;
}

void rxq_drop_ahead(struct rx_queue *q)
{
	rte_pktmbuf_free_bulk(q->ahead, q->n_ahead);
	q->n_ahead = 0;
}

static unsigned int rx_poll(struct worker *w, struct napi *napi, unsigned int budget)
{
	struct rx_queue *q = napi->priv;
	struct dev_stats *st = dev_stats(w, q->dev);
	struct rte_mbuf *m[BURST_MAX];
	uint32_t n;

	if (unlikely(!netdev_running(q->dev)))
		return 0;
	n = receive(q, m, budget);
	if (n == 0)
		return 0;
	/* a full burst: we are polled again before anybody sleeps */
	if (q->look_ahead && n == budget && !q->n_ahead && lane_open(w, q->dev))
		q->n_ahead = rte_eth_rx_burst(q->port_id, q->queue, q->ahead, budget);
	w->ledger.rx += n;
	st->rx_packets += n;
	st->rx_bytes += take(w, q, m, n);
	return n;
}

void rxq_init(struct rx_queue *q, struct netdev *dev, uint16_t queue)
{
	struct skb *line0 = (struct skb *)&q->line0;

	*q = (struct rx_queue){.dev = dev, .port_id = dev->port_id, .queue = queue};
	q->napi = (struct napi){.poll = rx_poll, .priv = q, .name = dev->name, .wait_fd = -1};
	line0->dev = dev;
	line0->iif = dev->index;
	line0->mac_header = SKB_HDR_UNSET;
	line0->network_header = SKB_HDR_UNSET;
	line0->transport_header = SKB_HDR_UNSET;
	line0->users = 1;
}
