/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follow the next packets that match a filter: stages visited, verdicts of hooks, how it ended, and
 * the first bytes. The control thread arms it by CTL_CALL (trace_start); finished records are given
 * to w->dp->trace_sink, which hands them to the control thread. Off, it costs one branch a sweep.
 */
#pragma once

#include "core/worker.h"

enum trace_outcome {
	TRACE_RUNNING = 0,
	TRACE_SENT,       /* a port took it */
	TRACE_DELIVERED,
	TRACE_ABSORBED,   /* went on in other packets */
	TRACE_DROPPED,
	TRACE_HELD,       /* waits in a queue (neighbour, reassembly); the record ends here */
};

#define TRACE_STEPS 32
#define TRACE_BYTES 96
#define TRACE_ACTIVE 64       /* packets followed at once */

/* 0 in a field matches anything. Addresses, ports in network order; iface is a netdev index. */
struct trace_filter {
	uint16_t iface;
	uint8_t proto;
	uint32_t src, dst;
	uint16_t sport, dport;
	uint16_t port;        /* source or destination */
};

struct trace_step {
	uint16_t stage;       /* enum stage */
	uint8_t verdict;      /* of `hook` */
	const char *hook;     /* NULL: the stage itself */
	uint64_t tsc;
};

struct trace_record {
	uint32_t id;
	uint16_t worker;
	uint16_t in_dev, out_dev; /* netdev index, 0: none */
	uint16_t len;             /* of the packet at the start */
	uint8_t outcome;          /* enum trace_outcome */
	uint16_t reason;          /* enum drop_reason of DROPPED */
	uint8_t nsteps, nbytes;
	struct trace_step step[TRACE_STEPS];
	uint8_t bytes[TRACE_BYTES]; /* from data on, at the start */
};

struct trace {
	struct trace_filter filter;
	uint32_t wanted;          /* packets still to be picked */
	uint32_t live;            /* picked and not finished */
	uint32_t next_id;
	uint64_t lost;            /* records that the sink refused */
	struct trace_record *slot[TRACE_ACTIVE];
};

int trace_worker_init(struct worker *w);
void trace_worker_fini(struct worker *w);

/* On the worker: follow the next `count` packets that match; 0 ends it. The records in progress go. */
void trace_start(struct worker *w, const struct trace_filter *filter, uint32_t count);

static inline bool trace_on(const struct worker *w)
{
	return unlikely(w->tracing);
}

/* The engine: look at a burst before stage `stage` takes it. */
void trace_burst(struct worker *w, enum stage stage, const struct burst *in);
/* A traced skb met a hook; ended; goes on as another skb. */
void trace_verdict(struct worker *w, struct skb *skb, const char *hook, uint8_t verdict);
void trace_end(struct worker *w, struct skb *skb, enum trace_outcome outcome, uint16_t reason);
/* The interface it leaves by, told before trace_end. */
void trace_out(struct worker *w, const struct skb *skb, uint16_t dev);
void trace_move(struct worker *w, struct skb *from, struct skb *to);
