/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short ways against the long one: the same random frames through three routers with the same
 * random tables, by the lane, by the stages with their short ways in and out, and by every stage. What leaves
 * must be the same to the byte, each flow in the same order, and so must all counters: interfaces,
 * MIB, stages, ledger, drop reasons.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fib/locals.h"
#include "ip4/ip4.h"
#include "ip4/ip4_admit.h"
#include "ip4/ip4_lane.h"
#include "l2/eth.h"
#include "pkt.h"
#include "ways.h"

#define ROUNDS 1500

static uint64_t rng;

static uint32_t rnd(uint32_t below)
{
	rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(rng >> 33) % below;
}

/* ---- the tables, the same on both sides ---- */

static uint32_t random_gw(struct fake_router *r)
{
	static const uint16_t mtus[] = { 1500, 1500, 1500, 576, 300 };
	struct fib_nh nh = {
		.type = FIB_UNICAST,
		.flags = FIB_NH_HH | FIB_NH_LANE,
		.mtu = mtus[rnd(5)],
		.dev = r->dev[1 + rnd(2)],
	};
	uint8_t mac[6] = { 2, (uint8_t)rnd(256), 7 };
	uint32_t odd = rnd(10);

	nh.phys = nh.dev;
	nh.gw = rte_cpu_to_be_32(0x0a000102 + (rnd(2) << 8) + rnd(100));
	if (odd == 0)
		nh.flags = FIB_NH_HH; /* business of its own: stages */
	else if (odd == 1)
		nh.flags = 0; /* neighbour unknown */
	else if (odd == 2)
		nh.flags |= FIB_NH_DEAD;
	nh.hh_len = eth_build_hh(nh.hh, nh.dev, mac, ETH_TYPE_IP4);
	return fake_nh(r, nh);
}

static uint32_t random_nh(struct fake_router *r)
{
	static const uint8_t types[] = { FIB_BLACKHOLE, FIB_UNREACHABLE, FIB_PROHIBIT, FIB_THROW };
	uint32_t kind = rnd(12), id[4], weight[4];
	struct fib_nh_group group = { 0 };

	if (kind == 0)
		return fake_nh_type(r, types[rnd(4)]);
	if (kind > 2)
		return random_gw(r);
	for (int i = 0; i < 4; i++) {
		id[i] = random_gw(r);
		weight[i] = 1 + rnd(5);
	}
	assert_int_equal(fib_nh_group_fill(&group, id, weight, 4), 0);
	return fake_nh(r, (struct fib_nh){ .type = FIB_GROUP, .group = &group });
}

/* To random_addr()'s sources, so that this host's answers leave. */
static void routes_back(struct fake_router *r)
{
	static const struct {
		const char *prefix;
		unsigned int len, port;
	} of[] = {
		{ "30.0.1.0", 24, 1 }, { "48.0.0.0", 4, 1 }, { "64.0.0.0", 6, 1 }, { "68.0.0.0", 7, 1 },
		{ "30.0.2.0", 24, 2 }, { "70.0.0.0", 7, 2 }, { "72.0.0.0", 5, 2 }, { "80.0.0.0", 5, 2 },
		{ "88.0.0.0", 7, 2 },
	};
	static const uint8_t mac[6] = { 2, 8, 8 };

	for (unsigned int i = 0; i < RTE_DIM(of); i++) {
		struct fib_nh nh = { .type = FIB_UNICAST, .flags = FIB_NH_HH | FIB_NH_LANE, .mtu = 1500,
			.dev = r->dev[of[i].port], .phys = r->dev[of[i].port],
			.gw = pkt_addr(of[i].port == 1 ? "10.0.1.8" : "10.0.2.8"),
			.prefsrc = pkt_addr(of[i].port == 1 ? "10.0.1.1" : "10.0.2.1") };

		nh.hh_len = eth_build_hh(nh.hh, nh.dev, mac, ETH_TYPE_IP4);
		fake_route(r, of[i].prefix, of[i].len, fake_nh(r, nh));
	}
}

