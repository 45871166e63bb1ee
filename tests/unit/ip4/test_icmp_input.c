/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP for this host: who is answered and how, what is malformed, where errors go. */
#include <string.h>
#include <time.h>

#include "ip4_world.h"

static void input(struct ip4_world *world, struct skb *skb)
{
	fake_stage1(&world->f, icmp_input, skb);
}

static void echo(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_ICMP(.tos = 0x2e, .icmp_id = 77, .icmp_seq = 9, .data_len = 100);
	const struct ip4_hdr *ip;
	struct skb *r;

	input(world, ip4_world_up(world, &p));
	r = ip4_world_answer(world);
	ip = (const void *)ip4_world_flat(r);
	assert_int_equal(ip->saddr, pkt_addr("192.0.2.1")); /* the address that was asked */
	assert_int_equal(ip->daddr, pkt_addr("10.0.0.2"));
	assert_int_equal(ip->tos, 0x2e);
	assert_int_equal(ip->ttl, 64);
	assert_int_equal(ip->frag_off, 0);
	assert_true(pkt_ip_csum_ok(ip));
	assert_true(pkt_l4_csum_ok(ip));
	assert_int_equal(ip4_world_flat(r)[20], ICMP_ECHO_REPLY);
	assert_int_equal(skb_len(r), p.len - p.l3);
	assert_memory_equal(ip4_world_flat(r) + 24, p.data + p.l4 + 4, 4 + 100);
	assert_null(r->dev);
	assert_null(r->nh);
	assert_int_equal(r->iif, 0);
	fake_sent(&world->f, r);
	assert_counted(world, IcmpInMsgs, 1);
	assert_counted(world, IcmpInEchos, 1);
	assert_counted(world, IcmpOutMsgs, 1);
	assert_counted(world, IcmpOutEchoReps, 1);
	assert_counted(world, IcmpInErrors, 0);
	assert_int_equal(world->w->ip4->icmp_in_type[ICMP_ECHO_REQUEST], 1);
	assert_int_equal(world->w->ip4->icmp_out_type[ICMP_ECHO_REPLY], 1);
}

/* Every length, odd ones too, and in segments: the incremental checksum is right. */
static void echo_of_any_shape(void **state)
{
	struct ip4_world *world = *state;

	for (unsigned int len = 0; len < 300; len += 7) {
		struct pkt p = PKT_ICMP(.data_len = len);
		struct skb *skb = fake_rx_segs(&world->f, world->wan, p.data, p.len, 50), *r;

		skb_pull(skb, p.l3);
		skb_reset_network_header(skb);
		skb_pull(skb, IP4_HDR_LEN);
		memset(skb->cb, 0, sizeof(skb->cb));
		ip4_cb(skb)->dst_type = FIB_LOCAL;
		input(world, skb);
		r = ip4_world_answer(world);
		assert_true(pkt_l4_csum_ok(ip4_world_flat(r)));
		assert_memory_equal(ip4_world_flat(r) + 28, p.data + p.payload, len);
		fake_sent(&world->f, r);
	}
}

/* A tap's copy of the request stays as it came. */
static void echo_of_shared_data(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_ICMP(.data_len = 64);
	struct skb *skb = ip4_world_up(world, &p), *tap = skb_clone(world->w, skb), *r;

	input(world, skb);
	r = ip4_world_answer(world);
	assert_int_equal(ip4_world_flat(r)[20], ICMP_ECHO_REPLY);
	assert_true(pkt_l4_csum_ok(ip4_world_flat(r)));
	assert_memory_equal(skb_data(tap), p.data + p.l4, p.len - p.l4);
	fake_sent(&world->f, r);
	skb_delivered(world->w, tap);
}

static void echo_by_configuration(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_ICMP(), b = PKT_ICMP(.dst = "192.0.2.255"), m = PKT_ICMP(.dst = "224.0.0.1");
	struct skb *r;

	input(world, ip4_world_up(world, &b)); /* broadcast: off by default */
	ip4_world_silent(world, DROP_ICMP_BROADCAST);
	input(world, ip4_world_up(world, &m));
	ip4_world_silent(world, DROP_ICMP_BROADCAST);
	assert_counted(world, IcmpInErrors, 2);
	world->f.dp.conf.icmp_echo_ignore_broadcasts = 0;
	input(world, ip4_world_up(world, &b));
	r = ip4_world_answer(world);
	assert_int_equal(((const struct ip4_hdr *)ip4_world_flat(r))->saddr, 0); /* the route's */
	fake_sent(&world->f, r);
	world->f.dp.conf.icmp_echo_ignore_all = 1;
	input(world, ip4_world_up(world, &p));
	ip4_world_silent(world, DROP_ICMP_ECHO_IGNORED);
}

