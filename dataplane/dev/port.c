/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface type "DPDK port": configure, start and stop the port as the interface opens and
 * closes, and bring MTU, address, promiscuity and group addresses to it. Control thread.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "dev/port.h"
#include "wire/eth.h"

void *netdev_port_new(const struct netdev_port_conf *conf)
{
	struct dev_port *p = calloc(1, sizeof(*p));

	if (p)
		p->conf = *conf;
	return p;
}

static int init(struct dp *dp, struct netdev *dev)
{
	struct dev_port *p = dev->priv;
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(p->conf.port_id, &info);

	(void)dp;
	if (rc)
		return rc;
	dev->port_id = p->conf.port_id;
	dev->contract = &p->conf.contract;
	if (p->conf.contract.max_segs > 1)
		dev->features |= NETDEV_F_SG;
	if (p->conf.contract.l4_csum)
		dev->features |= NETDEV_F_IP_CSUM;
	if (p->conf.contract.tso)
		dev->features |= NETDEV_F_TSO;
	return 0;
}

static void uninit(struct dp *dp, struct netdev *dev)
{
	(void)dp;
	dev->contract = NULL;
}

static void destructor(struct dp *dp, struct netdev *dev)
{
	struct dev_port *p = dev->priv;

	(void)dp;
	if (p)
		free(p->uc);
	free(p);
	dev->priv = NULL;
}

static uint16_t smallest(uint16_t a, uint16_t b, uint16_t c)
{
	return RTE_MIN(a, RTE_MIN(b ? b : UINT16_MAX, c ? c : UINT16_MAX));
}

/* Not all ports' first queues are to be polled by the first worker. */
static void turn(struct dev_port *p)
{
	struct worker *by_number[WORKER_MAX];

	memcpy(by_number, p->worker, sizeof(by_number));
	p->turned = p->conf.port_id % p->nworkers;
	for (uint16_t i = 0; i < p->nworkers; i++)
		p->worker[i] = by_number[(i + p->turned) % p->nworkers];
}

/* How many queues, and for which workers. */
static int plan(struct dp *dp, struct dev_port *p, const struct rte_eth_dev_info *info)
{
	p->nworkers = 0;
	for (unsigned int i = 0; i < WORKER_MAX; i++) {
		struct worker *w = atomic_load_explicit(&dp->workers[i], memory_order_acquire);

		if (w)
			p->worker[p->nworkers++] = w;
	}
	p->nrxq = smallest(p->nworkers, p->conf.max_rxq, info->max_rx_queues);
	p->ntxq = smallest(p->nworkers, p->conf.max_txq, info->max_tx_queues);
	p->spread = atomic_load_explicit(&dp->conf.spread, memory_order_relaxed) &&
		(p->nrxq < p->nworkers || !(p->conf.symmetric || port_rss_places(info))) &&
		p->nworkers > 1;
	p->turned = 0;
	if (p->spread && p->nrxq < p->nworkers)
		turn(p);
	return p->nrxq && p->ntxq && dp->qdisc ? 0 : -EINVAL;
}

static int configure(struct dev_port *p, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx_desc = p->conf.rx_desc ? p->conf.rx_desc : 1024;
	uint16_t tx_desc = p->conf.tx_desc ? p->conf.tx_desc : 1024;
	uint16_t port = p->conf.port_id;
	int rc;

	if (p->conf.setup_once && p->set_rxq == p->nrxq && p->set_txq == p->ntxq)
		return 0;
	conf.rxmode.offloads = p->conf.rx_offloads & info->rx_offload_capa;
	conf.txmode.offloads = p->conf.tx_offloads & info->tx_offload_capa;
	if (p->nrxq > 1)
		port_rss_conf(info, &conf);
	conf.intr_conf.rxq = p->conf.rx_intr;
	conf.intr_conf.lsc = p->conf.link_intr;
	rc = rte_eth_dev_configure(port, p->nrxq, p->ntxq, &conf);
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx_desc, &tx_desc);
	for (uint16_t i = 0; i < p->nrxq && !rc; i++) {
		if (p->conf.rxq_setup)
			p->conf.rxq_setup(port, i, false);
		rc = rte_eth_rx_queue_setup(port, i, rx_desc, p->worker[i]->node, NULL,
			p->worker[i]->pool);
		if (p->conf.rxq_setup)
			p->conf.rxq_setup(port, i, true);
	}
	for (uint16_t i = 0; i < p->ntxq && !rc; i++)
		rc = rte_eth_tx_queue_setup(port, i, tx_desc, p->worker[i]->node, NULL);
	p->set_rxq = rc ? 0 : p->nrxq;
	p->set_txq = rc ? 0 : p->ntxq;
	return rc;
}

