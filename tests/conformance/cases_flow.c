/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases about too much: full rings, empty pools, peers that do not read, ports that hang. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "conformance.h"
#include "ctl/ctl.h"
#include "dev/txq.h"

#define LEN 100
#define BURST 32
#define TOO_MANY 60000 /* frames; a driver that takes so many refuses none */

static void stall(struct put *t, bool on)
{
	if (t->type->ops->stall)
		t->type->ops->stall(t, on);
}

static void make_burst(struct put *t, struct rte_mbuf **m, unsigned n, uint32_t seed)
{
	uint8_t frame[LEN];

	for (unsigned i = 0; i < n; i++) {
		frame_fill(t, frame, LEN, seed + i, false);
		m[i] = frame_mbuf(t, frame, LEN);
	}
}

static void expect_number(struct put *t, struct kept *k, uint32_t seed)
{
	uint8_t frame[LEN];

	if (k == NULL)
		fail_msg("frame %u did not arrive", seed);
	if (frame_seed(k->data) != seed)
		fail_msg("frame %u arrived where %u was due", frame_seed(k->data), seed);
	frame_fill(t, frame, LEN, seed, false);
	expect_frame(k, frame, LEN, LEN);
}

void case_ring_full(struct put *t)
{
	struct rte_mbuf *m[BURST];
	unsigned sent = 0, n = BURST;
	uint8_t frame[LEN];

	rig_open(t, true);
	pass_some(t);
	stall(t, true);
	while (n == BURST && sent < TOO_MANY) {
		make_burst(t, m, BURST, sent);
		n = rte_eth_tx_burst(t->port.port_id, 0, m, BURST);
		sent += n;
	}
	assert_true(n < BURST);
	for (unsigned i = n; i < BURST; i++) {
		rte_mbuf_sanity_check(m[i], 1);
		assert_int_equal(rte_mbuf_refcnt_read(m[i]), 1);
		frame_fill(t, frame, LEN, sent + i - n, false);
		assert_int_equal(m[i]->pkt_len, LEN);
		assert_memory_equal(rte_pktmbuf_mtod(m[i], void *), frame, LEN);
		rte_pktmbuf_free(m[i]);
	}
	stall(t, false);
	for (unsigned i = 0; i < sent; i++)
		expect_number(t, peer_receives(t, PATIENCE), i);
	pass_some(t);
	rig_close(t);
}

/* Receives into mbufs that are not given back. */
struct hold {
	struct rte_mbuf *m[PUT_MBUFS + BURST];
	unsigned n;
};

static unsigned receive_and_hold(struct put *t, struct hold *h)
{
	unsigned before = h->n;

	for (uint16_t q = 0; q < t->queues; q++)
		if (h->n + BURST <= RTE_DIM(h->m))
			h->n += rte_eth_rx_burst(t->port.port_id, q, h->m + h->n, BURST);
	return h->n - before;
}

static void flood(struct put *t, struct hold *h)
{
	uint8_t frame[LEN];
	unsigned idle = 0;

	for (unsigned i = 0; i < 3000 && idle < 200; i++) {
		frame_fill(t, frame, LEN, i, true);
		if (!t->type->ops->send(t, frame, LEN))
			idle++;
		if (i % 64 == 0)
			receive_and_hold(t, h);
	}
	if (t->type->ops->settle)
		t->type->ops->settle(t);
	for (idle = 0; idle < 200; idle++)
		if (receive_and_hold(t, h) && !t->type->blind)
			idle = 0;
}

static void expect_held_in_order(struct put *t, struct hold *h)
{
	uint32_t next = 0;
	uint8_t frame[LEN];

	for (unsigned i = 0; i < h->n; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(h->m[i], const uint8_t *);

		rte_mbuf_sanity_check(h->m[i], 1);
		if (data[12] != FRAME_TYPE >> 8)
			continue;
		assert_true(frame_seed(data) >= next);
		next = frame_seed(data) + 1;
		frame_fill(t, frame, LEN, next - 1, true);
		assert_int_equal(h->m[i]->pkt_len, LEN);
		assert_memory_equal(data, frame, LEN);
	}
}

/* Traffic goes on: frames from before may come, then the new ones all do, in order. */
static void expect_traffic(struct put *t)
{
	uint8_t frame[LEN];
	struct kept *k;

	while ((k = port_receives(t, 0.05)))
		free(k);
	for (uint32_t i = 100000; i < 100300; i++) {
		frame_fill(t, frame, LEN, i, true);
		peer_sends(t, frame, LEN);
		do {
			k = port_receives(t, PATIENCE);
		} while (k && frame_seed(k->data) < 100000 && (free(k), true));
		expect_frame(k, frame, LEN, LEN);
	}
}

void case_pool_empty(struct put *t)
{
	struct hold *hog = calloc(1, sizeof(*hog)), *h = calloc(1, sizeof(*h));
	struct rte_eth_stats s;

	assert_true(hog && h);
	rig_open(t, true);
	pass_some(t);
	while (hog->n < PUT_MBUFS && (hog->m[hog->n] = rte_pktmbuf_alloc(t->pool)))
		hog->n++;
	flood(t, h);
	/* Drivers that take mbufs by the bunch leave less than one. */
	assert_true(rte_mempool_avail_count(t->pool) < 64);
	if (!t->type->blind)
		expect_held_in_order(t, h);
	assert_int_equal(rte_eth_stats_get(t->port.port_id, &s), 0);
	print_message("held %u frames, rx_nombuf %llu, imissed %llu\n", h->n,
		(unsigned long long)s.rx_nombuf, (unsigned long long)s.imissed);
	if (!t->type->silent_nombuf)
		assert_true(s.rx_nombuf > 0);
	rte_pktmbuf_free_bulk(h->m, h->n);
	rte_pktmbuf_free_bulk(hog->m, hog->n);
	h->n = hog->n = 0;
	if (t->type->sleeps_empty) {
		rig_dev_stop(&t->port);
		rig_start(&t->port, t->pool);
	}
	if (t->type->blind)
		assert_true(receive_and_hold(t, h) > 0);
	else
		expect_traffic(t);
	rte_pktmbuf_free_bulk(h->m, h->n);
	free(hog);
	free(h);
	rig_close(t);
}