static void timestamps(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_ICMP(.icmp_type = ICMP_TIMESTAMP, .data = "\1\2\3\4________more",
		.data_len = 16);
	time_t t = time(NULL) % 86400;
	uint32_t times[3];
	struct skb *r;

	input(world, ip4_world_up(world, &p));
	r = ip4_world_answer(world);
	assert_int_equal(skb_len(r), 40);
	assert_true(pkt_l4_csum_ok(ip4_world_flat(r)));
	assert_int_equal(ip4_world_flat(r)[20], ICMP_TIMESTAMP_REPLY);
	memcpy(times, ip4_world_flat(r) + 28, 12);
	assert_memory_equal(times, "\1\2\3\4", 4);
	assert_int_equal(times[1], times[2]);
	/* within 5 s of now, over midnight too */
	assert_in_range((ntohl(times[1]) / 1000 + 86400 + 5 - (uint32_t)t) % 86400, 0, 10);
	fake_sent(&world->f, r);
	assert_counted(world, IcmpInTimestamps, 1);
	assert_counted(world, IcmpOutTimestampReps, 1);
}

/* Between two looks at the wall clock the worker's own counts on. */
static void timestamps_move(void **state)
{
	struct ip4_world *world = *state;
	uint32_t a = ntohl(ip4_ms_since_midnight(world->w)), b;

	ip4_world_sleep(world, 400);
	b = ntohl(ip4_ms_since_midnight(world->w));
	assert_int_equal((b + 86400000 - a) % 86400000, 400);
}

static void short_timestamp(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_ICMP(.icmp_type = ICMP_TIMESTAMP, .data_len = 3);
	struct pkt q = PKT_ICMP(.icmp_type = ICMP_TIMESTAMP, .data_len = 4);

	input(world, ip4_world_up(world, &p));
	ip4_world_silent(world, DROP_ICMP_TIMESTAMP_SHORT);
	assert_counted(world, IcmpInErrors, 1);
	input(world, ip4_world_up(world, &q)); /* Linux answers this */
	fake_sent(&world->f, ip4_world_answer(world));
}

static void malformed(void **state)
{
	struct ip4_world *world = *state;
	const struct {
		struct pkt p;
		enum drop_reason reason;
		unsigned int errors;
	} cases[] = {
		{ PKT_ICMP(.bad_l4_csum = true), DROP_ICMP_BAD_CSUM, 1 },
		{ PKT_IP4(.proto = IP4_PROTO_ICMP, .data = "\x08\0\xf7\xff", .data_len = 4),
			DROP_ICMP_SHORT, 1 },
		{ PKT_IP4(.proto = IP4_PROTO_ICMP, .data_len = 0), DROP_ICMP_SHORT, 1 },
		{ PKT_ICMP(.icmp_type = 6), DROP_ICMP_UNKNOWN_TYPE, 1 },
		{ PKT_ICMP(.icmp_type = 19), DROP_ICMP_UNKNOWN_TYPE, 1 },
		{ PKT_ICMP(.icmp_type = 255), DROP_ICMP_UNKNOWN_TYPE, 1 },
		{ PKT_ICMP(.icmp_type = ICMP_DEST_UNREACH, .dst = "224.0.0.1"),
			DROP_ICMP_BROADCAST, 1 },
		{ PKT_ICMP(.icmp_type = ICMP_ECHO_REPLY), DROP_ICMP_NO_TAKER, 0 },
		{ PKT_ICMP(.icmp_type = ICMP_MASK_REQUEST), DROP_ICMP_NO_TAKER, 0 },
		{ PKT_ICMP(.icmp_type = ICMP_INFO_REQUEST), DROP_ICMP_NO_TAKER, 0 },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		input(world, ip4_world_up(world, &cases[i].p));
		ip4_world_silent(world, cases[i].reason);
		assert_counted(world, IcmpInMsgs, 1);
		assert_counted(world, IcmpInErrors, cases[i].errors);
	}
	assert_counted(world, IcmpInCsumErrors, 1);
	assert_counted(world, IcmpOutMsgs, 0);
}

/* What a protocol's err_handler was called with. */
static struct icmp_quote heard;
static uint8_t heard_bytes[64];
static unsigned int heard_calls;

static void hear(struct worker *w, const struct icmp_quote *q)
{
	heard = *q;
	memcpy(heard_bytes, q->l4, q->l4_len < 64 ? q->l4_len : 64);
	heard_calls++;
}

