/* SPDX-License-Identifier: BSD-3-Clause */
/* The fused way of plain forwarded packets; set as dp->lane before the workers start. */
#pragma once

#include "core/worker.h"

struct rx_queue;

/*
 * Forward what of m[0..n) needs nothing but a route, and count it as the stages would. The rest,
 * untouched, is moved to the front in order; returns how many that is. The frames come from `q` and
 * are the caller's to count as received; *bytes is the sum of their lengths, untouched where the lane
 * is shut. dp->staged, taps, traces and dp_conf.lane have been looked at (dev/rx.c).
 *
 * Packets from one address to another leave in the order they came in, by the lane or behind it.
 */
uint32_t ip4_lane(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes);

/* Its loops over a burst, 16 frames at a time or one by one; NULL: this CPU can't. */
struct lane_form;
const struct lane_form *ip4_lane_form(bool wide);
