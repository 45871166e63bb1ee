/* SPDX-License-Identifier: BSD-3-Clause */
/* The fused way of plain forwarded packets; set as dp->lane before the workers start. */
#pragma once

#include "core/worker.h"

struct rx_queue;

/*
 * Forward what of m[0..n) needs nothing but a route, and count it as the stages would. The rest,
 * untouched, is moved to the front in order; returns how many that is. The frames come from `q`,
 * counted as received; dp->staged, taps, traces and dp_conf.lane have been looked at (dev/rx.c).
 *
 * Order is kept among the packets that it takes and among those that it leaves; one that it leaves
 * may be passed by packets of the same burst.
 */
uint32_t ip4_lane(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n);
