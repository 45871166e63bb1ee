/* SPDX-License-Identifier: BSD-3-Clause */
/* The pipeline's entry: what an skb says of the frame it is made of, what is counted, what goes where. */
#include "unit.h"

#include <string.h>

#include "fake_port.h"
#include "pkt.h"

#define FRAMES 64

static struct fake_router router;
static struct fake_port port;
static struct pkt frame;

static int setup(void **state)
{
	(void)state;
	frame = PKT_UDP();
	fake_router_init(&router);
	fake_port_open(&port, &router, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_port_close(&port, &router);
	fake_router_fini(&router);
	return 0;
}

static struct rte_mbuf *arrives(void)
{
	struct skb *skb = fake_rx(&router.f, NULL, frame.data, frame.len);
	struct rte_mbuf *m = skb_mbuf(skb);

	router.f.w->ledger.rx--;
	memset(skb, 0xa5, sizeof(*skb)); /* as the last packet has left it */
	port.in[port.n_in++] = m;
	return m;
}

static struct skb *polled(void)
{
	fake_port_poll(&port, &router);
	return fake_take1(&router.f, STAGE_eth_input);
}

static void a_frame_nobody_knows_anything_of(void **state)
{
	struct rte_mbuf *m = arrives();
	struct skb *skb = polled();

	(void)state;
	assert_ptr_equal(skb_mbuf(skb), m);
	assert_ptr_equal(skb->dev, router.dev[1]);
	assert_null(skb->nh);
	assert_null(skb->next);
	assert_int_equal(skb->iif, 1);
	assert_int_equal(skb->mac_header, SKB_HDR_UNSET);
	assert_int_equal(skb->network_header, SKB_HDR_UNSET);
	assert_int_equal(skb->transport_header, SKB_HDR_UNSET);
	assert_int_equal(skb_state(skb), SKB_STATE_USERS(1));
	assert_int_equal(skb->hash | skb->mark | skb->priority, 0);
	assert_int_equal(skb_len(skb), frame.len);
	fake_sent(&router.f, skb);
}

static void what_the_port_found_out(void **state)
{
	struct rte_mbuf *m = arrives();
	struct skb *skb;

	(void)state;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH |
		RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->hash.rss = 0x1234;
	m->vlan_tci = 7;
	skb = polled();
	assert_int_equal(skb->ip_summed, SKB_CSUM_UNNECESSARY);
	assert_int_equal(skb->hash, 0x1234);
	assert_int_equal(skb->flags, SKB_F_VLAN);
	assert_int_equal(skb->vlan_proto, RTE_BE16(0x8100));
	fake_sent(&router.f, skb);
}

static void sums_and_cuts_left_to_be_done(void **state)
{
	static const struct { uint32_t l4; uint8_t len, gso_type; uint16_t sum; } is[] = {
		{ RTE_PTYPE_L4_TCP, 20, SKB_GSO_TCPV4, 16 },
		{ RTE_PTYPE_L4_UDP, 8, SKB_GSO_UDP_L4, 6 },
	};

	(void)state;
	frame = PKT_UDP(.data_len = 1000);
	for (unsigned int i = 0; i < RTE_DIM(is); i++) {
		struct rte_mbuf *m = arrives();
		struct skb *skb;

		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_LRO;
		m->packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | is[i].l4;
		m->l2_len = 14;
		m->l3_len = 20;
		m->l4_len = is[i].len;
		m->tso_segsz = 300;
		skb = polled();
		assert_int_equal(skb->ip_summed, SKB_CSUM_PARTIAL);
		assert_int_equal(skb->csum_start, m->data_off + 34);
		assert_int_equal(skb->csum_offset, is[i].sum);
		assert_int_equal(skb->flags, SKB_F_GSO);
		assert_int_equal(skb->gso_type, is[i].gso_type);
		assert_int_equal(skb->gso_size, 300);
		assert_int_equal(skb->gso_segs, 4);
		fake_sent(&router.f, skb);
	}
}

static void counted(uint32_t n, uint64_t bytes)
{
	const struct dev_stats *st = dev_stats(router.f.w, router.dev[1]);

	assert_int_equal(st->rx_packets, n);
	assert_int_equal(st->rx_bytes, bytes);
}

/* Where others wait for eth_input, what its burst has no room for is parked, in order. */
static void more_than_the_burst_takes(void **state)
{
	const uint32_t before = BURST_MAX - 20;
	struct worker *w = router.f.w;
	struct rte_mbuf *m[FRAMES];
	struct skb *skb[BURST_MAX];

	(void)state;
	for (unsigned int i = 0; i < before; i++)
		burst_to(w, STAGE_eth_input, fake_rx(&router.f, router.dev[1], frame.data, frame.len));
	for (unsigned int i = 0; i < FRAMES; i++)
		m[i] = arrives();
	fake_port_poll(&port, &router);
	counted(FRAMES, FRAMES * (uint64_t)frame.len);
	assert_int_equal(w->overflow_len, FRAMES - 20);
	for (unsigned int i = 0; i < FRAMES;) {
		uint32_t n = fake_take(&router.f, STAGE_eth_input, skb, BURST_MAX);

		assert_int_equal(n, i ? FRAMES - 20 : BURST_MAX);
		for (unsigned int k = i ? 0 : before; k < n; k++)
			assert_ptr_equal(skb_mbuf(skb[k]), m[i++]);
		for (unsigned int k = 0; k < n; k++)
			fake_sent(&router.f, skb[k]);
		burst_refill(w);
	}
}

/* Takes every second frame. */
static uint32_t half(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n,
	uint64_t *bytes)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		*bytes += m[i]->pkt_len;
		if (i % 2)
			skb_drop(w, rxq_skb(q, m[i]), DROP_HOOK);
		else
			m[left++] = m[i];
	}
	return left;
}