/* Sends until this many wait in skiff; how many were sent in all. */
static unsigned fill(struct put *t, unsigned waiting)
{
	struct tx_queue *q = dev_txq(t->w, t->dev);
	struct rte_mbuf *m[BURST];
	unsigned sent = 0;

	assert_non_null(q);
	while (q->q.len < waiting && sent < TOO_MANY) {
		make_burst(t, m, BURST, sent);
		skiff_send_burst(t, m, BURST);
		sent += BURST;
	}
	if (q->q.len < waiting)
		fail_msg("the port takes all that it is given");
	assert_true(q->stops > 0);
	assert_true(q->state & TXQ_XOFF);
	return sent;
}

void case_back_pressure(struct put *t)
{
	unsigned sent;

	rig_open(t, false);
	pass_some(t);
	for (unsigned round = 0; round < 3; round++) {
		stall(t, true);
		sent = fill(t, 500);
		skiff_turns(t, 100);
		assert_true(dev_txq(t->w, t->dev)->q.len > 0);
		stall(t, false);
		for (unsigned i = 0; i < sent; i++)
			expect_number(t, peer_receives(t, PATIENCE), i);
		assert_int_equal(dev_txq(t->w, t->dev)->q.len, 0);
	}
	assert_int_equal(skiff_dropped(t), 0);
	assert_int_equal(skiff_stats(t).tx_dropped, 0);
	rig_close(t);
}

/* Reports of the watchdog, as the control thread gets them; stopped: for so many seconds now. */
static unsigned reports(struct put *t, unsigned stopped)
{
	struct ctl_msg m;
	unsigned n = 0;

	dev_txq(t->w, t->dev)->trans_start -= stopped * t->w->tsc_hz;
	skiff_turns(t, 1);
	while (ctl_recv(t->w, &m, 1))
		n += m.type == CTL_TX_TIMEOUT && m.dev == t->dev->index;
	return n;
}

static uint64_t xstat(struct put *t, const char *name)
{
	uint64_t id, value;

	assert_int_equal(rte_eth_xstats_get_id_by_name(t->port.port_id, name, &id), 0);
	assert_int_equal(rte_eth_xstats_get_by_id(t->port.port_id, &id, &value, 1), 1);
	return value;
}

/* The device hangs in the middle, its driver sets it up anew, and nothing is lost. */
static void driver_heals(struct put *t)
{
	FILE *f = fopen("/run/faults", "w");
	unsigned sent;

	assert_non_null(f);
	fputs(t->type->hang_script, f);
	fclose(f);
	t->words = t->type->hang_words;
	rig_open(t, false);
	pass_some(t);
	assert_int_equal(xstat(t, t->type->hang_xstat), 0);
	sent = fill(t, 300);
	for (unsigned i = 0; i < sent; i++)
		expect_number(t, peer_receives(t, PATIENCE), i);
	assert_int_equal(xstat(t, t->type->hang_xstat), 1);
	assert_int_equal(skiff_dropped(t), 0);
	pass_some(t);
	rig_close(t);
}

void case_watchdog(struct put *t)
{
	unsigned sent, waiting;
	uint32_t last = 0;
	struct kept *k;

	if (t->type->hang_words) {
		driver_heals(t);
		return;
	}
	rig_open(t, false);
	pass_some(t);
	stall(t, true);
	sent = fill(t, 300);
	skiff_turns(t, 100);
	dev_txq(t->w, t->dev)->trans_start -= (TXQ_WATCHDOG_SEC - 1) * t->w->tsc_hz;
	txq_watchdog(t->w);
	assert_int_equal(reports(t, 0), 0);
	/* As if it had been so for as long as the watchdog looks on. */
	assert_true(patiently(PATIENCE, reports(t, TXQ_WATCHDOG_SEC + 1) == 1));
	waiting = dev_txq(t->w, t->dev)->q.len;
	netdev_reset(t->dp, t->dev); /* what the control thread does with the report */
	assert_int_equal(t->dev->tx_timeouts, 1);
	skiff_turns(t, 10);
	stall(t, false);
	/* What the device had taken is gone with its reset, or not; what waited is not. */
	while ((k = peer_receives(t, PATIENCE)) && frame_seed(k->data) < sent - waiting) {
		assert_true(last == 0 || frame_seed(k->data) == last + 1);
		last = frame_seed(k->data);
		free(k);
	}
	for (uint32_t i = sent - waiting; i < sent; i++) {
		expect_number(t, k, i);
		k = i + 1 < sent ? peer_receives(t, PATIENCE) : NULL;
	}
	assert_int_equal(skiff_dropped(t), 0);
	assert_int_equal(skiff_stats(t).tx_errors, 1);
	pass_some(t);
	rig_close(t);
}
