/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The ethdev operations that stand in afp_queue.c; afp_ethdev.c puts them into its table. */

#include <ethdev_driver.h>

int afp_rx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int afp_tx_queue_setup(struct rte_eth_dev *dev, uint16_t id, uint16_t nb_desc, unsigned socket,
	const struct rte_eth_txconf *conf);
void afp_rx_queue_release(struct rte_eth_dev *dev, uint16_t id);
void afp_tx_queue_release(struct rte_eth_dev *dev, uint16_t id);
int afp_rx_intr_enable(struct rte_eth_dev *dev, uint16_t id);
int afp_rx_intr_disable(struct rte_eth_dev *dev, uint16_t id);
int afp_queues_start(struct rte_eth_dev *dev);
void afp_queues_stop(struct rte_eth_dev *dev);
