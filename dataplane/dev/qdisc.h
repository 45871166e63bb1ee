/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queueing disciplines (Linux's Qdisc_ops): what holds the frames that a transmit queue can't send
 * now. Each belongs to one transmit queue and so to one worker. sched/ implements them.
 */
#pragma once

#include "core/skb_queue.h"

struct qdisc;

struct qdisc_ops {
	const char *name;
	bool fifo;   /* order of arrival, nothing held back: an empty one may be passed by */
	int (*init)(struct qdisc *q);           /* 0 or -errno; NULL: nothing to do */
	void (*destroy)(struct qdisc *q);       /* after reset; NULL: nothing to do */
	/* Takes skb over; false: it, or another in its place, was dropped (and ended). */
	bool (*enqueue)(struct worker *w, struct qdisc *q, struct skb *skb);
	struct skb *(*dequeue)(struct worker *w, struct qdisc *q);  /* NULL: nothing to send now */
	struct skb *(*peek)(struct worker *w, struct qdisc *q);
	/* Back to the front: the port did not take it after all. */
	void (*requeue)(struct worker *w, struct qdisc *q, struct skb *skb);
	void (*reset)(struct worker *w, struct qdisc *q, enum drop_reason reason);
};

struct qdisc {
	const struct qdisc_ops *ops;
	uint32_t len;         /* skbs inside */
	uint32_t limit;       /* the device's tx_queue_len */
	struct skb_queue fifo; /* of the simple ones */
	void *priv;
	uint64_t packets, bytes, drops, requeues;
};
