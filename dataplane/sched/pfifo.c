/* SPDX-License-Identifier: BSD-3-Clause */
/* First in, first out, at most `limit` frames: the qdisc of every transmit queue until tc says else. */
#include "core/dp.h"
#include "sched/sched.h"

static bool enqueue(struct worker *w, struct qdisc *q, struct skb *skb)
{
	if (q->len >= q->limit) {
		q->drops++;
		skb_drop(w, skb, DROP_TX_FULL);
		return false;
	}
	skb_queue_tail(&q->fifo, skb);
	q->len++;
	q->packets++;
	q->bytes += skb_len(skb);
	return true;
}

static struct skb *dequeue(struct worker *w, struct qdisc *q)
{
	struct skb *skb = skb_dequeue(&q->fifo);

	(void)w;
	q->len -= skb != NULL;
	return skb;
}

static struct skb *peek(struct worker *w, struct qdisc *q)
{
	(void)w;
	return skb_peek(&q->fifo);
}

static void requeue(struct worker *w, struct qdisc *q, struct skb *skb)
{
	(void)w;
	skb_queue_head(&q->fifo, skb);
	q->len++;
	q->requeues++;
}

static void reset(struct worker *w, struct qdisc *q, enum drop_reason reason)
{
	skb_queue_purge(w, &q->fifo, reason);
	q->len = 0;
}

const struct qdisc_ops pfifo_qdisc = {
	.name = "pfifo",
	.fifo = true,
	.enqueue = enqueue,
	.dequeue = dequeue,
	.peek = peek,
	.requeue = requeue,
	.reset = reset,
};

int sched_init(struct dp *dp)
{
	dp->qdisc = &pfifo_qdisc;
	return 0;
}

void sched_fini(struct dp *dp)
{
	dp->qdisc = NULL;
}
