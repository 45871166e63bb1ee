/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk lookup in plain C, for CPUs without wide gathers; fib.c chooses. Eight addresses a round, the
 * loads of all before the answers of any: a random branch per address (does its slot lead to a
 * block?) would cost more than a load wasted on the first slot.
 */
#include "fib/fib_priv.h"

#define LANES	8

/* One level down for an address whose slot may lead to a block; follows 16-bit blocks only. */
static inline uint32_t step(const uint32_t *base, uint32_t e, uint32_t addr)
{
	uint32_t is_block = (uint32_t)((int32_t)e >> 31);
	const uint32_t *block = base + (e & is_block & FIB_OFFSET);
	uint32_t v = fib_load_narrow(block, addr >> (FIB_TOP_SHIFT - FIB_STRIDE) & FIB_SLOT_MASK);

	return (v & is_block) | (e & ~is_block);
}

static inline void round8(const uint32_t *base, const uint32_t *addr, uint32_t *nh)
{
	uint32_t e[LANES], wide = 0;

	for (unsigned int i = 0; i < LANES; i++)
		e[i] = fib_load_slot(base + (addr[i] >> FIB_TOP_SHIFT));
	for (unsigned int i = 0; i < LANES; i++)
		wide |= e[i] >> 31 & e[i];
	if (__builtin_expect(wide & FIB_WIDE, 0)) {
		for (unsigned int i = 0; i < LANES; i++)
			nh[i] = fib_walk(base, e[i], addr[i], FIB_TOP_SHIFT - FIB_STRIDE);
		return;
	}
	for (unsigned int i = 0; i < LANES; i++)
		e[i] = step(base, e[i], addr[i]);
	for (unsigned int i = 0; i < LANES; i++)
		nh[i] = e[i];
}

void fib_bulk_scalar(const struct fib *f, const uint32_t *addr, uint32_t *nh, unsigned int n)
{
	for (; n >= LANES; n -= LANES, addr += LANES, nh += LANES)
		round8(f->base, addr, nh);
	for (unsigned int i = 0; i < n; i++)
		nh[i] = fib_lookup(f, addr[i]);
}
