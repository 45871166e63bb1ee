/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of interfaces: allocation with the defaults of a type, names, lookups, sums of counters.
 * Control thread; workers read the table through netdev_get(). Registration is netdev_update.c.
 */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/netdev_table.h"
#include "wire/eth.h"

struct netdev *netdev_by_name(const struct dp *dp, const char *name)
{
	for (uint32_t i = 1; i < NETDEV_MAX; i++) {
		struct netdev *dev = netdev_get(dp, i);

		if (dev && strcmp(dev->name, name) == 0)
			return dev;
	}
	return NULL;
}

static uint32_t slot_of(uint32_t ifindex)
{
	return ifindex == 1 ? NETDEV_LO_SLOT : ifindex - NETDEV_IFINDEX_BASE;
}

struct netdev *netdev_by_ifindex(const struct dp *dp, uint32_t ifindex)
{
	return netdev_get(dp, slot_of(ifindex));
}

struct netdev *netdev_by_hwaddr(const struct dp *dp, uint16_t arphrd, const uint8_t addr[6])
{
	for (uint32_t i = 1; i < NETDEV_MAX; i++) {
		struct netdev *dev = netdev_get(dp, i);

		if (dev && dev->arphrd == arphrd && dev->addr == eth_load(addr))
			return dev;
	}
	return NULL;
}

struct netdev *netdev_first_by_hwtype(const struct dp *dp, uint16_t arphrd)
{
	for (uint32_t i = 1; i < NETDEV_MAX; i++) {
		struct netdev *dev = netdev_get(dp, i);

		if (dev && dev->arphrd == arphrd)
			return dev;
	}
	return NULL;
}

struct netdev *netdev_by_flags(const struct dp *dp, uint32_t flags, uint32_t mask)
{
	for (uint32_t i = 1; i < NETDEV_MAX; i++) {
		struct netdev *dev = netdev_get(dp, i);

		if (dev && (dev->flags & mask) == (flags & mask))
			return dev;
	}
	return NULL;
}

struct notifier_chain *netdev_chain(struct dp *dp)
{
	return &dp->netdevs->chain;
}

/* Linux's dev_valid_name. */
bool netdev_valid_name(const char *name)
{
	size_t n = strnlen(name, NETDEV_NAME);

	if (n == 0 || n == NETDEV_NAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == ' ' || (*name >= '\t' && *name <= '\r'))
			return false;
	return true;
}

/* "eth%d" becomes the first free number. 0 or -errno. */
int netdev_pick_name(const struct dp *dp, const char *pattern, char name[NETDEV_NAME])
{
	const char *percent = strchr(pattern, '%');

	if (!percent) {
		if (!netdev_valid_name(pattern))
			return -EINVAL;
		strcpy(name, pattern);
		return netdev_by_name(dp, pattern) ? -EEXIST : 0;
	}
	if (percent[1] != 'd' || strchr(percent + 1, '%'))
		return -EINVAL;
	for (unsigned int i = 0; i < NETDEV_MAX; i++) {
		char full[NETDEV_NAME + 16];

		if (snprintf(full, sizeof(full), "%.*s%u%s", (int)(percent - pattern), pattern, i,
			percent + 2) >= NETDEV_NAME || !netdev_valid_name(full))
			return -EINVAL;
		strcpy(name, full);
		if (!netdev_by_name(dp, name))
			return 0;
	}
	return -ENFILE;
}

static void ether_setup(struct netdev *dev)
{
	dev->arphrd = ARPHRD_ETHER;
	dev->hard_header_len = ETH_HDR_LEN;
	dev->mtu = 1500;
	dev->min_mtu = 68;
	dev->max_mtu = 65535;
	dev->tx_queue_len = 1000;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	memset(dev->broadcast, 0xff, sizeof(dev->broadcast));
}

static void setup(struct netdev *dev, enum netdev_type type)
{
	dev->type = type;
	dev->port_id = NETDEV_PORT_NONE;
	dev->xmit = STAGE_netdev_tx;
	ether_setup(dev);
	switch (type) {
	case NETDEV_LOOPBACK:
		dev->arphrd = ARPHRD_LOOPBACK;
		dev->flags = IFF_LOOPBACK;
		dev->mtu = dev->max_mtu = 65536;
		dev->min_mtu = 0;
		dev->noarp = 1;
		memset(dev->broadcast, 0, sizeof(dev->broadcast));
		dev->ops = &netdev_loopback_ops;
		break;
	case NETDEV_DUMMY:
		dev->noarp = 1;
		dev->flags = IFF_BROADCAST | IFF_NOARP;
		dev->ops = &netdev_dummy_ops;
		break;
	case NETDEV_VLAN:
		dev->hard_header_len = ETH_HDR_LEN + VLAN_TAG_LEN;
		dev->tx_queue_len = 0;
		break;
	case NETDEV_PORT:
		break;
	}
}

static uint32_t free_slot(const struct dp *dp)
{
	for (uint32_t i = 1; i < NETDEV_LO_SLOT; i++)
		if (!netdev_get(dp, i) && !dp->netdevs->taken[i])
			return i;
	return 0;
}

struct netdev *netdev_alloc(struct dp *dp, const char *name, enum netdev_type type,
	uint32_t ifindex)
{
	uint32_t slot = ifindex ? slot_of(ifindex) : free_slot(dp);
	char picked[NETDEV_NAME];
	int rc = netdev_pick_name(dp, name, picked);

	if (!rc && (slot == 0 || slot >= NETDEV_MAX))
		rc = ifindex ? -EINVAL : -ENFILE;
	if (!rc && (netdev_get(dp, slot) || dp->netdevs->taken[slot]))
		rc = -EEXIST;
	if (rc) {
		errno = -rc;
		return NULL;
	}
	struct netdev *dev = aligned_alloc(64, (sizeof(*dev) + 63) & ~(size_t)63);

	if (!dev)
		return NULL;
	memset(dev, 0, sizeof(*dev));
	strcpy(dev->name, picked);
	dev->index = slot;
	dev->ifindex = slot == NETDEV_LO_SLOT ? 1 : NETDEV_IFINDEX_BASE + slot;
	dp->netdevs->taken[slot] = true;
	setup(dev, type);
	return dev;
}

void netdev_free(struct dp *dp, struct netdev *dev)
{
	if (dev->ops && dev->ops->destructor)
		dev->ops->destructor(dp, dev);
	dp->netdevs->taken[dev->index] = false;
	netdev_hw_addr_free(dev);
	free((void *)(uintptr_t)dev->vlans);
	free(dev);
}

static void add(struct dev_stats *sum, const struct dev_stats *s)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)s;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

void netdev_stats(const struct dp *dp, struct netdev *dev, struct dev_stats *sum,
	uint64_t *missed)
{
	*sum = (struct dev_stats){0};
	*missed = 0;
	for (unsigned int i = 0; i < WORKER_MAX; i++) {
		struct worker *w = atomic_load_explicit(&dp->workers[i], memory_order_acquire);

		if (w && w->dev)
			add(sum, &w->dev->stats[dev->index]);
	}
	if (dev->ops && dev->ops->add_stats)
		dev->ops->add_stats(dev, sum, missed);
}

void netdev_rx_path(struct netdev *dev, unsigned int bit, bool on)
{
	if (on)
		atomic_fetch_or(&dev->rx_path, bit);
	else
		atomic_fetch_and(&dev->rx_path, ~bit);
}
