/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers and two ports with one receive queue each: every flow belongs to one worker, whichever
 * port and direction its frames come by, and keeps its order; what the rings cannot take is
 * counted; a port that closes loses nothing uncounted.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#include "core/burst.h"
#include "core/skb_alloc.h"
#include "ctl/ctl.h"
#include "dev/port.h"
#include "dev/ptype.h"
#include "dev/spread.h"
#include "engine_world.h"
#include "unit.h"
#include "wire/rss.h"

#define PATIENCE 60 /* seconds; only a fault waits so long */
#define FLOWS 64
#define FRAME (14 + 40 + 8)

static struct {
	atomic_uint workers;          /* that saw it, a bit each */
	atomic_uint next[2];          /* number of the next frame of each direction */
	atomic_uint disorder;
} flow[FLOWS];

/* UDP over IPv6 between two addresses of the flow; back: the other direction. */
static void build(uint8_t f[FRAME], unsigned int port, unsigned int id, bool back, uint32_t number)
{
	const uint8_t here[2] = {0x20, (uint8_t)(id * 7)}, there[2] = {0x20, (uint8_t)(id * 13 + 1)};
	const uint8_t low[2] = {0, (uint8_t)id}, high[2] = {0x27, (uint8_t)(id * 31)};

	memset(f, 0, FRAME);
	memcpy(f, "\2\0\0\0\0\0\2\xee\0\0\0\1\x86\xdd\x60", 15);
	f[5] = (uint8_t)(1 + port);
	f[14 + 6] = 17;
	memcpy(f + 14 + (back ? 24 : 8), here, 2);
	memcpy(f + 14 + (back ? 8 : 24), there, 2);
	memcpy(f + 54 + (back ? 2 : 0), low, 2);
	memcpy(f + 54 + (back ? 0 : 2), high, 2);
	f[14 + 1] = (uint8_t)id; /* where the hash does not look: which flow, which direction, number */
	f[14 + 2] = back;
	memcpy(f + 58, &number, 4);
}