static void random_table(struct way *s, uint64_t seed)
{
	static const char *const own[] = { "10.0.1.1", "10.0.1.255", "10.0.2.1", "10.0.2.255" };

	rng = seed;
	if (seed % 150) /* at times without the filter: every source is looked up */
		assert_int_equal(fib_locals_init(&s->r.f.dp), 0);
	for (unsigned int i = 0; i < RTE_DIM(own); i++)
		fib_locals_add(&s->r.f.dp, rte_be_to_cpu_32(pkt_addr(own[i])));
	fake_route(&s->r, "20.0.0.0", 8, fake_gw(&s->r, 1, "10.0.1.9"));
	routes_back(&s->r);
	for (int i = 0; i < 60; i++) {
		unsigned int len = rnd(3) ? 9 + rnd(6) : 9 + rnd(24);
		uint32_t prefix = (20 << 24 | rnd(1 << 24)) & (uint32_t)(UINT64_MAX << (32 - len));

		assert_int_equal(fib_add(s->r.fib, prefix, len, random_nh(&s->r)), 0);
	}
}

static void side_init(struct way *s, bool lane)
{
	way_init(s);
	s->r.f.dp.lane = lane ? ip4_lane : NULL;
}

static void side_fini(struct way *s)
{
	fib_locals_fini(&s->r.f.dp);
	way_fini(s);
}

/* ---- the frames ---- */

/* port: of a source; 0: a destination. Flows stay on one port, as only there they have an order. */
static const char *random_addr(char *text, unsigned int port)
{
	static const char *const odd[] = { "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
		"239.1.2.3", "240.1.1.1", "10.0.1.1", "10.0.2.1", "10.0.1.255", "10.0.2.7",
		"0.1.2.3", "126.255.255.255", "128.0.0.0", "223.255.255.255", "1.0.0.0" };

	if (!rnd(10) && (!port || port == 1))
		return odd[rnd(RTE_DIM(odd))];
	if (!rnd(3)) /* flows of several frames a burst */
		snprintf(text, 16, "%u.0.%u.%u", port ? 30 : 20, port, rnd(4));
	else
		snprintf(text, 16, "%u.%u.%u.%u", port ? 30 + port * 20 + rnd(20) : 20, rnd(256),
			rnd(256), rnd(256));
	return text;
}

static struct pkt random_packet(uint16_t id, unsigned int port)
{
	static const uint8_t nops[40] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	static const uint16_t frags[] = { IP4_DF, IP4_MF, 1, 185 | IP4_MF, IP4_DF | 7, 0x8000 };
	char src[16], dst[16];
	struct pkt_spec spec = { PKT_DEFAULTS, .id = id };
	uint32_t odd = rnd(40);

	spec.src = random_addr(src, port);
	spec.dst = random_addr(dst, 0);
	spec.proto = rnd(4) ? IP4_PROTO_UDP : rnd(2) ? IP4_PROTO_TCP : (uint8_t)rnd(256);
	spec.no_l4 = spec.proto != IP4_PROTO_UDP && spec.proto != IP4_PROTO_TCP;
	spec.sport = (uint16_t)rnd(65536);
	spec.ttl = 2 + (uint8_t)rnd(250);
	spec.tos = (uint8_t)rnd(256);
	spec.data_len = rnd(4) ? rnd(100) : rnd(1400);
	spec.pad = rnd(3) ? 0 : rnd(50);
	if (odd == 0)
		spec.ttl = 1;
	else if (odd == 1)
		spec.frag_off = frags[rnd(RTE_DIM(frags))];
	else if (odd == 2) {
		spec.options = nops;
		spec.options_len = 4 + 4 * (uint8_t)rnd(9);
	} else if (odd == 3)
		spec.vlan = (uint16_t)(1 + rnd(4095));
	else if (odd == 13 || odd == 14) /* a priority only: of the same flow as frames without */
		spec.vlan = (uint16_t)((1 + rnd(7)) << 13);
	else if (odd == 4)
		spec.eth_dst[5] = 9;
	else if (odd == 5)
		memset(spec.eth_dst, 0xff, 6);
	else if (odd == 6)
		memcpy(spec.eth_dst, "\1\0\x5e\0\0\1", 6);
	else if (odd == 7)
		spec.eth_src[0] = 1;
	else if (odd == 8)
		spec.tot_len = (uint16_t)rnd(200);
	else if (odd == 9)
		spec.bad_ip_csum = true;
	else if (odd == 10)
		spec.eth_type = (uint16_t)rnd(65536);
	else if (odd == 11)
		spec.ihl = (uint8_t)(1 + rnd(15));
	else if (odd == 12)
		spec.version = (uint8_t)(1 + rnd(15));
	return pkt_ip4(&spec);
}