static void what_the_lane_leaves(void **state)
{
	struct worker *w = router.f.w;
	struct rte_mbuf *m[FRAMES];
	struct skb *skb[BURST_MAX];

	(void)state;
	router.f.dp.lane = half;
	for (unsigned int i = 0; i < FRAMES; i++)
		m[i] = arrives();
	fake_port_poll(&port, &router);
	counted(FRAMES, FRAMES * (uint64_t)frame.len);
	assert_int_equal(w->stats.lane_packets, FRAMES / 2);
	assert_int_equal(w->stats.lane_left, FRAMES / 2);
	assert_int_equal(fake_take(&router.f, STAGE_eth_input, skb, BURST_MAX), FRAMES / 2);
	for (unsigned int i = 0; i < FRAMES / 2; i++) {
		assert_ptr_equal(skb_mbuf(skb[i]), m[2 * i]);
		assert_ptr_equal(skb[i]->dev, router.dev[1]);
		fake_sent(&router.f, skb[i]);
	}
	fake_expect_drop(&router.f, DROP_HOOK, FRAMES / 2);
}

/* Each of these shuts the lane. */
static void no_lane_where_somebody_looks_on(void **state)
{
	struct dp *dp = &router.f.dp;

	(void)state;
	dp->lane = half;
	for (unsigned int i = 0; i < 5; i++) {
		struct rte_mbuf *second;

		dp->staged = i == 0;
		router.dev[1]->rx_path = i == 1 ? NETDEV_RX_TAP : 0;
		dp->conf.lane = i != 2;
		router.f.w->tracing = i == 3;
		arrives();
		second = arrives();
		fake_port_poll(&port, &router);
		assert_int_equal(router.f.w->out[STAGE_eth_input].n, i == 4 ? 1 : 2);
		if (i < 4)
			assert_ptr_equal(skb_mbuf(router.f.w->out[STAGE_eth_input].skb[1]), second);
		worker_stop(router.f.w);
		router.f.w->pending[0] = 0;
	}
	fake_expect_drop(&router.f, DROP_HOOK, 1);
	fake_expect_drop(&router.f, DROP_STOPPED, 9);
}

