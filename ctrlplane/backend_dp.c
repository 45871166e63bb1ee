/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model's links in the data plane: interfaces come, change and go as the model says, frames of
 * ARP leave by a worker, workers' events come in. Forwarding tables: backend_fib.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "backend_dp.h"
#include "ctl/ctl.h"
#include "dev/netdev_update.h"
#include "ip4/ip4_martian.h"
#include "neigh.h"
#include "wire/eth.h"

#define USER_FLAGS (IFF_UP | IFF_NOARP | IFF_MULTICAST | IFF_DEBUG | IFF_NOTRAILERS | IFF_PROMISC | \
	IFF_ALLMULTI)

struct netdev *backend_dev(struct dp *dp, uint32_t ifindex)
{
	return ifindex == CP_IFINDEX_LO ? dp->netdevs->loopback
		: netdev_get(dp, ifindex - CP_IFINDEX_BASE);
}

static enum netdev_type type_of(const struct cp_link *l)
{
	switch ((enum cp_link_kind)l->kind) {
	case CP_LINK_VLAN:
		return NETDEV_VLAN;
	case CP_LINK_DUMMY:
		return NETDEV_DUMMY;
	default:
		return NETDEV_PORT;
	}
}

static int fill(struct dp *dp, struct netdev *dev, const struct cp_link *l)
{
	struct netdev *lower;

	if (l->kind == CP_LINK_VLAN) {
		lower = backend_dev(dp, l->lower);
		if (lower == NULL)
			return -ENODEV;
		netdev_set_vlan(dev, lower, l->vlan_proto, l->vlan_id);
	}
	if (l->kind == CP_LINK_PORT) {
		dev->ops = l->ops;
		dev->priv = l->priv;
		dev->port_id = l->port_id;
	}
	memcpy(dev->perm_addr, l->perm_addr, sizeof(dev->perm_addr));
	atomic_store(&dev->addr, eth_load(l->addr));
	atomic_store(&dev->mtu, l->mtu);
	dev->min_mtu = l->min_mtu;
	if (l->max_mtu != 0)
		dev->max_mtu = l->max_mtu;
	dev->tx_queue_len = l->txqlen;
	if (!l->carrier)
		atomic_fetch_or(&dev->state, NETDEV_NOCARRIER);
	return 0;
}

static int link_add(void *ctx, struct cp_link *l)
{
	struct dp *dp = ctx;
	struct netdev *dev;
	int err;

	if (l->kind == CP_LINK_LO) {
		l->dev = dp->netdevs->loopback;
		return 0;
	}
	dev = netdev_alloc(dp, l->name, type_of(l), l->ifindex);
	if (dev == NULL)
		return -errno;
	err = fill(dp, dev, l);
	if (err == 0)
		err = netdev_register(dp, dev);
	if (err < 0) {
		netdev_free(dp, dev);
		return err;
	}
	l->dev = dev;
	return 0;
}

static void link_del(void *ctx, struct cp_link *l)
{
	if (l->kind != CP_LINK_LO && l->dev != NULL)
		netdev_unregister(ctx, l->dev);
	else if (l->dev != NULL)
		netdev_close(ctx, l->dev);
	l->dev = NULL;
}

static int link_set(void *ctx, struct cp_link *l, unsigned int what)
{
	struct dp *dp = ctx;
	int err = 0;

	if (what & CP_WHAT_FLAGS)
		err = netdev_change_flags(dp, l->dev, l->flags, USER_FLAGS);
	if (err == 0 && (what & CP_WHAT_MTU))
		err = netdev_set_mtu(dp, l->dev, l->mtu);
	if (err == 0 && (what & CP_WHAT_ADDR))
		err = netdev_set_addr(dp, l->dev, l->addr);
	if (err == 0 && (what & CP_WHAT_NAME))
		err = netdev_set_name(dp, l->dev, l->name);
	if (err == 0 && (what & CP_WHAT_TXQLEN))
		err = netdev_set_tx_queue_len(dp, l->dev, l->txqlen);
	if (err == 0 && (what & CP_WHAT_ALIAS))
		err = netdev_set_alias(dp, l->dev, l->alias);
	return err;
}

static bool conf_on(const struct cp_link *l, int devconf)
{
	return cp_conf_get(&l->conf, devconf) != 0;
}

static void link_conf(void *ctx, const struct cp_link *l)
{
	struct netdev *dev = l->dev;
	bool router = conf_on(l, IPV4_DEVCONF_FORWARDING);

	atomic_store(&dev->inet, (router ? 0u : NETDEV_INET_NO_FORWARD) |
		(conf_on(l, IPV4_DEVCONF_SEND_REDIRECTS) ? NETDEV_INET_REDIRECTS : 0u) |
		(conf_on(l, IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE) ? 0u : NETDEV_INET_NO_SRR) |
		(conf_on(l, IPV4_DEVCONF_LOG_MARTIANS) ? NETDEV_INET_LOG_MARTIANS : 0u));
	netdev_rx_path(dev, NETDEV_RX_HOST, !router);
}

