/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of queues: set-up, start, stop, release, and the descriptors a worker sleeps on. Called
 * by DPDK through afp_ethdev.c's table, in the control thread, never while a worker polls them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <ethdev_driver.h>
#include <rte_malloc.h>

#include "afp.h"
#include "afp_ethdev.h"

#define SLOT_LARGEST 16384
#define RING_DEFAULT 1024

/* A slot holds the largest ordinary frame; beyond 16 KB frames go through the socket's queue. */
static uint32_t slot_size(const struct afp_dev *d, uint16_t mtu)
{
	uint32_t need = mtu + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN + AFP_SLOT_OVERHEAD;

	if (d->slot_size)
		return d->slot_size;
	return RTE_MIN(RTE_MAX(need, 1984u), (uint32_t)SLOT_LARGEST);
}

static void rxq_free(struct afp_rxq *q)
{
	if (q)
		afp_rxq_close(q);
	rte_free(q);
}

static void txq_free(struct afp_txq *q)
{
	if (q)
		afp_txq_close(q);
	rte_free(q);
}

static int set_sleep_fd(struct rte_eth_dev *dev, uint16_t id, int fd)
{
	struct rte_intr_handle *h = dev->intr_handle;

	if (rte_intr_vec_list_index_set(h, id, RTE_INTR_VEC_RXTX_OFFSET + id) ||
		rte_intr_efds_index_set(h, id, fd))
		return -rte_errno;
	return 0;
}

int afp_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct afp_dev *d = dev->data->dev_private;
	uint64_t offloads = conf->offloads | dev->data->dev_conf.rxmode.offloads;
	struct afp_rxq *q = rte_zmalloc_socket("afp_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	int err;

	if (q == NULL)
		return -ENOMEM;
	q->pool = pool;
	q->port = dev->data->port_id;
	q->room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	q->want.cksum = offloads & (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	q->want.lro = offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO;
	q->want.vlan_strip = offloads & RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	err = afp_rxq_open(d, q, nb_desc ? nb_desc : RING_DEFAULT, slot_size(d, dev->data->mtu));
	if (err == 0)
		err = set_sleep_fd(dev, id, q->fd);
	if (err < 0) {
		rxq_free(q);
		return err;
	}
	rxq_free(d->rxq[id]);
	dev->data->rx_queues[id] = d->rxq[id] = q;
	return 0;
}

int afp_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_txconf *conf)
{
	struct afp_dev *d = dev->data->dev_private;
	struct afp_txq *q = rte_zmalloc_socket("afp_txq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	int err;

	(void)nb_desc; /* the socket's buffer is the queue */
	(void)conf;
	if (q == NULL)
		return -ENOMEM;
	if (d->txq[id]) { /* only one AF_XDP socket at a time has the interface's queue */
		afp_xdp_close(d->txq[id]->xdp);
		d->txq[id]->xdp = NULL;
	}
	err = afp_txq_open(d, q, id);
	if (err < 0) {
		rte_free(q);
		return err;
	}
	txq_free(d->txq[id]);
	dev->data->tx_queues[id] = d->txq[id] = q;
	return 0;
}

void afp_rx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct afp_dev *d = dev->data->dev_private;

	rxq_free(d->rxq[id]);
	dev->data->rx_queues[id] = d->rxq[id] = NULL;
}

void afp_tx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct afp_dev *d = dev->data->dev_private;

	txq_free(d->txq[id]);
	dev->data->tx_queues[id] = d->txq[id] = NULL;
}

/* The interface went and one of its name came: the sockets must be made anew, the queues stay. */
static int reopen(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;

	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		struct afp_rxq *q = d->rxq[i];
		uint32_t slots = q->nb_slots;

		afp_rxq_close(q);
		int err = afp_rxq_open(d, q, slots, slot_size(d, dev->data->mtu));
		if (err == 0)
			err = set_sleep_fd(dev, i, q->fd);
		if (err < 0)
			return err;
	}
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++) {
		afp_txq_close(d->txq[i]);
		int err = afp_txq_open(d, d->txq[i], i);
		if (err < 0)
			return err;
	}
	d->grouped = 0;
	return 0;
}

/* All queues of a port form one group; a group once joined is for life. */
static int group_queues(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	uint16_t group = 0;
	int err;

	if (dev->data->nb_rx_queues < 2 || d->grouped == dev->data->nb_rx_queues)
		return 0;
	if (d->grouped) { /* some queues were set up again, or there are more now */
		err = reopen(dev);
		if (err < 0)
			return err;
	}
	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		err = afp_fanout_join(d->rxq[i]->fd, &group);
		if (err < 0)
			return err;
	}
	d->grouped = dev->data->nb_rx_queues;
	return 0;
}

int afp_queues_start(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;
	int before = d->ifindex;
	int err = afp_if_lookup(d);

	if (err == 0 && d->ifindex != before)
		err = reopen(dev);
	if (err == 0)
		err = group_queues(dev);
	for (uint16_t i = 0; err == 0 && i < dev->data->nb_rx_queues; i++) {
		afp_rxq_discard(d->rxq[i]);
		afp_ring_discard(d->rxq[i]);
		err = afp_rxq_flow(d->rxq[i], true);
		dev->data->rx_queue_state[i] = RTE_ETH_QUEUE_STATE_STARTED;
	}
	for (uint16_t i = 0; err == 0 && i < dev->data->nb_tx_queues; i++) {
		afp_clear_error(d->txq[i]->fd);
		dev->data->tx_queue_state[i] = RTE_ETH_QUEUE_STATE_STARTED;
	}
	return err;
}

void afp_queues_stop(struct rte_eth_dev *dev)
{
	struct afp_dev *d = dev->data->dev_private;

	for (uint16_t i = 0; i < dev->data->nb_rx_queues; i++) {
		if (d->rxq[i])
			afp_rxq_flow(d->rxq[i], false);
		dev->data->rx_queue_state[i] = RTE_ETH_QUEUE_STATE_STOPPED;
	}
	for (uint16_t i = 0; i < dev->data->nb_tx_queues; i++)
		dev->data->tx_queue_state[i] = RTE_ETH_QUEUE_STATE_STOPPED;
}

/*
 * Before a worker sleeps: all frames by the socket, and its descriptor not ready for an error
 * that was seen. -EAGAIN: frames wait that the descriptor does not tell of.
 */
int afp_rx_intr_enable(struct rte_eth_dev *dev, uint16_t id)
{
	struct afp_dev *d = dev->data->dev_private;

	afp_clear_error(d->rxq[id]->fd);
	return afp_ring_rest(d->rxq[id]);
}

int afp_rx_intr_disable(struct rte_eth_dev *dev, uint16_t id)
{
	(void)dev;
	(void)id;
	return 0;
}

int afp_wait_fd(uint16_t port_id, uint16_t queue)
{
	struct rte_eth_dev *dev;
	struct afp_dev *d;

	if (!rte_eth_dev_is_valid_port(port_id))
		return -ENODEV;
	dev = &rte_eth_devices[port_id];
	if (dev->rx_pkt_burst != afp_rx_burst && dev->data->dev_started)
		return -ENODEV;
	if (strncmp(dev->data->name, AFP_DRIVER, strlen(AFP_DRIVER)) != 0)
		return -ENODEV;
	d = dev->data->dev_private;
	if (queue >= AFP_MAX_QUEUES || d->rxq[queue] == NULL)
		return -EINVAL;
	return d->rxq[queue]->fd;
}
