/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver's face to DPDK: probe and remove on the vdev bus, and the table of ethdev operations.
 * Everything here runs in the control thread; the burst functions are in afp_rx.c and afp_tx.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/utsname.h>

#include <bus_vdev_driver.h>
#include <ethdev_driver.h>
#include <ethdev_vdev.h>
#include <rte_kvargs.h>

#include "afp.h"
#include "afp_ethdev.h"

RTE_LOG_REGISTER(afp_logtype, pmd.net.skiff_afp, NOTICE);

#define RX_OFFLOADS                                                                                \
	(RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |                            \
		RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO |                        \
		RTE_ETH_RX_OFFLOAD_SCATTER)
#define TX_OFFLOADS                                                                                \
	(RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |                           \
		RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO |                        \
		RTE_ETH_TX_OFFLOAD_MULTI_SEGS)

static int dev_configure(struct rte_eth_dev *dev)
{
	(void)dev;
	return 0;
}

static int dev_info(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	struct afp_dev *d = dev->data->dev_private;

	info->if_index = d->ifindex;
	info->max_mac_addrs = 1;
	info->max_rx_queues = info->max_tx_queues = AFP_MAX_QUEUES;
	info->min_rx_bufsize = 1024;
	info->max_rx_pktlen = AFP_MAX_FRAME;
	info->max_lro_pkt_size = AFP_MAX_FRAME;
	info->min_mtu = RTE_ETHER_MIN_MTU;
	info->max_mtu = UINT16_MAX;
	info->rx_offload_capa = info->rx_queue_offload_capa = RX_OFFLOADS;
	info->tx_offload_capa = TX_OFFLOADS;
	if (d->usable_uso)
		info->tx_offload_capa |= RTE_ETH_TX_OFFLOAD_UDP_TSO;
	info->tx_desc_lim.nb_seg_max = info->tx_desc_lim.nb_mtu_seg_max = AFP_MAX_SEGS;
	info->rx_desc_lim.nb_min = AFP_SLOTS_PER_BLOCK;
	info->rx_desc_lim.nb_max = 32768;
	info->rx_desc_lim.nb_align = AFP_SLOTS_PER_BLOCK;
	info->default_rxportconf = (struct rte_eth_dev_portconf){32, 1024, 1};
	info->default_txportconf = (struct rte_eth_dev_portconf){64, 512, 1};
	return 0;
}

static int dev_start(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	int err = afp_queues_start(dev);

	if (err < 0)
		return err;
	err = afp_if_flags(d, IFF_UP, 0);
	if (err < 0)
		AFP_LOG(WARNING, "cannot set %s up: %s; set it up yourself", d->ifname,
			strerror(-err));
	/* Memberships are bound to an index, which may be another one than at the last start. */
	if (d->promisc)
		afp_if_member(d, true, PACKET_MR_PROMISC, NULL);
	if (d->allmulti)
		afp_if_member(d, true, PACKET_MR_ALLMULTI, NULL);
	for (uint32_t i = 0; i < d->nb_mc; i++)
		afp_if_member(d, true, PACKET_MR_MULTICAST, &d->mc[i]);
	dev->data->dev_started = 1;
	afp_link_read(dev);
	return 0;
}

static int dev_stop(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;

	afp_queues_stop(dev);
	if (d->promisc)
		afp_if_member(d, false, PACKET_MR_PROMISC, NULL);
	if (d->allmulti)
		afp_if_member(d, false, PACKET_MR_ALLMULTI, NULL);
	for (uint32_t i = 0; i < d->nb_mc; i++)
		afp_if_member(d, false, PACKET_MR_MULTICAST, &d->mc[i]);
	dev->data->dev_started = 0;
	afp_link_read(dev);
	return 0;
}

static int dev_close(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY)
		return 0;
	afp_watch_close(d);
	for (uint16_t i = 0; i < AFP_MAX_QUEUES; i++) {
		if (d->rxq[i])
			afp_rx_queue_release(dev, i);
		if (d->txq[i])
			afp_tx_queue_release(dev, i);
	}
	close(d->ctl_fd);
	rte_intr_vec_list_free(dev->intr_handle);
	rte_intr_instance_free(dev->intr_handle);
	dev->intr_handle = NULL;
	dev->data->mac_addrs = NULL; /* part of the private data */
	return 0;
}

