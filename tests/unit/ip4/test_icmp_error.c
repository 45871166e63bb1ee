/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors: who is told what (RFC 1122 3.2.2, RFC 1812 4.3.2), and how often. */
#include <string.h>

#include "core/skb_alloc.h"
#include "ip4/icmp.h"
#include "ip4/icmp_limit.h"
#include "ip4_world.h"

/* Through the stage, as a router's packet that nobody can forward. */
static void report(struct ip4_world *world, struct skb *skb, uint8_t type, uint8_t code,
	uint32_t info)
{
	icmp_send_error(world->w, skb, type, code, info, DROP_LOOP);
	fake_stage1(&world->f, icmp_error, fake_take1(&world->f, STAGE_icmp_error));
}

static void unreachable(struct ip4_world *world, struct skb *skb)
{
	report(world, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_HOST, 0);
}

static const struct icmp_hdr *icmp_of(const uint8_t *ip)
{
	assert_true(pkt_ip_csum_ok(ip));
	assert_true(pkt_l4_csum_ok(ip));
	return (const void *)(ip + ip4_hdr_len((const void *)ip));
}

/* A whole error, octet by octet where it matters. */
static void message(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.dst = "203.0.113.9", .tos = 0x15, .data_len = 40);
	struct skb *e;
	const uint8_t *b;
	const struct ip4_hdr *ip;

	unreachable(world, ip4_world_rx(world, &p));
	fake_expect_drop(&world->f, DROP_LOOP, 1);
	e = ip4_world_answer(world);
	b = ip4_world_flat(e);
	ip = (const void *)b;
	assert_int_equal(ip->ver_ihl, 0x45);
	assert_int_equal(ip->tos, 0xc0 | 0x14); /* internetwork control, no ECN */
	assert_int_equal(ip->ttl, 64);
	assert_int_equal(ip->protocol, IP4_PROTO_ICMP);
	assert_int_equal(ip->frag_off, 0);
	assert_int_equal(ip->saddr, 0); /* for the route to choose */
	assert_int_equal(ip->daddr, pkt_addr("10.0.0.2"));
	assert_int_equal(icmp_of(b)->type, ICMP_DEST_UNREACH);
	assert_int_equal(icmp_of(b)->code, ICMP_UNREACH_HOST);
	assert_int_equal(icmp_of(b)->info, 0);
	assert_int_equal(skb_len(e), 28 + p.len - p.l3);
	assert_memory_equal(b + 28, p.data + p.l3, p.len - p.l3);
	assert_null(e->dev);
	assert_int_equal(e->iif, 0);
	assert_counted(world, IcmpOutMsgs, 1);
	assert_counted(world, IcmpOutDestUnreachs, 1);
	assert_int_equal(world->w->ip4->icmp_out_type[ICMP_DEST_UNREACH], 1);
	fake_sent(&world->f, e);
}

static void from_the_address_that_was_asked(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP();
	struct skb *e;

	unreachable(world, ip4_world_up(world, &p)); /* its header pulled already */
	e = ip4_world_answer(world);
	assert_int_equal(((struct ip4_hdr *)skb_data(e))->saddr, pkt_addr("192.0.2.1"));
	assert_memory_equal(ip4_world_flat(e) + 28, p.data + p.l3, p.len - p.l3);
	fake_sent(&world->f, e);
}

static void second_word(void **state)
{
	static const struct {
		uint8_t type, code;
		uint32_t info;
		uint8_t word[4];
	} cases[] = {
		{ ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, 1400, { 0, 0, 0x05, 0x78 } },
		{ ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, 70000, { 0, 0, 0xff, 0xff } },
		{ ICMP_PARAM_PROBLEM, 0, 22u << 24, { 22, 0, 0, 0 } },
		{ ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_TTL, 0, { 0, 0, 0, 0 } },
		{ ICMP_TIME_EXCEEDED, ICMP_EXCEEDED_FRAG, 0, { 0, 0, 0, 0 } },
	};
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct pkt p = PKT_UDP(.dst = "203.0.113.9");
		const uint8_t *b;
		struct skb *e;

		report(world, ip4_world_rx(world, &p), cases[i].type, cases[i].code, cases[i].info);
		e = ip4_world_answer(world);
		b = ip4_world_flat(e);
		assert_int_equal(icmp_of(b)->type, cases[i].type);
		assert_int_equal(icmp_of(b)->code, cases[i].code);
		assert_memory_equal(b + 24, cases[i].word, 4);
		fake_sent(&world->f, e);
	}
	assert_counted(world, IcmpOutParmProbs, 1);
	assert_counted(world, IcmpOutTimeExcds, 2);
	assert_counted(world, IcmpOutDestUnreachs, 2);
}

