/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's way out, 16 packets at a time, with AVX-512; compiled with its own machine flags and
 * taken by ip4_lane where the CPU has them. What is asked of a next hop is asked of 16 at once, and
 * their pointers go to the transmit queues a port at a time. A round with anything but plain packets to
 * few ports goes one by one.
 */
#include <immintrin.h>
#include <string.h>

#include "dev/txq.h"
#include "fib/nexthop.h"
#include "ip4/flow_filter.h"
#include "ip4/ip4_lane_priv.h"
#include "l2/eth.h"

#define ROUND 16u
#define PORTS 4u /* the most in a round */
#define FETCH (ROUND - LANE_SIFT_AHEAD) /* of the frames ahead, each round */

static_assert(offsetof(struct fib_nh, flags) == 1 && offsetof(struct fib_nh, dev_index) == 12 &&
	offsetof(struct fib_nh, lane_max) == 14, "words 0 and 3 of a next hop");
static_assert(offsetof(struct rte_mbuf, data_len) == offsetof(struct rte_mbuf, pkt_len) + 4 &&
	offsetof(struct rte_mbuf, vlan_tci) == offsetof(struct rte_mbuf, pkt_len) + 6,
	"lengths in one word; the tag, which plain frames have not, behind them");

/* What the entries' next hops say. */
struct answers {
	const struct fib_nh *nh[BURST_MAX];
	uint32_t port[BURST_MAX] __attribute__((aligned(64)));
	uint16_t good[BURST_MAX / ROUND]; /* a bit an entry: the lane may send it there */
};

/* The ports of a round, each with the entries for it. */
struct spread_out {
	uint32_t n;
	struct tx_queue *t[PORTS];
	__mmask16 to[PORTS];
};

static inline __m128i head(const struct fib_nh *nh)
{
	return _mm_load_si128((const __m128i *)nh);
}

/* Heads of next hops i, i + 4, i + 8, i + 12: transposed, words come out in the order of entries. */
static inline __m512i heads(const struct fib_nh *const *nh, uint32_t i)
{
	__m512i v = _mm512_castsi128_si512(head(nh[i]));

	v = _mm512_inserti32x4(v, head(nh[i + 4]), 1);
	v = _mm512_inserti32x4(v, head(nh[i + 8]), 2);
	return _mm512_inserti32x4(v, head(nh[i + 12]), 3);
}

/* Entries k and on, as the first questions of lane_send_scalar. */
static inline void ask(struct answers *a, const struct worker *w, const struct lane *l, uint32_t k)
{
	static const struct fib_nh none;
	const struct fib_nh *const _Atomic *nhs = w->dp->nhs->nh;
	const struct fib_nh **nh = a->nh + k;
	const uint32_t lane = (FIB_NH_LANE | FIB_NH_HH) << 8, dead = FIB_NH_DEAD << 8;
	__m512i v[4], first, last, port;
	__mmask16 good;

#pragma GCC unroll 16
	for (uint32_t i = 0; i < ROUND; i++) {
		nh[i] = atomic_load_explicit(&nhs[l->id[k + i]], memory_order_acquire);
		nh[i] = nh[i] ? nh[i] : &none;
	}
#pragma GCC unroll 4
	for (uint32_t i = 0; i < 4; i++)
		v[i] = heads(nh, i);
	first = _mm512_unpacklo_epi64(_mm512_unpacklo_epi32(v[0], v[1]),
		_mm512_unpacklo_epi32(v[2], v[3]));
	last = _mm512_unpackhi_epi64(_mm512_unpackhi_epi32(v[0], v[1]),
		_mm512_unpackhi_epi32(v[2], v[3]));
	port = _mm512_and_si512(last, _mm512_set1_epi32(0xffff));
	good = _mm512_cmpeq_epi32_mask(_mm512_and_si512(first, _mm512_set1_epi32((int)(lane | dead))),
		_mm512_set1_epi32((int)lane));
	good = _mm512_mask_cmple_epu32_mask(good, _mm512_loadu_si512(l->len + k),
		_mm512_srli_epi32(last, 16));
	a->good[k / ROUND] = _mm512_mask_cmpneq_epi32_mask(good, port,
		_mm512_set1_epi32((int)l->dev_index));
	_mm512_store_si512(a->port + k, port);
}

/* False: more ports than fit, or one is down. */
static inline bool by_port(struct spread_out *s, const struct worker *w, const uint32_t port[ROUND])
{
	const __m512i ports = _mm512_load_si512(port);

	s->n = 0;
	for (uint32_t rest = 0xffff; rest; rest &= ~(uint32_t)s->to[s->n++]) {
		uint32_t p = port[__builtin_ctz(rest)];

		if (unlikely(s->n == PORTS || !w->dev->txq[p]))
			return false;
		s->t[s->n] = w->dev->txq[p];
		s->to[s->n] = _mm512_cmpeq_epi32_mask(ports, _mm512_set1_epi32((int)p));
	}
	return true;
}