static int link_update(struct rte_eth_dev *dev, int wait)
{
	(void)wait;
	return afp_link_read(dev);
}

static int set_link_up(struct rte_eth_dev *dev)
{
	return afp_if_flags(dev->data->dev_private, IFF_UP, 0);
}

static int set_link_down(struct rte_eth_dev *dev)
{
	return afp_if_flags(dev->data->dev_private, 0, IFF_UP);
}

/* The socket's own count is reset by reading it, so it is gathered in the queue. */
static uint64_t read_missed(struct afp_rxq *q)
{
	struct tpacket_stats s = {0};
	socklen_t len = sizeof(s);

	if (getsockopt(q->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
		q->missed += s.tp_drops;
	return q->missed + q->truncated;
}

static int stats_get(struct rte_eth_dev *dev, struct rte_eth_stats *s)
{
	struct afp_dev *d = dev->data->dev_private;

	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		struct afp_rxq *q = d->rxq[i];

		if (q == NULL)
			continue;
		s->ipackets += q->packets;
		s->ibytes += q->bytes;
		s->ierrors += q->errors;
		s->rx_nombuf += q->nombuf;
		s->imissed += read_missed(q);
		s->q_ipackets[i] = q->packets;
		s->q_ibytes[i] = q->bytes;
	}
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++) {
		struct afp_txq *q = d->txq[i];

		if (q == NULL)
			continue;
		s->opackets += q->packets;
		s->obytes += q->bytes;
		s->oerrors += q->errors;
		s->q_opackets[i] = q->packets;
		s->q_obytes[i] = q->bytes;
	}
	return 0;
}

static int stats_reset(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;

	for (uint16_t i = 0; i < AFP_MAX_QUEUES; i++) {
		struct afp_rxq *r = d->rxq[i];
		struct afp_txq *t = d->txq[i];

		if (r) {
			read_missed(r);
			r->packets = r->bytes = r->errors = r->nombuf = r->truncated = r->large = 0;
			r->by_ring = 0;
			r->missed = 0;
		}
		if (t)
			t->packets = t->bytes = t->errors = t->kicks = t->by_xdp = 0;
	}
	return 0;
}

static const struct rte_eth_xstat_name xstat_names[] = {
	{"rx_through_socket_queue"}, {"rx_truncated"}, {"rx_kernel_dropped"}, {"tx_system_calls"},
	{"rx_buffers"}, {"tx_through_xdp"}, {"rx_through_bpf"}};

static int xstats_names(struct rte_eth_dev *dev, struct rte_eth_xstat_name *names, unsigned n)
{
	(void)dev;
	if (names && n >= RTE_DIM(xstat_names))
		memcpy(names, xstat_names, sizeof(xstat_names));
	return RTE_DIM(xstat_names);
}

static int xstats_get(struct rte_eth_dev *dev, struct rte_eth_xstat *x, unsigned n)
{
	struct afp_dev *d = dev->data->dev_private;
	uint64_t v[RTE_DIM(xstat_names)] = {0};

	for (uint16_t i = 0; i < AFP_MAX_QUEUES; i++) {
		if (d->rxq[i]) {
			v[0] += d->rxq[i]->large;
			v[1] += d->rxq[i]->truncated;
			v[2] += read_missed(d->rxq[i]) - d->rxq[i]->truncated;
			v[4] += d->rxq[i]->nb_spare;
			v[6] += d->rxq[i]->by_ring;
		}
		if (d->txq[i]) {
			v[3] += d->txq[i]->kicks;
			v[5] += d->txq[i]->by_xdp;
		}
	}
	for (unsigned i = 0; x && i < n && i < RTE_DIM(v); i++)
		x[i] = (struct rte_eth_xstat){.id = i, .value = v[i]};
	return RTE_DIM(v);
}

/* Before the start nothing is asked of the kernel; dev_start() does it. */
static int set_member(struct rte_eth_dev *dev, bool *now, bool want, int type)
{
	int err = 0;

	if (*now != want && dev->data->dev_started)
		err = afp_if_member(dev->data->dev_private, want, type, NULL);
	/* An interface that is gone has lost it by itself. */
	if (err == 0 || (!want && (err == -ENODEV || err == -EADDRNOTAVAIL)))
		*now = want;
	return *now == want ? 0 : err;
}

