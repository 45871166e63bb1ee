/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A synchronous call from the control thread into a worker: fn(w, arg) runs on the worker between
 * two turns and worker_call() returns when it has. This is how what a worker owns (napi list,
 * transmit queues, tracer) is changed from outside. One caller at a time: the control thread.
 */
#pragma once

#include <semaphore.h>

#include "core/worker.h"

typedef void worker_call_fn(struct worker *w, void *arg);

struct worker_request {
	worker_call_fn *fn;
	void *arg;
	sem_t done;
};

/* A worker whose loop does not run (not started, stopped, a test) is served by the caller itself. */
void worker_call(struct worker *w, worker_call_fn *fn, void *arg);

/* The engine: serve a call that waits; true if there was one. */
bool worker_serve_call(struct worker *w);
