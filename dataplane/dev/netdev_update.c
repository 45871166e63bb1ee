/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces come and go: register, open, close, unregister, in Linux's order with Linux's events.
 * Control thread. A worker that is in the middle of a sweep may still hold skbs that point to a
 * device: it is freed after a grace period, and next hops that name it are gone before
 * (NETDEV_EV_UNREGISTER).
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/backlog.h"
#include "core/call.h"
#include "dev/netdev_table.h"
#include "dev/ptype.h"
#include "wire/eth.h"

int netdev_notify(struct dp *dp, struct netdev *dev, enum netdev_event event)
{
	dp->netdevs->generation++;
	return notifier_call(&dp->netdevs->chain, event, dev, -1, NULL);
}

uint32_t netdev_sane_features(uint32_t features)
{
	if (!(features & (NETDEV_F_IP_CSUM | NETDEV_F_HW_CSUM)))
		features &= ~NETDEV_F_SG;
	if (!(features & NETDEV_F_SG))
		features &= ~NETDEV_F_TSO;
	return features;
}

void netdev_set_vlan(struct netdev *dev, struct netdev *lower, uint16_t proto, uint16_t vid)
{
	dev->lower = lower;
	dev->vlan_proto = proto;
	dev->vlan_id = vid;
	dev->addr = lower->addr;
	dev->hard_header_len = lower->hard_header_len + VLAN_TAG_LEN;
	dev->mtu = lower->mtu;
	dev->max_mtu = lower->max_mtu;
	dev->contract = lower->contract;
}

/* Into the lower device's array, which comes with the first VLAN. */
static int vlan_link(struct netdev *dev)
{
	struct netdev *lower = dev->lower;

	if (!lower || dev->vlan_id > 4095)
		return -EINVAL;
	if (!lower->vlans) {
		struct netdev *_Atomic *v = calloc(4096, sizeof(*v));

		if (!v)
			return -ENOMEM;
		atomic_store_explicit(&lower->vlans, v, memory_order_release);
	}
	if (lower->vlans[dev->vlan_id])
		return -EEXIST;
	netdev_hold(lower);
	atomic_store_explicit(&lower->vlans[dev->vlan_id], dev, memory_order_release);
	netdev_rx_path(lower, NETDEV_RX_VLANS, true);
	return 0;
}

static void vlan_unlink(struct netdev *dev)
{
	struct netdev *lower = dev->lower;
	bool any = false;

	atomic_store_explicit(&lower->vlans[dev->vlan_id], NULL, memory_order_release);
	for (unsigned int i = 0; i < 4096; i++)
		any = any || lower->vlans[i];
	netdev_rx_path(lower, NETDEV_RX_VLANS, any);
	netdev_put(lower);
}

int netdev_register(struct dp *dp, struct netdev *dev)
{
	int rc;

	if (dev->reg_state != NETDEV_UNINITIALIZED)
		return -EINVAL;
	if (!netdev_valid_name(dev->name))
		return -EINVAL;
	if (netdev_by_name(dp, dev->name))
		return -EEXIST;
	if (dev->ops && dev->ops->init) {
		rc = dev->ops->init(dp, dev);
		if (rc)
			return rc;
	}
	rc = dev->type == NETDEV_VLAN ? vlan_link(dev) : 0;
	if (rc) {
		if (dev->ops && dev->ops->uninit)
			dev->ops->uninit(dp, dev);
		return rc;
	}
	dev->features = netdev_sane_features(dev->features);
	atomic_fetch_or(&dev->state, NETDEV_PRESENT);
	dev->refcnt = 1;
	if (dp->ptypes)
		ptype_refresh(dp, dev);
	atomic_store_explicit(&dp->netdevs->dev[dev->index], dev, memory_order_release);
	if (dev->port_id < 1024)
		atomic_store_explicit(&dp->netdevs->by_port[dev->port_id], dev, memory_order_release);
	dev->reg_state = NETDEV_REGISTERED;
	netdev_operstate(dev);
	netdev_notify(dp, dev, NETDEV_EV_REGISTER);
	return 0;
}

/* Linux's netdev_wait_allrefs: 1 s between reminders, a warning every 10. */
static void wait_refs(struct dp *dp, struct netdev *dev)
{
	const struct timespec slice = {.tv_nsec = 1000000};

	for (unsigned int ms = 0; atomic_load_explicit(&dev->refcnt, memory_order_acquire); ms++) {
		if (ms && ms % 1000 == 0)
			netdev_notify(dp, dev, NETDEV_EV_UNREGISTER);
		if (ms && ms % 10000 == 0)
			fprintf(stderr, "unregister %s: still %d references\n", dev->name, dev->refcnt);
		nanosleep(&slice, NULL);
	}
}

/* Linux's flush_all_backlogs: nobody can add to them any more. */
static void flush_backlogs(struct dp *dp, struct netdev *dev)
{
	for (unsigned int i = 0; i < WORKER_MAX; i++) {
		struct worker *w = atomic_load_explicit(&dp->workers[i], memory_order_acquire);

		if (w && w->backlog)
			worker_call(w, backlog_flush, dev);
	}
}

