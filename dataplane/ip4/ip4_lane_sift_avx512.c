/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's input ladder, 16 frames at a time, with AVX-512; compiled with its own machine flags and
 * taken by ip4_lane where the CPU has them. Frames are loaded 16 bytes at a time into four vectors
 * of four frames each; what is the same for every good frame (flags, link header, version) is
 * compared there, the rest is turned round so that a vector holds one header word of 16 frames.
 *
 * Vector i holds frames i, i + 4, i + 8, i + 12, so that a word's vector comes out in frame order.
 */
#include <immintrin.h>

#include "fib/fib.h"
#include "fib/locals.h"
#include "ip4/ip4_lane_priv.h"

#define ROUND 16u
#define QUADS 4u /* vectors of four frames */

static_assert((ROUND - 1) / (ROUND / LANE_SIFT_AHEAD + 1) == LANE_SIFT_AHEAD - 1,
	"that many strides in a round");
static_assert(offsetof(struct rte_mbuf, refcnt) == 18 && offsetof(struct rte_mbuf, nb_segs) == 20 &&
	offsetof(struct rte_mbuf, ol_flags) == 24, "16 bytes of an mbuf");
static_assert(offsetof(struct rte_mbuf, pkt_len) == 36 && offsetof(struct rte_mbuf, data_len) == 40,
	"the 16 bytes behind them");

/* Read in place of a frame too short for its headers, which is refused by its length. */
static const uint8_t nothing[64];

/* Where the headers of a round's frames are. */
struct round {
	struct rte_mbuf *const *m;
	const uint8_t *p[ROUND];
};

static inline __m128i load16(const void *p)
{
	return _mm_loadu_si128(p);
}

#define QUAD(expr0, expr1, expr2, expr3) \
	_mm512_inserti32x4(_mm512_inserti32x4(_mm512_inserti32x4(_mm512_castsi128_si512( \
		load16(expr0)), load16(expr1), 1), load16(expr2), 2), load16(expr3), 3)

static inline __m512i mbufs(const struct round *r, uint32_t i, uint32_t offset)
{
	return QUAD((const uint8_t *)r->m[i] + offset, (const uint8_t *)r->m[i + 4] + offset,
		(const uint8_t *)r->m[i + 8] + offset, (const uint8_t *)r->m[i + 12] + offset);
}

static inline __m512i frames(const struct round *r, uint32_t i, uint32_t offset)
{
	return QUAD(r->p[i] + offset, r->p[i + 4] + offset, r->p[i + 8] + offset,
		r->p[i + 12] + offset);
}

/* Words 0..3 of 16 frames, a vector each. */
static inline void turn(const __m512i v[QUADS], __m512i word[4])
{
	__m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpacklo_epi32(v[2], v[3]);
	__m512i c = _mm512_unpackhi_epi32(v[0], v[1]), d = _mm512_unpackhi_epi32(v[2], v[3]);

	word[0] = _mm512_unpacklo_epi64(a, b);
	word[1] = _mm512_unpackhi_epi64(a, b);
	word[2] = _mm512_unpacklo_epi64(c, d);
	word[3] = _mm512_unpackhi_epi64(c, d);
}

/* Of a mask of words with a frame's four side by side: frames with any, at their place in the round. */
static inline uint32_t any_word(__mmask16 words, uint32_t i)
{
	uint32_t m = words;

	m |= m >> 1;
	m |= m >> 2;
	return (m & 0x1111) << i;
}

/* Frames of vector i that differ from `like` in a bit of `mask`. */
static inline __mmask16 differ(__m512i v, __m512i like, __m512i mask)
{
	/* (v ^ like) & mask */
	return _mm512_test_epi32_mask(_mm512_xor_si512(v, like), mask);
}

/* Frames that are not in one plain buffer of their own; *partial: a checksum is to be completed. */
static inline uint32_t not_plain(const struct round *r, bool *partial)
{
	const uint64_t flags = LANE_NOT_PLAIN;
	const __m512i like = _mm512_broadcast_i32x4(_mm_setr_epi32(1 << 16, 1, 0, 0));
	const __m512i mask = _mm512_broadcast_i32x4(_mm_setr_epi32((int)0xffff0000, 0xffff,
		(int)(uint32_t)flags, (int)(uint32_t)(flags >> 32)));
	/* bad bit 3 moved onto good bit 8: both set, the checksum is partial */
	const __m512i both = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 1 << 8, 0));
	__mmask16 bad[QUADS];
	uint32_t all = 0, sums = 0;

	static_assert(LANE_CSUM_PARTIAL == (1 << 8 | 1 << 3), "bits of a partial checksum");
#pragma GCC unroll 4
	for (uint32_t i = 0; i < QUADS; i++) {
		__m512i v = mbufs(r, i, 16);

		bad[i] = differ(v, like, mask);
		sums |= _mm512_test_epi32_mask(_mm512_and_si512(v, _mm512_slli_epi32(v, 5)), both);
		all |= bad[i];
	}
	*partial |= sums != 0;
	if (likely(!all))
		return 0;
	for (uint32_t i = 0; i < QUADS; i++)
		all = i ? all | any_word(bad[i], i) : any_word(bad[0], 0);
	return all;
}

