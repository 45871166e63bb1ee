/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait for their neighbour's address, per worker and bounded three ways: per
 * neighbour (dp_conf.neigh_hold), in neighbours, and in total, so that a scan of an empty subnet
 * cannot take the buffers in which the answers have to arrive. What does not fit costs the oldest.
 */
#pragma once

#include "core/ledger.h"
#include "neigh/neigh.h"

#define NEIGH_HOLD_QUEUES 512
#define NEIGH_HOLD_TOTAL 2048 /* and at most an eighth of the pool */

struct neigh_hold {
	struct neigh_hold *chain;           /* in the hash bucket, or in the free list */
	struct neigh_hold *older, *younger; /* all queues by age */
	struct skb *head, **tail;
	uint32_t n;
	uint16_t dev;
	bool asked;                         /* the control thread knows */
	rte_be32_t ip;
	uint64_t since;                     /* w->now of the question */
};

struct neigh_worker {
	struct holder holder;
	uint32_t held, held_max;
	uint64_t patience;                  /* TSC cycles after which a question is repeated */
	struct neigh_hold *free;
	struct neigh_hold *oldest, *youngest;
	struct neigh_hold *bucket[NEIGH_HOLD_QUEUES];
	struct neigh_hold queue[NEIGH_HOLD_QUEUES];
};

/* Keep skb until neigh_ready(dev, ip); asks the control thread where nobody has. */
void neigh_hold(struct worker *w, struct skb *skb, uint16_t dev, rte_be32_t ip);