/* A software port that does not know the operation has nothing to be told. */
static int tolerate(const struct dev_port *p, int rc)
{
	if (rc == -ENOTSUP)
		return p->conf.software ? 0 : -EOPNOTSUPP;
	return rc;
}

static void fit_mtu(struct dev_port *p, uint32_t mtu)
{
	if (p->conf.frame_by_mtu)
		p->conf.contract.max_frame = mtu + ETH_HDR_LEN + VLAN_TAG_LEN;
}

/* Bring the netdev's MTU and address to the port. */
static int program(struct netdev *dev, struct dev_port *p)
{
	struct rte_ether_addr mac, is;
	uint16_t mtu = 0;
	int rc = 0;

	eth_store(mac.addr_bytes, dev->addr);
	if (rte_eth_dev_get_mtu(p->conf.port_id, &mtu) != 0 || mtu != dev->mtu)
		rc = tolerate(p, rte_eth_dev_set_mtu(p->conf.port_id, dev->mtu));
	if (!rc && (rte_eth_macaddr_get(p->conf.port_id, &is) != 0 ||
		!rte_is_same_ether_addr(&is, &mac)))
		rc = tolerate(p, rte_eth_dev_default_mac_addr_set(p->conf.port_id, &mac));
	fit_mtu(p, dev->mtu);
	return rc;
}

static int serially(struct dev_port *p, int (*fn)(void *arg), void *arg)
{
	return p->conf.call ? p->conf.call(p->conf.port_id, fn, arg) : fn(arg);
}

struct opening {
	struct netdev *dev;
	const struct rte_eth_dev_info *info;
};

static int start(void *arg)
{
	const struct opening *o = arg;
	struct dev_port *p = o->dev->priv;
	int rc;

	if (p->not_stopped)
		rte_eth_dev_stop(p->conf.port_id);
	p->not_stopped = false;
	rc = configure(p, o->info);
	if (!rc)
		rc = program(o->dev, p);
	return rc ? rc : rte_eth_dev_start(p->conf.port_id);
}

static int stop(void *arg)
{
	const struct dev_port *p = arg;

	return rte_eth_dev_stop(p->conf.port_id);
}

/* What is out of reach now is stopped before it is started the next time. */
static void stop_port(struct dev_port *p)
{
	p->not_stopped = serially(p, stop, p) == -ETIMEDOUT;
}

static int port_open(struct dp *dp, struct netdev *dev)
{
	struct dev_port *p = dev->priv;
	struct rte_eth_dev_info info;
	struct opening o = {dev, &info};
	int rc = rte_eth_dev_info_get(p->conf.port_id, &info);

	if (!rc)
		rc = plan(dp, p, &info);
	if (!rc)
		rc = serially(p, start, &o);
	if (rc)
		return rc;
	if (p->nrxq > 1)
		port_rss_table(p->conf.port_id, info.reta_size, p->nrxq);
	rte_eth_stats_get(p->conf.port_id, &p->base);
	p->promisc = p->allmulti = false;
	rc = port_queues_attach(dev, p);
	if (rc)
		stop_port(p);
	else
		netdev_port_link(dp, dev);
	return rc;
}

