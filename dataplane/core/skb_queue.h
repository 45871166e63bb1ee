/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doubly linked queues of skbs (Linux's sk_buff_head). A queue belongs to one worker, so there is
 * no lock; between threads skbs go by ring. An skb is in one queue at most.
 */
#pragma once

#include "core/burst.h"

struct skb_queue {
	struct skb *head, *tail;
	uint32_t len;
};

static inline void skb_queue_init(struct skb_queue *q)
{
	*q = (struct skb_queue){0};
}

static inline bool skb_queue_empty(const struct skb_queue *q)
{
	return q->head == NULL;
}

static inline struct skb *skb_peek(const struct skb_queue *q)
{
	return q->head;
}

static inline struct skb *skb_peek_tail(const struct skb_queue *q)
{
	return q->tail;
}

#define skb_queue_walk(q, skb) for ((skb) = (q)->head; (skb); (skb) = (skb)->next)

/* Between two neighbours of the queue; NULL means its end on that side. */
static inline void skb_queue_link(struct skb_queue *q, struct skb *prev, struct skb *skb,
	struct skb *next)
{
	skb->prev = prev;
	skb->next = next;
	*(prev ? &prev->next : &q->head) = skb;
	*(next ? &next->prev : &q->tail) = skb;
	q->len++;
}

static inline void skb_queue_head(struct skb_queue *q, struct skb *skb)
{
	skb_queue_link(q, NULL, skb, q->head);
}

static inline void skb_queue_tail(struct skb_queue *q, struct skb *skb)
{
	skb_queue_link(q, q->tail, skb, NULL);
}

/* Linux's skb_append: skb after `old`. */
static inline void skb_append(struct skb_queue *q, struct skb *old, struct skb *skb)
{
	skb_queue_link(q, old, skb, old->next);
}

/* Linux's skb_insert: skb before `old`. */
static inline void skb_insert(struct skb_queue *q, struct skb *old, struct skb *skb)
{
	skb_queue_link(q, old->prev, skb, old);
}

static inline void skb_unlink(struct skb_queue *q, struct skb *skb)
{
	*(skb->prev ? &skb->prev->next : &q->head) = skb->next;
	*(skb->next ? &skb->next->prev : &q->tail) = skb->prev;
	skb->next = NULL;
	skb->prev = NULL;
	q->len--;
}

static inline struct skb *skb_dequeue(struct skb_queue *q)
{
	struct skb *skb = q->head;

	if (skb)
		skb_unlink(q, skb);
	return skb;
}

static inline struct skb *skb_dequeue_tail(struct skb_queue *q)
{
	struct skb *skb = q->tail;

	if (skb)
		skb_unlink(q, skb);
	return skb;
}

/* Append all of `from`, which is empty afterwards. */
static inline void skb_queue_splice_tail(struct skb_queue *q, struct skb_queue *from)
{
	if (!from->head)
		return;
	from->head->prev = q->tail;
	*(q->tail ? &q->tail->next : &q->head) = from->head;
	q->tail = from->tail;
	q->len += from->len;
	skb_queue_init(from);
}

static inline void skb_queue_purge(struct worker *w, struct skb_queue *q, enum drop_reason reason)
{
	struct skb *skb;

	while ((skb = skb_dequeue(q)))
		skb_drop(w, skb, reason);
}

/* Linux's skb_drop_list: a list by `next` that no queue holds. */
static inline void skb_drop_list(struct worker *w, struct skb *list, enum drop_reason reason)
{
	while (list) {
		struct skb *next = list->next;

		list->next = NULL;
		skb_drop(w, list, reason);
		list = next;
	}
}

/* The list of whole skbs that `skb` carries (reassembly). Its length is not part of skb_len(). */
static inline void skb_set_frag_list(struct skb *skb, struct skb *list)
{
	skb->frag_list = list;
	skb->flags = list ? skb->flags | SKB_F_FRAGLIST : skb->flags & ~SKB_F_FRAGLIST;
}

/* Linux's skb_drop_fraglist. */
static inline void skb_drop_fraglist(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	struct skb *list = skb->flags & SKB_F_FRAGLIST ? skb->frag_list : NULL;

	skb_set_frag_list(skb, NULL);
	skb_drop_list(w, list, reason);
}

/* Linux's skb_clone_fraglist: one more reference to each member. */
static inline void skb_clone_fraglist(struct skb *skb)
{
	if (skb->flags & SKB_F_FRAGLIST)
		for (struct skb *s = skb->frag_list; s; s = s->next)
			skb_get(s);
}