/* A checksum that its sender left to be completed; at times of what the frame is not. */
static void left_to_be_summed(struct way_frame *f)
{
	f->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	f->packet_type = f->data[23] == IP4_PROTO_TCP ? RTE_PTYPE_L4_TCP : RTE_PTYPE_L4_UDP;
	f->l2_len = ETH_HDR_LEN;
	f->l3_len = IP4_HDR_LEN;
	if (!rnd(8))
		f->packet_type = rnd(2) ? RTE_PTYPE_L4_TCP : RTE_PTYPE_L4_SCTP;
	if (!rnd(8))
		f->l3_len += 4;
}

static void random_frame(struct way_frame *f, uint16_t id, unsigned int port)
{
	static const uint64_t flags[] = { RTE_MBUF_F_RX_IP_CKSUM_GOOD,
		RTE_MBUF_F_RX_IP_CKSUM_NONE, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, RTE_MBUF_F_RX_L4_CKSUM_NONE,
		RTE_MBUF_F_RX_L4_CKSUM_BAD };
	struct pkt p = random_packet(id, port);
	uint32_t odd = rnd(30);

	memset(f, 0, sizeof(*f));
	if (p.data[0] == 2 && p.data[5] == 1)
		p.data[5] = (uint8_t)port;
	memcpy(f->data, p.data, p.len);
	f->len = p.len;
	f->seg = UINT32_MAX;
	f->vlan_tci = 5;
	f->l4_len = 20; /* of no meaning here, and not to be passed on */
	f->tso_segsz = 1400;
	if (odd == 0)
		f->data[rnd(RTE_MIN(p.len, 40u))] ^= (uint8_t)(1 << rnd(8));
	else if (odd == 1)
		f->len = 1 + rnd(p.len);
	else if (odd == 2)
		f->seg = 10 + rnd(20) + f->len / 4;
	if (!rnd(6))
		f->ol_flags = flags[rnd(RTE_DIM(flags))];
	if (!rnd(8))
		left_to_be_summed(f);
	if (!rnd(4)) {
		f->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		f->rss = rnd(UINT32_MAX);
	}
}

/* ---- one round ---- */

/* At times hooks look on, or ports take a few frames at a call and the rest waits. */
static void random_mood(struct way *side, unsigned int n)
{
	uint32_t hook = rnd(4 * WAY_HOOKS), takes = rnd(4) ? 0 : 1 + rnd(30);

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int port = 1; port <= WAY_PORTS; port++)
			side[i].port[port].takes = takes;
		way_hooks(&side[i], 1u << hook);
	}
}

/* How many of the first n frames ask the port for something. */
static uint32_t asks(const struct fake_port *p, uint32_t n)
{
	uint32_t asked = 0;

	for (uint32_t i = 0; i < n; i++)
		asked += (p->out[i]->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0;
	return asked;
}

enum which { LANE, SHORT, LONG, WAYS };

static void init(struct way side[WAYS], const struct lane_form *form, unsigned int round)
{
	for (enum which i = 0; i < WAYS; i++) {
		side_init(&side[i], i == LANE);
		random_table(&side[i], round);
		side[i].r.f.w->ip4->ids.seed = 1; /* or it would be random */
		side[i].ids_differ = true; /* of answers to several flows, taken in another order */
	}
	side[LANE].r.f.w->ip4->lane_form = form;
	side[SHORT].r.f.dp.admit = ip4_admit;
	side[LONG].r.f.w->tracing = true; /* nothing, but each stage is looked at */
	rng = round * UINT64_C(0x9e3779b97f4a7c15);
}

/* Bursts are small enough that none overflows, which would put frames behind those that follow. */
static void by_all_ways(const struct lane_form *form)
{
	static struct way side[WAYS];
	static struct way_frame f;
	uint64_t by_lane = 0, admitted = 0, in = 0, asked = 0;
	uint16_t id = 0;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		if (round % 50 == 0)
			init(side, form, round);
		random_mood(side, WAYS);
		for (unsigned int port = 1; port <= WAY_PORTS; port++)
			for (uint32_t n = rnd(41); n; n--, in++) {
				random_frame(&f, id++, port);
				for (enum which i = 0; i < WAYS; i++)
					way_give(&side[i], port, &f);
			}
		for (enum which i = 0; i < WAYS; i++) {
			side[i].r.f.w->now = (round + 1) * UINT64_C(1000000000);
			for (unsigned int port = 1; i == LANE && round % 3 == 0 && port <= WAY_PORTS; port++)
				way_come_ahead(&side[i], port);
			way_poll(&side[i]);
			way_sweep(&side[i]);
		}
		for (unsigned int port = 1; port <= WAY_PORTS; port++) {
			by_lane += side[LANE].by_lane[port];
			asked += asks(&side[LANE].port[port], side[LANE].by_lane[port]);
			assert_int_equal(side[SHORT].by_lane[port], 0);
			for (enum which i = 0; i < LONG; i++)
				way_compare_output(&side[i], &side[LONG], port);
			for (enum which i = 0; i < WAYS; i++)
				fake_port_clear(&side[i].port[port]);
		}
		for (enum which i = 0; i < LONG; i++)
			way_compare_counters(&side[i], &side[LONG]);
		admitted += round % 50 == 49 ? side[SHORT].admitted : 0;
		for (enum which i = 0; i < WAYS && round % 50 == 49; i++)
			side_fini(&side[i]);
	}
	print_message("%lu of %lu frames by the lane, %lu to be summed by the port, %lu by the short "
		"way in\n", by_lane, in, asked, admitted);
	assert_true(by_lane > in / 14); /* or the comparison says nothing */
	assert_true(asked > in / 300);
	assert_true(admitted > in / 4);
}

