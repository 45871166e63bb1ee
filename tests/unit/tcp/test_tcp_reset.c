/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP without connections: resets by RFC 9293 3.10.7.1, and what earns none. */
#include <string.h>

#include "ip4/ip4_world.h"

static void input(struct ip4_world *world, const struct pkt *p)
{
	fake_stage1(&world->f, tcp_input, ip4_world_up(world, p));
}

static void refused(void **state)
{
	static const struct {
		uint8_t flags, want_flags;
		uint32_t data, want_seq, want_ack;
	} cases[] = {
		{ TCP_SYN, TCP_RST | TCP_ACK, 0, 0, 1001 },
		{ TCP_SYN | TCP_FIN, TCP_RST | TCP_ACK, 0, 0, 1002 },
		{ TCP_SYN, TCP_RST | TCP_ACK, 10, 0, 1011 },
		{ 0, TCP_RST | TCP_ACK, 7, 0, 1007 },
		{ TCP_FIN, TCP_RST | TCP_ACK, 0, 0, 1001 },
		{ TCP_ACK, TCP_RST, 0, 2000, 0 },
		{ TCP_ACK | TCP_PSH, TCP_RST, 100, 2000, 0 },
		{ TCP_SYN | TCP_ACK, TCP_RST, 0, 2000, 0 },
		{ TCP_FIN | TCP_ACK, TCP_RST, 0, 2000, 0 },
	};
	static const uint8_t mss[4] = { 2, 4, 5, 0xb4 };
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct pkt p = PKT_TCP(.tcp_flags = cases[i].flags, .data_len = cases[i].data,
			.sport = 4711, .dport = 80, .tcp_options = mss, .tcp_options_len = 4,
			.tos = 0x10);
		const struct ip4_hdr *ip;
		const struct tcp_hdr *tcp;
		struct skb *r;

		input(world, &p);
		fake_expect_drop(&world->f, DROP_TCP_NO_PORT, 1);
		r = ip4_world_answer(world);
		ip = (const void *)ip4_world_flat(r);
		tcp = (const void *)(ip + 1);
		assert_int_equal(skb_len(r), 40);
		assert_true(pkt_ip_csum_ok(ip) && pkt_l4_csum_ok(ip));
		assert_int_equal(ip->saddr, pkt_addr("192.0.2.1"));
		assert_int_equal(ip->daddr, pkt_addr("10.0.0.2"));
		assert_int_equal(ip->frag_off, htons(IP4_DF));
		assert_int_equal(ip->tos, 0x10);
		assert_int_equal(tcp->sport, htons(80));
		assert_int_equal(tcp->dport, htons(4711));
		assert_int_equal(tcp->flags, cases[i].want_flags);
		assert_int_equal(ntohl(tcp->seq), cases[i].want_seq);
		assert_int_equal(ntohl(tcp->ack), cases[i].want_ack);
		assert_int_equal(tcp_hdr_len(tcp), 20);
		assert_int_equal(tcp->window, 0);
		fake_sent(&world->f, r);
	}
	assert_counted(world, TcpInSegs, RTE_DIM(cases));
	assert_counted(world, TcpOutRsts, RTE_DIM(cases));
	assert_counted(world, TcpInErrs, 0);
}

/* The acknowledged number wraps. */
static void wraps(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_TCP(.tcp_flags = TCP_SYN, .seq = UINT32_MAX, .data_len = 0);
	struct skb *r;

	input(world, &p);
	r = ip4_world_answer(world);
	assert_int_equal(((const struct tcp_hdr *)(ip4_world_flat(r) + 20))->ack, 0);
	fake_sent(&world->f, r);
}

static void no_answer(void **state)
{
	struct ip4_world *world = *state;
	const struct {
		struct pkt p;
		enum drop_reason reason;
		unsigned int errors;
	} cases[] = {
		{ PKT_TCP(.tcp_flags = TCP_RST), DROP_TCP_STRAY_RESET, 0 },
		{ PKT_TCP(.tcp_flags = TCP_RST | TCP_ACK), DROP_TCP_STRAY_RESET, 0 },
		{ PKT_TCP(.bad_l4_csum = true, .tcp_flags = TCP_SYN), DROP_TCP_BAD_CSUM, 1 },
		{ PKT_IP4(.proto = IP4_PROTO_TCP, .data_len = 19), DROP_TCP_SHORT, 1 },
		{ PKT_IP4(.proto = IP4_PROTO_TCP, .data_len = 20), DROP_TCP_OFFSET, 1 },
		{ PKT_IP4(.proto = IP4_PROTO_TCP, .data = "\0\1\0\2\0\0\0\0\0\0\0\0\xf0\x02\0\0\0\0\0\0",
			.data_len = 20), DROP_TCP_OFFSET, 1 },
		{ PKT_TCP(.dst = "192.0.2.255", .tcp_flags = TCP_SYN), DROP_TCP_NOT_UNICAST, 0 },
		{ PKT_TCP(.dst = "224.0.0.1", .tcp_flags = TCP_SYN), DROP_TCP_NOT_UNICAST, 0 },
	};
	struct pkt p = PKT_TCP(.tcp_flags = TCP_SYN);
	struct skb *skb;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		input(world, &cases[i].p);
		ip4_world_silent(world, cases[i].reason);
		assert_counted(world, TcpInErrs, cases[i].errors);
	}
	skb = ip4_world_up(world, &p); /* our address in a broadcast frame */
	skb->pkt_type = SKB_BROADCAST;
	fake_stage1(&world->f, tcp_input, skb);
	ip4_world_silent(world, DROP_TCP_NOT_UNICAST);
	assert_counted(world, TcpOutRsts, 0);
	assert_counted(world, TcpInCsumErrors, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(refused), T(wraps), T(no_answer) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
