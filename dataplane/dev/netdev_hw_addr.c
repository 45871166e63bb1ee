/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses an interface listens to beside its own: groups, and secondary unicast addresses (Linux's
 * mc and uc lists), each with a count of users. The driver is told at every change of a list. The user
 * of the second list is a VLAN whose address is not its device's. Control thread.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "dev/netdev_table.h"
#include "wire/eth.h"

static struct netdev_hw_addr *find(const struct netdev_hw_list *l, const uint8_t addr[6])
{
	for (uint32_t i = 0; i < l->n; i++)
		if (eth_equal(l->entry[i].addr, addr))
			return &l->entry[i];
	return NULL;
}

static int add(struct dp *dp, struct netdev *dev, struct netdev_hw_list *l, const uint8_t addr[6])
{
	struct netdev_hw_addr *a = find(l, addr);

	if (a) {
		a->users++;
		return 0;
	}
	a = realloc(l->entry, (l->n + 1) * sizeof(*a));
	if (!a)
		return -ENOMEM;
	l->entry = a;
	a += l->n++;
	memcpy(a->addr, addr, 6);
	a->users = 1;
	netdev_rx_mode(dp, dev);
	return 0;
}

static int del(struct dp *dp, struct netdev *dev, struct netdev_hw_list *l, const uint8_t addr[6])
{
	struct netdev_hw_addr *a = find(l, addr);

	if (!a)
		return -ENOENT;
	if (--a->users)
		return 0;
	*a = l->entry[--l->n];
	netdev_rx_mode(dp, dev);
	return 0;
}

int netdev_mc_add(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	return eth_is_group(addr) ? add(dp, dev, &dev->mc, addr) : -EINVAL;
}

int netdev_mc_del(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	return del(dp, dev, &dev->mc, addr);
}

/* What a VLAN listens to its device has to receive. */
static struct netdev *receiver(struct netdev *dev)
{
	while (dev->type == NETDEV_VLAN)
		dev = dev->lower;
	return dev;
}

int netdev_uc_add(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	if (eth_is_group(addr) || eth_is_zero(addr))
		return -EINVAL;
	dev = receiver(dev);
	return add(dp, dev, &dev->uc, addr);
}

int netdev_uc_del(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	dev = receiver(dev);
	return del(dp, dev, &dev->uc, addr);
}

static void sync_vlan(struct dp *dp, struct netdev *vlan, bool on)
{
	uint64_t own = atomic_load_explicit(&vlan->addr, memory_order_relaxed);
	uint8_t addr[6];

	eth_store(addr, own);
	if (!(vlan->flags & IFF_UP) || vlan->uc_of_lower == on)
		return;
	if (on && own == atomic_load_explicit(&vlan->lower->addr, memory_order_relaxed))
		return;
	if (on)
		vlan->uc_of_lower = netdev_uc_add(dp, vlan->lower, addr) == 0;
	else if (netdev_uc_del(dp, vlan->lower, addr) == 0)
		vlan->uc_of_lower = false;
}

void netdev_uc_sync(struct dp *dp, struct netdev *dev, bool on)
{
	if (dev->type == NETDEV_VLAN)
		sync_vlan(dp, dev, on);
	for (unsigned int i = 0; dev->vlans && i < 4096; i++)
		if (dev->vlans[i])
			sync_vlan(dp, dev->vlans[i], on);
}

void netdev_hw_addr_free(struct netdev *dev)
{
	free(dev->mc.entry);
	free(dev->uc.entry);
	dev->mc = dev->uc = (struct netdev_hw_list){0};
}
