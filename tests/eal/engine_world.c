/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of engine_world.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#include "core/ledger.h"
#include "core/skb_alloc.h"
#include "ctl/ctl.h"
#include "engine_world.h"
#include "lib/pkt.h"
#include "sched/sched.h"
#include "unit.h"

void world_eal(const char *program)
{
	char prefix[64], *argv[] = {(char *)(uintptr_t)program, "--no-huge", "--no-shconf", "--no-pci",
		"--no-telemetry", "-m", "96", "--lcores", "0", "--log-level", "4", prefix, NULL};

	snprintf(prefix, sizeof(prefix), "--file-prefix=skiff-test-%d", getpid());
	if (rte_eal_init(12, argv) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
}

static void make_port(struct world_port *p, unsigned int i, unsigned int ntxq)
{
	static unsigned int serial;
	char name[32];

	snprintf(name, sizeof(name), "rx%u-%u", i, serial);
	p->rx = rte_ring_create(name, WORLD_RING, SOCKET_ID_ANY, RING_F_SC_DEQ);
	assert_non_null(p->rx);
	for (unsigned int q = 0; q < ntxq; q++) {
		snprintf(name, sizeof(name), "tx%u-%u-%u", i, q, serial);
		p->tx[q] = rte_ring_create(name, WORLD_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		assert_non_null(p->tx[q]);
	}
	p->ntxq = ntxq;
	snprintf(name, sizeof(name), "ring%u-%u", i, serial++);
	int id = rte_eth_from_rings(name, &p->rx, 1, p->tx, ntxq, 0);

	assert_true(id >= 0);
	p->port_id = (uint16_t)id;
}

static uint32_t leave(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes)
{
	(void)w;
	(void)q;
	(void)m;
	(void)bytes;
	return n;
}

void world_init(struct world *x, unsigned int nworkers, unsigned int ntxq)
{
	static unsigned int serial;
	char name[32];

	memset(x, 0, sizeof(*x));
	snprintf(name, sizeof(name), "packets%u", serial);
	x->pool = skb_pool_create(name, WORLD_MBUFS, 0, SKB_DATA_ROOM, SOCKET_ID_ANY);
	snprintf(name, sizeof(name), "clones%u", serial++);
	x->clones = skb_pool_create(name, WORLD_MBUFS / 4, 0, 0, SOCKET_ID_ANY);
	x->qsbr = aligned_alloc(64, RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(WORLD_WORKERS), 64));
	assert_true(x->pool && x->clones && x->qsbr);
	rte_rcu_qsbr_init(x->qsbr, WORLD_WORKERS);
	assert_int_equal(dp_init(&x->dp, x->qsbr), 0);
	assert_int_equal(netdev_table_init(&x->dp), 0);
	assert_int_equal(sched_init(&x->dp), 0);
	x->dp.lane = leave; /* bursts are received ahead for the lane only */
	x->nworkers = nworkers;
	for (unsigned int i = 0; i < nworkers; i++) {
		struct worker_opts o = {.id = i, .qsbr_id = i, .pool = x->pool,
			.clone_pool = x->clones, .qsbr = x->qsbr, .tsc_hz = rte_get_tsc_hz()};

		x->w[i] = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(struct worker), 64));
		assert_int_equal(worker_init(x->w[i], &x->dp, &o), 0);
		assert_int_equal(ctl_worker_init(x->w[i]), 0);
		assert_int_equal(dev_worker_init(x->w[i]), 0);
		rte_rcu_qsbr_thread_register(x->qsbr, i);
		atomic_store(&x->dp.workers[i], x->w[i]);
	}
	for (unsigned int i = 0; i < WORLD_PORTS; i++)
		make_port(&x->port[i], i, ntxq);
}

bool world_alone;

static int call_alone(uint16_t port_id, int (*fn)(void *arg), void *arg)
{
	int rc;

	(void)port_id;
	assert_false(world_alone); /* it would wait for itself */
	world_alone = true;
	rc = fn(arg);
	world_alone = false;
	return rc;
}

void world_port_up(struct world *x, unsigned int port, const char *name)
{
	struct world_port *p = &x->port[port];
	struct netdev_port_conf conf = {.port_id = p->port_id, .software = true,
		.contract = {.max_segs = 8, .indirect = true, .max_frame = 1518}, .look_ahead = true,
		.rx_desc = 128, .tx_desc = 128, .call = call_alone};

	p->dev = netdev_alloc(&x->dp, name, NETDEV_PORT, 0);
	assert_non_null(p->dev);
	p->dev->ops = &netdev_port_ops;
	p->dev->priv = netdev_port_new(&conf);
	p->dev->addr = 0x010000000002 + ((uint64_t)port << 40); /* 02:00:00:00:00:01 and on */
	assert_int_equal(netdev_register(&x->dp, p->dev), 0);
	assert_int_equal(netdev_open(&x->dp, p->dev), 0);
}

bool world_inject(struct world *x, unsigned int port, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(x->pool);
	uint8_t *p;

	p = m ? (uint8_t *)rte_pktmbuf_append(m, 60) : NULL;
	if (!p)
		return false;
	memset(p, 0, 60);
	memcpy(p, "\2\0\0\0\0\1\2\xee\0\0\0\1\x99\x99", 14);
	memcpy(p + 14, &number, sizeof(number));
	if (rte_ring_enqueue(x->port[port].rx, m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

bool world_take(struct world *x, unsigned int port, uint32_t *number)
{
	struct rte_mbuf *m;

	for (unsigned int q = 0; q < x->port[port].ntxq; q++) {
		if (rte_ring_dequeue(x->port[port].tx[q], (void **)&m) != 0)
			continue;
		memcpy(number, rte_pktmbuf_mtod_offset(m, void *, 14), sizeof(*number));
		rte_pktmbuf_free(m);
		return true;
	}
	return false;
}

static void empty_ring(struct rte_ring *r)
{
	struct rte_mbuf *m;

	while (rte_ring_dequeue(r, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}

void world_fini(struct world *x)
{
	struct ledger_sum sum = {0}, one;

	netdev_table_fini(&x->dp);
	for (unsigned int i = 0; i < x->nworkers; i++) {
		worker_stop(x->w[i]);
		ledger_snapshot(x->w[i], &one);
		assert_int_equal(ledger_gap(&one), 0);
		assert_int_equal(one.held, 0);
		ledger_add(&sum, &one);
	}
	assert_int_equal(sum.l.ring_in, sum.l.ring_out);
	for (unsigned int i = 0; i < x->nworkers; i++) {
		atomic_store(&x->dp.workers[i], NULL);
		dev_worker_fini(x->w[i]);
		ctl_worker_fini(x->w[i]);
		worker_fini(x->w[i]);
		rte_rcu_qsbr_thread_unregister(x->qsbr, i);
		free(x->w[i]);
	}
	for (unsigned int i = 0; i < WORLD_PORTS; i++) {
		rte_eth_dev_close(x->port[i].port_id);
		empty_ring(x->port[i].rx);
		for (unsigned int q = 0; q < x->port[i].ntxq; q++)
			empty_ring(x->port[i].tx[q]);
	}
	assert_int_equal(rte_mempool_in_use_count(x->pool), 0);
	assert_int_equal(rte_mempool_in_use_count(x->clones), 0);
	dp_fini(&x->dp);
	skb_pool_free(x->pool);
	skb_pool_free(x->clones);
	free(x->qsbr);
}
