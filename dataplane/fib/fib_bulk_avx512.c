/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk lookup with AVX-512, chosen by fib.c; compiled with its own machine flags. 64 addresses a
 * round: four gathers of the direct table, then four of the blocks, then the answers. All gathers
 * come before any store, since a store that waits for its data holds up the loads behind it here
 * (16 a round with a store each took twice as long). Lanes without a block gather the first slot.
 *
 * A 32-bit element of a gather is one aligned load, so each slot is seen whole, as by fib_lookup.
 */
#include <immintrin.h>
#include "fib/fib_priv.h"

#define LANES	16u
#define VECTORS	4u

/* One level down where e leads to a block; bits has the four address bits of that level lowest. */
static inline __m512i step(const uint32_t *base, __m512i e, __m512i bits)
{
	const __m512i one = _mm512_set1_epi32(1);
	__mmask16 block = _mm512_movepi32_mask(e);
	__m512i small = _mm512_andnot_si512(e, one);	/* 1 where slots have 16 bits */
	__m512i slot = _mm512_and_si512(bits, _mm512_set1_epi32(FIB_SLOT_MASK));
	__m512i half = _mm512_slli_epi32(_mm512_and_si512(slot, small), 4);
	/* (e & FIB_OFFSET) | word: blocks are aligned to their size. */
	__m512i at = _mm512_maskz_ternarylogic_epi32(block, e, _mm512_set1_epi32(FIB_OFFSET),
		_mm512_srlv_epi32(slot, small), 0xea);
	__m512i v = _mm512_srlv_epi32(_mm512_i32gather_epi32(at, base, sizeof(uint32_t)), half);

	e = _mm512_mask_mov_epi32(e, block, v);
	return _mm512_mask_and_epi32(e, _mm512_mask_test_epi32_mask(block, small, one), v,
		_mm512_set1_epi32(0xffff));
}

/* Addresses of a round and the slots of the direct table they choose. */
struct round {
	__m512i a[VECTORS], e[VECTORS];
};

static inline __attribute__((always_inline)) void round_start(struct round *r,
	const uint32_t *base, const uint32_t *addr, const unsigned int vectors, __mmask16 lanes)
{
#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++) {
		r->a[i] = _mm512_maskz_loadu_epi32(lanes, addr + i * LANES);
		r->e[i] = _mm512_i32gather_epi32(_mm512_srli_epi32(r->a[i], FIB_TOP_SHIFT), base,
			sizeof(uint32_t));
	}
}

static inline __attribute__((always_inline)) void round_finish(struct round *r,
	const uint32_t *base, uint32_t *nh, const unsigned int vectors, __mmask16 lanes)
{
	__m512i deeper = _mm512_setzero_si512();

#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++) {
		r->e[i] = step(base, r->e[i], _mm512_srli_epi32(r->a[i], 8));
		deeper = _mm512_or_si512(deeper, r->e[i]);
	}
	if (__builtin_expect(_mm512_movepi32_mask(deeper), 0)) {
#pragma GCC unroll 4
		for (unsigned int i = 0; i < vectors; i++)
			r->e[i] = step(base, r->e[i], _mm512_srli_epi32(r->a[i], 4));
#pragma GCC unroll 4
		for (unsigned int i = 0; i < vectors; i++)
			r->e[i] = step(base, r->e[i], r->a[i]);
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++)
		_mm512_mask_storeu_epi32(nh + i * LANES, lanes, r->e[i]);
}

static inline void round_of(const uint32_t *base, const uint32_t *addr, uint32_t *nh,
	const unsigned int vectors, __mmask16 lanes)
{
	struct round r;

	round_start(&r, base, addr, vectors, lanes);
	round_finish(&r, base, nh, vectors, lanes);
}

/* Whole rounds; each starts before the one before it stores. Answers how many addresses. */
static inline unsigned int whole_rounds(const uint32_t *base, const uint32_t *addr, uint32_t *nh,
	unsigned int n)
{
	const __mmask16 all = (__mmask16)~0u;
	const unsigned int size = VECTORS * LANES;
	unsigned int at = 0;
	struct round r, next;

	if (n < size)
		return 0;
	round_start(&r, base, addr, VECTORS, all);
	for (; n - at >= 2 * size; at += size) {
		round_start(&next, base, addr + at + size, VECTORS, all);
		round_finish(&r, base, nh + at, VECTORS, all);
		r = next;
	}
	round_finish(&r, base, nh + at, VECTORS, all);
	return at + size;
}

void fib_bulk_avx512(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n)
{
	const __mmask16 all = (__mmask16)~0u;
	unsigned int done = whole_rounds(f->base, addr, nh, n);

	addr += done;
	nh += done;
	n -= done;
	if (n >= 2 * LANES) {
		round_of(f->base, addr, nh, 2, all);
		addr += 2 * LANES;
		nh += 2 * LANES;
		n -= 2 * LANES;
	}
	if (n >= LANES) {
		round_of(f->base, addr, nh, 1, all);
		addr += LANES;
		nh += LANES;
		n -= LANES;
	}
	if (n)
		round_of(f->base, addr, nh, 1, (__mmask16)((1u << n) - 1));
}