static int promiscuous_enable(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	return set_member(dev, &d->promisc, true, PACKET_MR_PROMISC);
}

static int promiscuous_disable(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	return set_member(dev, &d->promisc, false, PACKET_MR_PROMISC);
}

static int allmulticast_enable(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	return set_member(dev, &d->allmulti, true, PACKET_MR_ALLMULTI);
}

static int allmulticast_disable(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	return set_member(dev, &d->allmulti, false, PACKET_MR_ALLMULTI);
}

static int set_mc_list(struct rte_eth_dev *dev, struct rte_ether_addr *set, uint32_t n)
{
	struct afp_dev *d = dev->data->dev_private;
	int err = 0;

	if (n > AFP_MAX_MC)
		return -ENOSPC;
	for (uint32_t i = 0; dev->data->dev_started && i < d->nb_mc; i++)
		afp_if_member(d, false, PACKET_MR_MULTICAST, &d->mc[i]);
	for (d->nb_mc = 0; err == 0 && d->nb_mc < n; d->nb_mc++) {
		d->mc[d->nb_mc] = set[d->nb_mc];
		if (dev->data->dev_started)
			err = afp_if_member(d, true, PACKET_MR_MULTICAST, &set[d->nb_mc]);
	}
	return err;
}

static int mac_set(struct rte_eth_dev *dev, struct rte_ether_addr *mac)
{
	return afp_if_set_mac(dev->data->dev_private, mac);
}

static int mtu_set(struct rte_eth_dev *dev, uint16_t mtu)
{
	struct afp_dev *d = dev->data->dev_private;
	uint16_t now;

	/* Asking for what is there needs no privilege. */
	if (afp_if_mtu(d, &now) == 0 && now == mtu)
		return 0;
	return afp_if_set_mtu(d, mtu);
}

static const uint32_t *supported_ptypes(struct rte_eth_dev *dev)
{
	/* Only frames with an unfinished checksum or to be cut are looked at. */
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
	.rx_queue_setup = afp_rx_queue_setup,
	.rx_queue_release = afp_rx_queue_release,
	.rx_queue_intr_enable = afp_rx_intr_enable,
	.rx_queue_intr_disable = afp_rx_intr_disable,
	.tx_queue_setup = afp_tx_queue_setup,
	.tx_queue_release = afp_tx_queue_release,
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
	.stats_get = stats_get,
	.stats_reset = stats_reset,
	.xstats_get_names = xstats_names,
	.xstats_get = xstats_get,
};

static int take_iface(const char *key, const char *value, void *arg)
{
	struct afp_dev *d = arg;

	(void)key;
	if (*value == '\0' || strlen(value) >= sizeof(d->ifname)) {
		AFP_LOG(ERR, "iface=%s: an interface name has 1 to %zu characters", value,
			sizeof(d->ifname) - 1);
		return -EINVAL;
	}
	snprintf(d->ifname, sizeof(d->ifname), "%s", value);
	return 0;
}

static int take_flag(const char *key, const char *value, void *arg)
{
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
		AFP_LOG(ERR, "%s=%s: must be 0 or 1", key, value);
		return -EINVAL;
	}
	*(bool *)arg = value[0] == '1';
	return 0;
}

static int take_slot(const char *key, const char *value, void *arg)
{
	struct afp_dev *d = arg;
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (*end || end == value || v < 256 || v > 65536) {
		AFP_LOG(ERR, "%s=%s: must be 256 to 65536 bytes", key, value);
		return -EINVAL;
	}
	d->slot_size = v;
	return 0;
}

static int read_args(struct afp_dev *d, const char *args)
{
	static const char *const keys[] = {
		"iface", "qdisc_bypass", "slot", "xdp_tx", "bpf_rx", NULL};
	struct rte_kvargs *kv = rte_kvargs_parse(args, keys);
	int err = -EINVAL;

	d->qdisc_bypass = d->xdp_tx = d->bpf_rx = true;
	if (kv == NULL) {
		AFP_LOG(ERR,
			"cannot read '%s'; known: "
			"iface=NAME,qdisc_bypass=0|1,slot=BYTES,xdp_tx=0|1,bpf_rx=0|1",
			args);
		return -EINVAL;
	}
	if (rte_kvargs_count(kv, "iface") != 1)
		AFP_LOG(ERR, "one iface=NAME is needed");
	else if (rte_kvargs_process(kv, "iface", take_iface, d) == 0 &&
		 rte_kvargs_process(kv, "qdisc_bypass", take_flag, &d->qdisc_bypass) == 0 &&
		 rte_kvargs_process(kv, "xdp_tx", take_flag, &d->xdp_tx) == 0 &&
		 rte_kvargs_process(kv, "bpf_rx", take_flag, &d->bpf_rx) == 0 &&
		 rte_kvargs_process(kv, "slot", take_slot, d) == 0)
		err = 0;
	rte_kvargs_free(kv);
	return err;
}

