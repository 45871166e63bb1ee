/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's way out, a packet at a time: next hop, link header, TTL, the transmit queue. Called by
 * ip4_lane, and by the wide form for rounds with anything but plain packets in them.
 */
#include <string.h>

#include "dev/txq.h"
#include "fib/nexthop.h"
#include "ip4/flow_filter.h"
#include "ip4/flow_hash.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lane_priv.h"
#include "ip4/ip4_lookup.h"
#include "l2/eth.h"

/* As skb_flow_hash: the port's where it has one. */
static uint32_t flow_hash(const struct rte_mbuf *m, const struct ip4_hdr *ip, uint32_t tot_len)
{
	if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH && m->hash.rss)
		return m->hash.rss;
	return ip4_flow_hash(ip, tot_len);
}

/* The living member of a group, where the lane may use it. */
static const struct fib_nh *member(const struct worker *w, const struct fib_nh *nh,
	const struct rte_mbuf *m, uint32_t len)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *) + ETH_HDR_LEN;

	if (!nh || nh->type != FIB_GROUP)
		return NULL;
	nh = ip4_group_member(w->dp, nh, flow_hash(m, (const struct ip4_hdr *)p, len));
	return nh && fib_nh_lane(nh) ? nh : NULL;
}

/*
 * A checksum left to be completed is so by the port, where it can and its parser sees the same headers;
 * else the stages do it.
 */
static bool completes(struct tx_queue *t, struct rte_mbuf *m)
{
	const struct ip4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct ip4_hdr *, ETH_HDR_LEN);
	uint32_t l4 = m->packet_type & RTE_PTYPE_L4_MASK;
	bool tcp = l4 == RTE_PTYPE_L4_TCP && ip->protocol == IP4_PROTO_TCP;
	bool udp = l4 == RTE_PTYPE_L4_UDP && ip->protocol == IP4_PROTO_UDP;

	if (!lane_csum_partial(m))
		return true;
	if (!t->dev->contract->l4_csum || (!tcp && !udp) || m->l2_len + m->l3_len != LANE_HEADERS)
		return false;
	txq_ask_csum(m, tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM, ETH_HDR_LEN,
		IP4_HDR_LEN);
	t->offload = true;
	return true;
}

/* Link header, TTL, checksum; the padding of the link goes. */
static inline void rewrite(struct rte_mbuf *m, const struct fib_nh *nh, uint32_t len, uint32_t ttl)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	eth_put_hh(p, nh->hh);
	memcpy(p + ETH_HDR_LEN + offsetof(struct ip4_hdr, ttl), &ttl, sizeof(ttl));
	m->data_len = (uint16_t)(len + ETH_HDR_LEN);
	m->pkt_len = len + ETH_HDR_LEN;
}

/* Entry k, which the next hop refuses. */
static void refuse(struct lane *l, struct flow_filter *left, const struct rte_mbuf *m, uint32_t k)
{
	flow_filter_add_frame(left, m);
	l->octets -= l->len[k];
	l->len[k] = 0;
}

static inline const struct fib_nh *next_hop(const struct fib_nh *const _Atomic *table, uint32_t id)
{
	return atomic_load_explicit(&table[id], memory_order_acquire);
}

void lane_send_scalar(struct worker *w, struct lane *l, struct flow_filter *left, struct rte_mbuf **m,
	uint32_t from, uint32_t to)
{
	const struct fib_nh *const _Atomic *nhs = w->dp->nhs->nh;
	struct tx_queue *const *txq = w->dev->txq;
	const bool partial = l->partial;

	for (uint32_t k = from; k < to; k++) {
		const struct fib_nh *nh = next_hop(nhs, l->id[k]);
		struct rte_mbuf *pkt = m[l->at[k]];
		uint32_t len = l->len[k];
		struct tx_queue *t;

		rte_prefetch0(next_hop(nhs, l->id[k + LANE_AHEAD]));
		if (l->n_ahead)
			lane_prefetch_next(l);
		if (unlikely(!nh || !fib_nh_lane(nh)))
			nh = member(w, nh, pkt, len);
		t = likely(nh != NULL) ? txq[nh->dev_index] : NULL;
		if (unlikely(!t || len > nh->lane_max || nh->dev_index == l->dev_index ||
			     (left->any && flow_filter_has_plain(left, pkt)) ||
			     (unlikely(partial) && !completes(t, pkt)))) {
			refuse(l, left, pkt, k);
			continue;
		}
		rewrite(pkt, nh, len, l->ttl[k]);
		dev_tx_mbuf(w, t, pkt);
	}
}
