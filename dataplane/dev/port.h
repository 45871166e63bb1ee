/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK port below a netdev: shared by port.c and port_queues.c. */
#pragma once

#include "dev/netdev_update.h"
#include "dev/rxq.h"
#include "dev/txq.h"

struct dev_port {
	struct netdev_port_conf conf;
	uint16_t nworkers, nrxq, ntxq;
	bool promisc, allmulti;
	struct worker *worker[WORKER_MAX];
	struct rx_queue *rxq[WORKER_MAX];      /* [nrxq] */
	struct tx_queue *txq[WORKER_MAX];      /* [nworkers] */
	struct tx_handover *handover[WORKER_MAX]; /* [nworkers], of those without a port's queue */
	struct rte_eth_stats base;             /* at the last open: counters start at 0 for us */
	struct rte_eth_stats kept;             /* of the times before */
};

/* Queues for the started port, and into the workers' hands. 0 or -ENOMEM. */
int port_queues_attach(struct netdev *dev, struct dev_port *p);
/* Out of the workers' hands; what waits in them ends as DEV_DOWN. Frees them. */
void port_queues_detach(struct netdev *dev, struct dev_port *p);
/* Keep what waits but touch the port no more; and go on. */
void port_queues_freeze(struct dev_port *p);
void port_queues_wake(struct dev_port *p);
