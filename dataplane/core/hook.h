/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hook points, after Netfilter (nf_hook_ops, priorities, verdicts). A point is a stage with a fixed
 * next stage; a hook is a burst function in an immutable array sorted by priority that the control
 * thread replaces under QSBR, so hooks come and go under traffic. An empty point costs one
 * predictable branch: stages ask hook_next() once per burst and skip it.
 */
#pragma once

#include "core/burst.h"

struct dp;

enum hook_point {
#define POINT(name, next) HOOK_##name,
#include "core/hook_points.def"
#undef POINT
	HOOK_POINT_COUNT,
};

enum hook_verdict {
	HOOK_ACCEPT = 0, /* on to the next hook */
	HOOK_DROP,       /* lost; the reason is in hook_call.reason[i], DROP_HOOK unless set */
	HOOK_STOLEN,     /* the hook owns the skb now */
	HOOK_QUEUE,      /* as stolen, and the skb remembers where it left: hook_resume() */
	HOOK_REPEAT,     /* call this hook again with the skb */
	HOOK_STOP,       /* skip the rest of the point's hooks */
};

#define HOOK_REPEAT_MAX 4 /* repeats of one skb at one hook before it is dropped as LOOP */

/* What a hook is given: a burst, and one verdict and reason to set for each skb. */
struct hook_call {
	enum hook_point point;
	unsigned int n;
	struct skb *const *skb;
	uint8_t *verdict; /* enum hook_verdict, preset to HOOK_ACCEPT */
	uint16_t *reason; /* enum drop_reason, preset to DROP_HOOK */
	void *priv;
};

typedef void hook_fn(struct worker *w, struct hook_call *call);

/* Owned by whoever registers it; stays until hook_unregister() has returned. */
struct hook_ops {
	hook_fn *fn;
	void *priv;
	enum hook_point point;
	int16_t priority; /* ascending: NF_IP_PRI_* */
	const char *name;
};

struct hook_entry {
	hook_fn *fn;
	void *priv;
	int16_t priority;
	const char *name;
	uint32_t generation; /* registration number: orders entries of one priority */
};

struct hook_array {
	uint32_t n;
	uint32_t generation;
	struct hook_entry entry[];
};

struct hook_table {
	const struct hook_array *_Atomic array[HOOK_POINT_COUNT]; /* NULL: empty */
	uint32_t generation;                                      /* grows with every change */
};

/* The stage to send packets to that reach `point`: its own, or past it where it is empty. */
enum stage hook_next(const struct worker *w, enum hook_point point);

/* Send an skb on that left a point by QUEUE: after the hook it left at, or at it when `repeat`. */
void hook_resume(struct worker *w, struct skb *skb, bool repeat);

/* The body of a point's stage (hook_stages.c). */
void hook_run(struct worker *w, struct burst *in, enum hook_point point);

/*
 * Control thread. Register: 0, -EEXIST (same fn and priv there already), -ENOMEM. Unregister: 0,
 * -ENOENT; returns after no worker runs the hook any more.
 */
int hook_register(struct dp *dp, const struct hook_ops *ops);
int hook_unregister(struct dp *dp, const struct hook_ops *ops);
/* At the end, when no worker runs any more. */
void hook_table_fini(struct dp *dp);