static void quotes_what_fits_576(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.dst = "203.0.113.9", .data_len = 1400);
	struct skb *e;

	unreachable(world, ip4_world_rx(world, &p));
	e = ip4_world_answer(world);
	assert_int_equal(skb_len(e), 576);
	assert_memory_equal(ip4_world_flat(e) + 28, p.data + p.l3, 576 - 28);
	fake_sent(&world->f, e);
}

/* Neither a word about these nor a token. */
static void never_about(void **state)
{
	struct ip4_world *world = *state;
	const struct pkt cases[] = {
		PKT_UDP(.dst = "203.0.113.9", .frag_off = 1),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = ICMP_DEST_UNREACH),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = ICMP_TIME_EXCEEDED),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = ICMP_REDIRECT),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = 41),
		PKT_IP4(.dst = "203.0.113.9", .proto = IP4_PROTO_ICMP, .data_len = 0),
		PKT_UDP(.dst = "192.0.2.255"),
		PKT_UDP(.dst = "255.255.255.255"),
		PKT_UDP(.dst = "224.0.0.1"),
		PKT_UDP(.src = "0.0.0.0", .dst = "203.0.113.9"),
		PKT_UDP(.src = "0.0.0.7", .dst = "203.0.113.9"),
		PKT_UDP(.src = "127.0.0.1", .dst = "203.0.113.9"),
		PKT_UDP(.src = "224.0.0.5", .dst = "203.0.113.9"),
		PKT_UDP(.src = "240.0.0.1", .dst = "203.0.113.9"),
		PKT_UDP(.src = "255.255.255.255", .dst = "203.0.113.9"),
		PKT_UDP(.src = "10.0.0.255", .dst = "203.0.113.9"),
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		unreachable(world, ip4_world_rx(world, &cases[i]));
		ip4_world_silent(world, DROP_LOOP);
	}
	assert_counted(world, IcmpOutMsgs, 0);
}

static void never_about_link_broadcast(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.dst = "203.0.113.9");

	for (int type = SKB_BROADCAST; type <= SKB_OTHERHOST; type++) {
		struct skb *skb = ip4_world_rx(world, &p);

		skb->pkt_type = (uint8_t)type;
		unreachable(world, skb);
		ip4_world_silent(world, DROP_LOOP);
	}
}

static void but_about(void **state)
{
	struct ip4_world *world = *state;
	const struct pkt cases[] = {
		PKT_ICMP(.dst = "203.0.113.9"),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = ICMP_ECHO_REPLY),
		PKT_ICMP(.dst = "203.0.113.9", .icmp_type = ICMP_TIMESTAMP),
		PKT_UDP(.dst = "203.0.113.9", .frag_off = IP4_MF), /* a first fragment */
		PKT_UDP(.dst = "203.0.113.9", .frag_off = IP4_DF),
		PKT_UDP(.dst = "240.0.0.1"),
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		unreachable(world, ip4_world_rx(world, &cases[i]));
		fake_sent(&world->f, ip4_world_answer(world));
	}
}

/* A program of this host that asks a closed port of this host is told, by any address. */
static void own_packets(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.src = "127.0.0.1", .dst = "127.0.0.1");
	struct skb *e;

	for (int i = 0; i < 100; i++) { /* and no limit applies */
		struct skb *skb = ip4_world_rx(world, &p);

		skb->dev = world->lo;
		unreachable(world, skb);
		e = ip4_world_answer(world);
		assert_int_equal(((struct ip4_hdr *)skb_data(e))->saddr, pkt_addr("127.0.0.1"));
		fake_sent(&world->f, e);
	}
}

static void from_below_ip(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.dst = "203.0.113.9");
	struct skb *e;

	fake_stage1(&world->f, icmp_error, ip4_world_rx(world, &p));
	fake_expect_drop(&world->f, DROP_NEIGH_FAILED, 1);
	e = ip4_world_answer(world);
	assert_int_equal(ip4_world_flat(e)[20], ICMP_DEST_UNREACH);
	assert_int_equal(ip4_world_flat(e)[21], ICMP_UNREACH_HOST);
	fake_sent(&world->f, e);
}

static void no_buffer(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.dst = "203.0.113.9");
	struct skb *skb = ip4_world_rx(world, &p), *all[FAKE_MBUFS + 1];
	unsigned int n = 0;

	while ((all[n] = skb_get_new(world->w)) != NULL)
		n++;
	unreachable(world, skb);
	ip4_world_silent(world, DROP_LOOP);
	assert_counted(world, IcmpOutErrors, 1);
	assert_counted(world, IcmpOutMsgs, 0);
	while (n--)
		skb_absorb(world->w, all[n]);
}

