/* SPDX-License-Identifier: BSD-3-Clause */
/* What the Ethernet header says: packet type, protocol, next stage; and each malformed frame. */
#include "unit.h"

#include <string.h>

#include "fake_worker.h"
#include "pkt.h"

static struct netdev *port(struct fake_worker *f)
{
	return f->nmade ? f->made[0] : fake_netdev(f, 1, "one", NULL);
}

static struct skb *input(struct fake_worker *f, struct pkt p, enum stage to)
{
	struct skb *skb;

	fake_stage1(f, eth_input, fake_rx(f, port(f), p.data, p.len));
	skb = fake_take1(f, to);
	assert_int_equal(skb_headroom(skb) - skb->mac_header, ETH_HDR_LEN);
	assert_int_equal(skb->network_header, skb_headroom(skb));
	return skb;
}

static void destination_makes_packet_type(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = input(f, PKT_UDP(.ttl = 9), STAGE_ip4_input);

	assert_int_equal(skb->pkt_type, SKB_HOST);
	assert_int_equal(skb->protocol, RTE_BE16(0x0800));
	assert_int_equal(skb_len(skb), 46);
	fake_sent(f, skb);
	skb = input(f, PKT_UDP(.eth_dst = { 2, 0, 0, 0, 0, 9 }), STAGE_ip4_input);
	assert_int_equal(skb->pkt_type, SKB_OTHERHOST);
	fake_sent(f, skb);
	skb = input(f, PKT_UDP(.eth_dst = { 1, 0, 0x5e, 0, 0, 9 }), STAGE_ip4_input);
	assert_int_equal(skb->pkt_type, SKB_MULTICAST);
	assert_int_equal(dev_stats(f->w, port(f))->multicast, 1);
	fake_sent(f, skb);
	skb = input(f, PKT_UDP(.eth_dst = { 255, 255, 255, 255, 255, 255 }), STAGE_ip4_input);
	assert_int_equal(skb->pkt_type, SKB_BROADCAST);
	fake_sent(f, skb);
}

static void ethertype_makes_next_stage(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = input(f, PKT_ARP(.ttl = 0), STAGE_arp_input);

	fake_sent(f, skb);
	fake_sent(f, input(f, PKT_UDP(.eth_type = 0x86dd), STAGE_netif_receive));
	skb = input(f, PKT_UDP(.eth_type = 0x0040), STAGE_netif_receive);
	assert_int_equal(skb->protocol, RTE_BE16(4)); /* LLC */
	fake_sent(f, skb);
}

static void novell_raw_frames(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.eth_type = 0x0040);
	struct skb *skb;

	p.data[14] = p.data[15] = 0xff;
	skb = input(f, p, STAGE_netif_receive);
	assert_int_equal(skb->protocol, RTE_BE16(1));
	fake_sent(f, skb);
}

static void taps_and_hooks_see_it_first(void **state)
{
	struct fake_worker *f = *state;

	port(f)->rx_path = NETDEV_RX_TAP;
	fake_sent(f, input(f, PKT_UDP(.ttl = 9), STAGE_netif_receive));
	port(f)->rx_path = NETDEV_RX_VLANS;
	fake_sent(f, input(f, PKT_UDP(.ttl = 9), STAGE_ip4_input));
}

static void malformed(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.eth_src = { 1, 0, 0, 0, 0, 1 });

	fake_stage1(f, eth_input, fake_rx(f, port(f), p.data, 13));
	fake_expect_drop(f, DROP_ETH_SHORT, 1);
	fake_stage1(f, eth_input, fake_rx(f, port(f), p.data, p.len));
	fake_expect_drop(f, DROP_ETH_SRC_MULTICAST, 1);
	assert_int_equal(dev_stats(f->w, port(f))->rx_errors, 2);
}

static void header_over_segments(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.ttl = 9);
	struct skb *skb;

	fake_stage1(f, eth_input, fake_rx_segs(f, port(f), p.data, p.len, 5));
	skb = fake_take1(f, STAGE_ip4_input);
	assert_int_equal(skb_len(skb), p.len - 14);
	fake_sent(f, skb);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_worker_setup, fake_worker_teardown)
	const struct CMUnitTest tests[] = {
		T(destination_makes_packet_type), T(ethertype_makes_next_stage),
		T(novell_raw_frames), T(taps_and_hooks_see_it_first), T(malformed),
		T(header_over_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
