/* SPDX-License-Identifier: BSD-3-Clause */
/* Where received packets go: by type of route, martians, rules, groups, and with forwarding off. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

static struct {
	uint8_t type, code;
	uint32_t info;
	enum drop_reason reason;
} error;

void __wrap_icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code,
	uint32_t info, enum drop_reason reason);
void __wrap_icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code,
	uint32_t info, enum drop_reason reason)
{
	error.type = type;
	error.code = code;
	error.info = info;
	error.reason = reason;
	skb_drop(w, skb, reason);
}

static uint64_t mib(struct fake_router *r, enum ip4_mib counter)
{
	return r->f.w->ip4->mib[counter];
}

static struct skb *packet(struct fake_router *r, const char *src, const char *dst)
{
	struct pkt p = PKT_UDP(.src = src, .dst = dst);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

	memset(skb->cb, 0, sizeof(skb->cb));
	memset(&error, 0, sizeof(error));
	return skb;
}

static void lost(struct fake_router *r, const char *src, const char *dst, enum drop_reason reason)
{
	fake_stage1(&r->f, ip4_route, packet(r, src, dst));
	fake_expect_drop(&r->f, reason, 1);
	assert_int_equal(fake_waiting(&r->f), 0);
}

static void goes(struct fake_router *r, const char *src, const char *dst, enum stage stage)
{
	fake_stage1(&r->f, ip4_route, packet(r, src, dst));
	fake_sent(&r->f, fake_take1(&r->f, stage));
}

static void by_type_of_route(void **state)
{
	struct fake_router *r = *state;

	fake_route(r, "20.0.0.0", 8, fake_gw(r, 2, "10.0.2.9"));
	goes(r, "30.0.0.1", "20.1.1.1", STAGE_ip4_forward);
	goes(r, "30.0.0.1", "10.0.1.1", STAGE_ip4_local);
	goes(r, "30.0.0.1", "10.0.2.1", STAGE_ip4_local); /* weak host model */
	assert_int_equal(mib(r, MIB_IpExtInBcastPkts), 0);
	goes(r, "30.0.0.1", "10.0.1.255", STAGE_ip4_local);
	goes(r, "30.0.0.1", "255.255.255.255", STAGE_ip4_local);
	goes(r, "0.0.0.0", "255.255.255.255", STAGE_ip4_local);
	assert_int_equal(mib(r, MIB_IpExtInBcastPkts), 3);
	goes(r, "30.0.0.1", "224.0.0.1", STAGE_ip4_local);
	assert_int_equal(mib(r, MIB_IpExtInMcastPkts), 1);
}

static void errors(void **state)
{
	struct fake_router *r = *state;

	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_NO_ROUTE);
	assert_int_equal(error.type, ICMP_DEST_UNREACH);
	assert_int_equal(error.code, ICMP_UNREACH_NET);
	assert_int_equal(mib(r, MIB_IpExtInNoRoutes), 1);
	fake_route(r, "20.0.0.0", 8, fake_nh_type(r, FIB_UNREACHABLE));
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_UNREACHABLE);
	assert_int_equal(error.code, ICMP_UNREACH_HOST);
	assert_int_equal(mib(r, MIB_IpInAddrErrors), 1);
	fake_route(r, "20.0.0.0", 8, fake_nh_type(r, FIB_PROHIBIT));
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_PROHIBITED);
	assert_int_equal(error.code, ICMP_UNREACH_ADMIN_PROHIB);
	fake_route(r, "20.0.0.0", 8, fake_nh_type(r, FIB_BLACKHOLE));
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_BLACKHOLE);
	assert_int_equal(error.type, 0); /* silent */
	fake_route(r, "20.0.0.0", 8, fake_nh_type(r, FIB_THROW));
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_NO_ROUTE);
	fake_route(r, "20.0.0.0", 8, fake_nh(r, (struct fib_nh){ .type = FIB_UNICAST,
		.flags = FIB_NH_DEAD, .dev = r->dev[2] }));
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_NO_ROUTE);
}