/* What the hardware has counted since open is ours; PMDs reset at start as they like. */
static void since_open(const struct dev_port *p, struct rte_eth_stats *s)
{
	if (rte_eth_stats_get(p->conf.port_id, s) != 0)
		*s = p->base;
	s->imissed -= RTE_MIN(s->imissed, p->base.imissed);
	s->ierrors -= RTE_MIN(s->ierrors, p->base.ierrors);
	s->oerrors -= RTE_MIN(s->oerrors, p->base.oerrors);
	s->rx_nombuf -= RTE_MIN(s->rx_nombuf, p->base.rx_nombuf);
}

static void port_stop(struct dp *dp, struct netdev *dev)
{
	struct dev_port *p = dev->priv;
	struct rte_eth_stats s;

	(void)dp;
	port_queues_detach(dev, p);
	since_open(p, &s);
	p->kept.imissed += s.imissed;
	p->kept.ierrors += s.ierrors;
	p->kept.oerrors += s.oerrors;
	p->kept.rx_nombuf += s.rx_nombuf;
	stop_port(p);
}

static void add_stats(struct netdev *dev, struct dev_stats *sum, uint64_t *missed)
{
	const struct dev_port *p = dev->priv;
	struct rte_eth_stats s = {0};

	if (dev->flags & IFF_UP)
		since_open(p, &s);
	sum->rx_errors += s.ierrors + p->kept.ierrors;
	sum->tx_errors += s.oerrors + p->kept.oerrors;
	sum->rx_dropped += s.rx_nombuf + p->kept.rx_nombuf;
	*missed += s.imissed + p->kept.imissed;
}

/* Group addresses the port filters by; where it has no filter, all of them. */
static bool set_groups(const struct netdev *dev)
{
	struct rte_ether_addr *list = NULL;
	int rc;

	if (dev->mc.n) {
		list = calloc(dev->mc.n, sizeof(*list));
		if (!list)
			return false;
	}
	for (uint32_t i = 0; i < dev->mc.n; i++)
		memcpy(list[i].addr_bytes, dev->mc.entry[i].addr, 6);
	rc = rte_eth_dev_set_mc_addr_list(dev->port_id, list, dev->mc.n);
	free(list);
	return rc == 0;
}

static bool listed(const struct netdev *dev, const struct rte_ether_addr *mac)
{
	for (uint32_t i = 0; i < dev->uc.n; i++)
		if (eth_equal(dev->uc.entry[i].addr, mac->addr_bytes))
			return true;
	return false;
}

/* Bring the secondary addresses to the port; false: it can't take them all. */
static bool set_addresses(const struct netdev *dev, struct dev_port *p)
{
	struct rte_ether_addr *room;

	for (uint32_t i = p->nuc; i-- > 0;)
		if (!listed(dev, &p->uc[i]) &&
		    rte_eth_dev_mac_addr_remove(dev->port_id, &p->uc[i]) == 0)
			p->uc[i] = p->uc[--p->nuc];
	if (!dev->uc.n)
		return true;
	room = realloc(p->uc, (p->nuc + dev->uc.n) * sizeof(*room));
	if (!room)
		return false;
	p->uc = room;
	for (uint32_t i = 0; i < dev->uc.n; i++) {
		struct rte_ether_addr mac;
		bool there = false;

		memcpy(mac.addr_bytes, dev->uc.entry[i].addr, 6);
		for (uint32_t k = 0; k < p->nuc && !there; k++)
			there = rte_is_same_ether_addr(&p->uc[k], &mac);
		if (there)
			continue;
		if (rte_eth_dev_mac_addr_add(dev->port_id, &mac, 0) != 0)
			return false;
		p->uc[p->nuc++] = mac;
	}
	return true;
}

