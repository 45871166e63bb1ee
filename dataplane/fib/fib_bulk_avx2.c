/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk lookup with AVX2, chosen by fib.c; compiled with its own machine flags. As the AVX-512 one
 * with half the lanes: 32 addresses a round, all gathers before the stores.
 */
#include <immintrin.h>
#include "fib/fib_priv.h"

#define LANES	8u
#define VECTORS	4u

static inline __m256i step(const uint32_t *base, __m256i e, __m256i bits)
{
	const __m256i one = _mm256_set1_epi32(1);
	__m256i block = _mm256_srai_epi32(e, 31);
	/* All ones where the block is wide: bit 0 moved to the sign, and only for blocks. */
	__m256i wide = _mm256_and_si256(block, _mm256_srai_epi32(_mm256_slli_epi32(e, 31), 31));
	__m256i slot = _mm256_and_si256(bits, _mm256_set1_epi32(FIB_SLOT_MASK));
	__m256i word = _mm256_blendv_epi8(_mm256_srli_epi32(slot, 1), slot, wide);
	__m256i half = _mm256_slli_epi32(_mm256_and_si256(slot, one), 4);
	__m256i at = _mm256_and_si256(block, _mm256_add_epi32(word,
		_mm256_and_si256(e, _mm256_set1_epi32(FIB_OFFSET))));
	__m256i v = _mm256_i32gather_epi32((const int *)base, at, sizeof(uint32_t));
	__m256i small = _mm256_and_si256(_mm256_srlv_epi32(v, half), _mm256_set1_epi32(0xffff));

	return _mm256_blendv_epi8(e, _mm256_blendv_epi8(small, v, wide), block);
}

static inline void round32(const uint32_t *base, const uint32_t *addr, uint32_t *nh)
{
	__m256i a[VECTORS], e[VECTORS];
	__m256i deeper = _mm256_setzero_si256();

#pragma GCC unroll 4
	for (unsigned int i = 0; i < VECTORS; i++) {
		a[i] = _mm256_loadu_si256((const __m256i *)(addr + i * LANES));
		e[i] = _mm256_i32gather_epi32((const int *)base,
			_mm256_srli_epi32(a[i], FIB_TOP_SHIFT), sizeof(uint32_t));
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < VECTORS; i++) {
		e[i] = step(base, e[i], _mm256_srli_epi32(a[i], 8));
		deeper = _mm256_or_si256(deeper, e[i]);
	}
	if (__builtin_expect(_mm256_movemask_ps(_mm256_castsi256_ps(deeper)), 0)) {
		for (unsigned int i = 0; i < VECTORS; i++) {
			e[i] = step(base, e[i], _mm256_srli_epi32(a[i], 4));
			e[i] = step(base, e[i], a[i]);
		}
	}
#pragma GCC unroll 4
	for (unsigned int i = 0; i < VECTORS; i++)
		_mm256_storeu_si256((__m256i *)(nh + i * LANES), e[i]);
}

void fib_bulk_avx2(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n)
{
	for (; n >= VECTORS * LANES; n -= VECTORS * LANES) {
		round32(f->base, addr, nh);
		addr += VECTORS * LANES;
		nh += VECTORS * LANES;
	}
	fib_bulk_scalar(f, addr, nh, n);
}