static void martians(void **state)
{
	struct fake_router *r = *state;
	static const char *const src[] = { "127.0.0.1", "0.1.2.3", "0.0.0.0", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255", "10.0.1.1", "10.0.2.1",
		"10.0.2.255" };

	fake_route(r, "0.0.0.0", 0, fake_gw(r, 2, "10.0.2.9"));
	for (unsigned int i = 0; i < RTE_DIM(src); i++)
		lost(r, src[i], "20.0.0.1", DROP_IP4_MARTIAN_SRC);
	lost(r, "30.0.0.1", "127.0.0.1", DROP_IP4_MARTIAN_DST);
	lost(r, "30.0.0.1", "0.0.0.9", DROP_IP4_MARTIAN_DST);
	lost(r, "240.0.0.1", "255.255.255.255", DROP_IP4_MARTIAN_SRC);
	assert_int_equal(error.type, 0);
	goes(r, "223.255.255.255", "20.0.0.1", STAGE_ip4_forward);
	goes(r, "1.0.0.0", "20.0.0.1", STAGE_ip4_forward);
}

static void loopback_may_be_ourselves(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb;

	fake_route(r, "127.0.0.0", 8, fake_nh(r, (struct fib_nh){ .type = FIB_LOCAL, .dev = r->lo }));
	skb = packet(r, "127.0.0.1", "127.0.0.1");
	skb->dev = r->lo;
	fake_stage1(&r->f, ip4_route, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_local));
	skb = packet(r, "10.0.1.1", "10.0.1.1");
	skb->dev = r->lo;
	fake_stage1(&r->f, ip4_route, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_local));
}

static void forwarding_off(void **state)
{
	struct fake_router *r = *state;

	fake_route(r, "20.0.0.0", 8, fake_gw(r, 2, "10.0.2.9"));
	r->f.dp.conf.ip_forward = 0;
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_NOT_FORWARDING);
	lost(r, "30.0.0.1", "21.0.0.1", DROP_IP4_NOT_FORWARDING);
	assert_int_equal(mib(r, MIB_IpInAddrErrors), 2);
	assert_int_equal(error.type, 0); /* hosts are silent */
	goes(r, "30.0.0.1", "10.0.1.1", STAGE_ip4_local);
	/* the interface says */
	r->f.dp.conf.ip_forward = DP_FORWARD_SOME;
	goes(r, "30.0.0.1", "20.0.0.1", STAGE_ip4_forward);
	atomic_store(&r->dev[1]->inet, NETDEV_INET_NO_FORWARD);
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_NOT_FORWARDING);
	lost(r, "30.0.0.1", "21.0.0.1", DROP_IP4_NOT_FORWARDING);
	assert_int_equal(error.type, 0);
	goes(r, "30.0.0.1", "10.0.1.1", STAGE_ip4_local);
}

static void rules(void **state)
{
	struct fake_router *r = *state;
	struct fib_rule_set *set = calloc(1, sizeof(*set) + 4 * sizeof(set->rule[0]));
	struct fib *other;

	assert_int_equal(fib_create(&(struct fib_conf){ .simd = FIB_SIMD_AUTO }, &other), 0);
	fake_route(r, "20.0.0.0", 8, fake_gw(r, 2, "10.0.2.9"));
	assert_int_equal(fib_add(other, 20u << 24, 8, fake_nh_type(r, FIB_PROHIBIT)), 0);
	assert_int_equal(fib_add(other, 21u << 24, 8, fake_nh_type(r, FIB_THROW)), 0);
	set->n = 4;
	set->rule[0] = (struct fib_rule){ .action = FIB_RULE_TABLE, .fib = other,
		.src = 0x1e000000, .src_mask = 0xff000000 };
	set->rule[1] = (struct fib_rule){ .action = FIB_RULE_UNREACHABLE, .iif = 2 };
	set->rule[2] = (struct fib_rule){ .action = FIB_RULE_BLACKHOLE, .mark = 5,
		.mark_mask = 0xff };
	set->rule[3] = (struct fib_rule){ .action = FIB_RULE_TABLE, .fib = r->fib };
	atomic_store(&r->rules.set, set);
	lost(r, "30.0.0.1", "20.0.0.1", DROP_IP4_PROHIBITED);
	lost(r, "30.0.0.1", "21.0.0.1", DROP_IP4_NO_ROUTE); /* thrown on to a table without it */
	goes(r, "31.0.0.1", "20.0.0.1", STAGE_ip4_forward);
	lost(r, "10.0.2.1", "20.0.0.1", DROP_IP4_MARTIAN_SRC);
	struct skb *skb = packet(r, "31.0.0.1", "20.0.0.1");

	skb->mark = 0x105;
	fake_stage1(&r->f, ip4_route, skb);
	fake_expect_drop(&r->f, DROP_IP4_BLACKHOLE, 1);
	skb = packet(r, "31.0.0.1", "20.0.0.1");
	skb->dev = r->dev[2];
	fake_stage1(&r->f, ip4_route, skb);
	fake_expect_drop(&r->f, DROP_IP4_UNREACHABLE, 1);
	set->rule[0].invert = true;
	goes(r, "30.0.0.1", "20.0.0.1", STAGE_ip4_forward);
	atomic_store(&r->rules.set, NULL);
	fib_destroy(other);
	free(set);
}

