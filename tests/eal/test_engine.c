/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine with real ports, pools, threads and QSBR: order, several workers on one transmit
 * queue, ports and handlers that come and go under traffic, sleep without a lost wake-up.
 */
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ethdev_driver.h>
#include <rte_cycles.h>
#include <rte_rcu_qsbr.h>

#include "core/backlog.h"
#include "core/burst.h"
#include "core/call.h"
#include "core/hook.h"
#include "core/skb_alloc.h"
#include "core/timer.h"
#include "ctl/ctl.h"
#include "dev/ptype.h"
#include "engine_world.h"
#include "unit.h"
#include "wire/eth.h"

#define PATIENCE 60 /* seconds; only a fault waits so long */

/* All frames of our ethertype go out of the other port. */
static struct netdev *_Atomic out[2];

static void cross(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	struct world *x = priv;
	struct netdev *to = atomic_load(&out[dev == x->port[0].dev]);

	if (!to) {
		skb_drop(w, skb, DROP_DEV_DOWN);
		return;
	}
	skb_push(skb, 14);
	skb->dev = to;
	burst_to(w, STAGE_netdev_tx, skb);
}

static void tap(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	skb_delivered(w, skb);
}

static struct ptype handler(struct world *x)
{
	return (struct ptype){0x9999, NULL, cross, x};
}

static void wire_up(struct world *x)
{
	struct ptype pt = handler(x);

	world_port_up(x, 0, "a");
	world_port_up(x, 1, "b");
	atomic_store(&out[1], x->port[1].dev);
	atomic_store(&out[0], x->port[0].dev);
	assert_int_equal(ptype_add(&x->dp, &pt), 0);
}

/* A turn by hand; a worker between turns must not hold up a grace period. */
static void turn(struct world *x, unsigned int i)
{
	rte_rcu_qsbr_thread_online(x->qsbr, i);
	worker_turn(x->w[i]);
	rte_rcu_qsbr_thread_offline(x->qsbr, i);
}

static void turns(struct world *x, unsigned int n)
{
	while (n--)
		for (unsigned int i = 0; i < x->nworkers; i++)
			turn(x, i);
}

static void forwards_in_order(void **state)
{
	struct world x;
	uint32_t in = 0, got = 0, n;

	world_init(&x, 1, 1);
	wire_up(&x);
	for (unsigned int round = 0; round < 300; round++) {
		while (in - got < 250 && world_inject(&x, 0, in))
			in++;
		turns(&x, 1);
		/* taken in fits and starts, so that the queue fills and empties */
		for (unsigned int k = round % 7 * 40; k && world_take(&x, 1, &n); k--)
			assert_int_equal(n, got++);
	}
	turns(&x, 20);
	do {
		while (world_take(&x, 1, &n))
			assert_int_equal(n, got++);
		turns(&x, 2);
	} while (got < in);
	struct dev_stats st;
	uint64_t missed;

	netdev_stats(&x.dp, x.port[1].dev, &st, &missed);
	assert_int_equal(st.tx_packets, in);
	assert_int_equal(st.tx_bytes, 60 * in);
	netdev_stats(&x.dp, x.port[0].dev, &st, &missed);
	assert_int_equal(st.rx_packets, in);
	assert_int_equal(st.rx_bytes, 60 * in);
	world_fini(&x);
}

/* A frame that worker `w` sends by port 1. */
static void own_frame(struct world *x, struct worker *w, uint32_t number)
{
	struct skb *skb = skb_alloc(x->pool);
	uint8_t *p = skb ? skb_put(skb, 60) : NULL;

	if (!p)
		abort();
	memset(p, 0, 60);
	memcpy(p + 14, &number, sizeof(number));
	skb->dev = x->port[1].dev;
	w->ledger.rx++;
	burst_to(w, STAGE_netdev_tx, skb);
}

