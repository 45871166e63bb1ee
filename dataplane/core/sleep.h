/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an idle worker sleeps without losing a wake-up. A producer makes its work visible, then calls
 * worker_wake(); the worker publishes `sleeping`, then looks for work once more. Both have a full
 * fence in between, so at least one of them sees the other.
 */
#pragma once

#include "core/worker.h"

#define SLEEP_AFTER_USEC 20   /* of turns that found nothing: a few times what a sleep costs */
#define SLEEP_TICK_USEC 1350  /* with an entry that nothing can wake us for: a wake costs 35-50 us */
#define SLEEP_FDS_MAX 256
#define NAP_USEC 60           /* and as much as the kernel puts on top: 50 by default */
#define WAKES_MANY 8          /* within WAKES_USEC: too many for a CPU that others use, too */
#define WAKES_USEC 2000

/* The worker: sleep until a wait_fd is readable, worker_wake(), or a turn after a tick finds work. */
void worker_sleep(struct worker *w);

/* The same for NAP_USEC at most, with the queues' own wake-ups off: frames gather meanwhile. */
void worker_nap(struct worker *w);

/* Any thread, after it made its work visible. Costs a fence and a load while the worker runs. */
void worker_wake(struct worker *w);
