/* SPDX-License-Identifier: BSD-3-Clause */
/* Link addresses of next hops: known, made up, waited for, failed; and the bounds of waiting. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/ctl_msg.h"
#include "fake_router.h"
#include "l2/eth.h"
#include "neigh/neigh_hold.h"
#include "pkt.h"

static struct ctl_msg event[1024];
static unsigned int events;
static bool ring_full;

/* Stands in for the ring to the control thread. */
static bool remember(struct worker *w, const struct ctl_msg *msg)
{
	if (ring_full)
		return false;
	event[events++] = *msg;
	return true;
}

static struct fib_nh hop;

static struct skb *packet(struct fake_router *r, const char *dst, const char *gw)
{
	struct pkt p = PKT_UDP(.dst = dst);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + 14, p.len - 14);

	memset(skb->cb, 0, sizeof(skb->cb));
	hop = (struct fib_nh){ .type = FIB_UNICAST, .dev = r->dev[2], .mtu = 1500,
		.gw = gw ? pkt_addr(gw) : 0 };
	skb->nh = &hop;
	skb->dev = r->dev[2];
	return skb;
}

static void expect_header(struct skb *skb, const void *dst)
{
	struct eth_cb *cb = eth_cb(skb);

	assert_null(skb->nh);
	assert_int_equal(cb->hh_len, 14);
	assert_memory_equal(cb->hh + 32 - 14, dst, 6);
	assert_memory_equal(cb->hh + 32 - 8, "\2\0\0\0\0\2\x8\0", 8);
}

static void next_hop_knows(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, "192.0.2.1", "10.0.2.9");

	hop.flags = FIB_NH_HH;
	fake_stage1(&r->f, neigh_resolve, skb);
	skb = fake_take1(&r->f, STAGE_eth_output);
	assert_ptr_equal(skb->nh, &hop);
	fake_sent(&r->f, skb);
}

static void table_knows(void **state)
{
	struct fake_router *r = *state;
	uint8_t mac[6];
	struct skb *skb;

	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID);
	fake_lladdr(mac, "10.0.2.9");
	fake_stage1(&r->f, neigh_resolve, packet(r, "192.0.2.1", "10.0.2.9"));
	skb = fake_take1(&r->f, STAGE_eth_output);
	expect_header(skb, mac);
	fake_sent(&r->f, skb);
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL)); /* on-link */
	skb = fake_take1(&r->f, STAGE_eth_output);
	expect_header(skb, mac);
	fake_sent(&r->f, skb);
	assert_int_equal(events, 0);
}

static void groups_need_no_question(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb;

	fake_stage1(&r->f, neigh_resolve, packet(r, "239.129.2.3", NULL));
	skb = fake_take1(&r->f, STAGE_eth_output);
	expect_header(skb, "\x01\x00\x5e\x01\x02\x03");
	fake_sent(&r->f, skb);
	skb = packet(r, "10.0.2.255", NULL);
	hop.type = FIB_BROADCAST;
	fake_stage1(&r->f, neigh_resolve, skb);
	skb = fake_take1(&r->f, STAGE_eth_output);
	expect_header(skb, "\xff\xff\xff\xff\xff\xff");
	fake_sent(&r->f, skb);
	skb = packet(r, "10.0.2.7", NULL);
	r->dev[2]->noarp = 1;
	fake_stage1(&r->f, neigh_resolve, skb);
	skb = fake_take1(&r->f, STAGE_eth_output);
	expect_header(skb, "\2\0\0\0\0\2");
	fake_sent(&r->f, skb);
	assert_int_equal(events, 0);
}

static void stale_is_told_once(void **state)
{
	struct fake_router *r = *state;

	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID | NEIGH_STALE);
	ring_full = true;
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_eth_output));
	ring_full = false; /* what was not told is told next time */
	for (int i = 0; i < 3; i++) {
		fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
		fake_sent(&r->f, fake_take1(&r->f, STAGE_eth_output));
	}
	assert_int_equal(events, 1);
	assert_int_equal(event[0].type, CTL_NEIGH_USED);
	assert_int_equal(event[0].ip, pkt_addr("10.0.2.9"));
	assert_int_equal(event[0].dev, 2);
}

