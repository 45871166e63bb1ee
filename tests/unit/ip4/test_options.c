/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options, one by one: what is written where, what is malformed and which octet a parameter problem
 * points at, source routes by policy, answers. Malformed and random ones end where their buffer
 * ends, so that AddressSanitizer sees a read beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "ip4/icmp.h"
#include "ip4_world.h"

#define LOCAL 192, 0, 2, 1 /* what the templates are sent to */
#define WAN 10, 0, 0, 1    /* this host, towards their sender */

struct options {
	unsigned int n;
	uint8_t b[40];
};

#define OPTS(...) ((struct options){ .n = sizeof((uint8_t[]){ __VA_ARGS__ }), .b = { __VA_ARGS__ } })

static struct pkt with(const char *dst, struct options o)
{
	unsigned int n = (o.n + 3) & ~3u;

	return PKT_UDP(.dst = dst, .options = o.b, .options_len = (uint8_t)n);
}

/* A packet that ends where its options do. */
static struct skb *bare(struct ip4_world *world, const char *dst, struct options o)
{
	struct pkt p = PKT_IP4(.dst = dst, .options = o.b, .options_len = (uint8_t)((o.n + 3) & ~3u),
		.data_len = 0);

	return ip4_world_exact(world, p.data + p.l3, p.len - p.l3);
}

static const uint8_t *opts_of(const struct skb *skb)
{
	return (const uint8_t *)skb_data(skb) + IP4_HDR_LEN;
}

static struct skb *compiled(struct ip4_world *world, const char *dst, struct options o)
{
	struct pkt p = with(dst, o);
	struct skb *skb = ip4_world_rx(world, &p);

	assert_true(ip4_options_compile(world->w, skb));
	assert_true(skb->flags & SKB_F_IPOPT);
	assert_int_equal(ip4_cb(skb)->opt.optlen, (o.n + 3) & ~3u);
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	return skb;
}

static void malformed(void **state)
{
	static const struct {
		uint8_t at; /* offset in the IPv4 header */
		enum drop_reason reason;
		struct options o;
	} cases[] = {
		{ 20, DROP_IP4_OPT_LEN, { 4, { 7, 1, 0, 0 } } },
		{ 20, DROP_IP4_OPT_LEN, { 4, { 7, 0, 0, 0 } } },
		{ 20, DROP_IP4_OPT_LEN, { 4, { 7, 5, 4, 0 } } },
		{ 20, DROP_IP4_OPT_LEN, { 4, { 200, 41, 0, 0 } } },
		{ 23, DROP_IP4_OPT_LEN, { 4, { 1, 1, 1, 7 } } },
		{ 21, DROP_IP4_OPT_SRR_LEN, { 4, { 131, 2, 1, 1 } } },
		{ 22, DROP_IP4_OPT_SRR_PTR, { 8, { 131, 7, 3, 1, 2, 3, 4, 0 } } },
		{ 22, DROP_IP4_OPT_SRR_PTR, { 8, { 137, 7, 0, 1, 2, 3, 4, 0 } } },
		{ 27, DROP_IP4_OPT_TWICE, { 16, { 131, 7, 4, 1, 2, 3, 4, 137, 7, 4, 1, 2, 3, 4 } } },
		{ 21, DROP_IP4_OPT_RR_LEN, { 4, { 7, 2, 1, 1 } } },
		{ 22, DROP_IP4_OPT_RR_PTR, { 8, { 7, 7, 3, 0, 0, 0, 0, 0 } } },
		{ 22, DROP_IP4_OPT_RR_END, { 8, { 7, 7, 5, 0, 0, 0, 0, 0 } } },
		{ 22, DROP_IP4_OPT_RR_END, { 8, { 7, 7, 7, 0, 0, 0, 0, 0 } } },
		{ 27, DROP_IP4_OPT_TWICE, { 16, { 7, 7, 8, 0, 0, 0, 0, 7, 7, 8, 0, 0, 0, 0 } } },
		{ 21, DROP_IP4_OPT_TS_LEN, { 4, { 68, 3, 5, 0 } } },
		{ 22, DROP_IP4_OPT_TS_PTR, { 8, { 68, 8, 4, 0, 0, 0, 0, 0 } } },
		{ 22, DROP_IP4_OPT_TS_END, { 8, { 68, 8, 6, 0, 0, 0, 0, 0 } } },
		{ 22, DROP_IP4_OPT_TS_END, { 8, { 68, 8, 5, 1, 0, 0, 0, 0 } } },
		{ 22, DROP_IP4_OPT_TS_END, { 8, { 68, 8, 5, 3, 0, 0, 0, 0 } } },
		{ 23, DROP_IP4_OPT_TS_OVERFLOW, { 8, { 68, 8, 9, 0xf0, 0, 0, 0, 0 } } },
		{ 23, DROP_IP4_OPT_TS_OVERFLOW, { 12, { 68, 12, 13, 0xf1 } } },
		{ 28, DROP_IP4_OPT_TWICE, { 16, { 68, 8, 9, 0, 0, 0, 0, 0, 68, 8, 9, 0 } } },
		{ 21, DROP_IP4_OPT_RA_LEN, { 4, { 148, 3, 0, 0 } } },
		{ 26, DROP_IP4_OPT_TWICE, { 12, { 134, 6, 0, 0, 0, 0, 134, 6, 0, 0, 0, 0 } } },
	};
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct skb *skb = bare(world, "192.0.2.1", cases[i].o);
		const uint8_t *b;

		world->w->now += UINT64_C(100000000000); /* no rate limit */
		assert_false(ip4_options_compile(world->w, skb));
		assert_int_equal(ip4_cb(skb)->icmp_reason, cases[i].reason);
		fake_stage1(&world->f, icmp_error, fake_take1(&world->f, STAGE_icmp_error));
		fake_expect_drop(&world->f, cases[i].reason, 1);
		skb = ip4_world_answer(world);
		b = ip4_world_flat(skb);
		assert_int_equal(b[20], ICMP_PARAM_PROBLEM);
		assert_int_equal(b[21], 0);
		if (b[24] != cases[i].at)
			fail_msg("case %zu points at %u, not %u", i, b[24], cases[i].at);
		assert_counted(world, IpInHdrErrors, 1);
		fake_sent(&world->f, skb);
	}
}

