/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages between the control thread and a worker: typed, over one ring each way, bounded per
 * turn. Packets cross as mbufs inside messages and are counted as ring_out / ring_in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/ctl_msg.h"
#include "core/ledger.h"
#include "core/napi.h"
#include "ip4/ip4_mib.h"

struct worker_snapshot {
	struct ledger_sum ledger;
	struct worker_stats stats;
	struct stage_stats stage[STAGE_COUNT];
	struct ip4_counters ip4;
	uint32_t cached, cached_clones; /* empty buffers that the worker keeps at hand */
};

#define CTL_RING_SIZE 4096
#define CTL_BUDGET 64       /* messages a turn */

int ctl_worker_init(struct worker *w);
void ctl_worker_fini(struct worker *w);

/* Control thread: queue a message and wake the worker. 0, or -ENOBUFS when the ring is full. */
int ctl_send(struct worker *w, const struct ctl_msg *msg);
/* Control thread: CTL_NEIGH_READY, which gets there in any case: by the ring, or with all others. */
void ctl_neigh_ready(struct worker *w, uint16_t dev, rte_be32_t ip);
/* Control thread: take at most n messages of the worker. */
unsigned int ctl_recv(struct worker *w, struct ctl_msg *msg, unsigned int n);
/* Readable when ctl_recv has something: an eventfd for the control thread's loop. */
int ctl_fd(const struct worker *w);

/* Worker: an event for the control thread; false when the ring is full (counted). w->event. */
bool ctl_event(struct worker *w, const struct ctl_msg *msg);
/* Worker: handle what the control thread sent, at most CTL_BUDGET messages. */
unsigned int ctl_poll(struct worker *w);