/* The second worker has no queue of its own: its frames go by the first one's. */
static void hand_over(void **state)
{
	struct world x;
	uint32_t n, got = 0;

	world_init(&x, 2, 1);
	x.dp.conf.spread = 0; /* else the ports take turns in whose the first queue is */
	wire_up(&x);
	for (uint32_t i = 0; i < 200; i++) {
		own_frame(&x, x.w[1], i);
		if (i % 50 == 49)
			turns(&x, 2);
	}
	turns(&x, 4);
	while (world_take(&x, 1, &n))
		assert_int_equal(n, got++);
	assert_int_equal(got, 200);
	assert_int_equal(x.w[1]->ledger.ring_out, 200);
	assert_int_equal(x.w[0]->ledger.ring_in, 200);
	assert_int_equal(x.w[0]->ledger.tx, 200);
	/* closed with frames on the way */
	for (uint32_t i = 0; i < 100; i++)
		own_frame(&x, x.w[1], i);
	turn(&x, 1);
	netdev_close(&x.dp, x.port[1].dev);
	assert_int_equal(x.w[0]->ledger.dropped[DROP_DEV_DOWN], 100);
	world_fini(&x);
}

/* A turn that ends with a burst received ahead: with the interface it goes, and was never received. */
static void closed_with_a_burst_ahead(void **state)
{
	const unsigned int burst = 64;
	struct dev_stats st;
	unsigned int at_rest;
	uint64_t missed;
	struct world x;

	world_init(&x, 1, 1);
	world_port_up(&x, 0, "a"); /* without a handler, which would shut the lane */
	atomic_store(&x.dp.conf.dev_weight, burst);
	atomic_store(&x.dp.conf.netdev_budget, burst);
	turn(&x, 0);
	at_rest = rte_mempool_in_use_count(x.pool); /* the worker's cache */
	for (uint32_t i = 0; i < 3 * burst; i++)
		assert_true(world_inject(&x, 0, i));
	turn(&x, 0);
	netdev_close(&x.dp, x.port[0].dev);
	netdev_stats(&x.dp, x.port[0].dev, &st, &missed);
	assert_int_equal(st.rx_packets, burst);
	assert_int_equal(rte_ring_count(x.port[0].rx), burst);
	assert_int_equal(rte_mempool_in_use_count(x.pool), at_rest + burst);
	world_fini(&x);
}

static void *worker_thread(void *arg)
{
	worker_run(arg);
	return NULL;
}

struct pusher {
	struct world *x;
	atomic_bool stop;
	_Atomic uint64_t in, out;
};

static void *push(void *arg)
{
	struct pusher *p = arg;
	uint32_t n;

	while (!atomic_load(&p->stop)) {
		for (unsigned int i = 0; i < 32; i++)
			p->in += world_inject(p->x, i % 2, (uint32_t)p->in);
		for (unsigned int i = 0; i < 64; i++)
			p->out += world_take(p->x, i % 2, &n);
		sched_yield();
	}
	return NULL;
}

static void hook(struct worker *w, struct hook_call *c)
{
}

/* Enough frames for the changes to have met some; on a busy machine that takes its time. */
static bool flowed(struct pusher *p)
{
	return p->in > 1000 && p->out > 100;
}

/* Ports, taps, handlers and hooks come and go while frames flow through both workers. */
static void changes_under_traffic(void **state)
{
	static struct world x;
	struct pusher p = {.x = &x};
	pthread_t t[WORLD_WORKERS], pt;
	struct ptype taps = {PTYPE_ALL, NULL, tap, NULL}, h;
	struct hook_ops ops = {.fn = hook, .point = HOOK_ip4_forward_point, .name = "test"};

	world_init(&x, WORLD_WORKERS, 1);
	wire_up(&x);
	h = handler(&x);
	for (unsigned int i = 0; i < x.nworkers; i++)
		pthread_create(&t[i], NULL, worker_thread, x.w[i]);
	pthread_create(&pt, NULL, push, &p);
	time_t deadline = time(NULL) + PATIENCE;

	for (unsigned int i = 0; i < 60 || (!flowed(&p) && time(NULL) < deadline); i++) {
		struct netdev *b = x.port[1].dev;

		assert_int_equal(ptype_add(&x.dp, &taps), 0);
		assert_int_equal(hook_register(&x.dp, &ops), 0);
		netdev_close(&x.dp, b);
		assert_int_equal(netdev_open(&x.dp, b), 0);
		netdev_reset(&x.dp, b);
		assert_int_equal(ptype_remove(&x.dp, &taps), 0);
		assert_int_equal(hook_unregister(&x.dp, &ops), 0);
		/* away for good: nobody may be sent there any more, then it goes */
		atomic_store(&out[1], NULL);
		dp_synchronize(&x.dp);
		assert_int_equal(ptype_remove(&x.dp, &h), 0);
		assert_int_equal(netdev_unregister(&x.dp, b), 0);
		world_port_up(&x, 1, "b");
		assert_int_equal(ptype_add(&x.dp, &h), 0);
		atomic_store(&out[1], x.port[1].dev);
		dp_reclaim(&x.dp);
	}
	atomic_store(&p.stop, true);
	pthread_join(pt, NULL);
	for (unsigned int i = 0; i < x.nworkers; i++) {
		const struct ctl_msg stop = {.type = CTL_STOP};

		assert_int_equal(ctl_send(x.w[i], &stop), 0);
		pthread_join(t[i], NULL);
	}
	assert_true(flowed(&p));
	world_fini(&x);
}