static const struct inet_proto listener = { .protocol = 99, .stage = STAGE_udp_input, .err = hear };

static struct pkt error_about(uint8_t type, uint8_t code, uint32_t info, const struct pkt *quoted,
	uint32_t len)
{
	return PKT_ICMP(.icmp_type = type, .icmp_code = code, .icmp_info = htonl(info),
		.data = quoted->data + quoted->l3, .data_len = len);
}

static void error_to_its_protocol(void **state)
{
	static const struct {
		uint8_t type, code;
		uint32_t word, info;
	} cases[] = {
		{ ICMP_DEST_UNREACH, ICMP_UNREACH_PORT, 0, 0 },
		{ ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, 0x00001400 | 1300, 0x1400 | 1300 },
		{ ICMP_TIME_EXCEEDED, 0, 0, 0 },
		{ ICMP_PARAM_PROBLEM, 0, 20u << 24, 20u << 24 },
		{ ICMP_REDIRECT, 1, 0x0a000063, 0x0a000063 },
		{ ICMP_SOURCE_QUENCH, 0, 0, 0 },
	};
	struct ip4_world *world = *state;
	const uint8_t options[8] = { 7, 7, 4, 0, 0, 0, 0, 0 };
	struct pkt q = PKT_IP4(.src = "192.0.2.1", .dst = "198.51.100.1", .proto = 99,
		.options = options, .options_len = 8, .data_len = 30);

	assert_int_equal(inet_add_protocol(&world->f.dp, &listener), 0);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct pkt p = error_about(cases[i].type, cases[i].code, cases[i].word, &q, 28 + 8);
		uint64_t delivered = world->w->ledger.delivered;

		heard_calls = 0;
		input(world, ip4_world_up(world, &p));
		assert_int_equal(heard_calls, 1);
		assert_int_equal(heard.type, cases[i].type);
		assert_int_equal(heard.code, cases[i].code);
		assert_int_equal(heard.info, cases[i].info);
		assert_int_equal(heard.l4_len, 8);
		assert_memory_equal(heard_bytes, "\0\1\2\3\4\5\6\7", 8);
		assert_int_equal(world->w->ledger.delivered, delivered + 1);
	}
	assert_counted(world, IcmpInDestUnreachs, 2);
	assert_counted(world, IcmpInRedirects, 1);
	assert_counted(world, IcmpInErrors, 0);
	assert_int_equal(inet_del_protocol(&world->f.dp, &listener), 0);
}

static void error_not_worth_hearing(void **state)
{
	struct ip4_world *world = *state;
	struct pkt good = PKT_IP4(.src = "192.0.2.1", .dst = "198.51.100.1", .proto = 99);
	struct pkt bcast = PKT_IP4(.src = "192.0.2.1", .dst = "10.0.0.255", .proto = 99);
	struct pkt v6 = PKT_IP4(.proto = 99, .version = 6), ihl = PKT_IP4(.proto = 99, .ihl = 4);
	struct pkt long_ihl = PKT_IP4(.proto = 99, .ihl = 15, .data_len = 20);
	struct pkt other = PKT_IP4(.proto = 98);
	const struct {
		struct pkt p;
		enum drop_reason reason;
		unsigned int errors;
	} cases[] = {
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &good, 0), DROP_ICMP_QUOTE_SHORT, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &good, 19), DROP_ICMP_QUOTE_SHORT, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &good, 27), DROP_ICMP_QUOTE_SHORT, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &long_ihl, 40), DROP_ICMP_QUOTE_SHORT, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &v6, 28), DROP_ICMP_QUOTE_INVALID, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &ihl, 28), DROP_ICMP_QUOTE_INVALID, 1 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &bcast, 28), DROP_ICMP_QUOTE_BROADCAST, 0 },
		{ error_about(ICMP_DEST_UNREACH, 3, 0, &other, 28), DROP_ICMP_NO_TAKER, 0 },
	};

	assert_int_equal(inet_add_protocol(&world->f.dp, &listener), 0);
	heard_calls = 0;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		input(world, ip4_world_up(world, &cases[i].p));
		ip4_world_silent(world, cases[i].reason);
		assert_counted(world, IcmpInErrors, cases[i].errors);
	}
	assert_int_equal(heard_calls, 0);
	assert_int_equal(inet_del_protocol(&world->f.dp, &listener), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(echo), T(echo_of_any_shape), T(echo_of_shared_data), T(echo_by_configuration),
		T(timestamps), T(timestamps_move), T(short_timestamp), T(malformed),
		T(error_to_its_protocol), T(error_not_worth_hearing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