/* How many of n errors about packets from `src` go out. */
static unsigned int sent_of(struct ip4_world *world, const char *src, uint8_t code, unsigned int n)
{
	struct pkt p = PKT_UDP(.dst = "203.0.113.9");
	unsigned int sent = 0;
	struct skb *skb[BURST_MAX];

	pkt_ip(&p)->saddr = pkt_addr(src);
	ip4_set_csum(pkt_ip(&p));
	while (n--) {
		report(world, ip4_world_rx(world, &p), ICMP_DEST_UNREACH, code, 1400);
		if (fake_take(&world->f, STAGE_ip4_send, skb, BURST_MAX)) {
			fake_sent(&world->f, skb[0]);
			sent++;
		}
		burst_flush_done(world->w);
	}
	return sent;
}

static void limit_of_one_destination(void **state)
{
	struct ip4_world *world = *state;

	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 20), ICMP_PEER_BURST);
	assert_counted(world, IcmpOutRateLimitHost, 14);
	assert_int_equal(sent_of(world, "10.0.0.3", ICMP_UNREACH_HOST, 2), 2);
	ip4_world_sleep(world, 999);
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 2), 0);
	ip4_world_sleep(world, 1);
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 2), 1);
	ip4_world_sleep(world, 3000);
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 9), 3);
}

static void path_mtu_is_not_limited(void **state)
{
	assert_int_equal(sent_of(*state, "10.0.0.2", ICMP_UNREACH_FRAG_NEEDED, 300), 300);
}

static void limit_is_settable(void **state)
{
	struct ip4_world *world = *state;

	world->f.dp.conf.icmp_ratelimit_ms = 100;
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 20), ICMP_PEER_BURST);
	ip4_world_sleep(world, 100);
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 5), 1);
	world->f.dp.conf.icmp_ratelimit_ms = 0; /* off */
	assert_int_equal(sent_of(world, "10.0.0.2", ICMP_UNREACH_HOST, 10), 10);
}

/* A scan from many sources: 50 at once (a credit is 0 to 2 messages), then 1000 a second. */
static void limit_of_all(void **state)
{
	struct ip4_world *world = *state;
	unsigned int sent = 0, later = 0;
	char src[20];

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(src, sizeof(src), "172.16.%u.%u", i / 250, 1 + i % 250);
		sent += sent_of(world, src, ICMP_UNREACH_HOST, 1);
	}
	assert_in_range(sent, 25, 100);
	assert_counted(world, IcmpOutRateLimitGlobal, 1000 - sent);
	for (unsigned int i = 0; i < 1000; i++) {
		ip4_world_sleep(world, 1);
		snprintf(src, sizeof(src), "172.17.%u.%u", i / 250, 1 + i % 250);
		later += sent_of(world, src, ICMP_UNREACH_HOST, 3);
	}
	assert_in_range(later, 800, 1100);
}

static unsigned int redirects(struct ip4_world *world, unsigned int n)
{
	struct pkt p = PKT_UDP(.dst = "203.0.113.9");
	unsigned int sent = 0;
	struct skb *e[BURST_MAX];

	while (n--) {
		struct skb *skb = ip4_world_rx(world, &p);

		icmp_send_redirect(world->w, skb, pkt_addr("10.0.0.99"));
		assert_int_equal(skb_len(skb), p.len - p.l3); /* stays the caller's, unchanged */
		fake_sent(&world->f, skb);
		if (!fake_take(&world->f, STAGE_ip4_send, e, BURST_MAX))
			continue;
		assert_int_equal(ip4_world_flat(e[0])[20], ICMP_REDIRECT);
		assert_int_equal(ip4_world_flat(e[0])[21], ICMP_REDIRECT_HOST);
		assert_memory_equal(ip4_world_flat(e[0]) + 24, "\x0a\x00\x00\x63", 4);
		fake_sent(&world->f, e[0]);
		sent++;
	}
	return sent;
}

static void redirects_grow_rare(void **state)
{
	struct ip4_world *world = *state;

	assert_int_equal(redirects(world, 5), 1);
	for (unsigned int i = 1; i < ICMP_REDIRECT_MAX; i++) {
		ip4_world_sleep(world, 20 << i);
		assert_int_equal(redirects(world, 3), 0);
		ip4_world_sleep(world, 1);
		assert_int_equal(redirects(world, 3), 1);
	}
	for (int i = 0; i < 30; i++) { /* it does not listen: no more */
		ip4_world_sleep(world, 20000);
		assert_int_equal(redirects(world, 1), 0);
	}
	ip4_world_sleep(world, (20 << 10) + 1);
	assert_int_equal(redirects(world, 1), 1);
	assert_counted(world, IcmpOutRedirects, ICMP_REDIRECT_MAX + 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(message), T(from_the_address_that_was_asked), T(second_word),
		T(quotes_what_fits_576), T(never_about), T(never_about_link_broadcast), T(but_about),
		T(own_packets), T(from_below_ip), T(no_buffer), T(limit_of_one_destination),
		T(path_mtu_is_not_limited), T(limit_is_settable), T(limit_of_all),
		T(redirects_grow_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