/* Each of these shuts the short way in. */
static void no_short_way_where_somebody_looks_on(void **state)
{
	struct worker *w = router.f.w;

	(void)state;
	router.f.dp.admit = half;
	for (unsigned int i = 0; i < 6; i++) {
		router.f.dp.staged = 1; /* which shuts the lane only */
		router.dev[1]->rx_path = i == 1 ? NETDEV_RX_TAP : i == 2 ? NETDEV_RX_HOST :
			NETDEV_RX_VLANS;
		w->tracing = i == 3;
		w->pending[0] = i == 4 ? UINT64_C(1) << STAGE_ip4_input : 0;
		w->overflow_len = i == 5;
		arrives();
		arrives();
		fake_port_poll(&port, &router);
		w->overflow_len = 0;
		assert_int_equal(w->out[STAGE_eth_input].n, i ? 2 : 1);
		worker_stop(w);
	}
	fake_expect_drop(&router.f, DROP_HOOK, 1);
	fake_expect_drop(&router.f, DROP_STOPPED, 11);
}

static void what_the_short_way_leaves(void **state)
{
	struct rte_mbuf *m[FRAMES];
	struct skb *skb[BURST_MAX];

	(void)state;
	router.f.dp.admit = half;
	for (unsigned int i = 0; i < FRAMES; i++)
		m[i] = arrives();
	fake_port_poll(&port, &router);
	counted(FRAMES, FRAMES * (uint64_t)frame.len);
	assert_int_equal(router.f.w->stats.lane_packets, 0);
	assert_int_equal(fake_take(&router.f, STAGE_eth_input, skb, BURST_MAX), FRAMES / 2);
	for (unsigned int i = 0; i < FRAMES / 2; i++) {
		assert_ptr_equal(skb_mbuf(skb[i]), m[2 * i]);
		fake_sent(&router.f, skb[i]);
	}
	fake_expect_drop(&router.f, DROP_HOOK, FRAMES / 2);
}

/* ---- a burst ahead ---- */

#define BURST 16u

static uint32_t all(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n, uint64_t *bytes)
{
	for (uint32_t i = 0; i < n; i++) {
		*bytes += m[i]->pkt_len;
		burst_to(w, STAGE_netdev_tx, rxq_skb(q, m[i]));
	}
	return 0;
}

/* A burst of `n` that the lane took: m[0..n). */
static void comes_by_lane(struct rte_mbuf *const *m, unsigned int budget, uint32_t n)
{
	struct skb *skb[BURST_MAX];
	uint64_t counted_before = router.f.w->ledger.rx;

	assert_int_equal(port.rxq.napi.poll(router.f.w, &port.rxq.napi, budget), n);
	assert_int_equal(router.f.w->ledger.rx - counted_before, n);
	assert_int_equal(fake_take(&router.f, STAGE_netdev_tx, skb, BURST_MAX), n);
	for (uint32_t i = 0; i < n; i++) {
		assert_ptr_equal(skb_mbuf(skb[i]), m[i]);
		fake_sent(&router.f, skb[i]);
	}
}

/* A queue that is received ahead by the lane, with n frames in it. */
static void look_ahead_at(struct rte_mbuf **m, unsigned int n)
{
	router.f.dp.lane = all;
	port.rxq.look_ahead = true;
	for (unsigned int i = 0; i < n; i++)
		m[i] = arrives();
}

static void full_bursts_are_received_ahead(void **state)
{
	struct rte_mbuf *m[3 * BURST];

	(void)state;
	look_ahead_at(m, 2 * BURST + 3);
	comes_by_lane(m, BURST, BURST);
	assert_int_equal(port.n_in, 3);
	assert_int_equal(port.rxq.n_ahead, BURST);
	comes_by_lane(m + BURST, BURST, BURST);
	assert_int_equal(port.n_in, 0);
	assert_int_equal(port.rxq.n_ahead, 3);
	/* what comes now is behind those */
	m[2 * BURST + 3] = arrives();
	comes_by_lane(m + 2 * BURST, BURST, 3);
	assert_int_equal(port.rxq.n_ahead, 0);
	comes_by_lane(m + 2 * BURST + 3, BURST, 1);
	comes_by_lane(NULL, BURST, 0);
	counted(2 * BURST + 4, (2 * BURST + 4) * (uint64_t)frame.len);
}