#define FLOWS 12

/* Of hosts on the first port's link to what lies behind a gateway there, in any order, several of each flow. */
static void redirecting_frame(struct way_frame *f, uint16_t id)
{
	unsigned int flow = rnd(FLOWS);
	char src[16], dst[16];
	struct pkt p;

	snprintf(src, sizeof(src), "10.0.1.%u", 20 + flow);
	snprintf(dst, sizeof(dst), "20.1.%u.1", flow);
	p = pkt_ip4(&(struct pkt_spec){ PKT_DEFAULTS, .src = src, .dst = dst, .id = id });
	memset(f, 0, sizeof(*f));
	p.data[5] = 1;
	memcpy(f->data, p.data, p.len);
	f->len = p.len;
	f->seg = UINT32_MAX;
}

/* That what went back by the port that it came by says: so many, of that many hosts. */
static uint32_t redirects(const struct fake_port *p, uint32_t *hosts)
{
	uint32_t n = 0, seen = 0;

	for (uint32_t i = 0; i < p->n_out; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(p->out[i], const uint8_t *);

		if (data[23] != IP4_PROTO_ICMP || data[34] != ICMP_REDIRECT)
			continue;
		n++;
		seen |= 1u << (data[33] - 20);
	}
	*hosts = (uint32_t)__builtin_popcount(seen);
	return n;
}

static void redirect_all(struct way side[WAYS])
{
	static struct way_frame f;
	char host[16];

	init(side, ip4_lane_form(false), 1);
	for (enum which i = 0; i < WAYS; i++) {
		fib_del(side[i].r.fib, 20 << 24, 8);
		for (unsigned int k = 0; k < FLOWS; k++) {
			snprintf(host, sizeof(host), "20.1.%u.0", k);
			fake_route(&side[i].r, host, 24, fake_gw(&side[i].r, 1, "10.0.1.9"));
			snprintf(host, sizeof(host), "10.0.1.%u", 20 + k);
			fake_neigh(&side[i].r, 1, host, NEIGH_VALID);
		}
	}
	for (uint16_t id = 0; id < 40; id++) {
		redirecting_frame(&f, id);
		for (enum which i = 0; i < WAYS; i++)
			way_give(&side[i], 1, &f);
	}
}

/* Each host is told, by all ways alike, and not once for each of its frames. */
static void redirects_of_several_flows(void **state)
{
	static struct way side[WAYS];
	uint32_t hosts, n;

	(void)state;
	redirect_all(side);
	for (enum which i = 0; i < WAYS; i++) {
		way_poll(&side[i]);
		way_sweep(&side[i]);
	}
	for (enum which i = 0; i < LONG; i++) {
		way_compare_output(&side[i], &side[LONG], 1);
		way_compare_counters(&side[i], &side[LONG]);
	}
	n = redirects(&side[LANE].port[1], &hosts);
	print_message("%u redirects to %u hosts\n", n, hosts);
	assert_true(hosts > FLOWS / 2);
	assert_true(n < side[LANE].port[1].n_out - n); /* fewer than frames */
	for (enum which i = 0; i < WAYS; i++)
		side_fini(&side[i]);
}

static void random_frames_one_by_one(void **state)
{
	by_all_ways(ip4_lane_form(false));
}

