/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine of a worker. A turn polls the napi entries in round robin, sweeps each poll's packets
 * through all stages, then does what is not packets: control messages, timers, quiescence.
 */
#pragma once

#include "core/burst.h"

struct dp;

#define TURN_RESTARTS 10      /* rounds of overflow in one sweep, then the rest waits a turn */
#define SAMPLE_SWEEPS 64      /* 1 sweep in so many is timed */

struct worker_opts {
	uint16_t id, lcore, node, qsbr_id;
	struct rte_mempool *pool, *clone_pool;
	struct rte_rcu_qsbr *qsbr;   /* NULL: none (unit tests) */
	uint64_t tsc_hz;
};

/*
 * A worker (aligned to 64), ready for the layers' *_worker_init: napi list, timers, caches,
 * backlog. 0, -ENOMEM or -errno of the eventfd.
 */
int worker_init(struct worker *w, struct dp *dp, const struct worker_opts *opts);
/*
 * After the last turn: end what is in the bursts and the backlog as STOPPED. worker_fini does too. A
 * worker whose loop ends has given its backlog to another one that runs.
 */
void worker_stop(struct worker *w);
/* Undo worker_init, after the layers' *_worker_fini. */
void worker_fini(struct worker *w);

/* Until CTL_STOP: turns, and sleeps between them as dp_conf says. The thread is the worker's. */
void worker_run(struct worker *w);

/* One turn; true if it moved a packet or left work pending. */
bool worker_turn(struct worker *w);

/* Run all that is in the bursts, then flush tx and free what ended. */
void worker_sweep(struct worker *w);

/* End what a sweep left in w->done. */
void burst_flush_done(struct worker *w);
/* Move the overflow list into the bursts. */
void burst_refill(struct worker *w);
