/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be changed about a registered interface: MTU, address, name, flags, counters of
 * promiscuity, carrier. Control thread; each fires its event (Linux's dev_set_*).
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "dev/netdev_table.h"
#include "wire/eth.h"

/* RFC 2863 as Linux applies it. */
void netdev_operstate(struct netdev *dev)
{
	unsigned int state = dev->state;
	uint8_t oper;

	if (!(state & NETDEV_PRESENT))
		oper = IF_OPER_NOTPRESENT;
	else if (!(dev->flags & IFF_UP) || state & NETDEV_NOCARRIER)
		oper = IF_OPER_DOWN;
	else if (state & NETDEV_DORMANT)
		oper = IF_OPER_DORMANT;
	else
		oper = dev->type == NETDEV_LOOPBACK || dev->type == NETDEV_DUMMY ?
			IF_OPER_UNKNOWN : IF_OPER_UP;
	dev->operstate = oper;
	if (dev->flags & IFF_UP && (oper == IF_OPER_UP || oper == IF_OPER_UNKNOWN))
		atomic_fetch_or(&dev->flags, IFF_RUNNING);
	else
		atomic_fetch_and(&dev->flags, ~IFF_RUNNING);
	if (dev->flags & IFF_UP && !(state & NETDEV_NOCARRIER))
		atomic_fetch_or(&dev->flags, IFF_LOWER_UP);
	else
		atomic_fetch_and(&dev->flags, ~IFF_LOWER_UP);
	if (state & NETDEV_DORMANT)
		atomic_fetch_or(&dev->flags, IFF_DORMANT);
	else
		atomic_fetch_and(&dev->flags, ~IFF_DORMANT);
}

/* Set or clear a bit of state; the event is sent only if it changed. The node can't be lost. */
static void set_state(struct dp *dp, struct netdev *dev, unsigned int bit, bool on)
{
	unsigned int old = on ? atomic_fetch_or(&dev->state, bit) : atomic_fetch_and(&dev->state, ~bit);

	if (!!(old & bit) == on)
		return;
	netdev_operstate(dev);
	if (dev->reg_state == NETDEV_REGISTERED)
		netdev_notify(dp, dev, NETDEV_EV_CHANGE);
}

void netdev_carrier(struct dp *dp, struct netdev *dev, bool on)
{
	if (!!(dev->state & NETDEV_NOCARRIER) == on)
		dev->carrier_changes++;
	set_state(dp, dev, NETDEV_NOCARRIER, !on);
	for (unsigned int i = 0; dev->vlans && i < 4096; i++)
		if (dev->vlans[i])
			netdev_carrier(dp, dev->vlans[i], on);
}

void netdev_dormant(struct dp *dp, struct netdev *dev, bool on)
{
	set_state(dp, dev, NETDEV_DORMANT, on);
}

void netdev_set_present(struct dp *dp, struct netdev *dev, bool on)
{
	if (!on)
		netdev_close(dp, dev);
	set_state(dp, dev, NETDEV_PRESENT, on);
}

int netdev_set_mtu(struct dp *dp, struct netdev *dev, uint32_t mtu)
{
	int rc = 0;

	if (mtu == dev->mtu)
		return 0;
	if (mtu < dev->min_mtu || mtu > dev->max_mtu)
		return -EINVAL;
	if (dev->type == NETDEV_VLAN && mtu > dev->lower->mtu)
		return -ERANGE;
	if (!(dev->state & NETDEV_PRESENT))
		return -ENODEV;
	if (dev->ops && dev->ops->change_mtu)
		rc = dev->ops->change_mtu(dp, dev, mtu);
	if (rc)
		return rc;
	dev->mtu = mtu;
	netdev_notify(dp, dev, NETDEV_EV_CHANGEMTU);
	return 0;
}

int netdev_set_addr(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	int rc = 0;

	if (dev->type == NETDEV_LOOPBACK)
		return -EOPNOTSUPP;
	if (eth_is_group(addr) || eth_is_zero(addr))
		return -EADDRNOTAVAIL;
	if (!(dev->state & NETDEV_PRESENT))
		return -ENODEV;
	netdev_uc_sync(dp, dev, false); /* before: an address is the port's own or a secondary one */
	if (dev->ops && dev->ops->set_addr)
		rc = dev->ops->set_addr(dp, dev, addr);
	else if (netdev_running(dev) && dev->type == NETDEV_PORT)
		rc = -EBUSY;
	if (!rc)
		atomic_store_explicit(&dev->addr, eth_load(addr), memory_order_relaxed);
	netdev_uc_sync(dp, dev, true);
	if (rc)
		return rc;
	netdev_notify(dp, dev, NETDEV_EV_CHANGEADDR);
	return 0;
}

int netdev_set_name(struct dp *dp, struct netdev *dev, const char *name)
{
	char picked[NETDEV_NAME];
	int rc;

	if (strncmp(dev->name, name, NETDEV_NAME) == 0)
		return 0;
	rc = netdev_pick_name(dp, name, picked);
	if (rc)
		return rc;
	strcpy(dev->name, picked);
	netdev_notify(dp, dev, NETDEV_EV_CHANGENAME);
	return 0;
}

int netdev_set_alias(struct dp *dp, struct netdev *dev, const char *alias)
{
	if (strlen(alias) >= sizeof(dev->alias))
		return -EINVAL;
	strcpy(dev->alias, alias);
	dp->netdevs->generation++;
	return 0;
}

int netdev_set_tx_queue_len(struct dp *dp, struct netdev *dev, uint32_t len)
{
	dev->tx_queue_len = len;
	dp->netdevs->generation++;
	return 0;
}

void netdev_rx_mode(struct dp *dp, struct netdev *dev)
{
	if (dev->ops && dev->ops->set_rx_mode && dev->flags & IFF_UP)
		dev->ops->set_rx_mode(dp, dev);
}

/* A counter of users mirrored in a flag; the driver is told at its edges. */
static int count_users(struct dp *dp, struct netdev *dev, uint32_t *users, uint32_t flag, int inc)
{
	uint32_t old = *users, now = old + (uint32_t)inc;

	if ((inc > 0 && now < old) || (inc < 0 && now > old))
		return -EOVERFLOW;
	*users = now;
	if (!old == !now)
		return 0;
	if (now)
		atomic_fetch_or(&dev->flags, flag);
	else
		atomic_fetch_and(&dev->flags, ~flag);
	netdev_rx_mode(dp, dev);
	netdev_notify(dp, dev, NETDEV_EV_CHANGE);
	return 0;
}

int netdev_set_promiscuity(struct dp *dp, struct netdev *dev, int inc)
{
	return count_users(dp, dev, &dev->promiscuity, IFF_PROMISC, inc);
}

int netdev_set_allmulti(struct dp *dp, struct netdev *dev, int inc)
{
	return count_users(dp, dev, &dev->allmulti, IFF_ALLMULTI, inc);
}

#define FLAGS_SETTABLE (IFF_NOARP | IFF_MULTICAST | IFF_DEBUG | IFF_NOTRAILERS)

int netdev_change_flags(struct dp *dp, struct netdev *dev, uint32_t flags, uint32_t mask)
{
	uint32_t set = mask & FLAGS_SETTABLE, old = dev->flags;
	int rc = 0;

	if (mask & IFF_UP) {
		if (flags & IFF_UP)
			rc = netdev_open(dp, dev);
		else
			netdev_close(dp, dev);
	}
	if (rc)
		return rc;
	/* the user's own promiscuity is one user among others: Linux's gflags */
	if (mask & IFF_PROMISC && dev->user_promisc != !!(flags & IFF_PROMISC)) {
		dev->user_promisc = !dev->user_promisc;
		netdev_set_promiscuity(dp, dev, dev->user_promisc ? 1 : -1);
	}
	if (mask & IFF_ALLMULTI && dev->user_allmulti != !!(flags & IFF_ALLMULTI)) {
		dev->user_allmulti = !dev->user_allmulti;
		netdev_set_allmulti(dp, dev, dev->user_allmulti ? 1 : -1);
	}
	if (((old ^ flags) & set) == 0)
		return 0;
	atomic_fetch_and(&dev->flags, ~(set & ~flags));
	atomic_fetch_or(&dev->flags, set & flags);
	dev->noarp = !!(dev->flags & (IFF_NOARP | IFF_LOOPBACK));
	netdev_notify(dp, dev, NETDEV_EV_CHANGE);
	return 0;
}

int netdev_set_features(struct dp *dp, struct netdev *dev, uint32_t features)
{
	features = netdev_sane_features(features);
	if (features == dev->features)
		return 0;
	dev->features = features;
	netdev_notify(dp, dev, NETDEV_EV_FEAT_CHANGE);
	return 0;
}
