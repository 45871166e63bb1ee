/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver's face to DPDK: probe and remove on the vdev bus, and the table of ethdev operations.
 * Everything here runs in the control thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>

#include "pmd.h"

RTE_LOG_REGISTER(cs_logtype, pmd.net.cs8900a, NOTICE);

static _Thread_local struct cs_why last_why;

const char *cs8900a_why(void)
{
	return last_why.text;
}

static int dev_configure(struct rte_eth_dev *dev)
{
	(void)dev;
	return 0;
}

static int dev_info(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	(void)dev;
	info->max_mac_addrs = 1;
	info->max_rx_queues = info->max_tx_queues = 1;
	info->min_rx_bufsize = CS_MIN_ROOM;
	info->max_rx_pktlen = CS_FRAME_MAX_CRC;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = RTE_ETHER_MTU;
	info->speed_capa = RTE_ETH_LINK_SPEED_10M_HD | RTE_ETH_LINK_SPEED_10M;
	info->rx_offload_capa = info->rx_queue_offload_capa = RTE_ETH_RX_OFFLOAD_SCATTER;
	info->tx_offload_capa = info->tx_queue_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	info->tx_desc_lim = (struct rte_eth_desc_lim){.nb_max = CS_TX_DESC_MAX, .nb_min = 1,
		.nb_align = 1, .nb_seg_max = UINT16_MAX, .nb_mtu_seg_max = UINT16_MAX};
	info->rx_desc_lim = (struct rte_eth_desc_lim){.nb_max = CS_TX_DESC_MAX, .nb_min = 1,
		.nb_align = 1};
	info->default_rxportconf = (struct rte_eth_dev_portconf){32, 64, 1};
	info->default_txportconf = (struct rte_eth_dev_portconf){32, 64, 1};
	return 0;
}

static int dev_start(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;
	struct cs_why why;
	int err;

	if (d->rxq == NULL || d->txq == NULL) {
		CS_LOG(ERR, "one receive and one transmit queue are needed");
		return -EINVAL;
	}
	if (d->rxq->need > 1)
		dev->data->scattered_rx = 1;
	err = cs_dev_start(d, &why);
	if (err < 0) {
		CS_LOG(ERR, "%s", why.text);
		return err;
	}
	cs_link_store(dev);
	dev->data->rx_queue_state[0] = dev->data->tx_queue_state[0] =
		RTE_ETH_QUEUE_STATE_STARTED;
	return 0;
}

static int dev_stop(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;

	cs_dev_stop(d);
	cs_link_store(dev);
	dev->data->rx_queue_state[0] = dev->data->tx_queue_state[0] =
		RTE_ETH_QUEUE_STATE_STOPPED;
	return 0;
}

static int dev_close(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	cs_news_cancel(d);
	if (d->rxq)
		cs_rx_queue_release(dev, 0);
	if (d->txq)
		cs_tx_queue_release(dev, 0);
	cs_dev_close(d);
	cs_args_free(&d->conf);
	dev->data->mac_addrs = NULL; /* part of the private data */
	return 0;
}

static int link_update(struct rte_eth_dev *dev, int wait)
{
	struct cs_dev *d = dev->data->dev_private;

	(void)wait; /* the chip negotiates nothing that could be waited for */
	if (cs_dev_enter(d) == 0) {
		d->link = cs_line_link(&d->chip);
		cs_dev_leave(d);
	}
	return cs_link_store(dev);
}

/* Receiver and transmitter on or off; what waits to be sent waits on. */
static int set_line(struct rte_eth_dev *dev, bool on)
{
	struct cs_dev *d = dev->data->dev_private;
	int err = cs_dev_enter(d);

	if (err < 0)
		return err;
	d->down = !on;
	cs_line_on(&d->chip, on && d->started, on && d->started);
	d->link = cs_line_link(&d->chip);
	cs_dev_leave(d);
	cs_link_store(dev);
	return 0;
}

static int set_link_up(struct rte_eth_dev *dev)
{
	return set_line(dev, true);
}

static int set_link_down(struct rte_eth_dev *dev)
{
	return set_line(dev, false);
}

static int set_filter(struct rte_eth_dev *dev, bool *flag, bool on)
{
	*flag = on;
	cs_dev_filter(dev->data->dev_private);
	return 0;
}

static int promiscuous_enable(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;
	return set_filter(dev, &d->filter.promiscuous, true);
}

static int promiscuous_disable(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;
	return set_filter(dev, &d->filter.promiscuous, false);
}

static int allmulticast_enable(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;
	return set_filter(dev, &d->filter.all_multicast, true);
}

static int allmulticast_disable(struct rte_eth_dev *dev)
{
	struct cs_dev *d = dev->data->dev_private;
	return set_filter(dev, &d->filter.all_multicast, false);
}

/* The hash lets some groups more through than the list has; any list fits. */
static int set_mc_list(struct rte_eth_dev *dev, struct rte_ether_addr *set, uint32_t n)
{
	struct cs_dev *d = dev->data->dev_private;
	uint64_t hash = 0;

	for (uint32_t i = 0; i < n; i++)
		hash |= UINT64_C(1) << cs_hash(set[i].addr_bytes);
	d->filter.hash = hash;
	cs_dev_filter(d);
	return 0;
}