static void random_frames_wide(void **state)
{
	if (!ip4_lane_form(true))
		skip();
	by_all_ways(ip4_lane_form(true));
}

/* What is no business of the lane's is left as it came, byte for byte, and in order. */
static void leaves_untouched(void **state)
{
	static struct way s;
	static struct way_frame f[64];
	struct rte_mbuf *m[64], *before[64];
	uint64_t bytes;
	uint32_t left;

	side_init(&s, true);
	random_table(&s, 3);
	for (unsigned int i = 0; i < 64; i++) {
		random_frame(&f[i], (uint16_t)i, 1);
		way_give(&s, 1, &f[i]);
		before[i] = m[i] = s.port[1].in[i];
	}
	s.port[1].n_in = 0;
	s.r.f.w->ledger.rx += 64;
	left = ip4_lane(s.r.f.w, &s.port[1].rxq, m, 64, &bytes);
	assert_in_range(left, 1, 63);
	for (uint32_t k = 0, i = 0; k < left; k++, i++) {
		uint8_t copy[2048];

		while (before[i] != m[k])
			i++;
		assert_int_equal(m[k]->pkt_len, f[i].len);
		assert_memory_equal(rte_pktmbuf_read(m[k], 0, f[i].len, copy), f[i].data, f[i].len);
		skb_drop(s.r.f.w, rxq_skb(&s.port[1].rxq, m[k]), DROP_HOOK);
	}
	s.r.f.w->flush(s.r.f.w);
	side_fini(&s);
}

static void keeps_out_where_it_has_no_business(void **state)
{
	static struct way s;
	struct pkt p = PKT_UDP(.dst = "192.0.2.9", .src = "30.0.0.1");
	struct rte_mbuf *m;
	struct skb *skb;
	uint64_t bytes;

	side_init(&s, true);
	random_table(&s, 3);
	fake_route(&s.r, "192.0.2.0", 24, fake_gw(&s.r, 2, "10.0.2.7"));
	skb = fake_rx(&s.r.f, s.r.dev[1], p.data, p.len);
	m = skb_mbuf(skb);
	s.r.f.dp.conf.ip_forward = 0;
	assert_int_equal(ip4_lane(s.r.f.w, &s.port[1].rxq, &m, 1, &bytes), 1);
	s.r.f.dp.conf.ip_forward = 1;
	struct fib_rule_set *set = calloc(1, sizeof(*set));

	atomic_store(&s.r.rules.set, set);
	assert_int_equal(ip4_lane(s.r.f.w, &s.port[1].rxq, &m, 1, &bytes), 1);
	atomic_store(&s.r.rules.set, NULL);
	free(set);
	assert_int_equal(ip4_lane(s.r.f.w, &s.port[2].rxq, &m, 1, &bytes), 1); /* hairpin, not its MAC */
	assert_int_equal(ip4_lane(s.r.f.w, &s.port[1].rxq, &m, 1, &bytes), 0);
	s.r.f.w->flush(s.r.f.w);
	assert_int_equal(s.port[2].n_out, 1);
	side_fini(&s);
}

/* The port is told which sum, from where, and that there is something to prepare. */
static void leaves_sums_to_the_port(void **state)
{
	static struct way s;
	struct pkt p = PKT_TCP(.dst = "192.0.2.9", .src = "30.0.0.1");
	struct rte_mbuf *m;
	uint64_t bytes;

	side_init(&s, true);
	random_table(&s, 3);
	fake_route(&s.r, "192.0.2.0", 24, fake_gw(&s.r, 2, "10.0.2.7"));
	m = skb_mbuf(fake_rx(&s.r.f, s.r.dev[1], p.data, p.len));
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	m->packet_type = RTE_PTYPE_L4_TCP;
	m->l2_len = ETH_HDR_LEN;
	m->l3_len = IP4_HDR_LEN;
	assert_int_equal(ip4_lane(s.r.f.w, &s.port[1].rxq, &m, 1, &bytes), 0);
	assert_true(s.port[2].txq.offload);
	assert_int_equal(m->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal(m->l2_len + m->l3_len, ETH_HDR_LEN + IP4_HDR_LEN);
	s.r.f.w->flush(s.r.f.w);
	side_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_frames_one_by_one),
		cmocka_unit_test(random_frames_wide),
		cmocka_unit_test(redirects_of_several_flows),
		cmocka_unit_test(leaves_sums_to_the_port),
		cmocka_unit_test(leaves_untouched),
		cmocka_unit_test(keeps_out_where_it_has_no_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