static int tell_rx_mode(void *arg)
{
	struct netdev *dev = arg;
	struct dev_port *p = dev->priv;
	bool promisc = !set_addresses(dev, p) || dev->promiscuity, all = dev->allmulti;

	if (!all && !set_groups(dev))
		all = dev->mc.n != 0;
	if (promisc != p->promisc && tolerate(p, promisc ?
		rte_eth_promiscuous_enable(dev->port_id) :
		rte_eth_promiscuous_disable(dev->port_id)) == 0)
		p->promisc = promisc;
	if (all != p->allmulti && tolerate(p, all ? rte_eth_allmulticast_enable(dev->port_id) :
		rte_eth_allmulticast_disable(dev->port_id)) == 0)
		p->allmulti = all;
	return 0;
}

/* What a driver that is at work for too long does not hear it hears with the next change. */
static void set_rx_mode(struct dp *dp, struct netdev *dev)
{
	(void)dp;
	serially(dev->priv, tell_rx_mode, dev);
}

struct addressing {
	uint16_t port_id;
	struct rte_ether_addr mac;
};

static int tell_addr(void *arg)
{
	struct addressing *a = arg;

	return rte_eth_dev_default_mac_addr_set(a->port_id, &a->mac);
}

static int set_addr(struct dp *dp, struct netdev *dev, const uint8_t addr[6])
{
	struct addressing a = {.port_id = dev->port_id};

	(void)dp;
	memcpy(a.mac.addr_bytes, addr, 6);
	/* a closed port gets it at open */
	if (!(dev->flags & IFF_UP))
		return 0;
	return tolerate(dev->priv, serially(dev->priv, tell_addr, &a));
}

struct restarting {
	struct netdev *dev;
	uint32_t mtu; /* to be set in between, 0: none */
};

static int tell_mtu(void *arg)
{
	const struct restarting *r = arg;

	return rte_eth_dev_set_mtu(r->dev->port_id, r->mtu);
}

static int stop_and_start(void *arg)
{
	const struct restarting *r = arg;
	uint16_t port = r->dev->port_id;
	int rc, started;

	rte_eth_dev_stop(port);
	rc = r->mtu ? rte_eth_dev_set_mtu(port, r->mtu) : 0;
	started = rte_eth_dev_start(port);
	return rc ? rc : started;
}

/* What waits in the transmit queues stays. */
static int restart(struct netdev *dev, uint32_t mtu)
{
	struct dev_port *p = dev->priv;
	struct restarting r = {dev, mtu};
	int rc;

	port_queues_freeze(p);
	rc = serially(p, stop_and_start, &r);
	p->promisc = p->allmulti = false;
	port_queues_wake(p);
	return rc;
}

static int change_mtu(struct dp *dp, struct netdev *dev, uint32_t mtu)
{
	struct dev_port *p = dev->priv;
	struct restarting r = {dev, mtu};
	int rc;

	if (!(dev->flags & IFF_UP))
		return 0;
	rc = serially(p, tell_mtu, &r);
	if (rc == -EBUSY) {
		rc = restart(dev, mtu);
		set_rx_mode(dp, dev);
	}
	if (rc == 0 && p->conf.frame_by_mtu) {
		fit_mtu(p, mtu);
		port_queues_max_frame(p);
	}
	return tolerate(p, rc);
}

static void tx_timeout(struct dp *dp, struct netdev *dev)
{
	if (!(dev->flags & IFF_UP))
		return;
	restart(dev, 0);
	set_rx_mode(dp, dev);
}

void netdev_reset(struct dp *dp, struct netdev *dev)
{
	dev->tx_timeouts++;
	if (dev->ops && dev->ops->tx_timeout)
		dev->ops->tx_timeout(dp, dev);
}

void netdev_port_link(struct dp *dp, struct netdev *dev)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(dev->port_id, &link) != 0)
		return;
	dev->link_speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	dev->link_full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
	netdev_carrier(dp, dev, link.link_status == RTE_ETH_LINK_UP);
}

const struct netdev_ops netdev_port_ops = {
	.init = init,
	.uninit = uninit,
	.destructor = destructor,
	.open = port_open,
	.stop = port_stop,
	.set_rx_mode = set_rx_mode,
	.set_addr = set_addr,
	.change_mtu = change_mtu,
	.tx_timeout = tx_timeout,
	.add_stats = add_stats,
};