static void answer(struct worker *w, void *arg)
{
	(*(uint64_t *)arg)++;
}

/* Where all share a CPU it may have work at each look; now and then it is let sleep for certain. */
static void falls_asleep(struct worker *w)
{
	time_t deadline = time(NULL) + PATIENCE;

	while (!atomic_load(&w->sleeping)) {
		assert_true(time(NULL) < deadline);
		sched_yield();
	}
}

/*
 * A worker that sleeps whenever it can, and requests that come at every phase of that: each is
 * answered, by either way of asking. Without the watchdog's timer nothing else would wake it.
 */
static void no_wake_up_is_lost(void **state)
{
	static struct world x;
	pthread_t t;
	uint64_t calls = 0, rings = 0;
	struct ctl_msg m;

	world_init(&x, 1, 1);
	timer_del(x.w[0], &x.w[0]->dev->watchdog);
	pthread_create(&t, NULL, worker_thread, x.w[0]);
	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t start, wait = 20 + (i * 2654435761u >> 20) % 60;
		time_t deadline = time(NULL) + PATIENCE;

		worker_call(x.w[0], answer, &calls);
		m = (struct ctl_msg){.type = CTL_CALL, .fn = answer, .ptr = &rings, .token = i};
		assert_int_equal(ctl_send(x.w[0], &m), 0);
		while (ctl_recv(x.w[0], &m, 1) == 0) {
			assert_true(time(NULL) < deadline);
			sched_yield();
		}
		assert_int_equal(m.type, CTL_DONE);
		assert_int_equal(m.token, i);
		/* spun, not slept, to hit the moment at which it falls asleep */
		for (start = rte_rdtsc(); rte_rdtsc() - start < wait * (rte_get_tsc_hz() / 1000000);)
			;
		if (i % 16 == 0)
			falls_asleep(x.w[0]);
	}
	m = (struct ctl_msg){.type = CTL_STOP};
	ctl_send(x.w[0], &m);
	pthread_join(t, NULL);
	assert_int_equal(calls, 4000);
	assert_int_equal(rings, 4000);
	assert_true(x.w[0]->stats.sleeps > 100);
	world_fini(&x);
}

#define GIVERS 3
#define GIVEN 20000u

struct giver {
	struct world *x;
	uint32_t id, done, refused;
};

/* One at a time: in the pool's ring others spin as long as a thread is preempted inside it. */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint got_of[GIVERS], next_of[GIVERS], out_of_order;

/* Frames of ethertype 0x9998 tell who gave them, and their number. */
static void given(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	uint32_t of[2];

	assert_true(skb_copy_bits(skb, 0, of, sizeof(of)));
	if (of[1] < next_of[of[0]])
		out_of_order++;
	next_of[of[0]] = of[1] + 1;
	got_of[of[0]]++;
	skb_delivered(w, skb);
}

static struct skb *numbered(struct world *x, uint32_t id, uint32_t number)
{
	struct skb *skb;
	uint8_t *p;

	pthread_mutex_lock(&pool_lock);
	skb = skb_alloc(x->pool);
	pthread_mutex_unlock(&pool_lock);
	p = skb ? skb_put(skb, 60) : NULL;
	if (!p)
		return NULL;
	memset(p, 0, 60);
	memcpy(p, "\2\0\0\0\0\1\2\xee\0\0\0\1\x99\x98", 14);
	memcpy(p + 14, &id, sizeof(id));
	memcpy(p + 18, &number, sizeof(number));
	skb->dev = x->port[0].dev;
	return skb;
}