/* Frames that are not to `mac`, from a group, or not IPv4 with 20 bytes of header. */
static inline uint32_t not_ours(const struct round *r, uint64_t mac)
{
	const __m512i like = _mm512_broadcast_i32x4(_mm_setr_epi32((int)(uint32_t)mac,
		(int)(uint32_t)(mac >> 32), 0, 0x00450008));
	const __m512i mask = _mm512_broadcast_i32x4(_mm_setr_epi32(-1, 0x1ffff, 0, 0xffffff));
	__mmask16 bad[QUADS];
	uint32_t all = 0;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < QUADS; i++) {
		bad[i] = differ(frames(r, i, 0), like, mask);
		all |= bad[i];
	}
	if (likely(!all))
		return 0;
	for (uint32_t i = 0; i < QUADS; i++)
		all = i ? all | any_word(bad[i], i) : any_word(bad[0], 0);
	return all;
}

/* The last word of 16 bytes at `offset`. */
static inline __m512i fourth_word(const struct round *r, uint32_t offset)
{
	return _mm512_unpackhi_epi64(
		_mm512_unpackhi_epi32(frames(r, 0, offset), frames(r, 1, offset)),
		_mm512_unpackhi_epi32(frames(r, 2, offset), frames(r, 3, offset)));
}

/* The halves of five header words added up; no more than ten times 0xffff. */
static inline __m512i header_sum(const __m512i w[4], __m512i dst)
{
	const __m512i low = _mm512_set1_epi32(0xffff);
	__m512i sum = _mm512_add_epi32(_mm512_and_si512(dst, low), _mm512_srli_epi32(dst, 16));

#pragma GCC unroll 4
	for (uint32_t i = 0; i < 4; i++)
		sum = _mm512_add_epi32(sum, _mm512_add_epi32(_mm512_and_si512(w[i], low),
			_mm512_srli_epi32(w[i], 16)));
	return _mm512_add_epi32(_mm512_and_si512(sum, low), _mm512_srli_epi32(sum, 16));
}

/* ip4_next_ttl of 16 frames. */
static inline __m512i next_ttl(__m512i word)
{
	const __m512i one = _mm512_set1_epi32(1);
	__m512i sum = _mm512_add_epi32(_mm512_srli_epi32(word, 16), one);

	sum = _mm512_mask_add_epi32(sum, _mm512_cmpge_epu32_mask(sum, _mm512_set1_epi32(0xffff)),
		sum, one);
	return _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_sub_epi32(word, one),
		_mm512_slli_epi32(sum, 16));
}

/* First octets 1..126 and 128..223 of addresses in host order. */
static inline __mmask16 routable(__m512i addr)
{
	const __m512i octet = _mm512_set1_epi32((int)0xff000000);
	__mmask16 ok = _mm512_cmplt_epu32_mask(_mm512_sub_epi32(addr, _mm512_set1_epi32(1 << 24)),
		_mm512_set1_epi32((int)(223u << 24)));

	return _mm512_mask_cmpneq_epi32_mask(ok, _mm512_and_si512(addr, octet),
		_mm512_set1_epi32(127 << 24));
}

/* Sources that may be our own: as fib_maybe_local, then the FIB about those. */
static inline uint32_t from_us(const struct lane *l, __m512i src, uint32_t ok)
{
	uint32_t maybe = ok, us = 0, addr[ROUND];

	if (likely(l->locals != NULL)) {
		__m512i h = _mm512_srli_epi32(_mm512_mullo_epi32(src,
			_mm512_set1_epi32((int)0x9E3779B1)), 32 - FIB_LOCALS_BITS);
		__m512i bits = _mm512_i32gather_epi32(_mm512_srli_epi32(h, 5), l->locals->bit, 4);

		maybe &= _mm512_test_epi32_mask(_mm512_srlv_epi32(bits,
			_mm512_and_si512(h, _mm512_set1_epi32(31))), _mm512_set1_epi32(1));
	}
	if (likely(!maybe))
		return 0;
	_mm512_storeu_si512(addr, src);
	for (; maybe; maybe &= maybe - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(maybe);

		us |= (uint32_t)lane_is_local(l, addr[i]) << i;
	}
	return us;
}

/* The lookup comes when all frames are sifted: its first step is a cache miss for most. */
static inline void fetch_routes(const struct fib *fib, __m512i dst)
{
	uint32_t addr[ROUND] __attribute__((aligned(64)));

	_mm512_store_si512(addr, dst);
#pragma GCC unroll 16
	for (uint32_t i = 0; i < ROUND; i++)
		fib_prefetch(fib, addr[i]);
}

/*
 * Pointers to the frames; lengths of the buffers; the round's bytes. Frames are fetched on the way, one
 * each `stride`th time, since many misses at once hold up all that is behind them; NULL: none.
 */
