/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registration of taps and ethertype handlers: immutable arrays, replaced under QSBR by the control
 * thread. netif_receive.c reads them.
 */
#include <errno.h>
#include <stdlib.h>

#include "dev/netdev_update.h"
#include "dev/ptype.h"

static const struct ptype_array *_Atomic *slot_of(struct dp *dp, uint16_t type)
{
	return type == PTYPE_ALL ? &dp->ptypes->taps : &dp->ptypes->base[type % PTYPE_HASH];
}

static int find(const struct ptype_array *a, const struct ptype *pt)
{
	for (uint32_t i = 0; a && i < a->n; i++) {
		const struct ptype *e = &a->entry[i];

		if (e->type == pt->type && e->dev == pt->dev && e->fn == pt->fn && e->priv == pt->priv)
			return (int)i;
	}
	return -1;
}

/* A tap, or one more handler of a type that eth_input hands on by itself, wants the long way. */
static bool wants(const struct ptype_array *a, const struct netdev *dev)
{
	for (uint32_t i = 0; a && i < a->n; i++)
		if (!a->entry[i].dev || a->entry[i].dev == dev)
			return true;
	return false;
}

void ptype_refresh(struct dp *dp, struct netdev *dev)
{
	bool on = wants(dp->ptypes->taps, dev);

	for (unsigned int i = 0; i < PTYPE_HASH; i++)
		on = on || wants(dp->ptypes->base[i], dev);
	netdev_rx_path(dev, NETDEV_RX_TAP, on);
}

static void refresh_all(struct dp *dp)
{
	for (uint32_t i = 0; i < NETDEV_MAX; i++) {
		struct netdev *dev = netdev_get(dp, i);

		if (dev)
			ptype_refresh(dp, dev);
	}
}

static void free_array(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static void replace(struct dp *dp, uint16_t type, struct ptype_array *a)
{
	const struct ptype_array *_Atomic *slot = slot_of(dp, type);
	const struct ptype_array *old = atomic_load_explicit(slot, memory_order_relaxed);

	atomic_store_explicit(slot, a, memory_order_release);
	if (old)
		dp_retire(dp, free_array, NULL, (void *)(uintptr_t)old);
	refresh_all(dp);
}

int ptype_add(struct dp *dp, const struct ptype *pt)
{
	const struct ptype_array *old = *slot_of(dp, pt->type);
	uint32_t n = old ? old->n : 0;

	if (find(old, pt) >= 0)
		return -EEXIST;
	struct ptype_array *a = malloc(sizeof(*a) + (n + 1) * sizeof(a->entry[0]));

	if (!a)
		return -ENOMEM;
	a->n = n + 1;
	if (n)
		memcpy(a->entry, old->entry, n * sizeof(a->entry[0]));
	a->entry[n] = *pt;
	replace(dp, pt->type, a);
	atomic_fetch_add(&dp->staged, 1);
	return 0;
}

int ptype_remove(struct dp *dp, const struct ptype *pt)
{
	const struct ptype_array *old = *slot_of(dp, pt->type);
	int at = find(old, pt);
	struct ptype_array *a = NULL;

	if (at < 0)
		return -ENOENT;
	if (old->n > 1) {
		a = malloc(sizeof(*a) + (old->n - 1) * sizeof(a->entry[0]));
		if (!a)
			return -ENOMEM;
		a->n = old->n - 1;
		memcpy(a->entry, old->entry, at * sizeof(a->entry[0]));
		memcpy(a->entry + at, old->entry + at + 1, (a->n - at) * sizeof(a->entry[0]));
	}
	replace(dp, pt->type, a);
	dp_synchronize(dp);
	atomic_fetch_sub(&dp->staged, 1);
	return 0;
}

int rx_hook_set(struct dp *dp, enum rx_hook which, rx_hook_fn *fn)
{
	rx_hook_fn *none = NULL;

	return atomic_compare_exchange_strong(&dp->ptypes->hook[which], &none, fn) ? 0 : -EBUSY;
}

void rx_hook_clear(struct dp *dp, enum rx_hook which)
{
	atomic_store(&dp->ptypes->hook[which], NULL);
	dp_synchronize(dp);
}

int ptype_table_init(struct dp *dp)
{
	dp->ptypes = calloc(1, sizeof(*dp->ptypes));
	return dp->ptypes ? 0 : -ENOMEM;
}

void ptype_table_fini(struct dp *dp)
{
	if (!dp->ptypes)
		return;
	dp_synchronize(dp);
	free((void *)(uintptr_t)dp->ptypes->taps);
	for (unsigned int i = 0; i < PTYPE_HASH; i++)
		free((void *)(uintptr_t)dp->ptypes->base[i]);
	free(dp->ptypes);
	dp->ptypes = NULL;
}