/* UDP segmentation came into the virtio header with Linux 6.2. */
static bool kernel_has_uso(void)
{
	struct utsname u;
	unsigned major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 2);
}

static int open_dev(struct rte_eth_dev *dev, struct afp_dev *d)
{
	uint16_t mtu;
	int err;

	d->port = dev->data->port_id;
	d->usable_uso = kernel_has_uso();
	d->ctl_fd = afp_socket_open();
	if (d->ctl_fd < 0)
		return d->ctl_fd;
	err = afp_if_lookup(d);
	if (err == 0)
		err = afp_if_mtu(d, &mtu);
	if (err == 0)
		err = afp_watch_open(d);
	if (err < 0)
		goto close_ctl;
	err = -ENOMEM;
	dev->intr_handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_SHARED);
	if (dev->intr_handle == NULL)
		goto close_watch;
	if (rte_intr_vec_list_alloc(dev->intr_handle, NULL, AFP_MAX_QUEUES) ||
		rte_intr_nb_efd_set(dev->intr_handle, AFP_MAX_QUEUES) ||
		rte_intr_max_intr_set(dev->intr_handle, AFP_MAX_QUEUES + 1) ||
		rte_intr_type_set(dev->intr_handle, RTE_INTR_HANDLE_VDEV))
		goto free_intr;
	dev->data->mtu = mtu;
	dev->data->mac_addrs = &d->mac;
	dev->data->dev_link.link_status = RTE_ETH_LINK_DOWN;
	dev->data->dev_flags |=
		RTE_ETH_DEV_INTR_LSC | RTE_ETH_DEV_INTR_RMV | RTE_ETH_DEV_AUTOFILL_QUEUE_XSTATS;
	dev->dev_ops = &ops;
	dev->rx_pkt_burst = afp_rx_burst;
	dev->tx_pkt_burst = afp_tx_burst;
	dev->tx_pkt_prepare = afp_tx_prepare;
	return 0;
free_intr:
	rte_intr_vec_list_free(dev->intr_handle);
	rte_intr_instance_free(dev->intr_handle);
	dev->intr_handle = NULL;
close_watch:
	afp_watch_close(d);
close_ctl:
	close(d->ctl_fd);
	return err;
}

static int probe(struct rte_vdev_device *vdev)
{
	const char *args = rte_vdev_device_args(vdev);
	struct afp_dev conf = {0};
	struct rte_eth_dev *dev;
	int err;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		AFP_LOG(ERR, "secondary processes cannot share packet sockets");
		return -ENOTSUP;
	}
	err = read_args(&conf, args ? args : "");
	if (err < 0)
		return err;
	dev = rte_eth_vdev_allocate(vdev, sizeof(conf));
	if (dev == NULL)
		return -ENOMEM;
	memcpy(dev->data->dev_private, &conf, sizeof(conf));
	err = open_dev(dev, dev->data->dev_private);
	if (err < 0) {
		dev->data->mac_addrs = NULL;
		rte_eth_dev_release_port(dev);
		return err;
	}
	rte_eth_dev_probing_finish(dev);
	return 0;
}

static int remove_dev(struct rte_vdev_device *vdev)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));

	if (dev == NULL)
		return 0;
	dev_close(dev);
	return rte_eth_dev_release_port(dev);
}

static struct rte_vdev_driver driver = {.probe = probe, .remove = remove_dev};

RTE_PMD_REGISTER_VDEV(net_skiff_afp, driver);
RTE_PMD_REGISTER_PARAM_STRING(net_skiff_afp, "iface=<string> qdisc_bypass=0|1 slot=<bytes> xdp_tx=0|1 "
					       "bpf_rx=0|1");
