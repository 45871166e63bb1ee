/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tracer of a worker. loop.c calls trace_burst before each stage while tracing is on; a packet
 * is picked at the first stage that sees it, if it matches. The filter reads Ethernet or bare IPv4
 * by the stage: in eth_input and netif_receive data is at the link header unless parsed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>

#include "core/dp.h"
#include "core/trace.h"

int trace_worker_init(struct worker *w)
{
	w->trace = calloc(1, sizeof(*w->trace));
	return w->trace ? 0 : -ENOMEM;
}

static void forget(struct worker *w)
{
	for (unsigned int i = 0; i < TRACE_ACTIVE; i++) {
		free(w->trace->slot[i]);
		w->trace->slot[i] = NULL;
	}
	w->trace->live = 0;
}

void trace_worker_fini(struct worker *w)
{
	if (!w->trace)
		return;
	forget(w);
	free(w->trace);
	w->trace = NULL;
	w->tracing = false;
}

void trace_start(struct worker *w, const struct trace_filter *filter, uint32_t count)
{
	struct trace *t = w->trace;

	forget(w);
	t->filter = *filter;
	t->wanted = count;
	w->tracing = count != 0;
}

static struct trace_record *record_of(struct worker *w, const struct skb *skb)
{
	struct trace *t = w->trace;
	struct trace_record *r = t ? t->slot[skb->trace_id % TRACE_ACTIVE] : NULL;

	return r && r->id == skb->trace_id ? r : NULL;
}

/* Bytes from the IPv4 header on, as far as the first segment has them. */
static bool ip4_of(const struct skb *skb, uint32_t *offset)
{
	const uint8_t *p = skb_data(skb);
	uint32_t len = skb_headlen(skb);

	if (skb->network_header != SKB_HDR_UNSET && skb->protocol == RTE_BE16(0x0800)) {
		int at = (int)skb->network_header - skb_mbuf(skb)->data_off;

		*offset = at < 0 ? 0 : at;
		return at >= 0;
	}
	if (skb->protocol == RTE_BE16(0x0800)) {
		*offset = 0;
		return len >= 20;
	}
	if (skb->protocol == 0 && len >= 34 && p[12] == 8 && p[13] == 0) {
		*offset = 14;
		return true;
	}
	return false;
}

static bool ports_match(const struct trace_filter *f, const uint8_t *l4, uint32_t len)
{
	uint16_t sport, dport;

	if (!f->sport && !f->dport && !f->port)
		return true;
	if (len < 4)
		return false;
	memcpy(&sport, l4, 2);
	memcpy(&dport, l4 + 2, 2);
	return (!f->sport || f->sport == sport) && (!f->dport || f->dport == dport) &&
		(!f->port || f->port == sport || f->port == dport);
}

static bool matches(const struct trace_filter *f, const struct skb *skb)
{
	uint32_t at, len = skb_headlen(skb), src, dst;
	bool any = !f->proto && !f->src && !f->dst && !f->sport && !f->dport &&
		!f->port;

	if (f->iface && (!skb->iif || f->iface != skb->iif))
		return false;
	if (any)
		return true;
	if (!ip4_of(skb, &at) || len < at + 20)
		return false;
	const uint8_t *ip = (const uint8_t *)skb_data(skb) + at;
	uint32_t ihl = (ip[0] & 15) * 4;

	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	if ((f->proto && f->proto != ip[9]) || (f->src && f->src != src) || (f->dst && f->dst != dst))
		return false;
	return ports_match(f, ip + ihl, len > at + ihl ? len - at - ihl : 0);
}

static void pick(struct worker *w, struct skb *skb)
{
	struct trace *t = w->trace;
	struct trace_record *r;
	uint32_t id = t->next_id;

	if (t->slot[id % TRACE_ACTIVE])
		return; /* all followed already: this one goes unseen */
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	r->id = id;
	r->worker = w->id;
	r->in_dev = skb->iif;
	r->len = skb_len(skb) > UINT16_MAX ? UINT16_MAX : skb_len(skb);
	r->nbytes = RTE_MIN(skb_headlen(skb), (uint32_t)TRACE_BYTES);
	memcpy(r->bytes, skb_data(skb), r->nbytes);
	t->slot[id % TRACE_ACTIVE] = r;
	t->next_id++;
	t->wanted--;
	t->live++;
	skb->trace_id = id;
	skb->flags |= SKB_F_TRACED;
}

static void step(struct trace_record *r, uint16_t stage, const char *hook, uint8_t verdict)
{
	if (r->nsteps < TRACE_STEPS)
		r->step[r->nsteps++] = (struct trace_step){stage, verdict, hook, rte_rdtsc()};
}

void trace_burst(struct worker *w, enum stage stage, const struct burst *in)
{
	struct trace *t = w->trace;

	for (uint32_t i = 0; i < in->n; i++) {
		struct skb *skb = in->skb[i];
		struct trace_record *r;

		if (!(skb->flags & SKB_F_TRACED)) {
			if (!t->wanted || !matches(&t->filter, skb))
				continue;
			pick(w, skb);
		}
		if (skb->flags & SKB_F_TRACED && (r = record_of(w, skb)))
			step(r, stage, NULL, 0);
	}
}

void trace_verdict(struct worker *w, struct skb *skb, const char *hook, uint8_t verdict)
{
	struct trace_record *r = record_of(w, skb);

	if (r)
		step(r, r->nsteps ? r->step[r->nsteps - 1].stage : 0, hook, verdict);
}

void trace_end(struct worker *w, struct skb *skb, enum trace_outcome outcome, uint16_t reason)
{
	struct trace_record *r = record_of(w, skb);
	struct trace *t = w->trace;

	skb->flags &= ~SKB_F_TRACED;
	if (!r)
		return;
	r->outcome = outcome;
	r->reason = reason;
	t->slot[r->id % TRACE_ACTIVE] = NULL;
	t->live--;
	if (!w->dp->trace_sink || !w->dp->trace_sink(w, r)) {
		t->lost++;
		free(r);
	}
	if (!t->wanted && !t->live)
		w->tracing = false;
}

void trace_out(struct worker *w, const struct skb *skb, uint16_t dev)
{
	struct trace_record *r = record_of(w, skb);

	if (r)
		r->out_dev = dev;
}

void trace_move(struct worker *w, struct skb *from, struct skb *to)
{
	(void)w;
	to->trace_id = from->trace_id;
	to->flags |= SKB_F_TRACED;
	from->flags &= ~SKB_F_TRACED;
}
