/* SPDX-License-Identifier: BSD-3-Clause */
/* The ledger's census and its closing check; the counters are in worker.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"

void holder_add(struct worker *w, struct holder *h);
void holder_remove(struct worker *w, struct holder *h);

struct ledger_sum {
	struct ledger l;
	uint64_t dropped;  /* sum over the reasons */
	uint64_t held;     /* census */
};

/* On the worker itself, between turns: counters and census of one instant. */
void ledger_snapshot(const struct worker *w, struct ledger_sum *sum);
void ledger_add(struct ledger_sum *sum, const struct ledger_sum *other);
/* rx + alloc + clone + ring_in - (tx + delivered + absorbed + dropped + ring_out + held); 0: closed */
int64_t ledger_gap(const struct ledger_sum *sum);
