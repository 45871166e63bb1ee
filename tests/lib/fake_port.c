/* SPDX-License-Identifier: BSD-3-Clause */
/* Fake ports: ethdev's fast-path table with functions of our own in it. */
#include "unit.h"

#include <string.h>

#include <rte_ethdev.h>

#include "fake_port.h"
#include "sched/sched.h"

static uint16_t rx(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct fake_port *p = queue;
	uint16_t got = (uint16_t)RTE_MIN(p->n_in, (uint32_t)n);

	memcpy(m, p->in, got * sizeof(*m));
	p->n_in -= got;
	memmove(p->in, p->in + got, p->n_in * sizeof(*m));
	return got;
}

static uint16_t tx(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct fake_port *p = queue;

	n = p->takes ? (uint16_t)RTE_MIN(p->takes, (uint32_t)n) : n;
	assert_true(p->n_out + n <= FAKE_PORT_FRAMES);
	memcpy(p->out + p->n_out, m, n * sizeof(*m));
	p->n_out += n;
	return n;
}

void fake_port_use(struct fake_port *p)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[p->port_id];

	ops->rx_pkt_burst = rx;
	ops->tx_pkt_burst = tx;
	ops->rxq.data = &p->self;
	ops->txq.data = &p->self;
}

void fake_port_open(struct fake_port *p, struct fake_router *r, unsigned int dev)
{
	struct netdev *d = r->dev[dev];

	memset(p, 0, sizeof(*p));
	p->self = p;
	d->port_id = p->port_id = d->index;
	fake_port_use(p);
	rxq_init(&p->rxq, d, 0);
	p->txq.dev = d;
	p->txq.port_id = d->port_id;
	p->txq.q.ops = &pfifo_qdisc;
	p->txq.q.limit = FAKE_PORT_FRAMES;
	txq_attach(r->f.w, &p->txq);
}

void fake_port_poll(struct fake_port *p, struct fake_router *r)
{
	p->rxq.napi.poll(r->f.w, &p->rxq.napi, BURST_MAX);
}

void fake_port_clear(struct fake_port *p)
{
	rte_pktmbuf_free_bulk(p->out, p->n_out);
	p->n_out = 0;
}

void fake_port_close(struct fake_port *p, struct fake_router *r)
{
	txq_detach(r->f.w, &p->txq, DROP_STOPPED);
	fake_port_clear(p);
}