static void end_hides_nothing(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(1, 0, 7, 7, 4, 9, 9, 9));

	assert_memory_equal(opts_of(skb), "\1\0\0\0\0\0\0\0", 8);
	assert_int_equal(ip4_cb(skb)->opt.rr, 0);
	fake_sent(&world->f, skb);
}

static void unknown_ones_pass(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(0x82, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1));

	assert_memory_equal(opts_of(skb), "\x82\x0b\1\2\3\4\5\6\7\x08\x09\1", 12);
	fake_sent(&world->f, skb);
}

static void record_route(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0));

	assert_memory_equal(opts_of(skb), "\7\x0b\x08\xc0\0\2\1\0\0\0\0", 11); /* the asked address */
	assert_true(ip4_cb(skb)->opt.flags & IP4_OPT_RR_NEEDADDR);
	assert_int_equal(ip4_cb(skb)->opt.rr, 20);
	fake_sent(&world->f, skb);

	skb = compiled(world, "203.0.113.9", OPTS(1, 7, 7, 4, 0, 0, 0, 0));
	assert_memory_equal(opts_of(skb) + 1, "\7\7\x08\x0a\0\0\1", 7); /* towards the sender */
	assert_int_equal(ip4_cb(skb)->opt.rr, 21);
	skb->nh = &world->nh[4]; /* leaves by lan: that address stands in the end */
	ip4_options_forward(world->w, skb);
	assert_memory_equal(opts_of(skb) + 1, "\7\7\x08\xc0\0\2\1", 7);
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	fake_sent(&world->f, skb);

	skb = compiled(world, "192.0.2.1", OPTS(7, 7, 8, 1, 2, 3, 4)); /* full: no error */
	assert_memory_equal(opts_of(skb), "\7\7\x08\1\2\3\4", 7);
	assert_false(ip4_cb(skb)->opt.flags & IP4_OPT_RR_NEEDADDR);
	fake_sent(&world->f, skb);
}

static bool is_now(struct ip4_world *world, const uint8_t *p)
{
	uint32_t now = ip4_ms_since_midnight(world->w);

	return !memcmp(p, &now, 4);
}

