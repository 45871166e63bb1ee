/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long form of the Internet checksum (RFC 1071), for payloads: four 64-bit sums of 32-bit
 * halves, and a vector version of the same, which is taken where the CPU has it. Called by whoever
 * verifies or completes a transport checksum in software.
 */
#include "wire/checksum.h"

#include <stdatomic.h>

uint64_t csum_add_scalar(const void *p, size_t n, uint64_t sum)
{
	const uint8_t *b = p;
	uint64_t even = 0, odd = 0, word;
	uint32_t half;

	/* 32-bit halves into 64-bit sums: no carry is lost below 2^32 words */
	for (; n >= 16; n -= 16, b += 16) {
		memcpy(&word, b, 8);
		even += (word & 0xffffffff) + (word >> 32);
		memcpy(&word, b + 8, 8);
		odd += (word & 0xffffffff) + (word >> 32);
	}
	sum = csum_reduce(sum) + even + odd;
	for (; n >= 4; n -= 4, b += 4) {
		memcpy(&half, b, 4);
		sum += half;
	}
	if (n) {
		half = 0;
		memcpy(&half, b, n);
		sum += half;
	}
	return sum;
}

#ifdef __x86_64__

#include <immintrin.h>

#define WIDE_MIN 128 /* below, setting up the vectors costs more than they save */

__attribute__((target("avx2")))
static uint64_t add_avx2(const void *p, size_t n, uint64_t sum)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	const uint8_t *b = p;
	__m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
	uint64_t lane[4];

	for (; n >= 64; n -= 64, b += 64) {
		__m256i x = _mm256_loadu_si256((const __m256i *)b);
		__m256i y = _mm256_loadu_si256((const __m256i *)(b + 32));

		s0 = _mm256_add_epi64(s0, _mm256_and_si256(x, low));
		s1 = _mm256_add_epi64(s1, _mm256_srli_epi64(x, 32));
		s2 = _mm256_add_epi64(s2, _mm256_and_si256(y, low));
		s3 = _mm256_add_epi64(s3, _mm256_srli_epi64(y, 32));
	}
	s0 = _mm256_add_epi64(_mm256_add_epi64(s0, s1), _mm256_add_epi64(s2, s3));
	_mm256_storeu_si256((__m256i *)lane, s0);
	sum = csum_reduce(sum) + lane[0] + lane[1] + lane[2] + lane[3];
	_mm256_zeroupper(); /* gcc forgets it before a tail call: 150 cycles, here and at the next entry */
	return csum_add_scalar(b, n, sum);
}

uint64_t csum_add(const void *p, size_t n, uint64_t sum)
{
	static atomic_int wide = -1; /* every thread would find the same */
	int have = atomic_load_explicit(&wide, memory_order_relaxed);

	if (n < WIDE_MIN)
		return csum_add_scalar(p, n, sum);
	if (__builtin_expect(have < 0, 0)) {
		__builtin_cpu_init();
		have = !!__builtin_cpu_supports("avx2");
		atomic_store_explicit(&wide, have, memory_order_relaxed);
	}
	return have ? add_avx2(p, n, sum) : csum_add_scalar(p, n, sum);
}

#else

uint64_t csum_add(const void *p, size_t n, uint64_t sum)
{
	return csum_add_scalar(p, n, sum);
}

#endif
