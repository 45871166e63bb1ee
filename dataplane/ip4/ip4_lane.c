/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane: eth_input to netdev_tx in two loops around one bulk lookup, over raw mbufs, before any
 * skb is made. Called by dev/rx for a burst; the way out is the transmit queue. It takes a packet
 * that is unicast to us, IPv4 without options, whole, with TTL above 1 and a right checksum, between
 * addresses that may be routed, and whose next hop is a plain port with a known neighbour, not the
 * one it came by, and long enough an MTU; with a checksum left to be completed where the port does
 * that. Everything else leaves before a byte of it is changed, and
 * the stages say why; what follows it from its source to its destination leaves, too, so that no flow
 * is reordered. RFC 1812 5.2.2, 5.2.3, 5.3.1 in the same order of effects.
 */
#include "ip4/ip4_lane.h"

#include <string.h>

#include "dev/rxq.h"
#include "dev/txq.h"
#include "fib/fib.h"
#include "fib/nexthop.h"
#include "fib/rules.h"
#include "ip4/flow_filter.h"
#include "ip4/flow_hash.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lane_priv.h"
#include "ip4/ip4_lookup.h"
#include "l2/eth.h"

lane_sift_fn *ip4_lane_sift(bool wide)
{
#ifdef __x86_64__
	if (wide)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
			? lane_sift_avx512 : NULL;
#endif
	return wide ? NULL : lane_sift_scalar;
}

/* ---- order ---- */

static const uint8_t *addrs_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_HDR_LEN + 12);
}

static bool has_left(const struct flow_filter *left, const struct rte_mbuf *m)
{
	return flow_filter_has(left, addrs_of(m));
}

/* Frames were sifted out: those behind them in the same flows leave as well. */
static void keep_order(struct lane *l, struct flow_filter *left, struct rte_mbuf *const *m, uint32_t n)
{
	uint32_t kept = 0, k = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (k == l->n || l->at[k] != i) {
			flow_filter_add_frame(left, m[i]);
			continue;
		}
		if (!has_left(left, m[i])) {
			l->dst[kept] = l->dst[k];
			l->len[kept] = l->len[k];
			l->ttl[kept] = l->ttl[k];
			l->at[kept++] = i;
		}
		k++;
	}
	l->n = kept;
}

/* ---- the way out ---- */

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

static void count(struct worker *w, uint32_t n, uint64_t octets_in, uint64_t octets_out)
{
	static const uint8_t stages[] = { STAGE_eth_input, STAGE_ip4_input, STAGE_ip4_route,
		STAGE_ip4_forward, STAGE_ip4_forward_finish, STAGE_ip4_output,
		STAGE_neigh_resolve, STAGE_eth_output, STAGE_netdev_tx };

	stages_passed(w, stages, sizeof(stages), n);
	ip4_count_n(w, MIB_IpInReceives, n);
	ip4_count_n(w, MIB_IpExtInOctets, octets_in);
	ip4_count_n(w, MIB_IpForwDatagrams, n);
	ip4_count_n(w, MIB_IpExtOutOctets, octets_out);
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

/*
 * Send what can be sent; the length of what can't is 0 then. Frames received ahead are fetched here, one
 * a packet: translations of their addresses take as long as sending does.
 */
static void send_out(struct worker *w, struct rx_queue *q, struct lane *l, struct flow_filter *left,
	struct rte_mbuf **m)
{
	const struct fib_nh *const _Atomic *nhs = w->dp->nhs->nh;
	struct tx_queue *const *txq = w->dev->txq;
	uint32_t n = l->n, from = q->dev->index, ahead = q->n_ahead;
	const bool partial = l->partial;

	for (uint32_t k = 0; k < n; k++) {
		const struct fib_nh *nh = next_hop(nhs, l->id[k]);
		struct rte_mbuf *pkt = m[l->at[k]];
		uint32_t len = l->len[k];
		struct tx_queue *t;

		rte_prefetch0(next_hop(nhs, l->id[k + LANE_AHEAD]));
		if (k < ahead)
			lane_prefetch(q->ahead[k]);
		if (unlikely(!nh || !fib_nh_lane(nh)))
			nh = member(w, nh, pkt, len);
		t = likely(nh != NULL) ? txq[nh->dev_index] : NULL;
		if (unlikely(!t || len > nh->lane_max || nh->dev_index == from ||
			     (left->any && has_left(left, pkt)) ||
			     (unlikely(partial) && !completes(t, pkt)))) {
			refuse(l, left, pkt, k);
			continue;
		}
		rewrite(pkt, nh, len, l->ttl[k]);
		dev_tx_mbuf(w, t, pkt);
	}
	for (uint32_t k = n; k < ahead; k++)
		lane_prefetch(q->ahead[k]);
	q->fetched = ahead != 0;
}

/* What was not sent moves to the front in order; returns how many that is. */
static uint32_t close_up(struct lane *l, struct rte_mbuf **m, uint32_t n)
{
	uint32_t left = 0, k = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (k < l->n && l->at[k] == i && l->len[k++])
			continue;
		l->bytes -= m[i]->pkt_len;
		m[left++] = m[i];
	}
	return left;
}

uint32_t ip4_lane(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes)
{
	struct flow_filter left = {.any = false};
	struct lane l;
	uint32_t stay = 0;

	l.fib = ip4_merged_table(w->dp);
	if (unlikely(!l.fib ||
		     !atomic_load_explicit(&w->dp->conf.ip_forward, memory_order_relaxed)))
		return n;
	l.n = 0;
	l.bytes = l.octets = 0;
	l.partial = false;
	l.fetched = q->fetched;
	l.dp = w->dp;
	l.mac = atomic_load_explicit(&q->dev->addr, memory_order_relaxed) & ETH_ADDR_MASK;
	l.locals = atomic_load_explicit(&w->dp->rules->locals, memory_order_acquire);
	w->ip4->lane_sift(&l, m, 0, n);
	*bytes = l.bytes;
	if (unlikely(!l.n))
		return n;
	if (unlikely(l.n < n))
		keep_order(&l, &left, m, n);
	fib_lookup_bulk(l.fib, l.dst, l.id, l.n);
	memset(l.id + l.n, 0, LANE_AHEAD * sizeof(l.id[0]));
	for (uint32_t k = 0; k < l.n; k++)
		l.octets += l.len[k];
	send_out(w, q, &l, &left, m);
	if (unlikely(left.any))
		stay = close_up(&l, m, n);
	if (likely(stay < n))
		count(w, n - stay, l.bytes - (uint64_t)(n - stay) * ETH_HDR_LEN, l.octets);
	return stay;
}
