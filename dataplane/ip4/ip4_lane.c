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
#include "fib/fib.h"
#include "fib/rules.h"
#include "ip4/flow_filter.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lane_priv.h"
#include "ip4/ip4_lookup.h"

const struct lane_form *ip4_lane_form(bool wide)
{
	static const struct lane_form one_by_one = {lane_sift_scalar, lane_send_scalar};
#ifdef __x86_64__
	static const struct lane_form by_16 = {lane_sift_avx512, lane_send_avx512};

	if (wide)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
			? &by_16 : NULL;
#endif
	return wide ? NULL : &one_by_one;
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
		if (!flow_filter_has_plain(left, m[i])) {
			l->dst[kept] = l->dst[k];
			l->len[kept] = l->len[k];
			l->ttl[kept] = l->ttl[k];
			l->at[kept++] = i;
		}
		k++;
	}
	l->n = kept;
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

/* Frames ahead for which this burst was too short. */
static void fetch_rest(struct rx_queue *q, struct lane *l)
{
	while (unlikely(l->n_ahead))
		lane_prefetch_next(l);
	q->fetched = q->n_ahead != 0;
}

uint32_t ip4_lane(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes)
{
	const struct lane_form *form = w->ip4->lane_form;
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
	l.ahead = q->ahead;
	l.n_ahead = q->n_ahead;
	l.dev_index = q->dev->index;
	l.dp = w->dp;
	l.mac = atomic_load_explicit(&q->dev->addr, memory_order_relaxed) & ETH_ADDR_MASK;
	l.locals = atomic_load_explicit(&w->dp->rules->locals, memory_order_acquire);
	form->sift(&l, m, 0, n);
	*bytes = l.bytes;
	if (unlikely(!l.n)) {
		fetch_rest(q, &l);
		return n;
	}
	if (unlikely(l.n < n))
		keep_order(&l, &left, m, n);
	fib_lookup_bulk(l.fib, l.dst, l.id, l.n);
	memset(l.id + l.n, 0, LANE_AHEAD * sizeof(l.id[0]));
	for (uint32_t k = 0; k < l.n; k++)
		l.octets += l.len[k];
	form->send(w, &l, &left, m, 0, l.n);
	fetch_rest(q, &l);
	if (unlikely(left.any))
		stay = close_up(&l, m, n);
	if (likely(stay < n))
		count(w, n - stay, l.bytes - (uint64_t)(n - stay) * ETH_HDR_LEN, l.octets);
	return stay;
}
