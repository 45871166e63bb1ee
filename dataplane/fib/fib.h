/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding table as its readers see it: IPv4 longest prefix match, RFC 1812 5.2.4.3.
 *
 * A direct table over the top 20 bits, then blocks of 16 slots for 4 bits each. A slot of 32 bits is
 * a next-hop id or, with FIB_BLOCK set, the place of a block: 16 slots of 32 bits (FIB_WIDE), or 16
 * next-hop ids of 16 bits where nothing below goes deeper and every id fits. Table and blocks lie in
 * one range that never moves, so `base` is all a reader needs.
 *
 * Any thread may look up, inside a QSBR reader section; the one writer uses fib_update.h. Each
 * answer was right before or after every update it ran beside. Addresses are in host byte order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FIB_NO_ROUTE	0u		/* answer where no route matches */
#define FIB_NH_MAX	0x7fffffffu	/* largest next-hop id; the smallest is 1 */

#define FIB_TOP_BITS	20
#define FIB_TOP_SHIFT	(32 - FIB_TOP_BITS)
#define FIB_STRIDE	4
#define FIB_SLOT_MASK	((1u << FIB_STRIDE) - 1)

/* A slot that leads to a block: FIB_BLOCK, the block's distance from base in words, FIB_WIDE. */
#define FIB_BLOCK	0x80000000u
#define FIB_OFFSET	0x7ffffff8u
#define FIB_WIDE	1u

struct fib;

/* Looks up n addresses; nh[i] answers addr[i]. The arrays may not overlap; any n. */
typedef void fib_bulk_fn(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n);

struct fib {
	const uint32_t *base;	/* direct table, blocks after it */
	fib_bulk_fn *bulk;
};

enum fib_simd {
	FIB_SIMD_AUTO,		/* the fastest this CPU has */
	FIB_SIMD_SCALAR,
	FIB_SIMD_AVX2,
	FIB_SIMD_AVX512,
};

/* The bulk lookup of that kind, or NULL where the CPU lacks it. */
fib_bulk_fn *fib_bulk_impl(enum fib_simd simd);

static inline uint32_t fib_load_slot(const uint32_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline uint32_t fib_load_narrow(const uint32_t *block, unsigned int slot)
{
	return __atomic_load_n((const uint16_t *)block + slot, __ATOMIC_RELAXED);
}

/* Follows slot value e below the bits already used; shift is of the next four address bits. */
static inline uint32_t fib_walk(const uint32_t *base, uint32_t e, uint32_t addr, unsigned int shift)
{
	for (; e & FIB_BLOCK; shift -= FIB_STRIDE) {
		const uint32_t *block = base + (e & FIB_OFFSET);
		unsigned int slot = addr >> shift & FIB_SLOT_MASK;

		if (!(e & FIB_WIDE))
			return fib_load_narrow(block, slot);
		e = fib_load_slot(block + slot);
	}
	return e;
}

/* Next-hop id of the longest match, or FIB_NO_ROUTE. */
static inline uint32_t fib_lookup(const struct fib *f, uint32_t addr)
{
	uint32_t e = fib_load_slot(f->base + (addr >> FIB_TOP_SHIFT));

	return fib_walk(f->base, e, addr, FIB_TOP_SHIFT - FIB_STRIDE);
}

/* Fetch where the lookup of addr begins, for a caller that has other work before it. */
static inline void fib_prefetch(const struct fib *f, uint32_t addr)
{
	__builtin_prefetch(f->base + (addr >> FIB_TOP_SHIFT));
}

static inline void fib_lookup_bulk(const struct fib *f, const uint32_t *addr, uint32_t *nh,
	unsigned int n)
{
	f->bulk(f, addr, nh, n);
}