static void *give(void *arg)
{
	struct giver *g = arg;

	for (uint32_t i = 0; i < GIVEN; i++) {
		struct skb *skb;

		while (!(skb = numbered(g->x, g->id, i)))
			sched_yield();
		if (netif_rx_on(NULL, g->x->w[0], skb) == NETIF_RX_SUCCESS)
			g->done++;
		else
			g->refused++;
		if (i % 512 == 0) /* let it fall asleep now and then */
			usleep(200);
	}
	return NULL;
}

/* Several threads hand frames to a worker that sleeps whenever it can: all of them go up, in order. */
static void frames_from_any_thread(void **state)
{
	static struct world x;
	const struct ptype pt = {0x9998, NULL, given, NULL};
	const struct ctl_msg stop = {.type = CTL_STOP};
	struct giver g[GIVERS];
	pthread_t t, gt[GIVERS];
	time_t deadline = time(NULL) + PATIENCE;
	uint32_t refused = 0;

	world_init(&x, 1, 1);
	world_port_up(&x, 0, "a");
	assert_int_equal(ptype_add(&x.dp, &pt), 0);
	/* nothing else wakes it: a port's queue without a descriptor would, every millisecond */
	netdev_close(&x.dp, x.port[0].dev);
	timer_del(x.w[0], &x.w[0]->dev->watchdog);
	x.dp.conf.max_backlog = 100000;
	pthread_create(&t, NULL, worker_thread, x.w[0]);
	for (uint32_t i = 0; i < GIVERS; i++) {
		g[i] = (struct giver){.x = &x, .id = i};
		pthread_create(&gt[i], NULL, give, &g[i]);
	}
	for (uint32_t i = 0; i < GIVERS; i++) {
		pthread_join(gt[i], NULL);
		while (got_of[i] < g[i].done) {
			assert_true(time(NULL) < deadline);
			sched_yield();
		}
		assert_int_equal(got_of[i], g[i].done);
		refused += g[i].refused;
	}
	assert_int_equal(out_of_order, 0);
	assert_int_equal(x.w[0]->backlog->refused, refused);
	/* one at a time, at every phase of its falling asleep */
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t start = rte_rdtsc(), wait = 20 + (i * 2654435761u >> 20) % 60;
		unsigned int before = got_of[0];

		deadline = time(NULL) + PATIENCE; /* of each: other work may hold every one up */
		assert_int_equal(netif_rx_on(NULL, x.w[0], numbered(&x, 0, GIVEN + i)),
			NETIF_RX_SUCCESS);
		while (got_of[0] == before) {
			assert_true(time(NULL) < deadline);
			sched_yield();
		}
		while (rte_rdtsc() - start < wait * (rte_get_tsc_hz() / 1000000))
			;
		if (i % 8 == 0)
			falls_asleep(x.w[0]);
	}
	assert_int_equal(ctl_send(x.w[0], &stop), 0);
	pthread_join(t, NULL);
	assert_true(x.w[0]->stats.sleeps > 20);
	x.w[0]->ledger.ring_out = x.w[0]->ledger.ring_in; /* the threads' share: they have no ledger */
	x.w[0]->ledger.rx += x.w[0]->ledger.ring_out;
	assert_int_equal(ptype_remove(&x.dp, &pt), 0);
	world_fini(&x);
}

