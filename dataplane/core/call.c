/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker_call: a mailbox of one request. The caller publishes and wakes; the worker looks once per
 * turn. `running` changes under the same handshake: a worker that leaves its loop serves what it
 * finds after it has said so, so a caller never waits for nobody.
 */
#include <errno.h>

#include "core/call.h"
#include "core/sleep.h"

bool worker_serve_call(struct worker *w)
{
	struct worker_request *r = atomic_exchange_explicit(&w->request, NULL, memory_order_acq_rel);

	if (!r)
		return false;
	r->fn(w, r->arg);
	sem_post(&r->done);
	return true;
}

void worker_call(struct worker *w, worker_call_fn *fn, void *arg)
{
	struct worker_request r = {.fn = fn, .arg = arg}, *mine = &r;

	if (!atomic_load(&w->running)) {
		fn(w, arg);
		return;
	}
	sem_init(&r.done, 0, 0);
	atomic_store(&w->request, &r);
	worker_wake(w);
	/* it left its loop in between: whoever takes the request back runs it */
	if (!atomic_load(&w->running) && atomic_compare_exchange_strong(&w->request, &mine, NULL)) {
		fn(w, arg);
	} else {
		while (sem_wait(&r.done) < 0 && errno == EINTR)
			;
	}
	sem_destroy(&r.done);
}
