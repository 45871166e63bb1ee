/* SPDX-License-Identifier: BSD-3-Clause */
/* Tags in the data, stripped by the port, of priority only, nested, unknown, cut short. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_worker.h"
#include "pkt.h"

struct rig {
	struct fake_worker f;
	struct netdev *port, *vlan, *inner;
	struct netdev *_Atomic vids[2][4096];
};

static struct netdev *sub(struct rig *r, uint16_t index, struct netdev *lower, uint16_t vid,
	uint16_t proto)
{
	struct netdev *dev = fake_netdev(&r->f, index, "sub", NULL);

	dev->type = NETDEV_VLAN;
	dev->vlan_id = vid;
	dev->vlan_proto = proto;
	dev->lower = lower;
	dev->addr = lower->addr;
	lower->rx_path |= NETDEV_RX_VLANS;
	atomic_store(&lower->vlans[vid], dev);
	return dev;
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	*state = r;
	fake_worker_init(&r->f);
	r->port = fake_netdev(&r->f, 1, "one", NULL);
	r->port->vlans = r->vids[0];
	r->vlan = sub(r, 2, r->port, 7, 0x8100);
	r->vlan->vlans = r->vids[1];
	r->inner = sub(r, 3, r->vlan, 9, 0x8100);
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	fake_worker_fini(&r->f);
	free(r);
	return 0;
}

static struct skb *input(struct rig *r, struct skb *skb, struct netdev *on)
{
	fake_stage1(&r->f, eth_input, skb);
	skb = fake_take1(&r->f, STAGE_ip4_input);
	assert_ptr_equal(skb->dev, on);
	assert_int_equal(skb->iif, on->index);
	assert_int_equal(skb->pkt_type, SKB_HOST);
	assert_int_equal(skb->protocol, RTE_BE16(0x0800));
	assert_int_equal(*(uint8_t *)skb_data(skb), 0x45);
	return skb;
}

/* The link header reads as if there never was a tag. */
static void assert_untagged(struct skb *skb)
{
	struct pkt plain = PKT_UDP(.ttl = 9);

	assert_int_equal(skb_headroom(skb) - skb->mac_header, 14);
	assert_memory_equal(skb_mac_header(skb), plain.data, plain.len);
}

static void tag_in_data(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 0xa007, .ttl = 9);
	struct skb *skb = input(r, fake_rx(&r->f, r->port, p.data, p.len), r->vlan);

	assert_untagged(skb);
	assert_int_equal(dev_stats(r->f.w, r->vlan)->rx_packets, 1);
	assert_int_equal(dev_stats(r->f.w, r->vlan)->rx_bytes, p.len - 18);
	fake_sent(&r->f, skb);
}

static void stripped_tag(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.ttl = 9);
	struct skb *skb = fake_rx(&r->f, r->port, p.data, p.len);

	skb->flags |= SKB_F_VLAN;
	skb_mbuf(skb)->vlan_tci = 7;
	skb = input(r, skb, r->vlan);
	assert_untagged(skb);
	assert_false(skb->flags & SKB_F_VLAN);
	fake_sent(&r->f, skb);
}

static void priority_tag(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 0xe000, .ttl = 9);
	struct skb *skb = input(r, fake_rx(&r->f, r->port, p.data, p.len), r->port);

	assert_untagged(skb);
	fake_sent(&r->f, skb);
}

static void nested_tags(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 9, .ttl = 9);
	struct skb *skb = fake_rx(&r->f, r->port, p.data, p.len);

	skb->flags |= SKB_F_VLAN;
	skb_mbuf(skb)->vlan_tci = 7;
	skb = input(r, skb, r->inner);
	assert_untagged(skb);
	assert_int_equal(dev_stats(r->f.w, r->vlan)->rx_packets, 1);
	assert_int_equal(dev_stats(r->f.w, r->inner)->rx_packets, 1);
	fake_sent(&r->f, skb);
}

static void own_address_of_the_sub_interface(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 7, .eth_dst = { 2, 7, 7, 7, 7, 7 });

	memcpy(&r->vlan->addr, p.data, 6);
	fake_sent(&r->f, input(r, fake_rx(&r->f, r->port, p.data, p.len), r->vlan));
}

static void shared_data_is_copied_before_the_cut(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 7, .ttl = 9);
	struct skb *orig = fake_rx(&r->f, r->port, p.data, p.len);
	struct skb *clone = skb_clone(r->f.w, orig), *skb;

	skb = input(r, orig, r->vlan);
	assert_untagged(skb);
	assert_memory_equal(skb_data(clone), p.data, p.len);
	fake_sent(&r->f, skb);
	fake_sent(&r->f, clone);
}

static void refused(void **state)
{
	struct rig *r = *state;
	struct pkt p = PKT_UDP(.vlan = 8);

	fake_stage1(&r->f, eth_input, fake_rx(&r->f, r->port, p.data, p.len));
	fake_expect_drop(&r->f, DROP_VLAN_UNKNOWN, 1);
	p = PKT_UDP(.vlan = 7);
	fake_stage1(&r->f, eth_input, fake_rx(&r->f, r->port, p.data, 17));
	fake_expect_drop(&r->f, DROP_VLAN_SHORT, 1);
	memcpy(p.data + 12, "\x88\xa8", 2); /* the VID is there, but as a C-tag */
	fake_stage1(&r->f, eth_input, fake_rx(&r->f, r->port, p.data, p.len));
	fake_expect_drop(&r->f, DROP_VLAN_UNKNOWN, 1);
	p = PKT_UDP(.vlan = 7);
	r->vlan->flags = 0;
	fake_stage1(&r->f, eth_input, fake_rx(&r->f, r->port, p.data, p.len));
	fake_expect_drop(&r->f, DROP_DEV_DOWN, 1);
	assert_int_equal(dev_stats(r->f.w, r->port)->rx_dropped, 3);
	assert_int_equal(dev_stats(r->f.w, r->vlan)->rx_dropped, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tag_in_data), T(stripped_tag), T(priority_tag), T(nested_tags),
		T(own_address_of_the_sub_interface), T(shared_data_is_copied_before_the_cut),
		T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
