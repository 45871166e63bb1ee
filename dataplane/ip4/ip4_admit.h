/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way in: what nearly every frame is, past the first two stages; set as dp->admit. */
#pragma once

#include "core/worker.h"

struct rx_queue;

/*
 * Of m[0..n), received from `q` and not touched yet, make skbs of the IPv4 packets to us that
 * eth_input and ip4_input have nothing to say to, and send them to PRE_ROUTING, or where it leads,
 * counted in both stages. The rest, untouched, is moved to the front in order; returns how many that
 * is. *bytes is the sum of all their lengths. dev/rx.c has made sure that nobody looks at the
 * interface's frames, that nothing waits before PRE_ROUTING, and that none is traced.
 *
 * Packets from one address to another stay in order, admitted or behind it.
 */
uint32_t ip4_admit(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes);
