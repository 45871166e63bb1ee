/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of all workers, taken by each worker at the end of a turn (CTL_SNAPSHOT), gathered here
 * without waiting. Control thread.
 */
#pragma once

#include <stdint.h>

#include "ctl/ctl.h"

struct skiffd;

struct snapshot {
	uint32_t n; /* workers */
	struct worker_snapshot *worker;
};

/* s is valid during the call only; NULL: a worker did not answer within SNAPSHOT_MS. */
typedef void snapshot_fn(void *arg, const struct snapshot *s);

#define SNAPSHOT_MS 10000 /* a busy machine may not run a worker for seconds */

int snapshots_init(struct skiffd *d);
void snapshots_fini(struct skiffd *d);
/* fn(arg, ...) once, later. 0 or -ENOMEM. */
int snapshot_ask(struct skiffd *d, snapshot_fn *fn, void *arg);
/* Nobody waits any more for what was asked with this arg. */
void snapshot_forget(struct skiffd *d, const void *arg);
/* A worker answered. */
void snapshot_done(struct skiffd *d, uint64_t token);