static void waits_in_order_and_asks_once(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb[3], *out[BURST_MAX];
	struct ledger_sum sum;

	for (int i = 0; i < 3; i++) {
		skb[i] = packet(r, "10.0.2.9", NULL);
		fake_stage1(&r->f, neigh_resolve, skb[i]);
	}
	assert_int_equal(fake_waiting(&r->f), 0);
	assert_int_equal(events, 1);
	assert_int_equal(event[0].type, CTL_NEIGH_MISS);
	ledger_snapshot(r->f.w, &sum);
	assert_int_equal(sum.held, 3);
	assert_int_equal(ledger_gap(&sum), 0);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.77")); /* somebody else */
	assert_int_equal(fake_waiting(&r->f), 0);
	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.9"));
	assert_int_equal(fake_take(&r->f, STAGE_eth_output, out, BURST_MAX), 3);
	for (int i = 0; i < 3; i++) {
		assert_ptr_equal(out[i], skb[i]);
		fake_sent(&r->f, out[i]);
	}
	ledger_snapshot(r->f.w, &sum);
	assert_int_equal(sum.held, 0);
}

static void question_is_repeated(void **state)
{
	struct fake_router *r = *state;

	ring_full = true;
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	ring_full = false;
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	assert_int_equal(events, 1); /* the first did not get through */
	r->f.w->now += worker_msec(r->f.w, 4900);
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	assert_int_equal(events, 1);
	r->f.w->now += worker_msec(r->f.w, 200);
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	assert_int_equal(events, 2);
}

static void failed_says_unreachable(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb;

	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	fake_neigh(r, 2, "10.0.2.9", NEIGH_FAILED);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.9"));
	skb = fake_take1(&r->f, STAGE_icmp_error);
	assert_ptr_equal(skb->dev, r->dev[1]); /* where it came in */
	fake_sent(&r->f, skb);
	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_icmp_error));
	skb = packet(r, "10.0.2.9", NULL);
	skb->iif = 0; /* came in nowhere, is not ours either */
	fake_stage1(&r->f, neigh_resolve, skb);
	fake_expect_drop(&r->f, DROP_NEIGH_FAILED, 1);
}

static void interface_went_away(void **state)
{
	struct fake_router *r = *state;

	fake_stage1(&r->f, neigh_resolve, packet(r, "10.0.2.9", NULL));
	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID);
	atomic_store(&r->f.netdevs->dev[2], NULL);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.9"));
	fake_expect_drop(&r->f, DROP_DEV_DOWN, 1);
	atomic_store(&r->f.netdevs->dev[2], r->dev[2]);
}

static void queue_is_bounded(void **state)
{
	struct fake_router *r = *state;
	struct skb *first = NULL, *out[BURST_MAX];

	r->f.dp.conf.neigh_hold = 5;
	for (int i = 0; i < 8; i++) {
		struct skb *skb = packet(r, "10.0.2.9", NULL);

		if (i == 3)
			first = skb;
		fake_stage1(&r->f, neigh_resolve, skb);
	}
	fake_expect_drop(&r->f, DROP_NEIGH_QUEUE_FULL, 3); /* the oldest three */
	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.9"));
	assert_int_equal(fake_take(&r->f, STAGE_eth_output, out, BURST_MAX), 5);
	assert_ptr_equal(out[0], first);
	for (int i = 0; i < 5; i++)
		fake_sent(&r->f, out[i]);
}

/* A scan of an empty subnet takes an eighth of the pool at most, and all queues are reused. */
static void total_is_bounded(void **state)
{
	struct fake_router *r = *state;
	uint32_t max = r->f.w->neigh->held_max;
	char addr[16];

	assert_int_equal(max, FAKE_MBUFS / 8);
	for (unsigned int i = 0; i < 900; i++) {
		snprintf(addr, sizeof(addr), "10.1.%u.%u", i / 200, i % 200);
		fake_stage1(&r->f, neigh_resolve, packet(r, addr, NULL));
		burst_flush_done(r->f.w);
	}
	assert_int_equal(r->f.w->neigh->held, max);
	fake_expect_drop(&r->f, DROP_NEIGH_QUEUE_FULL, 900 - max);
	assert_int_equal(events, 900);
}

static int setup(void **state)
{
	int rc = fake_router_setup(state);
	struct fake_router *r = *state;

	events = 0;
	ring_full = false;
	if (rc == 0)
		r->f.w->event = remember;
	return rc;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(next_hop_knows), T(table_knows), T(groups_need_no_question),
		T(stale_is_told_once), T(waits_in_order_and_asks_once), T(question_is_repeated),
		T(failed_says_unreachable), T(interface_went_away), T(queue_is_bounded),
		T(total_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
