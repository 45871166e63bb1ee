/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The next-hop table: ids to immutable objects. The control thread publishes a new object under an
 * id and the old one is freed after a grace period; the array itself is one lazily committed
 * mapping, so that it never moves. Ids are handed out densely, and again only after a grace period,
 * since a worker may still hold an answer of the FIB.
 */
#include "fib/nexthop_update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dev/netdev.h"

/* The table as its writer sees it; readers know the first member only. */
struct table {
	struct fib_nh_table t;
	struct dp *dp;
	uint32_t top;      /* ids below were handed out once */
	uint32_t n_free;
	uint32_t size_free;
	uint32_t *free;
};

int fib_nh_table_init(struct dp *dp)
{
	struct table *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (t == MAP_FAILED)
		return -ENOMEM;
	t->dp = dp;
	t->top = 1;
	dp->nhs = &t->t;
	return 0;
}

/* The group lies behind its next hop, in the same allocation. */
static void nh_free(void *ctx, void *ptr)
{
	free(ptr);
}

void fib_nh_table_fini(struct dp *dp)
{
	struct table *t = (struct table *)dp->nhs;

	if (!t)
		return;
	for (uint32_t id = 1; id < t->top; id++)
		free((void *)(uintptr_t)atomic_load(&t->t.nh[id]));
	free(t->free);
	munmap(t, sizeof(*t));
	dp->nhs = NULL;
}

int64_t fib_nh_alloc(struct dp *dp)
{
	struct table *t = (struct table *)dp->nhs;

	if (t->n_free)
		return t->free[--t->n_free];
	if (t->top >= FIB_NH_IDS)
		return -ENOSPC;
	/* room to take the id back, so that giving it back cannot fail */
	if (t->top >= t->size_free) {
		uint32_t size = t->size_free ? 2 * t->size_free : 1024;
		uint32_t *grown = realloc(t->free, size * sizeof(*grown));

		if (!grown)
			return -ENOSPC;
		t->free = grown;
		t->size_free = size;
	}
	return t->top++;
}

static void replace(struct dp *dp, uint32_t id, const struct fib_nh *nh)
{
	const struct fib_nh *old = atomic_exchange_explicit(&dp->nhs->nh[id], nh,
		memory_order_acq_rel);

	if (old)
		dp_retire(dp, nh_free, NULL, (void *)(uintptr_t)old);
}

static void fill_in(struct fib_nh *nh)
{
	const struct tx_contract *c = nh->dev ? nh->dev->contract : NULL;
	uint32_t longest = c && c->max_frame > nh->dev->hard_header_len
		? c->max_frame - nh->dev->hard_header_len : UINT16_MAX;

	longest = longest < nh->mtu ? longest : nh->mtu;
	nh->lane_max = longest < UINT16_MAX ? (uint16_t)longest : UINT16_MAX;
	nh->dev_index = nh->dev ? nh->dev->index : 0;
}

int fib_nh_publish(struct dp *dp, const struct fib_nh *nh)
{
	size_t group = nh->group ? sizeof(*nh->group) : 0;
	struct fib_nh *copy;

	if (!nh->id || nh->id >= FIB_NH_IDS)
		return -EINVAL;
	copy = aligned_alloc(64, (sizeof(*copy) + group + 63) & ~(size_t)63);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, nh, sizeof(*copy));
	fill_in(copy);
	if (group) {
		copy->group = (struct fib_nh_group *)(copy + 1);
		memcpy(copy->group, nh->group, group);
	}
	replace(dp, nh->id, copy);
	return 0;
}

/* Nobody can hold the id any more: only now may a lookup of it find nothing. */
static void give_back(void *ctx, void *ptr)
{
	struct table *t = ctx;
	uint32_t id = (uint32_t)(uintptr_t)ptr;

	free((void *)(uintptr_t)atomic_exchange_explicit(&t->t.nh[id], NULL, memory_order_relaxed));
	t->free[t->n_free++] = id;
}

void fib_nh_release(struct dp *dp, uint32_t id)
{
	dp_retire(dp, give_back, dp->nhs, (void *)(uintptr_t)id);
}