/* A worker that leaves gives what waits to one that stays; the last one ends it. */
static void backlog_goes_to_another_worker(void **state)
{
	static struct world x;
	const struct ptype pt = {0x9998, NULL, given, NULL};
	const struct ctl_msg stop = {.type = CTL_STOP};
	time_t deadline = time(NULL) + PATIENCE;
	pthread_t t;
	unsigned int before = got_of[1];

	world_init(&x, 2, 1);
	world_port_up(&x, 0, "a");
	assert_int_equal(ptype_add(&x.dp, &pt), 0);
	next_of[1] = 0;
	for (uint32_t i = 0; i < 300; i++) {
		struct skb *skb = numbered(&x, 1, i);

		x.w[0]->ledger.alloc++;
		if (i < 200)
			assert_int_equal(netif_rx(x.w[0], skb), NETIF_RX_SUCCESS);
		else
			assert_int_equal(netif_rx_on(x.w[0], x.w[0], skb), NETIF_RX_SUCCESS);
	}
	pthread_create(&t, NULL, worker_thread, x.w[1]);
	while (!atomic_load(&x.w[1]->running))
		sched_yield();
	x.w[0]->stop = true; /* not one turn, as if it had been too slow */
	worker_thread(x.w[0]);
	while (got_of[1] - before < 300) {
		assert_true(time(NULL) < deadline);
		sched_yield();
	}
	assert_int_equal(out_of_order, 0);
	assert_int_equal(ctl_send(x.w[1], &stop), 0);
	pthread_join(t, NULL);
	assert_int_equal(x.w[0]->ledger.dropped[DROP_STOPPED], 0);
	assert_int_equal(x.w[1]->ledger.delivered, 300);
	/* nobody is left */
	x.w[0]->ledger.alloc++;
	assert_int_equal(netif_rx(x.w[0], numbered(&x, 1, 300)), NETIF_RX_SUCCESS);
	x.w[0]->stop = true;
	worker_thread(x.w[0]);
	worker_stop(x.w[0]);
	assert_int_equal(x.w[0]->ledger.dropped[DROP_STOPPED], 1);
	assert_int_equal(ptype_remove(&x.dp, &pt), 0);
	world_fini(&x);
}

static unsigned int filter_room, filter_has;

static int three_addresses(struct rte_eth_dev *dev, struct rte_eth_dev_info *info)
{
	(void)dev;
	info->max_mac_addrs = filter_room;
	info->max_rx_queues = info->max_tx_queues = 1;
	return 0;
}

static int filter_add(struct rte_eth_dev *dev, struct rte_ether_addr *mac, uint32_t i, uint32_t pool)
{
	(void)dev, (void)mac, (void)i, (void)pool;
	filter_has++;
	return 0;
}

static void filter_remove(struct rte_eth_dev *dev, uint32_t i)
{
	(void)dev, (void)i;
	filter_has--;
}

/* A port with room for two addresses beside its own gets them by its filter, a third one by all frames. */
static void secondary_addresses(void **state)
{
	static struct world x;
	const uint8_t a[3][6] = {{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}, {2, 0, 0, 0, 1, 3}};
	struct rte_ether_addr macs[3] = {0}, *were;
	struct eth_dev_ops ops;
	const struct eth_dev_ops *ops_were;
	struct rte_eth_dev *eth;

	world_init(&x, 1, 1);
	world_port_up(&x, 0, "a");
	eth = &rte_eth_devices[x.port[0].port_id];
	ops_were = eth->dev_ops;
	were = eth->data->mac_addrs;
	ops = *ops_were;
	ops.dev_infos_get = three_addresses;
	ops.mac_addr_add = filter_add;
	ops.mac_addr_remove = filter_remove;
	eth_store(macs[0].addr_bytes, x.port[0].dev->addr);
	eth->data->mac_addrs = macs;
	eth->dev_ops = &ops;
	eth->data->promiscuous = 0; /* as ring ports are not from the start */
	filter_room = 3;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(rte_eth_promiscuous_get(eth->data->port_id), 0);
		assert_int_equal(netdev_uc_add(&x.dp, x.port[0].dev, a[i]), 0);
	}
	assert_int_equal(filter_has, 2);
	assert_int_equal(rte_eth_promiscuous_get(eth->data->port_id), 1);
	assert_int_equal(x.port[0].dev->flags & IFF_PROMISC, 0); /* nobody asked for it */
	assert_int_equal(netdev_uc_del(&x.dp, x.port[0].dev, a[0]), 0);
	assert_int_equal(filter_has, 2); /* the third took its place */
	assert_int_equal(rte_eth_promiscuous_get(eth->data->port_id), 0);
	assert_int_equal(netdev_uc_del(&x.dp, x.port[0].dev, a[1]), 0);
	assert_int_equal(netdev_uc_del(&x.dp, x.port[0].dev, a[2]), 0);
	assert_int_equal(filter_has, 0);
	eth->dev_ops = ops_were;
	eth->data->mac_addrs = were;
	world_fini(&x);
}

