/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an interface type does (Linux's net_device_ops). NULL: not implemented, and every caller
 * looks first. All but xmit run on the control thread.
 */
#pragma once

#include "dev/netdev.h"

struct netdev_ops {
	int (*init)(struct dp *dp, struct netdev *dev);    /* at registration; an error aborts it */
	void (*uninit)(struct dp *dp, struct netdev *dev); /* at unregistration, after UNREGISTER */
	int (*open)(struct dp *dp, struct netdev *dev);
	void (*stop)(struct dp *dp, struct netdev *dev);
	void (*destructor)(struct dp *dp, struct netdev *dev); /* frees priv; the last thing */
	void (*set_rx_mode)(struct dp *dp, struct netdev *dev); /* flags, promiscuity, lists changed */
	int (*set_addr)(struct dp *dp, struct netdev *dev, const uint8_t addr[6]);
	int (*change_mtu)(struct dp *dp, struct netdev *dev, uint32_t mtu);
	void (*tx_timeout)(struct dp *dp, struct netdev *dev);
	/* Counters that the hardware keeps: added to the workers'. */
	void (*add_stats)(struct netdev *dev, struct dev_stats *sum, uint64_t *missed);
	/* A worker: a frame for a device that is no port. Takes skb over; never queues. */
	void (*xmit)(struct worker *w, struct netdev *dev, struct skb *skb);
};
