/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that one core owns. First argument everywhere as `w`; nothing below the main loop asks for
 * its lcore. Blocks by writer: set at start, the worker's own, and pub (written by the worker,
 * read by anybody). Protocol state hangs on forward-declared pointers that each layer's init
 * allocates, so core/ knows no protocol.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/drop.h"
#include "core/skb.h"
#include "stages.h"

struct ctl_msg;
struct rte_mempool;
struct worker_request;
struct rte_rcu_qsbr;

#define BURST_MAX 128
#define WORKER_MAX 64
#define STAGE_WORDS ((STAGE_COUNT + 63) / 64)

struct burst {
	uint32_t n;
	struct skb *skb[BURST_MAX];
};

struct stage_stats {
	uint64_t packets;
	uint64_t calls;
	uint64_t cycles;         /* TSC, in the sampled calls only */
	uint64_t sampled;        /* packets in the sampled calls */
};

/*
 * The ledger; its unit is one skb head:
 *	rx + alloc + clone + ring_in = tx + delivered + absorbed + dropped[] + ring_out + held
 * `held` is a census over w->holders, never a difference.
 */
struct ledger {
	uint64_t rx;             /* heads taken from PMDs */
	uint64_t alloc;
	uint64_t clone;
	uint64_t ring_in;        /* from other threads, by ring */
	uint64_t tx;             /* accepted by a PMD */
	uint64_t delivered;
	uint64_t absorbed;
	uint64_t ring_out;
	uint64_t dropped[DROP_REASON_COUNT];
};

/* A place that keeps skbs between turns tells how many: embedded in its owner, see ledger.h. */
struct holder {
	struct holder *next;
	const char *name;
	uint64_t (*count)(const struct holder *h);
};

struct worker_stats {
	uint64_t turns;
	uint64_t busy_turns;     /* turns that moved a packet */
	uint64_t busy_cycles;
	uint64_t idle_cycles;    /* polling without work */
	uint64_t sleeps;
	uint64_t sleep_cycles;
	uint64_t time_squeeze;   /* turns that budget or deadline ended with work pending */
	uint64_t backlog_total;  /* netdev_rx_stat of the software input queue */
	uint64_t backlog_dropped;
	uint64_t backlog_refused; /* from other threads, by the ring; in snapshots only */
	uint64_t ctl_lost;       /* messages to the control thread that found the ring full */
	uint64_t no_skb;         /* allocations that failed */
	uint64_t lane_packets;   /* forwarded by the lane */
	uint64_t lane_left;      /* handed by the lane to the stages */
};

struct worker {
	/* set at start, then read only */
	uint16_t id;
	uint16_t lcore;
	uint16_t node;                  /* NUMA */
	uint16_t qsbr_id;
	struct dp *dp;                  /* tables that all workers read: dp.h */
	struct rte_mempool *pool;
	struct rte_mempool *clone_pool; /* header-only mbufs */
	struct rte_rcu_qsbr *qsbr;
	uint64_t tsc_hz;
	bool (*flush)(struct worker *w); /* after each sweep: dev/ sends; true: some frames wait */
	bool (*event)(struct worker *w, const struct ctl_msg *msg); /* to the control thread: ctl/ */
	void (*turn_end)(struct worker *w); /* after each turn: doorbells of rings to other threads */

	/* the turn */
	uint64_t now __attribute__((aligned(64))); /* TSC at the start of the sweep */
	uint64_t rng;                   /* worker_rand() */
	uint64_t pending[STAGE_WORDS];  /* stages whose burst is not empty */
	uint32_t sweeps;                /* 1 in 64 is timed */
	uint32_t overflow_len;
	uint64_t turn_start;
	bool turn_busy;
	bool tx_waiting;                /* frames wait for a port that took no more */
	bool tracing;                   /* core/trace.h looks at every burst */
	bool stop;                      /* leave worker_run after this turn */
	struct skb *overflow;           /* list of (stage, skb) swept next: burst.c */
	struct skb **overflow_tail;
	struct holder *holders;

	/* layers' state; each layer's init allocates its own */
	struct napi_list *napi;         /* core/napi.h */
	struct timer_wheel *timers;     /* core/timer.h */
	struct trace *trace;            /* core/trace.h */
	struct skb_cache *skb_cache;    /* core/skb_alloc.h */
	struct backlog *backlog;        /* core/backlog.h */
	struct dev_worker *dev;         /* dev/dev.h: tx queues, interface counters */
	struct neigh_worker *neigh;     /* neigh/: hold queues */
	struct ip4_worker *ip4;         /* ip4/: counters, fragment queues, rate limits */
	struct ctl_worker *ctl;         /* ctl/: rings to and from the control thread */

	/* pub */
	struct worker_stats stats __attribute__((aligned(64)));
	struct ledger ledger;
	struct stage_stats stage[STAGE_COUNT];

	/* the sleep protocol: producers fence, then look at `sleeping` once per turn */
	atomic_uint sleeping __attribute__((aligned(64)));
	int wake_fd;                    /* eventfd, written to end a sleep */
	atomic_bool running;            /* a thread is in worker_run */
	struct worker_request *_Atomic request; /* core/call.h */
	atomic_uint inbox_ready;        /* core/backlog.h: other threads have handed frames in */

	struct burst done __attribute__((aligned(64))); /* ended skbs, freed at the sweep's end */
	struct burst out[STAGE_COUNT] __attribute__((aligned(64)));
};

/* Pseudo-random 64 bits (xorshift64); for sampling and spreading, never for secrets. */
static inline uint64_t worker_rand(struct worker *w)
{
	uint64_t x = w->rng;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return w->rng = x;
}

/* TSC cycles of a span of time, at this worker's clock. */
static inline uint64_t worker_usec(const struct worker *w, uint64_t usec)
{
	return usec * (w->tsc_hz / 1000) / 1000;
}

static inline uint64_t worker_msec(const struct worker *w, uint64_t msec)
{
	return msec * (w->tsc_hz / 1000);
}