static unsigned int told;

static int hears_mtu(struct rte_eth_dev *dev, uint16_t mtu)
{
	(void)dev;
	(void)mtu;
	told++;
	return world_alone ? 0 : -EBUSY;
}

static int hears_addr(struct rte_eth_dev *dev, struct rte_ether_addr *mac)
{
	(void)dev;
	(void)mac;
	told++;
	return world_alone ? 0 : -EBUSY;
}

static int hears_mode(struct rte_eth_dev *dev)
{
	(void)dev;
	told += world_alone;
	return 0;
}

/* What goes to the driver of an open port goes as its start and stop do: its own thread may be in it. */
static void changes_reach_the_driver_alone(void **state)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 7, 7};
	const struct eth_dev_ops *ops_were;
	struct eth_dev_ops ops;
	struct rte_eth_dev *eth;
	struct netdev *dev;
	struct world x;

	(void)state;
	world_init(&x, 1, 1);
	world_port_up(&x, 0, "a");
	dev = x.port[0].dev;
	eth = &rte_eth_devices[x.port[0].port_id];
	ops_were = eth->dev_ops;
	ops = *ops_were;
	ops.mtu_set = hears_mtu;
	ops.mac_addr_set = hears_addr;
	ops.promiscuous_enable = ops.promiscuous_disable = hears_mode;
	ops.allmulticast_enable = ops.allmulticast_disable = hears_mode;
	eth->dev_ops = &ops;
	eth->data->promiscuous = eth->data->all_multicast = 0; /* as ring ports are not from the start */
	told = 0;
	assert_int_equal(netdev_set_mtu(&x.dp, dev, 1400), 0);
	assert_int_equal(told, 1);
	assert_int_equal(netdev_set_addr(&x.dp, dev, mac), 0);
	assert_int_equal(told, 2);
	assert_int_equal(netdev_set_promiscuity(&x.dp, dev, 1), 0);
	assert_int_equal(netdev_set_promiscuity(&x.dp, dev, -1), 0);
	assert_int_equal(told, 4);
	assert_int_equal(netdev_set_allmulti(&x.dp, dev, 1), 0);
	assert_int_equal(netdev_set_allmulti(&x.dp, dev, -1), 0);
	assert_int_equal(told, 6);
	eth->dev_ops = ops_were;
	world_fini(&x);
}

static void collect(void *ctx, void *ptr)
{
	(*(unsigned int *)ctx)++;
	*(bool *)ptr = true;
}

/* What is retired is freed after every worker has passed by, not before, and in one batch. */
static void reclaim_waits_for_workers(void **state)
{
	struct world x;
	unsigned int freed = 0;
	bool gone[100] = {false};

	world_init(&x, 2, 1);
	rte_rcu_qsbr_thread_online(x.qsbr, 0);
	rte_rcu_qsbr_thread_online(x.qsbr, 1);
	for (unsigned int i = 0; i < 100; i++)
		dp_retire(&x.dp, collect, &freed, &gone[i]);
	assert_true(dp_reclaim(&x.dp));
	rte_rcu_qsbr_quiescent(x.qsbr, 0);
	assert_true(dp_reclaim(&x.dp));
	assert_int_equal(freed, 0);
	rte_rcu_qsbr_quiescent(x.qsbr, 1);
	assert_false(dp_reclaim(&x.dp));
	assert_int_equal(freed, 100);
	rte_rcu_qsbr_thread_offline(x.qsbr, 0);
	rte_rcu_qsbr_thread_offline(x.qsbr, 1);
	dp_retire(&x.dp, collect, &freed, &gone[0]);
	dp_synchronize(&x.dp);
	assert_int_equal(freed, 101);
	world_fini(&x);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_in_order), cmocka_unit_test(hand_over),
		cmocka_unit_test(closed_with_a_burst_ahead),
		cmocka_unit_test(reclaim_waits_for_workers), cmocka_unit_test(changes_reach_the_driver_alone), cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(changes_under_traffic), cmocka_unit_test(frames_from_any_thread),
		cmocka_unit_test(backlog_goes_to_another_worker), cmocka_unit_test(secondary_addresses),
	};

	world_eal(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