static void timestamp(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(68, 12, 5, 0, 0, 0, 0, 0, 9, 9, 9, 9));

	assert_int_equal(opts_of(skb)[2], 9);
	assert_true(is_now(world, opts_of(skb) + 4));
	assert_memory_equal(opts_of(skb) + 8, "\x09\x09\x09\x09", 4);
	fake_sent(&world->f, skb);

	skb = compiled(world, "203.0.113.9", OPTS(68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0));
	assert_int_equal(opts_of(skb)[2], 13);
	assert_memory_equal(opts_of(skb) + 4, "\x0a\0\0\1", 4);
	assert_true(is_now(world, opts_of(skb) + 8));
	skb->nh = &world->nh[4];
	ip4_options_forward(world->w, skb);
	assert_memory_equal(opts_of(skb) + 4, "\xc0\0\2\1", 4);
	assert_true(is_now(world, opts_of(skb) + 8));
	fake_sent(&world->f, skb);

	/* prespecified: ours is filled, another's is left */
	skb = compiled(world, "203.0.113.9", OPTS(68, 12, 5, 3, WAN, 0, 0, 0, 0));
	assert_int_equal(opts_of(skb)[2], 13);
	assert_true(is_now(world, opts_of(skb) + 8));
	fake_sent(&world->f, skb);
	skb = compiled(world, "203.0.113.9", OPTS(68, 12, 5, 3, 10, 0, 0, 7, 0, 0, 0, 0));
	assert_memory_equal(opts_of(skb), "\x44\x0c\5\3\x0a\0\0\7\0\0\0\0", 12);
	fake_sent(&world->f, skb);
}

static void timestamp_overflow_counts(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(68, 8, 9, 0xe1, 1, 2, 3, 4));

	assert_memory_equal(opts_of(skb), "\x44\x08\x09\xf1\1\2\3\4", 8);
	fake_sent(&world->f, skb);
	skb = compiled(world, "192.0.2.1", OPTS(68, 12, 13, 0xf3, WAN, 0, 0, 0, 0)); /* not counted */
	assert_int_equal(opts_of(skb)[3], 0xf3);
	fake_sent(&world->f, skb);
}

static void router_alert(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "203.0.113.9", OPTS(148, 4, 0, 0));

	assert_int_equal(ip4_cb(skb)->opt.router_alert, 20);
	fake_sent(&world->f, skb);
	skb = compiled(world, "203.0.113.9", OPTS(148, 4, 0, 1)); /* reserved: not ours to look at */
	assert_int_equal(ip4_cb(skb)->opt.router_alert, 0);
	fake_sent(&world->f, skb);
}

static void source_routes_are_off(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(131, 7, 4, 203, 0, 113, 9));

	assert_false(ip4_options_rcv_srr(world->w, skb));
	ip4_world_silent(world, DROP_IP4_SRR_POLICY);
}

static void source_route_to_the_next_hop(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1",
		OPTS(131, 15, 4, WAN, 198, 51, 100, 7, 203, 0, 113, 9));
	const struct ip4_hdr *ip = skb_data(skb);

	world->f.dp.conf.accept_source_route = 1;
	assert_true(ip4_options_rcv_srr(world->w, skb));
	assert_int_equal(ip4_cb(skb)->opt.nexthop, pkt_addr("198.51.100.7"));
	assert_true(ip4_cb(skb)->opt.flags & IP4_OPT_SRR_HIT);
	assert_int_equal(ip->daddr, pkt_addr("10.0.0.1")); /* over an own address in the list */
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	skb->nh = &world->nh[0];
	ip4_options_forward(world->w, skb);
	assert_int_equal(ip->daddr, pkt_addr("198.51.100.7"));
	assert_int_equal(opts_of(skb)[2], 12);
	assert_memory_equal(opts_of(skb) + 7, "\x0a\0\0\1", 4); /* the address it left by */
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	fake_sent(&world->f, skb);
}

static void source_route_at_its_end(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = compiled(world, "192.0.2.1", OPTS(131, 7, 8, 1, 2, 3, 4));

	world->f.dp.conf.accept_source_route = 1;
	assert_true(ip4_options_rcv_srr(world->w, skb)); /* for this host */
	assert_int_equal(ip4_cb(skb)->opt.nexthop, 0);
	fake_sent(&world->f, skb);
	skb = compiled(world, "203.0.113.9", OPTS(131, 7, 4, 1, 2, 3, 4)); /* loose, passing by */
	assert_true(ip4_options_rcv_srr(world->w, skb));
	assert_false(ip4_cb(skb)->opt.flags & IP4_OPT_SRR_HIT);
	fake_sent(&world->f, skb);
}