int netdev_unregister(struct dp *dp, struct netdev *dev)
{
	if (dev->reg_state != NETDEV_REGISTERED)
		return -EINVAL;
	netdev_close(dp, dev);
	dev->reg_state = NETDEV_UNREGISTERING;
	if (dev->type == NETDEV_VLAN)
		vlan_unlink(dev);
	atomic_store_explicit(&dp->netdevs->dev[dev->index], NULL, memory_order_release);
	if (dev->port_id < 1024)
		atomic_store_explicit(&dp->netdevs->by_port[dev->port_id], NULL, memory_order_release);
	netdev_notify(dp, dev, NETDEV_EV_UNREGISTER);
	netdev_hw_addr_free(dev);
	if (dev->ops && dev->ops->uninit)
		dev->ops->uninit(dp, dev);
	netdev_put(dev); /* the table's */
	wait_refs(dp, dev);
	dp_synchronize(dp);
	flush_backlogs(dp, dev);
	dev->reg_state = NETDEV_UNREGISTERED;
	/* the slot's next user starts at zero */
	for (unsigned int i = 0; i < WORKER_MAX; i++) {
		struct worker *w = atomic_load_explicit(&dp->workers[i], memory_order_acquire);

		if (w && w->dev)
			w->dev->stats[dev->index] = (struct dev_stats){0};
	}
	netdev_free(dp, dev);
	return 0;
}

int netdev_open(struct dp *dp, struct netdev *dev)
{
	int rc;

	if (dev->flags & IFF_UP)
		return 0;
	if (!(dev->state & NETDEV_PRESENT))
		return -ENODEV;
	if (dev->type == NETDEV_VLAN && !(dev->lower->flags & IFF_UP))
		return -ENETDOWN;
	atomic_fetch_or(&dev->state, NETDEV_START);
	rc = dev->ops && dev->ops->open ? dev->ops->open(dp, dev) : 0;
	if (rc) {
		atomic_fetch_and(&dev->state, ~NETDEV_START);
		return rc;
	}
	atomic_fetch_or(&dev->flags, IFF_UP);
	if (dev->ops && dev->ops->set_rx_mode)
		dev->ops->set_rx_mode(dp, dev);
	netdev_uc_sync(dp, dev, true);
	netdev_operstate(dev);
	netdev_notify(dp, dev, NETDEV_EV_UP);
	return 0;
}

/* The VLANs on top go down with their device. */
static void close_uppers(struct dp *dp, struct netdev *dev)
{
	for (unsigned int i = 0; dev->vlans && i < 4096; i++)
		if (dev->vlans[i])
			netdev_close(dp, dev->vlans[i]);
}

void netdev_close(struct dp *dp, struct netdev *dev)
{
	if (!(dev->flags & IFF_UP))
		return;
	close_uppers(dp, dev);
	netdev_notify(dp, dev, NETDEV_EV_GOING_DOWN);
	netdev_uc_sync(dp, dev, false);
	atomic_fetch_and(&dev->state, ~NETDEV_START);
	dp_synchronize(dp); /* no poll of it runs any more that has seen START */
	if (dev->ops && dev->ops->stop)
		dev->ops->stop(dp, dev);
	atomic_fetch_and(&dev->flags, ~IFF_UP);
	netdev_operstate(dev);
	netdev_notify(dp, dev, NETDEV_EV_DOWN);
}

int netdev_table_init(struct dp *dp)
{
	int rc = -ENOMEM;

	dp->netdevs = calloc(1, sizeof(*dp->netdevs));
	if (!dp->netdevs)
		return rc;
	rc = ptype_table_init(dp);
	if (rc)
		goto no_ptypes;
	struct netdev *lo = netdev_alloc(dp, "lo", NETDEV_LOOPBACK, 1);

	rc = lo ? netdev_register(dp, lo) : -errno;
	if (rc)
		goto no_loopback;
	dp->netdevs->loopback = lo;
	return 0;

no_loopback:
	if (lo)
		netdev_free(dp, lo);
	ptype_table_fini(dp);
no_ptypes:
	free(dp->netdevs);
	dp->netdevs = NULL;
	return rc;
}

#define VLAN_LEVELS 2

static int level_of(const struct netdev *dev)
{
	int level = 0;

	for (; dev->type == NETDEV_VLAN && level < VLAN_LEVELS; dev = dev->lower)
		level++;
	return level;
}

void netdev_table_fini(struct dp *dp)
{
	if (!dp->netdevs)
		return;
	for (int level = VLAN_LEVELS; level >= 0; level--) /* VLANs before what they stand on */
		for (uint32_t i = 1; i < NETDEV_MAX; i++) {
			struct netdev *dev = netdev_get(dp, i);

			if (dev && level_of(dev) == level)
				netdev_unregister(dp, dev);
		}
	ptype_table_fini(dp);
	free(dp->netdevs);
	dp->netdevs = NULL;
}
