/* SPDX-License-Identifier: BSD-3-Clause */
/* Local delivery: reassembly, groups, the protocol table, raw copies, resubmission. */
#include <string.h>

#include "core/hook.h"
#include "ip4_world.h"

static void to_local_in(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(), b = PKT_UDP(.dst = "192.0.2.255"), m = PKT_UDP(.dst = "224.0.0.1");
	const struct {
		struct pkt *p;
		enum fib_nh_type type;
	} cases[] = { { &p, FIB_LOCAL }, { &b, FIB_BROADCAST }, { &m, FIB_MULTICAST } };

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct skb *skb = ip4_world_routed(world, cases[i].p);

		fake_stage1(&world->f, ip4_local, skb);
		skb = fake_take1(&world->f, STAGE_ip4_deliver); /* no hook there */
		assert_int_equal(ip4_cb(skb)->dst_type, cases[i].type);
		assert_int_equal(skb_len(skb), cases[i].p->len - cases[i].p->l3);
		fake_sent(&world->f, skb);
	}
	m = PKT_UDP(.dst = "224.0.0.5"); /* OSPF's: nobody joined */
	fake_stage1(&world->f, ip4_local, ip4_world_routed(world, &m));
	ip4_world_silent(world, DROP_IP4_NOT_MEMBER);
}

static void keep(struct worker *w, struct hook_call *call)
{
	*(unsigned int *)call->priv += call->n;
}

/* LOCAL_IN sees whole datagrams only (I11). */
static void hook_after_reassembly(void **state)
{
	struct ip4_world *world = *state;
	struct pkt a = PKT_IP4(.frag_off = IP4_MF, .data_len = 80);
	struct pkt b = PKT_IP4(.frag_off = 10, .data_len = 20);
	unsigned int seen = 0;
	const struct hook_ops ops = { .fn = keep, .priv = &seen, .point = HOOK_ip4_local_in };
	struct skb *skb;

	assert_int_equal(hook_register(&world->f.dp, &ops), 0);
	fake_stage1(&world->f, ip4_local, ip4_world_routed(world, &a));
	assert_int_equal(fake_waiting(&world->f), 0);
	fake_stage1(&world->f, ip4_local, ip4_world_routed(world, &b));
	skb = fake_take1(&world->f, STAGE_ip4_local_in);
	assert_int_equal(skb_len(skb), 20 + 100);
	fake_stage1(&world->f, ip4_local_in, skb);
	assert_int_equal(seen, 1);
	fake_sent(&world->f, fake_take1(&world->f, STAGE_ip4_deliver));
	assert_int_equal(hook_unregister(&world->f.dp, &ops), 0);
}

static void by_protocol(void **state)
{
	static const struct {
		uint8_t proto;
		enum stage stage;
	} cases[] = {
		{ IP4_PROTO_ICMP, STAGE_icmp_input },
		{ IP4_PROTO_UDP, STAGE_udp_input },
		{ IP4_PROTO_TCP, STAGE_tcp_input },
	};
	const uint8_t nops[4] = { 1, 1, 1, 1 };
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct pkt p = PKT_IP4(.proto = cases[i].proto, .options = nops, .options_len = 4,
			.data_len = 50);
		struct skb *skb = ip4_world_routed(world, &p);

		fake_stage1(&world->f, ip4_deliver, skb);
		skb = fake_take1(&world->f, cases[i].stage);
		assert_int_equal(skb_len(skb), 50);
		assert_ptr_equal(skb_transport_header(skb), skb_data(skb));
		assert_ptr_equal(skb_network_header(skb), (uint8_t *)skb_data(skb) - 24);
		assert_counted(world, IpInDelivers, 1);
		fake_sent(&world->f, skb);
	}
}

static void protocol_unreachable(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_IP4(.proto = 200, .data_len = 60);
	struct skb *e;

	fake_stage1(&world->f, ip4_deliver, ip4_world_routed(world, &p));
	assert_counted(world, IpInUnknownProtos, 1);
	assert_counted(world, IpInDelivers, 0);
	fake_stage1(&world->f, icmp_error, fake_take1(&world->f, STAGE_icmp_error));
	fake_expect_drop(&world->f, DROP_IP4_UNKNOWN_PROTO, 1);
	e = ip4_world_answer(world);
	assert_int_equal(ip4_world_flat(e)[20], ICMP_DEST_UNREACH);
	assert_int_equal(ip4_world_flat(e)[21], ICMP_UNREACH_PROTO);
	assert_memory_equal(ip4_world_flat(e) + 28, p.data + p.l3, 80); /* from its header on */
	fake_sent(&world->f, e);
}