static void source_route_refused(void **state)
{
	static const struct {
		const char *dst;
		int at; /* of a parameter problem, -1: silent */
		enum drop_reason reason;
		struct options o;
	} cases[] = {
		{ "203.0.113.9", 16, DROP_IP4_SRR_STRICT, { 8, { 137, 7, 4, 1, 2, 3, 4 } } },
		{ "192.0.2.1", 22, DROP_IP4_OPT_SRR_END, { 8, { 131, 7, 6, 1, 2, 3, 4 } } },
		{ "192.0.2.1", -1, DROP_IP4_SRR_HOP, { 8, { 131, 7, 4, 224, 0, 0, 5 } } },
		{ "192.0.2.1", -1, DROP_IP4_SRR_HOP, { 8, { 131, 7, 4, 10, 0, 0, 255 } } },
		{ "192.0.2.255", -1, DROP_IP4_SRR_HOP, { 8, { 131, 7, 4, 1, 2, 3, 4 } } },
	};
	struct ip4_world *world = *state;
	struct skb *skb;

	world->f.dp.conf.accept_source_route = 1;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		skb = compiled(world, cases[i].dst, cases[i].o);
		assert_false(ip4_options_rcv_srr(world->w, skb));
		if (cases[i].at < 0) {
			ip4_world_silent(world, cases[i].reason);
			continue;
		}
		assert_int_equal(ip4_cb(skb)->icmp_info >> 24, cases[i].at);
		skb_drop(world->w, fake_take1(&world->f, STAGE_icmp_error), cases[i].reason);
		fake_expect_drop(&world->f, cases[i].reason, 1);
	}
	skb = compiled(world, "192.0.2.1", OPTS(131, 7, 4, 1, 2, 3, 4));
	skb->pkt_type = SKB_MULTICAST;
	assert_false(ip4_options_rcv_srr(world->w, skb));
	ip4_world_silent(world, DROP_IP4_SRR_LINK);
	/* allowed for all, not on this interface */
	skb = compiled(world, "192.0.2.1", OPTS(131, 7, 4, 1, 2, 3, 4));
	atomic_store(&skb->dev->inet, NETDEV_INET_NO_SRR);
	assert_false(ip4_options_rcv_srr(world->w, skb));
	ip4_world_silent(world, DROP_IP4_SRR_POLICY);
}

/* ping with options: what comes back. */
static struct skb *pinged(struct ip4_world *world, struct options o, bool srr)
{
	struct pkt p = PKT_ICMP(.options = o.b, .options_len = (uint8_t)((o.n + 3) & ~3u));
	struct skb *skb = ip4_world_routed(world, &p);
	uint32_t hlen = ip4_hdr_len(skb_data(skb));

	assert_true(ip4_options_compile(world->w, skb));
	if (srr)
		assert_true(ip4_options_rcv_srr(world->w, skb));
	ip4_cb(skb)->dst_type = FIB_LOCAL;
	skb_pull(skb, hlen);
	fake_stage1(&world->f, icmp_input, skb);
	skb = ip4_world_answer(world);
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	assert_true(pkt_l4_csum_ok(ip4_world_flat(skb)));
	return skb;
}

static void answer_with_record_route(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = pinged(world, OPTS(7, 15, 8, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0), false);
	static const uint8_t want[16] = { 7, 15, 16, 9, 9, 9, 9, LOCAL, LOCAL, 0 };

	assert_memory_equal(ip4_world_flat(skb) + 20, want, 16);
	assert_true(skb->flags & SKB_F_IPOPT);
	assert_int_equal(ip4_cb(skb)->opt.optlen, 16);
	fake_sent(&world->f, skb);
	/* room for one entry only: no error, no overrun */
	skb = pinged(world, OPTS(7, 7, 4, 0, 0, 0, 0), false);
	assert_memory_equal(ip4_world_flat(skb) + 20, "\7\7\x08\xc0\0\2\1\0", 8);
	fake_sent(&world->f, skb);
}

