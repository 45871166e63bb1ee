/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane's model: everything that `ip` can see or change, of one instance. The live
 * instance programs a data plane through struct cp_backend; a shadow is a copy of it without one,
 * against which a configuration file's commands run. What the shadow accepted is journalled, and
 * cp_commit() plays it into the live instance, whole or not at all.
 *
 * One thread owns an instance; nothing here blocks. Time comes from outside, in milliseconds of a
 * monotonic clock, so that tests have their own. Functions that return int give 0 or a negative
 * errno, Linux's for the same request; cp->why then holds Linux's sentence for it, or NULL.
 */
#pragma once

#include <linux/ip.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "backend.h"

struct cp_adjs;
struct cp_journal;
struct cp_links;
struct cp_neighs;
struct cp_nhs;
struct ctl_msg;
struct nl_req;
struct nl_server;
struct rib;

/* Linux's IPV4_DEVCONF_*: `all`, `default` and each link have one. */
#define CP_CONF_MAX 33
struct cp_conf {
	uint32_t v[CP_CONF_MAX]; /* v[IPV4_DEVCONF_FORWARDING - 1] */
	uint64_t set;		 /* bit n: v[n] was set by hand; `default` no longer changes it */
};

static inline uint32_t cp_conf_get(const struct cp_conf *c, int devconf)
{
	return c->v[devconf - 1];
}

/* Each moves with a change of its table; dumps compare them (NLM_F_DUMP_INTR). */
struct cp_gens {
	uint32_t links, addrs, routes, neighs, rules;
};

/* What the journal and the commit tell apart: configuration, not learnt or timed state. */
struct cp {
	const struct cp_backend *be; /* NULL: a shadow */
	void *be_ctx;

	struct cp_links *links;	     /* links.h, addresses included (addrs.h) */
	struct rib *rib;	     /* rib.h: tables and fib_infos */
	struct cp_nhs *nhs;	     /* nexthops.h: what the FIBs' answers mean */
	struct cp_adjs *adjs;	     /* adjacency.h: neighbours that FIBs know one by one */
	struct cp_neighs *neighs;    /* neigh.h */
	struct cp_rules *rules;	     /* rules.h */
	struct cp_conf conf_all, conf_default;

	struct nl_server *ns;	     /* where notifications go; NULL: nowhere */
	struct nl_req *rq;	     /* the request being served: notifications echo its pid and seq */
	const char *why;	     /* sentence of the last error, or NULL; valid until the next call */
	char why_buf[160];

	uint64_t now_ms;	     /* as of the last cp_tick */
	uint64_t rng;
	uint64_t generation;	     /* moves with every accepted change of configuration */
	uint64_t base_generation;    /* of a shadow: the live one's when it was cloned */
	struct cp_gens gens;
	struct cp_journal *journal;  /* of a shadow */
	bool addr_timers;	     /* some address has a lifetime */
	void (*log)(void *ctx, const char *line); /* sentences for the log; NULL: none */
	void *log_ctx;
};

/*
 * A new instance with the loopback (ifindex 1, down as Linux's), the tables local and main
 * and the three default rules. be NULL: without data plane. NULL: no memory.
 */
struct cp *cp_new(const struct cp_backend *be, void *be_ctx);
void cp_free(struct cp *cp);

/*
 * The clock: run what is due at now_ms and return when to come back (UINT64_MAX: nothing waits).
 * Call it at each turn of the control loop: requests move the answer.
 */
uint64_t cp_tick(struct cp *cp, uint64_t now_ms);

/*
 * A message from a worker: CTL_PUNT (ARP; the mbuf stays the caller's), CTL_NEIGH_MISS, _USED,
 * _CONFIRM. Other types are ignored. Live instance only.
 */
void cp_event(struct cp *cp, const struct ctl_msg *msg);

/* ---- transactions ---- */

/* A shadow of `live`; it has no data plane, sends no notification. NULL: no memory. */
struct cp *cp_clone(const struct cp *live);

/*
 * Step of the owner (a `port add` line, accepted by the shadow) to be done at commit in order
 * with the rest: apply(live, arg) returns 0 or a negative errno; undo(live, arg) takes it back;
 * done(arg) frees arg. -ENOMEM.
 */
struct cp_step {
	int (*apply)(struct cp *live, void *arg);
	void (*undo)(struct cp *live, void *arg);
	void (*done)(void *arg);
	void *arg;
};
int cp_journal_step(struct cp *shadow, const struct cp_step *step);

/*
 * Plays the shadow's journal into the live instance. -EAGAIN: live has changed since the clone
 * and nothing was done; run the commands on a new clone. Any other error: a step failed, what came
 * before it is undone, cp->why of `live` says why. The shadow stays the caller's to free.
 */
int cp_commit(struct cp *live, struct cp *shadow);

/* ---- the rest of the daemon ---- */

/* Writes the lines of a configuration file (`ip link ...`, `ip addr ...`, ...) that lead from a
 * fresh instance with the same ports to this one. -EIO when the stream failed. */
int cp_save(const struct cp *cp, FILE *out);

/* rtnetlink's table for nl_server_register(); requests act on rq->ctx, a struct cp. */
struct nl_family;
extern const struct nl_family cp_rtnetlink;

struct cp_memory {
	uint64_t links, addrs, routes, prefixes, fib_infos, nexthops, neighs, adjacencies;
	size_t rib_bytes, fib_bytes;
};
void cp_memory(const struct cp *cp, struct cp_memory *out);

/* ---- among the model's files ---- */

/* `return cp_fail(cp, EINVAL, "Invalid prefix length");` */
int cp_fail(struct cp *cp, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void cp_log(struct cp *cp, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A change of configuration was accepted. */
void cp_changed(struct cp *cp);
uint32_t cp_random(struct cp *cp);
