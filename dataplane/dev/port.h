/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK port below a netdev: shared by port.c and port_queues.c. */
#pragma once

#include <rte_ethdev.h>

#include "dev/netdev_update.h"
#include "dev/rxq.h"
#include "dev/txq.h"

struct dev_port {
	struct netdev_port_conf conf;
	uint16_t nworkers, nrxq, ntxq;
	uint16_t set_rxq, set_txq;             /* queues that are set up */
	bool not_stopped;                      /* the driver would not be disturbed */
	bool promisc, allmulti;
	bool attached;                         /* the queues are in the workers' hands */
	bool frozen, held;                     /* but nobody touches them: to restart it; netdev_port_hold() */
	struct rte_ether_addr *uc;             /* [nuc] secondary addresses that the port has */
	uint32_t nuc;
	struct worker *worker[WORKER_MAX];
	struct rx_queue *rxq[WORKER_MAX];      /* [nrxq] */
	uint16_t turned;                       /* worker[i] is number (i + turned) % nworkers */
	bool spread;                           /* in software: spread.h */
	struct tx_queue *txq[WORKER_MAX];      /* [nworkers] */
	struct tx_handover *handover[WORKER_MAX]; /* [nworkers], of those without a port's queue */
	struct rte_eth_stats base;             /* at the last open: counters start at 0 for us */
	struct rte_eth_stats kept;             /* of the times before */
};

/* Does the port place flows as wire/rss.h does? What it is told at configure, and after start. */
bool port_rss_places(const struct rte_eth_dev_info *info);
void port_rss_conf(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf);
void port_rss_table(uint16_t port, uint16_t size, uint16_t queues);

/* Queues for the started port, and into the workers' hands. 0 or -ENOMEM. */
int port_queues_attach(struct netdev *dev, struct dev_port *p);
/* Out of the workers' hands; what waits in them ends as DEV_DOWN. Frees them. */
void port_queues_detach(struct netdev *dev, struct dev_port *p);
/* The contract's largest frame has changed. */
void port_queues_max_frame(struct dev_port *p);
/* Keep what waits but touch the port no more; and go on, where the port is not held. */
void port_queues_freeze(struct dev_port *p);
void port_queues_wake(struct dev_port *p);