static void groups_by_flow(void **state)
{
	struct fake_router *r = *state;
	uint32_t id[3] = { fake_gw(r, 1, "10.0.1.7"), fake_gw(r, 2, "10.0.2.7"),
		fake_gw(r, 2, "10.0.2.8") };
	uint32_t weight[3] = { 1, 1, 2 }, hits[3] = { 0 };
	struct fib_nh_group group = { 0 };
	struct fib_nh dead;

	assert_int_equal(fib_nh_group_fill(&group, id, weight, 3), 0);
	fake_route(r, "20.0.0.0", 8, fake_nh(r, (struct fib_nh){ .type = FIB_GROUP,
		.group = &group }));
	for (unsigned int flow = 0; flow < 2000; flow++) {
		const struct fib_nh *first = NULL;

		for (int again = 0; again < 2; again++) {
			struct pkt p = PKT_UDP(.dst = "20.0.0.1", .sport = (uint16_t)flow);
			struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

			memset(skb->cb, 0, sizeof(skb->cb));
			fake_stage1(&r->f, ip4_route, skb);
			skb = fake_take1(&r->f, STAGE_ip4_forward);
			if (again)
				assert_ptr_equal(skb->nh, first);
			first = skb->nh;
			fake_sent(&r->f, skb);
			burst_flush_done(r->f.w);
		}
		for (int i = 0; i < 3; i++)
			hits[i] += first->id == id[i];
	}
	assert_in_range(hits[0], 420, 580);
	assert_in_range(hits[1], 420, 580);
	assert_in_range(hits[2], 900, 1100);
	/* a dead member's flows go to the living */
	dead = *fib_nh_get(&r->f.dp, id[2]);
	dead.flags |= FIB_NH_DEAD;
	assert_int_equal(fib_nh_publish(&r->f.dp, &dead), 0);
	for (unsigned int flow = 0; flow < 50; flow++) {
		struct pkt p = PKT_UDP(.dst = "20.0.0.1", .sport = (uint16_t)flow);
		struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

		memset(skb->cb, 0, sizeof(skb->cb));
		fake_stage1(&r->f, ip4_route, skb);
		skb = fake_take1(&r->f, STAGE_ip4_forward);
		assert_true(skb->nh->id == id[0] || skb->nh->id == id[1]);
		fake_sent(&r->f, skb);
	}
}

static void route_found_before_is_kept(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, "30.0.0.1", "99.0.0.1");
	uint32_t id = fake_gw(r, 2, "10.0.2.9");

	skb->nh = fib_nh_get(&r->f.dp, id);
	fake_stage1(&r->f, ip4_route, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_router_setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(by_type_of_route), T(errors), T(martians), T(loopback_may_be_ourselves),
		T(forwarding_off), T(rules), T(groups_by_flow), T(route_found_before_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
