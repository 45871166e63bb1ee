/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The poll list of a worker (Linux's softnet_data.poll_list): entries in round robin. loop.c polls
 * the head and rotates; control adds and removes by message, so the list has one writer.
 */
#include "core/napi.h"
#include "core/worker.h"

void napi_schedule(struct worker *w, struct napi *n)
{
	struct napi_list *l = w->napi;

	if (n->state & (NAPI_SCHED | NAPI_DISABLE))
		return;
	n->state |= NAPI_SCHED;
	n->next = NULL;
	*l->tail = n;
	l->tail = &n->next;
	l->n++;
}

/* The engine has taken the entry off the list for the poll, and puts it back while SCHED is set. */
void napi_complete(struct worker *w, struct napi *n)
{
	(void)w;
	n->state &= ~NAPI_SCHED;
}

void napi_enable(struct worker *w, struct napi *n)
{
	(void)w;
	n->state &= ~NAPI_DISABLE;
}

/* An entry whose poll is running is off the list; without SCHED the engine does not put it back. */
void napi_disable(struct worker *w, struct napi *n)
{
	struct napi_list *l = w->napi;

	n->state |= NAPI_DISABLE;
	for (struct napi **p = &l->head; *p; p = &(*p)->next) {
		if (*p != n)
			continue;
		*p = n->next;
		if (!*p)
			l->tail = p;
		l->n--;
		break;
	}
	n->next = NULL;
	n->state &= ~NAPI_SCHED;
}