static int mac_set(struct rte_eth_dev *dev, struct rte_ether_addr *mac)
{
	struct cs_dev *d = dev->data->dev_private;

	memcpy(d->filter.mac, mac->addr_bytes, sizeof(d->filter.mac));
	cs_dev_filter(d);
	return d->dead ? -ENODEV : 0;
}

/* The chip takes every legal length; ethdev has checked the limits. */
static int mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	(void)dev;
	(void)mtu;
	return 0;
}

static void rxq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_rxq_info *info)
{
	const struct cs_rxq *q = dev->data->rx_queues[id];

	info->mp = q->pool;
	info->nb_desc = q->nb_desc;
	info->scattered_rx = q->need > 1;
}

static void txq_info(struct rte_eth_dev *dev, uint16_t id, struct rte_eth_txq_info *info)
{
	const struct cs_txq *q = dev->data->tx_queues[id];

	info->nb_desc = (uint16_t)q->size;
}

static const uint32_t *supported_ptypes(struct rte_eth_dev *dev)
{
	static const uint32_t none[] = {RTE_PTYPE_UNKNOWN};

	(void)dev;
	return none;
}

static const struct eth_dev_ops ops = {
	.dev_configure = dev_configure,
	.dev_infos_get = dev_info,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_supported_ptypes_get = supported_ptypes,
	.rx_queue_setup = cs_rx_queue_setup,
	.rx_queue_release = cs_rx_queue_release,
	.tx_queue_setup = cs_tx_queue_setup,
	.tx_queue_release = cs_tx_queue_release,
	.tx_done_cleanup = cs_tx_done_cleanup,
	.rxq_info_get = rxq_info,
	.txq_info_get = txq_info,
	.link_update = link_update,
	.dev_set_link_up = set_link_up,
	.dev_set_link_down = set_link_down,
	.promiscuous_enable = promiscuous_enable,
	.promiscuous_disable = promiscuous_disable,
	.allmulticast_enable = allmulticast_enable,
	.allmulticast_disable = allmulticast_disable,
	.set_mc_addr_list = set_mc_list,
	.mac_addr_set = mac_set,
	.mtu_set = mtu_set,
	.stats_get = cs_stats_get,
	.stats_reset = cs_stats_reset,
	.xstats_get_names = cs_xstats_names,
	.xstats_get = cs_xstats_get,
	.get_reg = cs_get_reg,
	.get_eeprom_length = cs_get_eeprom_length,
	.get_eeprom = cs_get_eeprom,
	.set_eeprom = cs_set_eeprom,
	.fw_version_get = cs_fw_version,
	.eth_dev_priv_dump = cs_priv_dump,
};

static int probe(struct rte_vdev_device *vdev)
{
	const char *name = rte_vdev_device_name(vdev), *args = rte_vdev_device_args(vdev);
	struct rte_eth_dev *dev;
	struct cs_conf conf;
	struct cs_dev *d;
	int err;

	last_why.text[0] = '\0';
	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		CS_LOG(ERR, "secondary processes cannot share the chip");
		return -ENOTSUP;
	}
	err = cs_args_read(&conf, args ? args : "", &last_why);
	if (err < 0)
		goto refused;
	dev = rte_eth_vdev_allocate(vdev, sizeof(*d));
	if (dev == NULL) {
		cs_args_free(&conf);
		return -ENOMEM;
	}
	d = dev->data->dev_private;
	d->conf = conf;
	d->conf.bus.name = name;
	d->port = dev->data->port_id;
	err = cs_dev_open(d, &last_why);
	if (err < 0) {
		cs_args_free(&d->conf);
		dev->data->mac_addrs = NULL;
		rte_eth_dev_release_port(dev);
		goto refused;
	}
	dev->data->mac_addrs = &d->mac;
	dev->data->dev_flags |=
		RTE_ETH_DEV_INTR_LSC | RTE_ETH_DEV_INTR_RMV | RTE_ETH_DEV_AUTOFILL_QUEUE_XSTATS;
	dev->dev_ops = &ops;
	dev->rx_pkt_burst = cs_rx_burst;
	dev->tx_pkt_burst = cs_tx_burst;
	dev->tx_pkt_prepare = cs_tx_prepare;
	rte_eth_dev_probing_finish(dev);
	return 0;
refused:
	CS_LOG(ERR, "%s: %s", name, last_why.text);
	return err;
}

static int remove_dev(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL)
		return 0;
	dev_close(dev);
	return rte_eth_dev_release_port(dev);
}

struct cs8900a_model *cs8900a_model_of(uint16_t port_id)
{
	const struct cs_dev *d;

	if (!rte_eth_dev_is_valid_port(port_id) || rte_eth_devices[port_id].dev_ops != &ops)
		return NULL;
	d = rte_eth_devices[port_id].data->dev_private;
	return d->conf.bus.kind == CS_BUS_MODEL ? cs_bus_model_of(d->bus) : NULL;
}

static struct rte_vdev_driver driver = {.probe = probe, .remove = remove_dev};

RTE_PMD_REGISTER_VDEV(net_cs8900a, driver);
RTE_PMD_REGISTER_PARAM_STRING(net_cs8900a,
	"bus=io|mem|model base=<address> layout=window|ports window=<address> file=<path> "
	"media=auto|10baset|aui|10base2 duplex=half|full mac=<address> txstart=5|381|1021|all "
	"poll=event|isq wire=iface:<name>|pair:<name>|pcap:<in>:<out>|none eeprom=none|<file> "
	"faults=<file> clock=tsc|virtual");
