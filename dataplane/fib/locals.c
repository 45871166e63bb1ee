/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writer of the own-address filter: addresses are counted per bit, so that removal is exact. Read by
 * ip4_route and the lane.
 */
#include "fib/locals.h"

#include <errno.h>
#include <stdlib.h>

#include "fib/rules.h"

int fib_locals_init(struct dp *dp)
{
	struct fib_locals *l = aligned_alloc(64, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*l = (struct fib_locals){ 0 };
	atomic_store_explicit(&dp->rules->locals, l, memory_order_release);
	return 0;
}

void fib_locals_fini(struct dp *dp)
{
	free(atomic_exchange(&dp->rules->locals, NULL));
}

static void release(void *ctx, void *ptr)
{
	free(ptr);
}

void fib_locals_disable(struct dp *dp)
{
	struct fib_locals *l = atomic_exchange(&dp->rules->locals, NULL);

	if (l)
		dp_retire(dp, release, NULL, l);
}

static uint32_t slot(uint32_t addr)
{
	return (addr * UINT32_C(0x9E3779B1)) >> (32 - FIB_LOCALS_BITS);
}

void fib_locals_add(struct dp *dp, uint32_t addr)
{
	struct fib_locals *l = atomic_load(&dp->rules->locals);
	uint32_t h = slot(addr);

	if (l && l->count[h]++ == 0)
		atomic_fetch_or(&l->bit[h / 64], UINT64_C(1) << (h % 64));
}

void fib_locals_del(struct dp *dp, uint32_t addr)
{
	struct fib_locals *l = atomic_load(&dp->rules->locals);
	uint32_t h = slot(addr);

	if (l && l->count[h] && --l->count[h] == 0)
		atomic_fetch_and(&l->bit[h / 64], ~(UINT64_C(1) << (h % 64)));
}