/* The last poll of a turn may have less budget than was received ahead. */
static void less_budget_than_is_there(void **state)
{
	struct rte_mbuf *m[3 * BURST];

	(void)state;
	look_ahead_at(m, 3 * BURST);
	comes_by_lane(m, BURST, BURST);
	comes_by_lane(m + BURST, 5, 5);
	comes_by_lane(m + BURST + 5, 5, 5);
	assert_int_equal(port.n_in, BURST);
	comes_by_lane(m + BURST + 10, BURST, BURST - 10);
	comes_by_lane(m + 2 * BURST, BURST, BURST);
	comes_by_lane(NULL, BURST, 0);
}

static void not_ahead_where_it_gains_nothing(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int n = i == 2 ? BURST - 1 : BURST;

		port.rxq.look_ahead = i != 0;
		router.f.dp.lane = i == 1 ? NULL : all;
		router.f.dp.staged = i == 3;
		for (unsigned int k = 0; k < n; k++)
			arrives();
		if (i == 2) { /* not full */
			port.rxq.napi.poll(router.f.w, &port.rxq.napi, BURST);
			arrives();
		} else {
			arrives();
			port.rxq.napi.poll(router.f.w, &port.rxq.napi, BURST);
		}
		assert_int_equal(port.rxq.n_ahead, 0);
		assert_int_equal(port.n_in, 1);
		port.rxq.look_ahead = false;
		fake_port_poll(&port, &router);
		worker_stop(router.f.w);
	}
	fake_expect_drop(&router.f, DROP_STOPPED, 4 * BURST + 3);
}

/* Where somebody looks on since, they go by the stages as all others. */
static void the_lane_shuts_meanwhile(void **state)
{
	struct rte_mbuf *m[2 * BURST];
	struct skb *skb[BURST_MAX];

	(void)state;
	look_ahead_at(m, 2 * BURST);
	comes_by_lane(m, BURST, BURST);
	router.f.dp.staged = 1;
	port.rxq.napi.poll(router.f.w, &port.rxq.napi, BURST);
	assert_int_equal(port.rxq.n_ahead, 0);
	assert_int_equal(fake_take(&router.f, STAGE_eth_input, skb, BURST_MAX), BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_ptr_equal(skb_mbuf(skb[i]), m[BURST + i]);
		fake_sent(&router.f, skb[i]);
	}
}

static void a_queue_that_goes_keeps_nothing(void **state)
{
	struct rte_mbuf *m[2 * BURST];
	unsigned int there;

	(void)state;
	look_ahead_at(m, 2 * BURST);
	comes_by_lane(m, BURST, BURST);
	there = rte_mempool_avail_count(m[0]->pool);
	rxq_drop_ahead(&port.rxq);
	assert_int_equal(port.rxq.n_ahead, 0);
	assert_int_equal(rte_mempool_avail_count(m[0]->pool), there + BURST);
	counted(BURST, BURST * (uint64_t)frame.len);
}

static void nothing_of_an_interface_that_is_down(void **state)
{
	(void)state;
	arrives();
	router.dev[1]->state = NETDEV_PRESENT;
	fake_port_poll(&port, &router);
	counted(0, 0);
	assert_int_equal(fake_waiting(&router.f), 0);
	router.dev[1]->state |= NETDEV_START;
	fake_sent(&router.f, polled());
	counted(1, frame.len);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_frame_nobody_knows_anything_of),
		T(what_the_port_found_out),
		T(sums_and_cuts_left_to_be_done),
		T(more_than_the_burst_takes),
		T(what_the_lane_leaves),
		T(no_lane_where_somebody_looks_on),
		T(no_short_way_where_somebody_looks_on),
		T(what_the_short_way_leaves),
		T(full_bursts_are_received_ahead),
		T(less_budget_than_is_there),
		T(not_ahead_where_it_gains_nothing),
		T(the_lane_shuts_meanwhile),
		T(a_queue_that_goes_keeps_nothing),
		T(nothing_of_an_interface_that_is_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