static bool inject(struct world *x, unsigned int port, unsigned int id, bool back, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(x->pool);

	if (!m)
		return false;
	build((uint8_t *)rte_pktmbuf_append(m, FRAME), port, id, back, number);
	if (rte_ring_enqueue(x->port[port].rx, m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

static void take(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	const uint8_t *p = skb_data(skb);
	unsigned int id = p[1], back = p[2];
	uint32_t number;

	memcpy(&number, p + 44, 4);
	atomic_fetch_or(&flow[id].workers, 1u << w->id);
	if (atomic_exchange(&flow[id].next[back], number + 1) > number)
		atomic_fetch_add(&flow[id].disorder, 1);
	skb_delivered(w, skb);
}

static void set_up(struct world *x)
{
	struct ptype pt = {0x86dd, NULL, take, NULL};

	memset(flow, 0, sizeof(flow));
	world_init(x, 2, 1);
	world_port_up(x, 0, "a");
	world_port_up(x, 1, "b");
	assert_int_equal(ptype_add(&x->dp, &pt), 0);
}

static void turns(struct world *x, unsigned int n)
{
	while (n--) {
		for (unsigned int i = 0; i < x->nworkers; i++) {
			rte_rcu_qsbr_thread_online(x->qsbr, i);
			worker_turn(x->w[i]);
			rte_rcu_qsbr_thread_offline(x->qsbr, i);
		}
	}
}

static unsigned int owner(unsigned int id)
{
	uint8_t f[FRAME];
	uint32_t hash;

	build(f, 0, id, false, 0);
	assert_true(rss_hash(f, sizeof(f), &hash));
	return hash % RSS_RETA % 2;
}

static void check_flows(unsigned int each)
{
	unsigned int share[2] = {0};

	for (unsigned int id = 0; id < FLOWS; id++) {
		assert_int_equal(flow[id].workers, 1u << owner(id));
		assert_int_equal(flow[id].next[0], each);
		assert_int_equal(flow[id].next[1], each);
		assert_int_equal(flow[id].disorder, 0);
		share[owner(id)]++;
	}
	assert_true(share[0] >= FLOWS / 4 && share[1] >= FLOWS / 4);
}

static void both_directions_meet(void **state)
{
	static struct world x;
	const struct worker *a, *b;

	set_up(&x);
	for (uint32_t n = 0; n < 20; n++) {
		for (unsigned int id = 0; id < FLOWS; id++) {
			assert_true(inject(&x, 0, id, false, n));
			assert_true(inject(&x, 1, id, true, n));
		}
		turns(&x, 3);
	}
	check_flows(20);
	a = x.w[0];
	b = x.w[1];
	/* the ports' queues are polled by different workers, and each hands about half over */
	assert_true(a->ledger.rx == b->ledger.rx && a->ledger.rx == 20 * FLOWS);
	assert_int_equal(a->ledger.ring_out, b->ledger.ring_in);
	assert_int_equal(b->ledger.ring_out, a->ledger.ring_in);
	assert_true(a->ledger.ring_out > 0 && b->ledger.ring_out > 0);
	world_fini(&x);
}

/* Frames that no port received, handed in by one worker, meet the rest of their flow. */
static void handed_in_by_flow(void **state)
{
	static struct world x;

	set_up(&x);
	for (uint32_t n = 0; n < 10; n++) {
		for (unsigned int i = 0; i < 2 * FLOWS; i++) {
			struct skb *skb = skb_alloc(x.pool);

			assert_non_null(skb);
			build(skb_put(skb, FRAME), i % 2, i / 2, i % 2, n);
			skb->dev = x.port[i % 2].dev;
			x.w[0]->ledger.alloc++;
			assert_int_equal(netif_rx_flow(&x.dp, x.w[0], skb), NETIF_RX_SUCCESS);
		}
		turns(&x, 5);
	}
	check_flows(10);
	assert_true(x.w[0]->ledger.ring_out > 0);
	assert_int_equal(x.w[0]->ledger.ring_out, x.w[1]->ledger.ring_in);
	assert_int_equal(x.w[1]->ledger.delivered, x.w[1]->ledger.ring_in);
	world_fini(&x);
}

static void what_has_no_flow_stays(void **state)
{
	static struct world x;
	struct ptype pt = {0x9999, NULL, take, NULL};

	set_up(&x);
	assert_int_equal(ptype_add(&x.dp, &pt), 0);
	for (uint32_t n = 0; n < 50; n++)
		assert_true(world_inject(&x, 0, 0));
	turns(&x, 3);
	assert_int_equal(x.w[0]->ledger.delivered + x.w[1]->ledger.delivered, 50);
	assert_int_equal(x.w[0]->ledger.ring_out + x.w[1]->ledger.ring_out, 0);
	world_fini(&x);
}

/* A worker that does not come round: its ring fills, the rest is counted as lost. */
static void a_full_ring_is_counted(void **state)
{
	static struct world x;
	struct dev_stats st;
	uint64_t missed;
	unsigned int poller, id = 0;

	set_up(&x);
	poller = x.port[0].port_id % 2;
	while (owner(id) == poller)
		id++;
	for (uint32_t n = 0; n < 2000; n++) {
		assert_true(inject(&x, 0, id, false, n));
		if (n % 100 != 99)
			continue;
		rte_rcu_qsbr_thread_online(x.qsbr, poller);
		worker_turn(x.w[poller]);
		rte_rcu_qsbr_thread_offline(x.qsbr, poller);
	}
	assert_true(x.w[poller]->ledger.dropped[DROP_SPREAD_FULL] > 900);
	assert_int_equal(x.w[poller]->ledger.dropped[DROP_SPREAD_FULL] +
		x.w[poller]->ledger.ring_out, 2000);
	netdev_stats(&x.dp, x.port[0].dev, &st, &missed);
	assert_int_equal(st.rx_packets, 2000);
	assert_int_equal(st.rx_dropped, x.w[poller]->ledger.dropped[DROP_SPREAD_FULL]);
	/* closed while they wait */
	netdev_close(&x.dp, x.port[0].dev);
	assert_int_equal(x.w[!poller]->ledger.dropped[DROP_DEV_DOWN],
		x.w[poller]->ledger.ring_out);
	world_fini(&x);
}

static void *worker_thread(void *arg)
{
	worker_run(arg);
	return NULL;
}

/* Room for all: no ring on the way may be full, so that a loss is a fault. */
static void on_two_threads(void **state)
{
	static struct world x;
	pthread_t t[2];
	const uint32_t each = 400;
	time_t deadline = time(NULL) + PATIENCE;
	uint64_t sent = 0, seen;

	set_up(&x);
	for (unsigned int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, worker_thread, x.w[i]);
	for (uint32_t n = 0; n < each; n++) {
		for (unsigned int k = 0; k < 2 * FLOWS; k++) {
			while (!inject(&x, k % 2, k / 2, k % 2, n)) {
				assert_true(time(NULL) < deadline);
				sched_yield();
			}
		}
		sent += 2 * FLOWS;
		do { /* the rings hold four such rounds */
			seen = 0;
			for (unsigned int id = 0; id < FLOWS; id++)
				seen += flow[id].next[0] + flow[id].next[1];
			assert_true(time(NULL) < deadline);
			sched_yield();
		} while (seen + 512 < sent);
	}
	do {
		seen = 0;
		for (unsigned int id = 0; id < FLOWS; id++)
			seen += flow[id].next[0] + flow[id].next[1];
		assert_true(time(NULL) < deadline);
		sched_yield();
	} while (seen < sent);
	for (unsigned int i = 0; i < 2; i++) {
		const struct ctl_msg stop = {.type = CTL_STOP};

		assert_int_equal(ctl_send(x.w[i], &stop), 0);
		pthread_join(t[i], NULL);
	}
	check_flows(each);
	world_fini(&x);
}

/* What a NIC is told: our key where it takes one, and the table that spread.h's rule makes. */
static void hardware_agrees(void **state)
{
	struct rte_eth_dev_info nic = {.hash_key_size = 52, .reta_size = 512,
		.flow_type_rss_offloads = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
			RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_SCTP};
	struct rte_eth_rss_reta_entry64 reta[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t port;

	assert_true(port_rss_places(&nic));
	port_rss_conf(&nic, &conf);
	assert_int_equal(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_hf, RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
		RTE_ETH_RSS_NONFRAG_IPV4_TCP);
	assert_int_equal(conf.rx_adv_conf.rss_conf.rss_key_len, 52);
	for (unsigned int i = 0; i < 52; i += 2)
		assert_memory_equal(conf.rx_adv_conf.rss_conf.rss_key + i, "\x6d\x5a", 2);
	/* ports of fragments would tear a datagram apart; a port without key does as it likes */
	nic.flow_type_rss_offloads &= ~RTE_ETH_RSS_FRAG_IPV4;
	assert_false(port_rss_places(&nic));
	nic.flow_type_rss_offloads = RTE_ETH_RSS_IPV4;
	assert_true(port_rss_places(&nic));
	nic.hash_key_size = 0;
	assert_false(port_rss_places(&nic));
	conf = (struct rte_eth_conf){0};
	port_rss_conf(&nic, &conf);
	assert_null(conf.rx_adv_conf.rss_conf.rss_key);
	nic.flow_type_rss_offloads = 0;
	port_rss_conf(&nic, &conf);
	assert_int_equal(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);

	assert_int_equal(rte_vdev_init("net_null0", NULL), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &port), 0);
	assert_int_equal(rte_eth_dev_info_get(port, &info), 0);
	conf = (struct rte_eth_conf){0};
	port_rss_conf(&info, &conf);
	assert_int_equal(rte_eth_dev_configure(port, 3, 1, &conf), 0);
	assert_int_equal(info.reta_size, 128);
	port_rss_table(port, info.reta_size, 3);
	assert_int_equal(rte_eth_dev_rss_reta_query(port, reta, info.reta_size), 0);
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(reta[i / 64].reta[i % 64], i % 3);
	rte_eth_dev_close(port);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_meet),
		cmocka_unit_test(handed_in_by_flow), cmocka_unit_test(what_has_no_flow_stays),
		cmocka_unit_test(a_full_ring_is_counted), cmocka_unit_test(on_two_threads),
		cmocka_unit_test(hardware_agrees),
	};

	world_eal(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