/* After all links: whom workers need not ask. */
static void conf(void *ctx, const struct cp *cp)
{
	struct dp *dp = ctx;
	bool any = false, all = true;

	for (const struct cp_link *l = cp_link_next(cp, 0); l != NULL;
		l = cp_link_next(cp, l->ifindex + 1)) {
		any |= conf_on(l, IPV4_DEVCONF_FORWARDING);
		all &= conf_on(l, IPV4_DEVCONF_FORWARDING);
	}
	atomic_store(&dp->conf.ip_forward, all ? DP_FORWARD_ALL : any ? DP_FORWARD_SOME
		: DP_FORWARD_NOBODY);
	atomic_store(&dp->conf.send_redirects,
		cp_conf_get(&cp->conf_all, IPV4_DEVCONF_SEND_REDIRECTS) != 0);
	atomic_store(&dp->conf.accept_source_route,
		cp_conf_get(&cp->conf_all, IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE) != 0);
	atomic_store(&dp->conf.log_martians,
		cp_conf_get(&cp->conf_all, IPV4_DEVCONF_LOG_MARTIANS) != 0);
}

static void link_stats(void *ctx, const struct cp_link *l, struct rtnl_link_stats64 *st)
{
	struct dev_stats sum = {0};
	uint64_t missed = 0;

	netdev_stats(ctx, l->dev, &sum, &missed);
	st->rx_packets = sum.rx_packets;
	st->rx_bytes = sum.rx_bytes;
	st->rx_dropped = sum.rx_dropped;
	st->rx_errors = sum.rx_errors;
	st->rx_nohandler = sum.rx_nohandler;
	st->rx_missed_errors = missed;
	st->multicast = sum.multicast;
	st->tx_packets = sum.tx_packets;
	st->tx_bytes = sum.tx_bytes;
	st->tx_dropped = sum.tx_dropped;
	st->tx_errors = sum.tx_errors;
}

/* By the first worker: ARP is rare, and each worker can send on every port. */
static void send_frame(void *ctx, const struct cp_link *l, const void *frame, size_t len)
{
	struct dp *dp = ctx;
	struct worker *w = atomic_load(&dp->workers[0]);
	struct rte_mbuf *m = w != NULL ? rte_pktmbuf_alloc(w->pool) : NULL;
	void *at = m != NULL ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;
	struct ctl_msg msg = {.type = CTL_SEND, .dev = l->dev->index, .ptr = m};

	if (at != NULL) {
		memcpy(at, frame, len);
		if (ctl_send(w, &msg) == 0)
			return;
	}
	if (m != NULL)
		rte_pktmbuf_free(m);
}

const struct cp_backend cp_backend_dp = {
	.init = backend_init, .fini = backend_fini,
	.link_add = link_add, .link_del = link_del, .link_set = link_set, .link_stats = link_stats,
	.link_conf = link_conf, .conf = conf,
	.fib_new = backend_fib_new, .fib_free = backend_fib_free, .fib_set = backend_fib_set,
	.fib_hint = backend_fib_hint,
	.fib_bytes = backend_fib_bytes, .rules = backend_rules,
	.nh_alloc = backend_nh_alloc, .nh_publish = backend_nh_publish,
	.nh_release = backend_nh_release,
	.neigh_publish = backend_neigh_publish, .neigh_withdraw = backend_neigh_withdraw,
	.neigh_ready = backend_neigh_ready,
	.send = send_frame,
};

/* In Linux's words. */
static void log_martian(struct cp *cp, const struct cp_link *l, const struct ctl_msg *msg)
{
	const in_addr_t saddr = (in_addr_t)msg->token;
	char src[INET_ADDRSTRLEN], dst[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &saddr, src, sizeof(src));
	inet_ntop(AF_INET, &msg->ip, dst, sizeof(dst));
	switch (msg->token >> 32) {
	case IP4_MARTIAN_SOURCE:
		cp_log(cp, "martian source %s from %s, on dev %s", dst, src, l->name);
		break;
	case IP4_MARTIAN_DESTINATION:
		cp_log(cp, "martian destination %s from %s, dev %s", dst, src, l->name);
		break;
	default:
		cp_log(cp, "source route option %s -> %s, dev %s", src, dst, l->name);
		break;
	}
}

void cp_event(struct cp *cp, const struct ctl_msg *msg)
{
	const struct netdev *dev = netdev_get(cp->be_ctx, msg->dev);
	struct cp_link *l = dev != NULL ? cp_link_get(cp, dev->ifindex) : NULL;
	const struct rte_mbuf *m = msg->ptr;

	if (l == NULL)
		return; /* it went while the message was on its way */
	switch (msg->type) {
	case CTL_PUNT:
		cp_arp_input(cp, l, rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));
		break;
	case CTL_NEIGH_MISS:
		cp_neigh_miss(cp, l, msg->ip);
		break;
	case CTL_NEIGH_USED:
		cp_neigh_used(cp, l, msg->ip);
		break;
	case CTL_NEIGH_CONFIRM:
		cp_neigh_confirm(cp, l, msg->ip);
		break;
	case CTL_MARTIAN:
		log_martian(cp, l, msg);
		break;
	default:
		break;
	}
}
