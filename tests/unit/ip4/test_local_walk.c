/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host sees of this router, frame in to frame out: pings, refusals, errors. */
#include "unit.h"

#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

/* Frames that left, data at the Ethernet header. */
static uint32_t walk(struct fake_router *r, const struct pkt *p, struct skb **out)
{
	fake_walk_frame(r, 1, p->data, p->len);
	return fake_take(&r->f, STAGE_netdev_tx, out, BURST_MAX);
}

static const struct ip4_hdr *ip_of(const struct skb *skb)
{
	static uint8_t flat[PKT_MAX];

	assert_true(skb_len(skb) <= sizeof(flat));
	skb_copy_bits(skb, 0, flat, skb_len(skb));
	assert_true(pkt_ip_csum_ok(flat + ETH_HDR_LEN));
	return (const struct ip4_hdr *)(flat + ETH_HDR_LEN);
}

/* The sender is a neighbour on port 1 in all of these. */
#define FROM .src = "10.0.1.2"

static void ping(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_ICMP(FROM, .dst = "10.0.2.1", .data_len = 56);
	struct skb *out[BURST_MAX];
	const struct ip4_hdr *ip;

	fake_neigh(r, 1, "10.0.1.2", NEIGH_VALID);
	assert_int_equal(walk(r, &p, out), 1);
	ip = ip_of(out[0]);
	assert_ptr_equal(out[0]->dev, r->dev[1]);
	assert_int_equal(ip->saddr, pkt_addr("10.0.2.1"));
	assert_int_equal(ip->daddr, pkt_addr("10.0.1.2"));
	assert_true(pkt_l4_csum_ok(ip));
	assert_int_equal(*(const uint8_t *)(ip + 1), ICMP_ECHO_REPLY);
	fake_sent(&r->f, out[0]);
}

/* A ping of 4000 bytes comes in pieces and is answered in pieces. */
static void long_ping(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_ICMP(FROM, .dst = "10.0.1.1", .data_len = 4000);
	const uint32_t len = p.len - p.l4;
	struct skb *out[BURST_MAX];
	uint32_t n = 0, at = 0;

	fake_neigh(r, 1, "10.0.1.2", NEIGH_VALID);
	while (at < len) {
		uint32_t k = len - at > 1480 ? 1480 : len - at;
		struct pkt f = PKT_IP4(FROM, .dst = "10.0.1.1", .proto = IP4_PROTO_ICMP,
			.data = p.data + p.l4 + at, .data_len = k,
			.frag_off = (uint16_t)(at / 8 | (at + k < len ? IP4_MF : 0)));

		assert_int_equal(n, 0);
		n = walk(r, &f, out);
		at += k;
	}
	assert_int_equal(n, 3);
	for (uint32_t i = 0; i < n; i++) {
		const struct ip4_hdr *ip = ip_of(out[i]);

		assert_int_equal(ip4_frag_offset(ip), i * 1480);
		if (i)
			assert_memory_equal(ip + 1, p.data + p.l4 + i * 1480,
				ip4_tot_len(ip) - 20);
		fake_sent(&r->f, out[i]);
	}
	assert_int_equal(r->f.w->ip4->mib[MIB_IpReasmOKs], 1);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpFragCreates], 3);
}

static void refusals(void **state)
{
	struct fake_router *r = *state;
	const struct {
		struct pkt p;
		uint8_t proto, first, second; /* the answer's first two bytes behind IP */
		const char *src;
	} cases[] = {
		{ PKT_UDP(FROM, .dst = "10.0.2.1"), IP4_PROTO_ICMP, 3, 3, "10.0.2.1" },
		{ PKT_IP4(FROM, .dst = "10.0.1.1", .proto = 200), IP4_PROTO_ICMP, 3, 2, "10.0.1.1" },
		{ PKT_TCP(FROM, .dst = "10.0.1.1", .tcp_flags = TCP_SYN, .dport = 80),
			IP4_PROTO_TCP, 0, 80, "10.0.1.1" },
		{ PKT_UDP(FROM, .dst = "10.0.2.9", .ttl = 1), IP4_PROTO_ICMP, 11, 0, "10.0.1.1" },
		{ PKT_UDP(FROM, .dst = "203.0.113.9"), IP4_PROTO_ICMP, 3, 0, "10.0.1.1" },
	};

	fake_neigh(r, 1, "10.0.1.2", NEIGH_VALID);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct skb *out[BURST_MAX];
		const struct ip4_hdr *ip;
		const uint8_t *l4;

		assert_int_equal(walk(r, &cases[i].p, out), 1);
		ip = ip_of(out[0]);
		l4 = (const uint8_t *)(ip + 1);
		assert_int_equal(ip->protocol, cases[i].proto);
		assert_int_equal(ip->saddr, pkt_addr(cases[i].src));
		assert_int_equal(ip->daddr, pkt_addr("10.0.1.2"));
		assert_int_equal(l4[0], cases[i].first);
		assert_int_equal(l4[1], cases[i].second);
		assert_true(pkt_l4_csum_ok(ip));
		fake_sent(&r->f, out[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ping, fake_router_setup, fake_router_teardown),
		cmocka_unit_test_setup_teardown(long_ping, fake_router_setup, fake_router_teardown),
		cmocka_unit_test_setup_teardown(refusals, fake_router_setup, fake_router_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