static void table(void **state)
{
	static const struct inet_proto a = { .protocol = 200, .stage = STAGE_punt },
		b = { .protocol = 200, .stage = STAGE_udp_input };
	struct ip4_world *world = *state;
	struct pkt p = PKT_IP4(.proto = 200);

	assert_int_equal(inet_add_protocol(&world->f.dp, &a), 0);
	assert_int_equal(inet_add_protocol(&world->f.dp, &b), -EEXIST);
	assert_int_equal(inet_add_protocol(&world->f.dp, &a), -EEXIST);
	fake_stage1(&world->f, ip4_deliver, ip4_world_routed(world, &p));
	fake_sent(&world->f, fake_take1(&world->f, STAGE_punt));
	assert_int_equal(inet_del_protocol(&world->f.dp, &b), -ENOENT);
	assert_int_equal(inet_del_protocol(&world->f.dp, &a), 0);
	assert_int_equal(inet_del_protocol(&world->f.dp, &a), -ENOENT);
	assert_null(inet_proto_get(&world->f.dp, 200));
}

static unsigned int raw_calls;

/* A raw endpoint for protocols 200 and UDP: takes a clone, which must start at the IPv4 header. */
static unsigned int raw(struct worker *w, struct skb *skb, uint8_t protocol)
{
	struct skb *clone;

	raw_calls++;
	if (protocol != 200 && protocol != IP4_PROTO_UDP)
		return 0;
	assert_int_equal(*(const uint8_t *)skb_data(skb) >> 4, 4);
	clone = skb_clone(w, skb);
	skb_delivered(w, clone);
	return 1;
}

static void raw_endpoints_get_copies(void **state)
{
	struct ip4_world *world = *state;
	struct pkt u = PKT_UDP(), x = PKT_IP4(.proto = 200), t = PKT_TCP();

	atomic_store(&world->f.dp.protos->raw, raw);
	raw_calls = 0;
	fake_stage1(&world->f, ip4_deliver, ip4_world_routed(world, &u)); /* and the protocol */
	fake_sent(&world->f, fake_take1(&world->f, STAGE_udp_input));
	fake_stage1(&world->f, ip4_deliver, ip4_world_routed(world, &t));
	fake_sent(&world->f, fake_take1(&world->f, STAGE_tcp_input));
	fake_stage1(&world->f, ip4_deliver, ip4_world_routed(world, &x)); /* instead of it */
	assert_int_equal(fake_waiting(&world->f), 0);
	assert_int_equal(raw_calls, 3);
	assert_int_equal(world->w->ledger.delivered, 2);
	assert_int_equal(world->w->ledger.absorbed, 1);
	assert_counted(world, IpInUnknownProtos, 0);
	assert_counted(world, IpInDelivers, 3);
}

/* A tunnel's handler takes its header off and says what is inside, again and again (I52). */
static void resubmit(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_IP4(.proto = 200, .data_len = 60);
	struct skb *skb = ip4_world_up(world, &p);

	skb_pull(skb, 4);
	ip4_resubmit(world->w, skb, IP4_PROTO_UDP);
	skb = fake_take1(&world->f, STAGE_udp_input);
	assert_int_equal(skb_len(skb), 56);
	assert_ptr_equal(skb_transport_header(skb), skb_data(skb));
	for (int i = 1; i < SKB_DEPTH_MAX; i++) {
		ip4_resubmit(world->w, skb, IP4_PROTO_UDP);
		skb = fake_take1(&world->f, STAGE_udp_input);
	}
	ip4_resubmit(world->w, skb, IP4_PROTO_UDP);
	ip4_world_silent(world, DROP_LOOP);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(to_local_in), T(hook_after_reassembly), T(by_protocol), T(protocol_unreachable),
		T(table), T(raw_endpoints_get_copies), T(resubmit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
