/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rings between the control thread and a worker, and the worker's handling of requests. A ring
 * has one producer and one consumer. The worker polls its ring as the napi entry "ctl", once a turn,
 * and is woken by worker_wake(); the control thread sleeps on an eventfd that a worker writes at most
 * once per turn, and only when the control thread has said that it will sleep (`armed`).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_ring_elem.h>

#include "core/backlog.h"
#include "core/burst.h"
#include "core/dp.h"
#include "core/ring.h"
#include "core/skb_alloc.h"
#include "core/sleep.h"
#include "ctl/ctl.h"
#include "dev/netdev.h"
#include "ip4/ip4.h"
#include "l2/eth.h"
#include "neigh/neigh.h"

#define DONE_RESERVE 256 /* places that events leave free for answers */

struct ctl_worker {
	struct napi napi;
	struct rte_ring *to_worker, *to_control;
	int fd;
	uint32_t sent;           /* events of this turn */
	atomic_uint armed __attribute__((aligned(64)));
	atomic_uint ready_lost;  /* a CTL_NEIGH_READY found the ring full */
};

static struct rte_ring *new_ring(void)
{
	return ring_new_elem("ctl", sizeof(struct ctl_msg), CTL_RING_SIZE,
		RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static unsigned int napi_poll(struct worker *w, struct napi *n, unsigned int budget)
{
	unsigned int done = ctl_poll(w);

	return RTE_MIN(done, budget);
}

/* At the turn's end: one write for all events of the turn, if the control thread sleeps. */
static void doorbell(struct worker *w)
{
	struct ctl_worker *c = w->ctl;
	uint64_t one = 1;

	if (likely(!c->sent))
		return;
	c->sent = 0;
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&c->armed, memory_order_relaxed))
		return;
	atomic_store_explicit(&c->armed, 0, memory_order_relaxed);
	while (write(c->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void tx_timeout(struct worker *w, struct netdev *dev)
{
	const struct ctl_msg m = {.type = CTL_TX_TIMEOUT, .dev = dev->index};

	ctl_event(w, &m); /* full: the watchdog fires again */
}

int ctl_worker_init(struct worker *w)
{
	struct ctl_worker *c = aligned_alloc(64, sizeof(*c));
	int rc = -ENOMEM;

	if (!c)
		return rc;
	memset(c, 0, sizeof(*c));
	c->to_worker = new_ring();
	c->to_control = new_ring();
	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!c->to_worker || !c->to_control || c->fd < 0) {
		rc = c->fd < 0 ? -errno : rc;
		if (c->fd >= 0)
			close(c->fd);
		free(c->to_worker);
		free(c->to_control);
		free(c);
		return rc;
	}
	c->armed = 1;
	c->napi = (struct napi){.poll = napi_poll, .name = "ctl", .weight = CTL_BUDGET,
		.wait_fd = -1, .urgent = true, .on_demand = true};
	w->ctl = c;
	w->turn_end = doorbell;
	w->event = ctl_event;
	w->dp->tx_timeout = tx_timeout;
	napi_schedule(w, &c->napi);
	return 0;
}

/* Packets in messages that nobody takes any more. */
static void free_packets(struct rte_ring *r)
{
	struct ctl_msg m;

	while (rte_ring_sc_dequeue_elem(r, &m, sizeof(m)) == 0)
		if (m.type == CTL_SEND || m.type == CTL_SEND_IP || m.type == CTL_PUNT)
			rte_pktmbuf_free(m.ptr);
}

void ctl_worker_fini(struct worker *w)
{
	struct ctl_worker *c = w->ctl;

	if (!c)
		return;
	napi_disable(w, &c->napi);
	w->turn_end = NULL;
	w->event = NULL;
	free_packets(c->to_worker);
	free_packets(c->to_control);
	free(c->to_worker);
	free(c->to_control);
	close(c->fd);
	free(c);
	w->ctl = NULL;
}

int ctl_send(struct worker *w, const struct ctl_msg *msg)
{
	if (rte_ring_sp_enqueue_elem(w->ctl->to_worker, (void *)(uintptr_t)msg, sizeof(*msg)) != 0)
		return -ENOBUFS;
	worker_wake(w);
	return 0;
}

void ctl_neigh_ready(struct worker *w, uint16_t dev, rte_be32_t ip)
{
	const struct ctl_msg msg = {.type = CTL_NEIGH_READY, .dev = dev, .ip = ip};

	if (ctl_send(w, &msg) == 0)
		return;
	atomic_store_explicit(&w->ctl->ready_lost, 1, memory_order_release);
	worker_wake(w);
}

unsigned int ctl_recv(struct worker *w, struct ctl_msg *msg, unsigned int n)
{
	struct ctl_worker *c = w->ctl;
	unsigned int got = rte_ring_sc_dequeue_burst_elem(c->to_control, msg, sizeof(*msg), n, NULL);
	uint64_t count;

	if (got == n)
		return got;
	/* empty: clear the bell, ask to be rung, and look again, in this order */
	if (read(c->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return got;
	atomic_store_explicit(&c->armed, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return got + rte_ring_sc_dequeue_burst_elem(c->to_control, msg + got, sizeof(*msg), n - got,
		NULL);
}

int ctl_fd(const struct worker *w)
{
	return w->ctl->fd;
}

static bool enqueue(struct worker *w, const struct ctl_msg *msg, unsigned int reserve)
{
	struct ctl_worker *c = w->ctl;

	if (rte_ring_free_count(c->to_control) <= reserve)
		return false;
	c->sent++;
	return rte_ring_sp_enqueue_elem(c->to_control, (void *)(uintptr_t)msg, sizeof(*msg)) == 0;
}

bool ctl_event(struct worker *w, const struct ctl_msg *msg)
{
	if (likely(enqueue(w, msg, DONE_RESERVE)))
		return true;
	w->stats.ctl_lost++;
	return false;
}

static void done(struct worker *w, const struct ctl_msg *request)
{
	struct ctl_msg m = *request;

	m.type = CTL_DONE;
	if (!enqueue(w, &m, 0))
		w->stats.ctl_lost++;
}

/* A frame or packet made by the control thread joins the pipeline. */
static struct skb *adopt(struct worker *w, const struct ctl_msg *m)
{
	struct skb *skb = skb_wrap(m->ptr);

	w->ledger.ring_in++;
	skb->flags |= SKB_F_LOCAL;
	return skb;
}

static void send_frame(struct worker *w, const struct ctl_msg *m)
{
	struct skb *skb = adopt(w, m);

	skb->dev = netdev_get(w->dp, m->dev);
	skb_reset_mac_header(skb);
	if (!skb->dev)
		skb_drop(w, skb, DROP_DEV_DOWN);
	else if (skb->dev->type == NETDEV_VLAN && !eth_push_tags(skb))
		skb_drop(w, skb, DROP_NO_MEMORY);
	else
		burst_to(w, skb->dev->xmit, skb);
}

static void send_ip(struct worker *w, const struct ctl_msg *m)
{
	struct skb *skb = adopt(w, m);

	memset(skb->cb, 0, sizeof(skb->cb));
	skb->protocol = RTE_BE16(0x0800);
	skb_reset_network_header(skb);
	burst_to(w, STAGE_ip4_send, skb);
}

static void snapshot(struct worker *w, struct worker_snapshot *s)
{
	ledger_snapshot(w, &s->ledger);
	s->stats = w->stats;
	s->stats.backlog_refused = atomic_load_explicit(&w->backlog->refused, memory_order_relaxed);
	memcpy(s->stage, w->stage, sizeof(s->stage));
	ip4_worker_counters(w, &s->ip4);
	s->cached = w->skb_cache->n;
	s->cached_clones = w->skb_cache->clones;
}

static void handle(struct worker *w, const struct ctl_msg *m)
{
	switch ((enum ctl_type)m->type) {
	case CTL_NAPI_ADD:
		napi_enable(w, m->ptr);
		napi_schedule(w, m->ptr);
		break;
	case CTL_NAPI_DEL:
		napi_disable(w, m->ptr);
		done(w, m);
		break;
	case CTL_SEND:
		send_frame(w, m);
		break;
	case CTL_SEND_IP:
		send_ip(w, m);
		break;
	case CTL_NEIGH_READY:
		neigh_ready(w, m->dev, m->ip);
		break;
	case CTL_SNAPSHOT:
		snapshot(w, m->ptr);
		done(w, m);
		break;
	case CTL_CALL:
		m->fn(w, m->ptr);
		done(w, m);
		break;
	case CTL_STOP:
		w->stop = true;
		break;
	default: /* an answer can't be a request */
		w->stats.ctl_lost++;
		break;
	}
}

unsigned int ctl_poll(struct worker *w)
{
	struct ctl_msg msg[CTL_BUDGET];
	unsigned int n = rte_ring_sc_dequeue_burst_elem(w->ctl->to_worker, msg, sizeof(msg[0]),
		CTL_BUDGET, NULL);

	for (unsigned int i = 0; i < n; i++)
		handle(w, &msg[i]);
	if (unlikely(atomic_load_explicit(&w->ctl->ready_lost, memory_order_relaxed)) &&
		atomic_exchange_explicit(&w->ctl->ready_lost, 0, memory_order_acquire))
		neigh_ready_all(w);
	return n;
}
