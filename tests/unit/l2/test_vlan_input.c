/* SPDX-License-Identifier: BSD-3-Clause */
/* Tags in the data, stripped by the port, of priority only, nested, unknown, cut short. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "dev/ptype.h"
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

	skb_set_vlan(skb, RTE_BE16(0x8100), 7);
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

	skb_set_vlan(skb, RTE_BE16(0x8100), 7);
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

struct seen {
	const struct netdev *dev;
	uint32_t len;
	bool tagged;
	uint16_t proto, tci;
	uint8_t data[128];
};

static struct seen seen[8];
static unsigned int n_seen;

static void tap(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	struct seen *s = &seen[n_seen++];

	(void)priv;
	assert_true(n_seen <= RTE_DIM(seen));
	assert_true(skb->flags & SKB_F_TSTAMP);
	*s = (struct seen){dev, skb_len(skb), skb->flags & SKB_F_VLAN,
		rte_be_to_cpu_16(skb->vlan_proto), skb_mbuf(skb)->vlan_tci, {0}};
	assert_true(skb_copy_bits(skb, 0, s->data, s->len));
	skb_delivered(w, skb);
}

static void assert_seen(unsigned int i, const struct netdev *dev, const struct pkt *p,
	uint16_t proto, uint16_t tci)
{
	assert_true(i < n_seen);
	assert_ptr_equal(seen[i].dev, dev);
	assert_int_equal(seen[i].len, p->len);
	assert_memory_equal(seen[i].data, p->data, p->len);
	assert_int_equal(seen[i].tagged, proto != 0);
	if (proto) {
		assert_int_equal(seen[i].proto, proto);
		assert_int_equal(seen[i].tci, tci);
	}
}

static void arrive(struct rig *r, struct skb *skb, bool through)
{
	n_seen = 0;
	fake_stage1(&r->f, eth_input, skb);
	if (!through)
		return;
	skb = fake_take1(&r->f, STAGE_netif_receive);
	fake_stage1(&r->f, netif_receive, skb);
	skb = fake_take1(&r->f, STAGE_ip4_input);
	assert_untagged(skb);
	fake_sent(&r->f, skb);
}

/* The port's taps have the tag beside the data, the VLAN's none, and those of all see it on each. */
static void taps_of_port_and_sub_interface(void **state)
{
	struct rig *r = *state;
	struct pkt plain = PKT_UDP(.ttl = 9), p = PKT_UDP(.vlan = 0xa007, .ttl = 9);
	const struct ptype any = {PTYPE_ALL, NULL, tap, NULL}, port = {PTYPE_ALL, r->port, tap, NULL};
	struct skb *skb;

	assert_int_equal(ptype_add(&r->f.dp, &any), 0);
	arrive(r, fake_rx(&r->f, r->port, p.data, p.len), true);
	assert_int_equal(n_seen, 2);
	assert_seen(0, r->port, &plain, 0x8100, 0xa007);
	assert_seen(1, r->vlan, &plain, 0, 0);
	/* the same when the port has stripped it */
	skb = fake_rx(&r->f, r->port, plain.data, plain.len);
	skb_set_vlan(skb, RTE_BE16(0x8100), 7);
	arrive(r, skb, true);
	assert_int_equal(n_seen, 2);
	assert_seen(0, r->port, &plain, 0x8100, 7);
	assert_seen(1, r->vlan, &plain, 0, 0);
	/* nested: once on each */
	p = PKT_UDP(.vlan = 9, .ttl = 9);
	skb = fake_rx(&r->f, r->port, p.data, p.len);
	skb_set_vlan(skb, RTE_BE16(0x8100), 7);
	arrive(r, skb, true);
	assert_int_equal(n_seen, 3);
	assert_seen(0, r->port, &p, 0x8100, 7);
	assert_seen(1, r->vlan, &plain, 0x8100, 9);
	assert_seen(2, r->inner, &plain, 0, 0);
	/* nobody's tag is seen all the same, with its TPID */
	p = PKT_UDP(.vlan = 8, .ttl = 9);
	memcpy(p.data + 12, "\x88\xa8", 2);
	arrive(r, fake_rx(&r->f, r->port, p.data, p.len), false);
	fake_expect_drop(&r->f, DROP_VLAN_UNKNOWN, 1);
	assert_int_equal(n_seen, 1);
	assert_seen(0, r->port, &plain, 0x88a8, 8);
	/* a tap of the port alone; the sub-interface goes its quick way */
	assert_int_equal(ptype_add(&r->f.dp, &port), 0);
	assert_int_equal(ptype_remove(&r->f.dp, &any), 0);
	p = PKT_UDP(.vlan = 7, .ttl = 9);
	n_seen = 0;
	fake_sent(&r->f, input(r, fake_rx(&r->f, r->port, p.data, p.len), r->vlan));
	assert_int_equal(n_seen, 1);
	assert_seen(0, r->port, &plain, 0x8100, 7);
	/* a priority tag is no VLAN's: seen once */
	p = PKT_UDP(.vlan = 0xe000, .ttl = 9);
	arrive(r, fake_rx(&r->f, r->port, p.data, p.len), true);
	assert_int_equal(n_seen, 1);
	assert_seen(0, r->port, &plain, 0, 0);
	assert_int_equal(ptype_remove(&r->f.dp, &port), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(tag_in_data), T(stripped_tag), T(priority_tag), T(nested_tags),
		T(own_address_of_the_sub_interface), T(shared_data_is_copied_before_the_cut),
		T(refused), T(taps_of_port_and_sub_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
