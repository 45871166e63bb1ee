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

static inline __m512i step(const uint32_t *base, __m512i e, __m512i bits)
{
	const __m512i one = _mm512_set1_epi32(1);
	__mmask16 block = _mm512_movepi32_mask(e);
	__mmask16 wide = _mm512_mask_test_epi32_mask(block, e, one);
	__mmask16 small = block & (__mmask16)~wide;
	__m512i slot = _mm512_and_si512(bits, _mm512_set1_epi32(FIB_SLOT_MASK));
	__m512i word = _mm512_mask_srli_epi32(slot, small, slot, 1);
	__m512i half = _mm512_slli_epi32(_mm512_and_si512(slot, one), 4);
	__m512i at = _mm512_maskz_add_epi32(block, word,
		_mm512_and_si512(e, _mm512_set1_epi32(FIB_OFFSET)));
	__m512i v = _mm512_i32gather_epi32(at, base, sizeof(uint32_t));

	e = _mm512_mask_mov_epi32(e, wide, v);
	return _mm512_mask_and_epi32(e, small, _mm512_srlv_epi32(v, half),
		_mm512_set1_epi32(0xffff));
}

static inline void round_of(const uint32_t *base, const uint32_t *addr, uint32_t *nh,
	const unsigned int vectors, __mmask16 lanes)
{
	__m512i a[VECTORS], e[VECTORS];
	__m512i deeper = _mm512_setzero_si512();

#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++) {
		a[i] = _mm512_maskz_loadu_epi32(lanes, addr + i * LANES);
		e[i] = _mm512_i32gather_epi32(_mm512_srli_epi32(a[i], FIB_TOP_SHIFT), base,
			sizeof(uint32_t));
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++) {
		e[i] = step(base, e[i], _mm512_srli_epi32(a[i], 8));
		deeper = _mm512_or_si512(deeper, e[i]);
	}
	if (__builtin_expect(_mm512_movepi32_mask(deeper), 0)) {
#pragma GCC unroll 4
		for (unsigned int i = 0; i < vectors; i++)
			e[i] = step(base, e[i], _mm512_srli_epi32(a[i], 4));
#pragma GCC unroll 4
		for (unsigned int i = 0; i < vectors; i++)
			e[i] = step(base, e[i], a[i]);
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < vectors; i++)
		_mm512_mask_storeu_epi32(nh + i * LANES, lanes, e[i]);
}

void fib_bulk_avx512(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n)
{
	const __mmask16 all = (__mmask16)~0u;

	for (; n >= VECTORS * LANES; n -= VECTORS * LANES) {
		round_of(f->base, addr, nh, VECTORS, all);
		addr += VECTORS * LANES;
		nh += VECTORS * LANES;
	}
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