static void answer_with_timestamps(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = pinged(world, OPTS(68, 20, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		false);
	const uint8_t *o = ip4_world_flat(skb) + 20;

	assert_int_equal(o[2], 21);
	assert_memory_equal(o + 4, "\xc0\0\2\1", 4);
	assert_true(is_now(world, o + 8));
	assert_memory_equal(o + 12, "\xc0\0\2\1", 4);
	assert_true(is_now(world, o + 16));
	fake_sent(&world->f, skb);
	skb = pinged(world, OPTS(68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0), false);
	o = ip4_world_flat(skb) + 20;
	assert_int_equal(o[2], 13);
	assert_true(is_now(world, o + 4) && is_now(world, o + 8));
	fake_sent(&world->f, skb);
	/* prespecified: the next entry is another's */
	skb = pinged(world, OPTS(68, 20, 5, 3, LOCAL, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0), false);
	o = ip4_world_flat(skb) + 20;
	assert_int_equal(o[2], 13);
	assert_true(is_now(world, o + 8));
	assert_memory_equal(o + 12, "\1\2\3\4\0\0\0\0", 8);
	fake_sent(&world->f, skb);
}

static void answer_by_the_reversed_route(void **state)
{
	struct ip4_world *world = *state;
	static const uint8_t want[12] = { 131, 11, 4, 1, 1, 1, 1, 10, 0, 0, 2, 0 };
	const struct ip4_hdr *ip;
	struct skb *skb;

	world->f.dp.conf.accept_source_route = 1;
	skb = pinged(world, OPTS(131, 11, 12, 1, 1, 1, 1, 2, 2, 2, 2), true);
	ip = (const void *)ip4_world_flat(skb);
	assert_int_equal(ip->daddr, pkt_addr("2.2.2.2")); /* the last router first */
	assert_memory_equal(ip + 1, want, 12);
	assert_int_equal(ip4_cb(skb)->opt.faddr, pkt_addr("2.2.2.2"));
	fake_sent(&world->f, skb);
	/* a sender that listed itself is not visited twice */
	skb = pinged(world, OPTS(131, 11, 12, 10, 0, 0, 2, 2, 2, 2, 2), true);
	ip = (const void *)ip4_world_flat(skb);
	assert_int_equal(ip->daddr, pkt_addr("2.2.2.2"));
	assert_memory_equal(ip + 1, "\x83\7\4\x0a\0\0\2\0", 8);
	fake_sent(&world->f, skb);
}

/*
 * Anything at all in an exact-size buffer: no byte outside the header is read or written, and what
 * was found sound stays sound when it is processed further.
 */
static void anything(void **state)
{
	static const uint8_t types[] = { 0, 1, 7, 68, 131, 134, 137, 148, 130, 200 };
	struct ip4_world *world = *state;
	unsigned int sound = 0, wrong = 0;

	world->f.dp.conf.accept_source_route = 1;
	srandom(22);
	for (unsigned int i = 0; i < 60000; i++) {
		struct options o = { .n = 4 * (1 + (unsigned int)random() % 10) };
		unsigned int at = 0;
		struct skb *skb;

		for (unsigned int b = 0; b < o.n; b++)
			o.b[b] = (uint8_t)(random() % 4 ? random() % 12 : random());
		while (at < o.n) { /* headers of options at places where they are found */
			o.b[at] = types[(unsigned int)random() % sizeof(types)];
			if (at + 1 < o.n && random() % 8)
				o.b[at + 1] = (uint8_t)(3 + random() % (o.n - at));
			at += o.b[at] < 2 || at + 1 >= o.n || o.b[at + 1] < 2 ? 1 : o.b[at + 1];
		}
		skb = bare(world, i % 2 ? "192.0.2.1" : "203.0.113.9", o);
		world->w->now += UINT64_C(10000000000);
		if (ip4_options_compile(world->w, skb)) {
			uint8_t copy[40], out[IP4_OPTLEN_MAX + 1];
			rte_be32_t hop = 0;
			unsigned int n;

			sound++;
			memcpy(copy, opts_of(skb), o.n);
			ip4_options_fragment(copy, o.n);
			out[IP4_OPTLEN_MAX] = 0x5a;
			n = ip4_options_echo(world->w, &ip4_cb(skb)->opt, skb_data(skb), 1, out, &hop);
			assert_true(n <= o.n && n % 4 == 0);
			assert_int_equal(out[IP4_OPTLEN_MAX], 0x5a);
			if (ip4_options_rcv_srr(world->w, skb)) {
				skb->nh = &world->nh[0];
				ip4_options_forward(world->w, skb);
				assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
				fake_sent(&world->f, skb);
			}
		} else {
			wrong++;
		}
		if (world->w->out[STAGE_icmp_error].n) {
			struct skb *e[BURST_MAX];

			fake_take(&world->f, STAGE_icmp_error, e, BURST_MAX);
			fake_stage1(&world->f, icmp_error, e[0]);
			fake_sent(&world->f, ip4_world_answer(world));
		}
		burst_flush_done(world->w);
	}
	assert_true(sound > 5000 && wrong > 5000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(malformed), T(end_hides_nothing), T(unknown_ones_pass), T(record_route), T(timestamp),
		T(timestamp_overflow_counts), T(router_alert), T(source_routes_are_off),
		T(source_route_to_the_next_hop), T(source_route_at_its_end), T(source_route_refused),
		T(answer_with_record_route), T(answer_with_timestamps),
		T(answer_by_the_reversed_route), T(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
