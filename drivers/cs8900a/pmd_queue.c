/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of the two queues. Called by DPDK through pmd_ethdev.c's table, in the control thread,
 * never while a worker polls them.
 */
#include <errno.h>

#include <rte_malloc.h>

#include "pmd.h"

static void rxq_free(struct cs_rxq *q)
{
	if (q)
		rte_pktmbuf_free_bulk(q->spare, q->nb_spare);
	rte_free(q);
}

int cs_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	struct cs_dev *d = dev->data->dev_private;
	struct cs_rxq *q;

	(void)conf;
	q = rte_zmalloc_socket("cs8900a_rxq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);
	if (q == NULL)
		return -ENOMEM;
	q->dev = d;
	q->pool = pool;
	q->nb_desc = nb_desc; /* the chip's 4 KB hold what they hold */
	q->room = (rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM) & ~1u;
	q->need = (CS_FRAME_MAX_CRC + q->room - 1) / q->room;
	rxq_free(d->rxq);
	dev->data->rx_queues[id] = d->rxq = q;
	return 0;
}

void cs_rx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct cs_dev *d = dev->data->dev_private;

	rxq_free(d->rxq);
	dev->data->rx_queues[id] = d->rxq = NULL;
}

int cs_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_txconf *conf)
{
	struct cs_dev *d = dev->data->dev_private;
	const uint32_t slots = rte_align32pow2(nb_desc);
	struct cs_txq *q;

	(void)conf;
	q = rte_zmalloc_socket("cs8900a_txq", sizeof(*q) + slots * sizeof(q->ring[0]),
		RTE_CACHE_LINE_SIZE, socket);
	if (q == NULL)
		return -ENOMEM;
	q->dev = d;
	q->size = nb_desc;
	q->mask = slots - 1;
	cs_tx_queue_release(dev, id);
	dev->data->tx_queues[id] = d->txq = q;
	return 0;
}

void cs_tx_queue_release(struct rte_eth_dev *dev, uint16_t id)
{
	struct cs_dev *d = dev->data->dev_private;

	if (d->txq) {
		cs_tx_drop_all(d);
		rte_free(d->txq);
	}
	dev->data->tx_queues[id] = d->txq = NULL;
}