static __rte_always_inline __m512i locate(struct round *r, struct rte_mbuf *const *fetch,
	uint32_t stride, uint64_t *bytes)
{
	__m512i v[QUADS], word[4];

#pragma GCC unroll 16
	for (uint32_t i = 0; i < ROUND; i++) {
		const struct rte_mbuf *m = r->m[i];

		if (fetch && i % stride == 0)
			lane_prefetch(fetch[i / stride]);
		r->p[i] = m->data_len >= LANE_HEADERS ? rte_pktmbuf_mtod(m, const uint8_t *) : nothing;
	}
#pragma GCC unroll 4
	for (uint32_t i = 0; i < QUADS; i++)
		v[i] = mbufs(r, i, 32);
	turn(v, word);
	*bytes += (uint64_t)_mm512_reduce_add_epi32(word[1]); /* 16 frames: 32 bits hold it */
	return _mm512_and_si512(word[2], _mm512_set1_epi32(0xffff));
}

static __rte_always_inline void sift16(struct lane *l, struct rte_mbuf *const *m, uint32_t from,
	struct rte_mbuf *const *fetch, uint32_t stride)
{
	const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9,
		8, 15, 14, 13, 12));
	struct round r = {.m = m + from};
	__m512i v[QUADS], w[4], room = locate(&r, fetch, stride, &l->bytes), dst, src, len, ttl;
	__m512i at = _mm512_add_epi32(_mm512_set1_epi32((int)from),
		_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
	uint32_t ok;

#pragma GCC unroll 4
	for (uint32_t i = 0; i < QUADS; i++)
		v[i] = frames(&r, i, 14);
	turn(v, w);
	dst = fourth_word(&r, 18);
	/* no fragment; TTL */
	ok = _mm512_testn_epi32_mask(w[1], _mm512_set1_epi32((int)0xff3f0000));
	ok = _mm512_mask_cmpgt_epu32_mask((__mmask16)ok, _mm512_and_si512(w[2],
		_mm512_set1_epi32(0xff)), _mm512_set1_epi32(1));
	ok = _mm512_mask_cmpeq_epi32_mask((__mmask16)ok, header_sum(w, dst),
		_mm512_set1_epi32(0xffff));
	len = _mm512_and_si512(_mm512_shuffle_epi8(w[0], swap), _mm512_set1_epi32(0xffff));
	ok = _mm512_mask_cmpge_epu32_mask((__mmask16)ok, len, _mm512_set1_epi32(IP4_HDR_LEN));
	ok = _mm512_mask_cmple_epu32_mask((__mmask16)ok, _mm512_add_epi32(len,
		_mm512_set1_epi32(ETH_HDR_LEN)), room);
	src = _mm512_shuffle_epi8(w[3], swap);
	dst = _mm512_shuffle_epi8(dst, swap);
	fetch_routes(l->fib, dst);
	ttl = next_ttl(w[2]);
	ok &= routable(src) & routable(dst) & ~(not_plain(&r, &l->partial) | not_ours(&r, l->mac));
	ok &= ~from_us(l, src, ok);
	if (unlikely(ok != 0xffff)) {
		dst = _mm512_maskz_compress_epi32((__mmask16)ok, dst);
		len = _mm512_maskz_compress_epi32((__mmask16)ok, len);
		ttl = _mm512_maskz_compress_epi32((__mmask16)ok, ttl);
		at = _mm512_maskz_compress_epi32((__mmask16)ok, at);
	}
	/* 16 entries are free: n is at most `from` */
	_mm512_storeu_si512(l->dst + l->n, dst);
	_mm512_storeu_si512(l->len + l->n, len);
	_mm512_storeu_si512(l->ttl + l->n, ttl);
	_mm512_storeu_si512(l->at + l->n, at);
	l->n += (uint32_t)__builtin_popcount(ok);
}

/* The frames are here; some of those received ahead are fetched instead. */
static inline void sift16_fetched(struct lane *l, struct rte_mbuf *const *m, uint32_t from)
{
	const bool ahead = l->n_ahead >= LANE_SIFT_AHEAD;

	sift16(l, m, from, ahead ? l->ahead : NULL, ROUND / LANE_SIFT_AHEAD + 1);
	l->ahead += ahead ? LANE_SIFT_AHEAD : 0;
	l->n_ahead -= ahead ? LANE_SIFT_AHEAD : 0;
}

void lane_sift_avx512(struct lane *l, struct rte_mbuf *const *m, uint32_t from, uint32_t to)
{
	if (to - from >= ROUND && !l->fetched)
#pragma GCC unroll 1
		for (uint32_t i = from; i < from + ROUND; i++)
			lane_prefetch(m[i]);
	for (; l->fetched && to - from >= ROUND; from += ROUND)
		sift16_fetched(l, m, from);
	for (; to - from >= ROUND; from += ROUND)
		sift16(l, m, from, m + (to - from >= 2 * ROUND ? from + ROUND : to - ROUND), 1);
	if (to > from)
		lane_sift_scalar(l, m, from, to);
}
