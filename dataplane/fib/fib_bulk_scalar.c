/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk lookup in plain C, for CPUs without wide gathers; fib.c chooses. Two passes only prefetch, the
 * direct table's slots and then the blocks they lead to, so that all misses of a burst overlap: a
 * store whose data is still to come holds up the loads behind it on some CPUs (7 times slower
 * here). The last pass answers four at a time and without a branch on whether a slot leads to a
 * block, which is as good as random.
 */
#include <string.h>
#include "fib/fib_priv.h"

#define ROUND	64u
#define LANES	4u

typedef uint32_t quad __attribute__((vector_size(LANES * sizeof(uint32_t))));

/* One level down for an address whose slot may lead to a block; follows 16-bit blocks only. */
static inline uint32_t step(const uint32_t *base, uint32_t e, uint32_t addr)
{
	uint32_t is_block = (uint32_t)((int32_t)e >> 31);
	const uint32_t *block = base + (e & is_block & FIB_OFFSET);
	uint32_t v = fib_load_narrow(block, addr >> (FIB_TOP_SHIFT - FIB_STRIDE) & FIB_SLOT_MASK);

	return (v & is_block) | (e & ~is_block);
}

static inline uint32_t top(const uint32_t *base, uint32_t addr)
{
	return fib_load_slot(base + (addr >> FIB_TOP_SHIFT));
}

static inline uint32_t is_wide(uint32_t e)
{
	return e >> 31 & e & FIB_WIDE;
}

static inline void four(const uint32_t *base, const uint32_t *addr, uint32_t *nh)
{
	uint32_t a = top(base, addr[0]), b = top(base, addr[1]);
	uint32_t c = top(base, addr[2]), d = top(base, addr[3]);
	quad answer;

	if (__builtin_expect(is_wide(a) | is_wide(b) | is_wide(c) | is_wide(d), 0)) {
		for (unsigned int i = 0; i < LANES; i++)
			nh[i] = fib_walk(base, top(base, addr[i]), addr[i],
				FIB_TOP_SHIFT - FIB_STRIDE);
		return;
	}
	answer = (quad){step(base, a, addr[0]), step(base, b, addr[1]), step(base, c, addr[2]),
		step(base, d, addr[3])};
	memcpy(nh, &answer, sizeof(answer));
}

static inline void prefetch(const uint32_t *base, const uint32_t *addr, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		__builtin_prefetch(base + (addr[i] >> FIB_TOP_SHIFT));
	for (unsigned int i = 0; i < n; i++) {
		uint32_t e = top(base, addr[i]);

		__builtin_prefetch(base + (e & (uint32_t)((int32_t)e >> 31) & FIB_OFFSET));
	}
}

void fib_bulk_scalar(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n)
{
	while (n) {
		unsigned int now = n < ROUND ? n : ROUND, i = 0;

		prefetch(f->base, addr, now);
		for (; i + LANES <= now; i += LANES)
			four(f->base, addr + i, nh + i);
		for (; i < now; i++)
			nh[i] = fib_lookup(f, addr[i]);
		addr += now;
		nh += now;
		n -= now;
	}
}
