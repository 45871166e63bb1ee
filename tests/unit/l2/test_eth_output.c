/* SPDX-License-Identifier: BSD-3-Clause */
/* Link headers in front, tagged and not, from next hop and control block, with little room. */
#include "unit.h"

#include <string.h>

#include "fake_router.h"
#include "l2/eth.h"
#include "pkt.h"

static const uint8_t mac[6] = { 2, 9, 9, 9, 9, 9 };

static struct skb *packet(struct fake_router *r, struct netdev *dev)
{
	struct pkt p = PKT_UDP(.ttl = 9);
	struct skb *skb = fake_rx_ip4(&r->f, dev, p.data + 14, p.len - 14);

	memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

static struct fib_nh hop(struct netdev *dev)
{
	struct fib_nh nh = { .type = FIB_UNICAST, .flags = FIB_NH_HH, .dev = dev, .mtu = 1500 };

	nh.hh_len = eth_build_hh(nh.hh, dev, mac, ETH_TYPE_IP4);
	return nh;
}

static struct netdev *vlan_of(struct fake_router *r)
{
	struct netdev *dev = fake_netdev(&r->f, 9, "two.7", NULL);

	dev->type = NETDEV_VLAN;
	dev->vlan_id = 7;
	dev->vlan_proto = 0x8100;
	dev->lower = r->dev[2];
	return dev;
}

static void from_next_hop(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, r->dev[2]);
	struct fib_nh nh = hop(r->dev[2]);

	skb->nh = &nh;
	fake_stage1(&r->f, eth_output, skb);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_memory_equal(skb_data(skb), "\2\x9\x9\x9\x9\x9\2\0\0\0\0\2\x8\0\x45", 15);
	assert_int_equal(skb->mac_header, skb_headroom(skb));
	fake_sent(&r->f, skb);
}

/* 802.1ad with 802.1Q in it: both tags, the outer one first, also in a frame that has its header. */
static void twice_tagged(void **state)
{
	static const char want[] = "\2\x9\x9\x9\x9\x9\2\0\0\0\0\x8\x88\xa8\0\7\x81\0\0\x5\x8\0\x45";
	struct fake_router *r = *state;
	struct netdev *outer = vlan_of(r), *inner = fake_netdev(&r->f, 8, "two.7.5", NULL);
	struct skb *skb = packet(r, inner);
	uint32_t len = skb_len(skb);
	struct fib_nh nh;

	outer->vlan_proto = 0x88a8;
	inner->type = NETDEV_VLAN;
	inner->vlan_id = 5;
	inner->vlan_proto = 0x8100;
	inner->lower = outer;
	nh = hop(inner);
	assert_int_equal(nh.hh_len, 22);
	skb->nh = &nh;
	fake_stage1(&r->f, eth_output, skb);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_ptr_equal(skb->dev, inner);
	assert_int_equal(skb_len(skb), len + 22);
	assert_memory_equal(skb_data(skb), want, 23);
	memmove((uint8_t *)skb_data(skb) + 8, skb_data(skb), 12);
	skb_pull(skb, 8);
	assert_true(eth_push_tags(skb));
	assert_int_equal(skb_len(skb), len + 22);
	assert_memory_equal(skb_data(skb), want, 23);
	fake_sent(&r->f, skb);
}

static void tagged(void **state)
{
	struct fake_router *r = *state;
	struct netdev *dev = vlan_of(r);
	struct skb *skb = packet(r, dev);
	struct fib_nh nh = hop(dev);
	uint32_t len = skb_len(skb);

	skb->nh = &nh;
	fake_stage1(&r->f, eth_output, skb);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_ptr_equal(skb->dev, dev);
	assert_int_equal(skb_len(skb), len + 18);
	assert_memory_equal(skb_data(skb), "\2\x9\x9\x9\x9\x9\2\0\0\0\0\x9\x81\0\0\7\x8\0\x45", 19);
	fake_sent(&r->f, skb);
}

static void shared_data_stays(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, r->dev[2]), *clone = skb_clone(r->f.w, skb);
	struct fib_nh nh = hop(r->dev[2]);

	memset((uint8_t *)skb_data(skb) - 14, 0x77, 14);
	skb->nh = &nh;
	fake_stage1(&r->f, eth_output, skb);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_memory_equal((uint8_t *)skb_data(clone) - 14, "\x77\x77\x77\x77\x77\x77", 6);
	assert_memory_equal(skb_data(skb), mac, 6);
	fake_sent(&r->f, skb);
	fake_sent(&r->f, clone);
}

static void no_headroom(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, r->dev[2]);
	struct rte_mbuf *m = skb_mbuf(skb);
	struct fib_nh nh = hop(r->dev[2]);
	struct pkt p = PKT_UDP(.ttl = 9);

	memmove((uint8_t *)m->buf_addr + 3, skb_data(skb), m->data_len);
	m->data_off = 3;
	skb->ip_summed = SKB_CSUM_PARTIAL;
	skb->csum_start = 3 + 20;
	skb->csum_offset = 6;
	skb->nh = &nh;
	fake_stage1(&r->f, eth_output, skb);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_memory_equal((uint8_t *)skb_data(skb) + 14, p.data + 14, p.len - 14);
	assert_int_equal(skb->csum_start, skb_headroom(skb) + 14 + 20);
	fake_sent(&r->f, skb);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_router_setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(from_next_hop), T(tagged), T(twice_tagged), T(shared_data_stays), T(no_headroom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
