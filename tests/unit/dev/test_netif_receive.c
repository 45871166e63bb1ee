/* SPDX-License-Identifier: BSD-3-Clause */
/* Taps, receive hooks and ethertype handlers: fixed order, one copy each, nothing altered. */
#include <errno.h>
#include <string.h>

#include "core/burst.h"
#include "dev/netdev_update.h"
#include "dev/ptype.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

static char order[64];
static struct pkt sent;
static struct skb *last;

static void handler(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	strcat(order, priv);
	if (*(char *)priv == 'T') { /* a tap sees the whole frame */
		assert_int_equal(skb_len(skb), sent.len);
		assert_memory_equal(skb_data(skb), sent.data, sent.len);
		assert_true(skb->flags & SKB_F_TSTAMP);
	}
	last = skb;
	skb_delivered(w, skb);
}

static bool steal(struct worker *w, struct skb *skb)
{
	strcat(order, "s");
	assert_false(skb->flags & SKB_F_TSTAMP);
	return false;
}

static bool ingress(struct worker *w, struct skb *skb)
{
	strcat(order, "i");
	return false;
}

static bool bridge(struct worker *w, struct skb *skb)
{
	strcat(order, "b");
	return false;
}

static bool macvlan(struct worker *w, struct skb *skb)
{
	strcat(order, "m");
	return false;
}

static bool eats(struct worker *w, struct skb *skb)
{
	strcat(order, "e");
	skb_drop(w, skb, DROP_HOOK);
	return true;
}

static struct skb *frame(struct fake_worker *f, struct netdev *dev, uint16_t type)
{
	sent = PKT_UDP(.eth_type = type);
	struct skb *skb = fake_rx(f, dev, sent.data, sent.len);

	order[0] = 0;
	fake_stage1(f, eth_input, skb);
	return skb;
}

static void run(struct fake_worker *f)
{
	struct skb *skb[BURST_MAX];
	uint32_t n = fake_take(f, STAGE_netif_receive, skb, BURST_MAX);

	fake_stage(f, netif_receive, skb, n);
}

static struct ptype pt(uint16_t type, const struct netdev *dev, const char *name)
{
	return (struct ptype){type, dev, handler, (void *)(uintptr_t)name};
}

static void fixed_order(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *dev = fake_netdev(f, 3, "a", NULL);
	struct ptype tap = pt(PTYPE_ALL, NULL, "T"), h = pt(0x9999, NULL, "h");

	ptype_add(&f->dp, &tap);
	ptype_add(&f->dp, &h);
	rx_hook_set(&f->dp, RX_HOOK_STEAL, steal);
	rx_hook_set(&f->dp, RX_HOOK_INGRESS, ingress);
	rx_hook_set(&f->dp, RX_HOOK_BRIDGE, bridge);
	rx_hook_set(&f->dp, RX_HOOK_MACVLAN, macvlan);
	assert_int_equal(rx_hook_set(&f->dp, RX_HOOK_STEAL, eats), -EBUSY);
	frame(f, dev, 0x9999);
	run(f);
	assert_string_equal(order, "Th"); /* the interface asks for no hook */
	netdev_rx_path(dev, NETDEV_RX_STEAL | NETDEV_RX_INGRESS | NETDEV_RX_BRIDGE |
		NETDEV_RX_MACVLAN, true);
	frame(f, dev, 0x9999);
	run(f);
	assert_string_equal(order, "sTibmh");
	rx_hook_clear(&f->dp, RX_HOOK_INGRESS);
	rx_hook_set(&f->dp, RX_HOOK_INGRESS, eats);
	frame(f, dev, 0x9999);
	run(f);
	assert_string_equal(order, "sTe");
	fake_expect_drop(f, DROP_HOOK, 1);
}

static void taps_copy_and_alter_nothing(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *a = fake_netdev(f, 3, "a", NULL), *b = fake_netdev(f, 4, "b", NULL);
	struct ptype any = pt(PTYPE_ALL, NULL, "T1"), only = pt(PTYPE_ALL, b, "T2");
	struct skb *skb = frame(f, a, 0);

	assert_ptr_equal(fake_take1(f, STAGE_ip4_input), skb); /* no tap: straight on */
	fake_sent(f, skb);
	assert_int_equal(ptype_add(&f->dp, &any), 0);
	assert_int_equal(ptype_add(&f->dp, &any), -EEXIST);
	assert_int_equal(ptype_add(&f->dp, &only), 0);
	assert_true(f->dp.staged == 2 && a->rx_path & NETDEV_RX_TAP);
	skb = frame(f, a, 0);
	run(f);
	assert_string_equal(order, "T1");
	assert_ptr_equal(fake_take1(f, STAGE_ip4_input), skb);
	assert_ptr_equal(skb_data(skb), (uint8_t *)skb_mac_header(skb) + 14);
	fake_sent(f, skb);
	skb = frame(f, b, 0);
	run(f);
	assert_string_equal(order, "T1T2");
	fake_sent(f, fake_take1(f, STAGE_ip4_input));
	/* on the way out too */
	order[0] = 0;
	skb = fake_rx(f, NULL, sent.data, sent.len);
	skb->dev = b;
	skb->tstamp = 1;
	skb->flags |= SKB_F_TSTAMP;
	ptype_tap_tx(f->w, skb);
	assert_string_equal(order, "T1T2");
	assert_int_equal(last->pkt_type, SKB_OUTGOING);
	fake_sent(f, skb);
	assert_int_equal(ptype_remove(&f->dp, &any), 0);
	assert_int_equal(ptype_remove(&f->dp, &any), -ENOENT);
	assert_false(a->rx_path & NETDEV_RX_TAP);
	assert_true(b->rx_path & NETDEV_RX_TAP);
	assert_int_equal(ptype_remove(&f->dp, &only), 0);
	assert_int_equal(f->dp.staged, 0);
}

static void handlers_of_a_type(void **state)
{
	struct fake_worker *f = *state;
	struct netdev *a = fake_netdev(f, 3, "a", NULL), *b = fake_netdev(f, 4, "b", NULL);
	struct ptype h[] = {pt(0x9999, NULL, "x"), pt(0x9999, b, "y"), pt(0x9999 + 16, NULL, "z"),
		pt(0x9999, NULL, "w"), pt(0x0800, NULL, "p")};
	struct skb *skb;

	for (unsigned int i = 0; i < RTE_DIM(h); i++)
		ptype_add(&f->dp, &h[i]);
	skb = frame(f, a, 0x9999);
	run(f);
	assert_string_equal(order, "xw");
	assert_ptr_equal(last, skb); /* the last one gets the frame itself */
	frame(f, b, 0x9999);
	run(f);
	assert_string_equal(order, "xyw");
	frame(f, b, 0x9999 + 16);
	run(f);
	assert_string_equal(order, "z");
	skb = frame(f, a, 0x0800); /* IPv4 has its own stage besides */
	run(f);
	assert_string_equal(order, "p");
	assert_ptr_equal(fake_take1(f, STAGE_ip4_input), skb);
	fake_sent(f, skb);
	frame(f, a, 0x7777);
	run(f);
	fake_expect_drop(f, DROP_ETH_UNKNOWN_TYPE, 1);
	assert_int_equal(dev_stats(f->w, a)->rx_nohandler, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_worker_setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fixed_order), T(taps_copy_and_alter_nothing), T(handlers_of_a_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