/* As rewrite() of ip4_lane_send.c. Frames ahead are fetched on the way; NULL: none. */
static inline void rewrite16(struct rte_mbuf *const *pkt, const struct fib_nh *const *nh,
	const uint32_t *ttl, __m512i len, struct rte_mbuf *const *ahead)
{
	__m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(len));
	__m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(len, 1));
	uint64_t lens[ROUND] __attribute__((aligned(64))); /* pkt_len, data_len, no tag */

	_mm512_store_si512(lens, _mm512_or_si512(low, _mm512_slli_epi64(low, 32)));
	_mm512_store_si512(lens + 8, _mm512_or_si512(high, _mm512_slli_epi64(high, 32)));
#pragma GCC unroll 16
	for (uint32_t i = 0; i < ROUND; i++) {
		uint8_t *p = rte_pktmbuf_mtod(pkt[i], uint8_t *);

		if (ahead && i >= LANE_SIFT_AHEAD)
			lane_prefetch(ahead[i - LANE_SIFT_AHEAD]);
		eth_put_hh(p, nh[i]->hh);
		memcpy(p + ETH_HDR_LEN + offsetof(struct ip4_hdr, ttl), &ttl[i], sizeof(ttl[i]));
		memcpy((uint8_t *)pkt[i] + offsetof(struct rte_mbuf, pkt_len), &lens[i],
			sizeof(lens[i]));
	}
}

/* Entries `to` of a round to their queue, in order. */
static inline void enqueue(struct worker *w, struct tx_queue *t, struct rte_mbuf *const *pkt,
	__mmask16 to, __m512i len)
{
	uint32_t n = (uint32_t)__builtin_popcount(to), first = (uint32_t)__builtin_popcount(to & 0xff);
	struct rte_mbuf **room = dev_tx_room(t, n);

	if (unlikely(!room)) {
		for (uint32_t rest = to; rest; rest &= rest - 1)
			dev_tx_mbuf(w, t, pkt[__builtin_ctz(rest)]);
		return;
	}
	_mm512_mask_storeu_epi64(room, (__mmask8)((1u << first) - 1),
		_mm512_maskz_compress_epi64((__mmask8)to, _mm512_loadu_si512(pkt)));
	_mm512_mask_storeu_epi64(room + first, (__mmask8)((1u << (n - first)) - 1),
		_mm512_maskz_compress_epi64((__mmask8)(to >> 8), _mm512_loadu_si512(pkt + 8)));
	dev_tx_mbufs(w, t, n, (uint32_t)_mm512_mask_reduce_add_epi32(to, len));
}

/* Entries k and on, if all are plain and stand side by side in the burst. */
static inline bool send16(struct worker *w, struct lane *l, const struct answers *a,
	struct rte_mbuf **m, uint32_t k)
{
	const __m512i len = _mm512_add_epi32(_mm512_loadu_si512(l->len + k),
		_mm512_set1_epi32(ETH_HDR_LEN));
	struct rte_mbuf *const *pkt = m + l->at[k];
	struct spread_out s;

	if (unlikely(a->good[k / ROUND] != 0xffff || l->at[k + ROUND - 1] != l->at[k] + ROUND - 1 ||
		     !by_port(&s, w, a->port + k)))
		return false;
	if (l->n_ahead >= FETCH) {
		rewrite16(pkt, a->nh + k, l->ttl + k, len, l->ahead);
		l->ahead += FETCH;
		l->n_ahead -= FETCH;
	} else {
		rewrite16(pkt, a->nh + k, l->ttl + k, len, NULL);
	}
	for (uint32_t i = 0; i < s.n; i++)
		enqueue(w, s.t[i], pkt, s.to[i], len);
	return true;
}

void lane_send_avx512(struct worker *w, struct lane *l, struct flow_filter *left, struct rte_mbuf **m,
	uint32_t from, uint32_t to)
{
	struct answers a;
	uint32_t k;

	for (k = from; to - k >= ROUND; k += ROUND)
		ask(&a, w, l, k);
	for (k = from; to - k >= ROUND; k += ROUND)
		if (unlikely(left->any || l->partial || !send16(w, l, &a, m, k)))
			lane_send_scalar(w, l, left, m, k, k + ROUND);
	lane_send_scalar(w, l, left, m, k, to);
}
