/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port under test as an interface of skiff: one worker whose turns the test takes by hand, or a
 * thread of its own, and a handler that keeps what arrives. The port is described to dev/ by
 * skiffd's own ctrlplane/port_device.c. Closing checks the ledger.
 */
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#include "conformance.h"
#include "core/call.h"
#include "core/ledger.h"
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "ctl/ctl.h"
#include "dev/ptype.h"
#include "sched/sched.h"

static pthread_t thread;

static void keep(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	struct put *t = priv;

	(void)dev;
	skb_push(skb, 14);
	inbox_put(&t->to_skiff, skb_mbuf(skb), skb->pkt_type);
	skb_delivered(w, skb);
	atomic_fetch_add(&t->arrived, 1);
}

static struct ptype handler(struct put *t)
{
	return (struct ptype){FRAME_TYPE, NULL, keep, t};
}

static void make_worker(struct put *t)
{
	struct worker_opts o = {.pool = t->pool, .clone_pool = t->clones, .qsbr = t->qsbr,
		.tsc_hz = rte_get_tsc_hz()};

	t->w = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(struct worker), 64));
	assert_non_null(t->w);
	assert_int_equal(worker_init(t->w, t->dp, &o), 0);
	assert_int_equal(ctl_worker_init(t->w), 0);
	assert_int_equal(dev_worker_init(t->w), 0);
	rte_rcu_qsbr_thread_register(t->qsbr, 0);
	atomic_store(&t->dp->workers[0], t->w);
}

static void make_dev(struct put *t)
{
	struct port_facts f;

	t->dev = netdev_alloc(t->dp, "put", NETDEV_PORT, 0);
	assert_non_null(t->dev);
	t->dev->ops = &netdev_port_ops;
	t->dev->priv = port_device_new(&t->port);
	assert_non_null(t->dev->priv);
	port_device_facts(&t->port, &f);
	memcpy(&t->dev->addr, f.mac, 6);
	if (f.mtu)
		atomic_store(&t->dev->mtu, f.mtu);
	t->dev->max_mtu = t->port.limits.max_mtu;
	assert_int_equal(netdev_register(t->dp, t->dev), 0);
}

void skiff_open(struct put *t)
{
	struct ptype pt = handler(t);

	t->qsbr = aligned_alloc(64, RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), 64));
	t->dp = calloc(1, sizeof(*t->dp));
	assert_true(t->qsbr && t->dp);
	rte_rcu_qsbr_init(t->qsbr, 1);
	assert_int_equal(dp_init(t->dp, t->qsbr), 0);
	assert_int_equal(netdev_table_init(t->dp), 0);
	assert_int_equal(sched_init(t->dp), 0);
	make_worker(t);
	assert_int_equal(ptype_add(t->dp, &pt), 0);
	make_dev(t);
	skiff_up(t);
}

void skiff_up(struct put *t)
{
	int err = netdev_change_flags(t->dp, t->dev, IFF_UP, IFF_UP);

	if (err)
		fail_msg("interface does not come up: %s", strerror(-err));
}

void skiff_down(struct put *t)
{
	assert_int_equal(netdev_change_flags(t->dp, t->dev, 0, IFF_UP), 0);
}

void skiff_close(struct put *t)
{
	struct ptype pt = handler(t);
	struct ledger_sum sum = {0};

	ptype_remove(t->dp, &pt);
	netdev_table_fini(t->dp);
	port_device_forget(&t->port);
	worker_stop(t->w);
	ledger_snapshot(t->w, &sum);
	assert_int_equal(ledger_gap(&sum), 0);
	assert_int_equal(sum.held, 0);
	atomic_store(&t->dp->workers[0], NULL);
	dev_worker_fini(t->w);
	ctl_worker_fini(t->w);
	worker_fini(t->w);
	rte_rcu_qsbr_thread_unregister(t->qsbr, 0);
	dp_fini(t->dp);
	free(t->w);
	free(t->dp);
	free(t->qsbr);
	t->dev = NULL;
}

/* A worker between turns must not hold up a grace period. */
void skiff_turns(struct put *t, unsigned n)
{
	while (n--) {
		rte_rcu_qsbr_thread_online(t->qsbr, 0);
		worker_turn(t->w);
		rte_rcu_qsbr_thread_offline(t->qsbr, 0);
	}
}

void skiff_send_burst(struct put *t, struct rte_mbuf **m, unsigned n)
{
	rte_rcu_qsbr_thread_online(t->qsbr, 0);
	for (unsigned i = 0; i < n; i++) {
		struct skb *skb = skb_wrap(m[i]);

		skb->dev = t->dev;
		t->w->ledger.ring_in++;
		burst_to(t->w, STAGE_netdev_tx, skb);
	}
	worker_sweep(t->w);
	rte_rcu_qsbr_thread_offline(t->qsbr, 0);
}

void skiff_send(struct put *t, struct rte_mbuf *m)
{
	skiff_send_burst(t, &m, 1);
}

struct dev_stats skiff_stats(struct put *t)
{
	struct dev_stats st = {0};
	uint64_t missed;

	netdev_stats(t->dp, t->dev, &st, &missed);
	return st;
}

uint64_t skiff_dropped(const struct put *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		sum += t->w->ledger.dropped[i];
	return sum;
}

static void *run(void *arg)
{
	worker_run(arg);
	return NULL;
}

void skiff_thread_start(struct put *t)
{
	t->w->stop = false;
	assert_int_equal(pthread_create(&thread, NULL, run, t->w), 0);
}

static void stop_loop(struct worker *w, void *arg)
{
	(void)arg;
	w->stop = true;
}

void skiff_thread_stop(struct put *t)
{
	worker_call(t->w, stop_loop, NULL);
	pthread_join(thread, NULL);
}
