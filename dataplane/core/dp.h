/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables that all workers read and the control thread writes: one struct dp per daemon (or per
 * test). Readers are inside a QSBR section from one quiescent report to the next; what a writer
 * replaces goes through dp_retire(), which frees it after a grace period, in batches.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/hook.h"

struct netdev;
struct qdisc_ops;
struct rte_rcu_qsbr;
struct rx_queue;
struct trace_record;

/*
 * A fused way through the pipeline (ip4/ip4_lane.c) or into it (ip4/ip4_admit.c): takes of m[0..n)
 * what it can handle, moves the rest to the front in order, untouched, and returns how many that is.
 */
typedef uint32_t dp_frames_fn(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes);

/* For whom this is a router; Linux has it by interface. */
enum dp_forward {
	DP_FORWARD_NOBODY = 0,
	DP_FORWARD_ALL = 1,
	DP_FORWARD_SOME = 2,           /* the interface says: netdev.inet */
};

/* Settings read by workers, one word each; the control thread writes them (system, sysctl). */
struct dp_conf {
	atomic_uint ip_forward;        /* enum dp_forward */
	atomic_uint netdev_budget;     /* packets a turn, 300 */
	atomic_uint dev_weight;        /* packets a poll, 64 */
	atomic_uint max_backlog;       /* software input queue, 1000 */
	atomic_uint turn_usec;         /* deadline of a turn, 2000 */
	atomic_uint lane;              /* 0: every packet takes the stages */
	atomic_uint busy;              /* 1: never sleep */
	atomic_uint spread;            /* 0: frames stay with the worker that polls them; of ports opened
	                                * from now on */
	atomic_uint accept_source_route; /* of `all`: an interface may say no */
	atomic_uint log_martians;      /* of `all`; 0 leaves it to the interface */
	atomic_uint icmp_ratelimit_ms; /* Linux net.ipv4.icmp_ratelimit, 1000 */
	atomic_uint icmp_msgs_per_sec; /* Linux icmp_msgs_per_sec, 1000 */
	atomic_uint icmp_echo_ignore_all;
	atomic_uint icmp_echo_ignore_broadcasts; /* 1 */
	atomic_uint send_redirects;    /* of `all`, 1: 0 leaves it to the interface */
	atomic_uint ip_default_ttl;    /* 64 */
	atomic_uint frag_high_bytes;   /* reassembly memory a worker, 4 MB as Linux */
	atomic_uint frag_timeout_s;    /* 30 */
	atomic_uint neigh_hold;        /* packets held per unresolved neighbour, 101 */
};

struct dp {
	struct rte_rcu_qsbr *qsbr;     /* NULL in unit tests: retire frees at once */
	struct dp_conf conf;
	struct hook_table hooks;
	struct netdev_table *netdevs;  /* dev/netdev.h */
	struct ptype_table *ptypes;    /* dev/ptype.h */
	struct neigh_table *neighs;    /* neigh/neigh.h */
	struct fib_rules *rules;       /* fib/rules.h: which tables a packet is looked up in */
	struct fib_nh_table *nhs;      /* fib/nexthop.h: what a FIB's answer means */
	struct inet_protos *protos;    /* ip4/protocols.h */
	struct dp_retired *retired;
	/*
	 * Reasons for all packets to take the stages: hooks, taps, qdiscs that are more than a queue.
	 * The lane is taken where this is 0 and the port's rx_path too.
	 */
	atomic_uint staged;
	const struct qdisc_ops *qdisc; /* dev/qdisc.h: what a transmit queue gets at open */
	/* The watchdog fired for a queue of dev: reset the port (netdev_update.h). */
	void (*tx_timeout)(struct worker *w, struct netdev *dev);
	dp_frames_fn *lane, *admit;    /* NULL: none; set before the workers start */
	/* Takes a finished trace record over and hands it to the control thread; false: no room. */
	bool (*trace_sink)(struct worker *w, struct trace_record *r);
	struct worker *_Atomic workers[64]; /* [WORKER_MAX] */
};

/* Defaults in conf, empty tables of core; the layers' init functions fill theirs. */
int dp_init(struct dp *dp, struct rte_rcu_qsbr *qsbr);
void dp_fini(struct dp *dp);

/* Control thread: call fn(ctx, ptr) once no worker can hold ptr. -ENOMEM: it waited instead. */
typedef void dp_free_fn(void *ctx, void *ptr);
void dp_retire(struct dp *dp, dp_free_fn *fn, void *ctx, void *ptr);
/* Run what has become due (called by the control thread's loop); true if anything is left. */
bool dp_reclaim(struct dp *dp);
/* Wait until every worker has passed a quiescent state, then run all that was retired. */
void dp_synchronize(struct dp *dp);
