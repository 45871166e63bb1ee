/* SPDX-License-Identifier: BSD-3-Clause */
/* The ladder of received headers: each rung fails by one change, with its reason and its counter. */
#include "unit.h"

#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

static uint64_t mib(struct fake_router *r, enum ip4_mib counter)
{
	return r->f.w->ip4->mib[counter];
}

static void feed(struct fake_router *r, struct pkt p, uint32_t cut)
{
	fake_stage1(&r->f, ip4_input,
		fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3 - cut));
}

static void sound(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.pad = 6);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

	skb->flags |= SKB_F_IPOPT; /* of another header: a tunnel's */
	skb->ip_summed = SKB_CSUM_COMPLETE;
	fake_stage1(&r->f, ip4_input, skb);
	assert_ptr_equal(fake_take1(&r->f, STAGE_ip4_route), skb);
	assert_int_equal(skb_len(skb), p.len - p.l3 - 6);
	assert_int_equal(skb->transport_header, skb->network_header + 20);
	assert_int_equal(skb->ip_summed, SKB_CSUM_NONE); /* the padding was in the sum */
	assert_int_equal(skb->flags & SKB_F_IPOPT, 0);
	assert_int_equal(mib(r, MIB_IpInReceives), 1);
	assert_int_equal(mib(r, MIB_IpExtInOctets), 46 + 6);
	fake_sent(&r->f, skb);
}

static void other_host(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.ttl = 9);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

	skb->pkt_type = SKB_OTHERHOST;
	fake_stage1(&r->f, ip4_input, skb);
	fake_expect_drop(&r->f, DROP_ETH_OTHERHOST, 1);
	assert_int_equal(mib(r, MIB_IpInReceives), 0);
}

static void each_rung(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.ttl = 9);

	feed(r, p, p.len - p.l3 - 19);
	fake_expect_drop(&r->f, DROP_IP4_SHORT, 1);
	feed(r, PKT_UDP(.version = 6), 0);
	fake_expect_drop(&r->f, DROP_IP4_VERSION, 1);
	feed(r, PKT_UDP(.ihl = 4), 0);
	fake_expect_drop(&r->f, DROP_IP4_IHL, 1);
	p = PKT_UDP(.ihl = 15, .data_len = 4);
	feed(r, p, 0);
	fake_expect_drop(&r->f, DROP_IP4_SHORT, 1);
	assert_int_equal(mib(r, MIB_IpInHdrErrors), 4);
	feed(r, PKT_UDP(.bad_ip_csum = true), 0);
	fake_expect_drop(&r->f, DROP_IP4_BAD_CSUM, 1);
	assert_int_equal(mib(r, MIB_IpExtInCsumErrors), 1);
	assert_int_equal(mib(r, MIB_IpInHdrErrors), 5);
	feed(r, PKT_UDP(.ttl = 9), 1);
	fake_expect_drop(&r->f, DROP_IP4_TRUNCATED, 1);
	assert_int_equal(mib(r, MIB_IpExtInTruncatedPkts), 1);
	feed(r, PKT_UDP(.tot_len = 19), 0);
	fake_expect_drop(&r->f, DROP_IP4_TOT_LEN, 1);
	assert_int_equal(mib(r, MIB_IpInHdrErrors), 6);
	assert_int_equal(mib(r, MIB_IpInReceives), 7);
	assert_int_equal(fake_waiting(&r->f), 0);
}

/* Every byte of the header that arrives wrong is noticed. */
static void each_flipped_bit(void **state)
{
	struct fake_router *r = *state;

	for (unsigned int bit = 0; bit < 160; bit++) {
		struct pkt p = PKT_UDP(.ttl = 9);

		p.data[p.l3 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		feed(r, p, 0);
		assert_int_equal(fake_waiting(&r->f), 0);
		burst_flush_done(r->f.w);
	}
	assert_int_equal(r->f.w->ledger.dropped[DROP_IP4_VERSION], 4);
	assert_int_equal(r->f.w->ledger.dropped[DROP_IP4_SHORT], 1); /* 52 bytes of header */
	assert_int_equal(r->f.w->ledger.dropped[DROP_IP4_IHL] +
		r->f.w->ledger.dropped[DROP_IP4_BAD_CSUM], 155);
}

static void checksum_vouched_for_by_the_port(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.bad_ip_csum = true);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

	skb_mbuf(skb)->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	fake_stage1(&r->f, ip4_input, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_route));
	skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);
	skb_mbuf(skb)->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_NONE;
	fake_stage1(&r->f, ip4_input, skb);
	fake_expect_drop(&r->f, DROP_IP4_BAD_CSUM, 1);
}

static void header_over_segments(void **state)
{
	struct fake_router *r = *state;
	static const uint8_t nops[40] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct pkt p = PKT_UDP(.options = nops, .options_len = 40, .pad = 9);
	struct skb *skb = fake_rx_segs(&r->f, r->dev[1], p.data, p.len, 15);

	fake_stage1(&r->f, eth_input, skb);
	fake_stage1(&r->f, ip4_input, fake_take1(&r->f, STAGE_ip4_input));
	skb = fake_take1(&r->f, STAGE_ip4_route);
	assert_int_equal(skb_len(skb), p.len - p.l3 - 9);
	assert_true(skb_headlen(skb) >= 60);
	assert_int_equal(skb->transport_header, skb->network_header + 60);
	fake_sent(&r->f, skb);
}

static void held_by_others(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.pad = 6);
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3), *own;

	skb_get(skb);
	fake_stage1(&r->f, ip4_input, skb);
	own = fake_take1(&r->f, STAGE_ip4_route);
	assert_ptr_not_equal(own, skb);
	assert_int_equal(skb_len(skb), p.len - p.l3); /* not trimmed under its other holder */
	fake_sent(&r->f, own);
	fake_sent(&r->f, skb);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_router_setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(sound), T(other_host), T(each_rung), T(each_flipped_bit),
		T(checksum_vouched_for_by_the_port), T(header_over_segments), T(held_by_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
