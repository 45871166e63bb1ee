/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours, as workers see them: a table from (device, next hop) to an immutable entry, written
 * by the control thread (neigh_update.h), read under QSBR. The state machine (RFC 826, RFC 4861
 * 7.3.2 as Linux applies it to ARP) lives in the control thread; a worker holds packets that wait
 * for an answer, asks for it once, and reports the first use of a stale entry.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/dp.h"
#include "core/worker.h"

enum neigh_flags {
	NEIGH_VALID = 1 << 0, /* hh may be used */
	NEIGH_STALE = 1 << 1, /* tell the control thread about the first use */
	NEIGH_FAILED = 1 << 2, /* resolution failed: drop, host unreachable */
};

struct neigh {
	uint16_t dev;            /* netdev index */
	uint8_t flags;           /* enum neigh_flags */
	uint8_t hh_len;
	rte_be32_t ip;
	uint8_t lladdr[6];
	uint8_t hh[22];          /* Ethernet header, at most two VLAN tags included */
	atomic_uchar reported;   /* a worker has reported the use of this (stale) entry */
};

/* NULL: never heard of; the caller holds the packet and asks. */
const struct neigh *neigh_lookup(const struct dp *dp, uint16_t dev, rte_be32_t ip);

/* Worker state and the hold queues; called at worker start and end. 0 or -ENOMEM. */
int neigh_worker_init(struct worker *w);
void neigh_worker_fini(struct worker *w);

/*
 * Message from the control thread: (dev, ip) was resolved, or failed. Sends held packets to
 * eth_output, or ends them (host unreachable for forwarded ones).
 */
void neigh_ready(struct worker *w, uint16_t dev, rte_be32_t ip);
/* Such messages were lost: the same for all that are known by now. */
void neigh_ready_all(struct worker *w);
