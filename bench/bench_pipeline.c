/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The question: what does forwarding a 64-byte packet cost without the port's driver, every check
 * and counter on, with the lane (forward) and without (staged)? dev/rx, the stages and dev/txq run
 * as in the daemon with a card, over receive and transmit functions that only hand pointers over.
 *
 * 8,192 mbufs in shuffled order, bursts of 64, 512 next hops over 2 ports. Link addresses are such
 * that a forwarded frame is one to us again, so that nothing has to be restored but the TTL, once
 * in 200 rounds. Destinations:
 *	random	an address under a uniformly drawn one of 1 M routes, 2^20 of them
 *	hot	1,024 of them in random order
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "dev/rxq.h"
#include "dev/txq.h"
#include "fib/fib_update.h"
#include "fib/locals.h"
#include "fib/nexthop_update.h"
#include "fib/rules.h"
#include "gbench.h"
#include "ip4/ip4.h"
#include "ip4/ip4_admit.h"
#include "ip4/ip4_lane.h"
#include "l2/eth.h"
#include "machine.h"
#include "neigh/neigh_update.h"
#include "options.h"
#include "routes.h"
#include "sched/sched.h"
#include "suites.h"
#include "wire/ip4.h"
#include "wire/udp.h"

#define MBUFS		8192u
#define BURST		64u
#define PORTS		3u	/* 1 in, 2 out */
#define TTL_ROUNDS	200u
#define FRAME		60u	/* and 4 of check sequence */

enum dst { RANDOM, HOT };

static struct dp dp;
static struct worker *w;
static struct netdev dev[PORTS];
static struct rx_queue rxq;
static struct tx_queue txq[PORTS];
static struct fib_rules rules;
static struct fib *fib;
static struct bench_route *routes;
static struct rte_mbuf *frames[MBUFS];
static uint32_t next_frame;
static uint64_t sent;
static void *nothing[1];

static uint16_t rx_burst(void *queue, struct rte_mbuf **m, uint16_t n)
{
	(void)queue;
	memcpy(m, frames + next_frame, n * sizeof(*m));
	next_frame = (next_frame + n) % MBUFS;
	return n;
}

static uint16_t tx_burst(void *queue, struct rte_mbuf **m, uint16_t n)
{
	(void)queue;
	(void)m;
	sent += n;
	return n;
}

/* ---- tables ---- */

static void make_ports(void)
{
	static const struct tx_contract contract = {.max_segs = 8, .max_frame = 1518};

	for (uint16_t i = 0; i < PORTS; i++) {
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[i];

		dev[i].index = i + 1;
		dev[i].port_id = i;
		dev[i].type = NETDEV_PORT;
		dev[i].flags = 1;
		dev[i].state = NETDEV_START | NETDEV_PRESENT;
		dev[i].mtu = 1500;
		dev[i].addr = 2 | (uint64_t)i << 40;
		dev[i].hard_header_len = ETH_HDR_LEN;
		dev[i].xmit = STAGE_netdev_tx;
		dev[i].contract = &contract;
		atomic_store(&dp.netdevs->dev[i + 1], &dev[i]);
		ops->rx_pkt_burst = rx_burst;
		ops->tx_pkt_burst = tx_burst;
		ops->rxq.data = ops->txq.data = nothing;
		txq[i].dev = &dev[i];
		txq[i].port_id = i;
		txq[i].q.ops = &pfifo_qdisc;
		txq[i].q.limit = 1000;
		txq_attach(w, &txq[i]);
	}
	rxq_init(&rxq, &dev[0], 0);
	rxq.look_ahead = true; /* as of a card, whose driver does not touch frames */
}

static int make_next_hops(void)
{
	uint8_t mac[6];

	eth_store(mac, dev[0].addr);
	for (uint32_t i = 0; i < BENCH_NEXT_HOPS; i++) {
		struct fib_nh nh = {
			.id = (uint32_t)fib_nh_alloc(&dp),
			.type = FIB_UNICAST,
			.flags = FIB_NH_HH | FIB_NH_LANE,
			.mtu = 1500,
			.gw = rte_cpu_to_be_32(0x0a000002 + i),
			.dev = &dev[1 + i % 2],
			.phys = &dev[1 + i % 2],
		};

		nh.hh_len = eth_build_hh(nh.hh, nh.dev, mac, ETH_TYPE_IP4);
		if (fib_nh_publish(&dp, &nh))
			return -1;
	}
	return 0;
}

static int make_tables(void)
{
	if (neigh_table_init(&dp) || fib_nh_table_init(&dp) || fib_create(&(struct fib_conf){0}, &fib))
		return -1;
	dp.rules = &rules;
	atomic_store(&rules.merged, fib);
	if (fib_locals_init(&dp) || make_next_hops())
		return -1;
	for (uint32_t i = 0; i < 8; i++)
		fib_locals_add(&dp, 0x0a000001 + (i << 8));
	for (size_t i = 0; i < BENCH_ROUTES; i++)
		if (fib_add(fib, routes[i].prefix, routes[i].len, routes[i].nh))
			return -1;
	return 0;
}

static int make_worker(void)
{
	struct worker_opts opts = {.tsc_hz = rte_get_tsc_hz()};

	w = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*w), 64));
	dp.netdevs = calloc(1, sizeof(*dp.netdevs));
	opts.pool = skb_pool_create("bench_pipeline", MBUFS + 1023, 256, SKB_DATA_ROOM, SOCKET_ID_ANY);
	opts.clone_pool = skb_pool_create("bench_pipeline_c", 1023, 0, 0, SOCKET_ID_ANY);
	if (!w || !dp.netdevs || !opts.pool || !opts.clone_pool || worker_init(w, &dp, &opts))
		return -1;
	return dev_worker_init(w) || ip4_worker_init(w) ? -1 : 0;
}

static int prepare(void)
{
	char origin[200];

	routes = bench_routes(bench_table_path, origin, sizeof(origin));
	if (!routes || dp_init(&dp, NULL) || make_worker()) {
		fprintf(stderr, "skiff-bench: no worker\n");
		return -1;
	}
	make_ports();
	if (make_tables() || neigh_worker_init(w)) {
		fprintf(stderr, "skiff-bench: no tables\n");
		return -1;
	}
	atomic_store(&dp.conf.ip_forward, 1);
	for (uint32_t i = 0; i < MBUFS; i++) {
		frames[i] = rte_pktmbuf_alloc(w->pool);
		if (!frames[i])
			return -1;
	}
	gbench_context("pipeline_routes", origin);
	gbench_context("pipeline_setup", "64-byte frames, 8192 mbufs shuffled, bursts of 64, "
		"512 next hops over 2 ports, lane: received one burst ahead");
	return 0;
}

/* ---- frames ---- */

static uint32_t routed(struct bench_random *rnd)
{
	for (;;) {
		const struct bench_route *r = &routes[bench_random(rnd) % BENCH_ROUTES];
		uint32_t addr = r->prefix |
			(bench_random(rnd) & (uint32_t)(0xffffffffull >> r->len));

		if (addr >> 24 && addr >> 24 != 127 && addr >> 24 < 224)
			return addr;
	}
}

static void make_frame(struct rte_mbuf *m, uint32_t src, uint32_t dst)
{
	struct eth_hdr *eth;
	struct ip4_hdr *ip;
	struct udp_hdr *udp;

	rte_pktmbuf_reset(m);
	m->data_len = m->pkt_len = FRAME;
	eth = rte_pktmbuf_mtod(m, struct eth_hdr *);
	ip = (struct ip4_hdr *)(eth + 1);
	udp = (struct udp_hdr *)(ip + 1);
	memset(eth, 0, FRAME);
	eth_store(eth->dst, dev[0].addr);
	eth_store(eth->src, 2 | UINT64_C(0xee) << 8);
	eth->type = RTE_BE16(ETH_TYPE_IP4);
	*ip = (struct ip4_hdr){
		.ver_ihl = 0x45,
		.tot_len = rte_cpu_to_be_16(FRAME - ETH_HDR_LEN),
		.ttl = 255,
		.protocol = IP4_PROTO_UDP,
		.saddr = rte_cpu_to_be_32(src),
		.daddr = rte_cpu_to_be_32(dst),
	};
	ip4_set_csum(ip);
	udp->len = rte_cpu_to_be_16(FRAME - ETH_HDR_LEN - IP4_HDR_LEN);
}

static void make_frames(enum dst kind)
{
	struct bench_random rnd = {4711};
	uint32_t hot[1024];

	for (unsigned int i = 0; i < 1024; i++)
		hot[i] = routed(&rnd);
	for (uint32_t i = MBUFS - 1; i > 0; i--) {
		uint32_t k = bench_random(&rnd) % (i + 1);
		struct rte_mbuf *m = frames[i];

		frames[i] = frames[k];
		frames[k] = m;
	}
	for (uint32_t i = 0; i < MBUFS; i++)
		make_frame(frames[i], routed(&rnd),
			kind == HOT ? hot[bench_random(&rnd) % 1024] : routed(&rnd));
}

static void restore_ttl(void)
{
	for (uint32_t i = 0; i < MBUFS; i++) {
		struct ip4_hdr *ip = rte_pktmbuf_mtod_offset(frames[i], struct ip4_hdr *,
			ETH_HDR_LEN);

		ip->ttl = 255;
		ip4_set_csum(ip);
	}
}

/* ---- the runs ---- */

struct setting {
	bool lane;
	enum dst dst;
};

static void round_of(void)
{
	for (uint32_t i = 0; i < MBUFS; i += BURST) {
		rxq.napi.poll(w, &rxq.napi, BURST);
		worker_sweep(w);
	}
}

/* Where the cycles of the staged way go, from the sampled sweeps. */
static void report_stages(struct gbench_run *run, const struct stage_stats *before)
{
	char name[64];

	for (unsigned int s = 0; s < STAGE_COUNT; s++) {
		uint64_t n = w->stage[s].sampled - before[s].sampled;

		if (!n)
			continue;
		snprintf(name, sizeof(name), "cycles_%s", stage_name(s));
		gbench_counter(run, name,
			(double)(w->stage[s].cycles - before[s].cycles) / (double)n);
	}
}

static void bench_forward(struct gbench_run *run, const void *arg)
{
	static struct stage_stats before[STAGE_COUNT];
	const struct setting *s = arg;
	uint64_t by_lane = w->stats.lane_packets, rounds = 0;

	dp.lane = s->lane ? ip4_lane : NULL;
	dp.admit = ip4_admit;
	make_frames(s->dst);
	for (int i = 0; i < 3; i++)
		round_of();
	restore_ttl();
	memcpy(before, w->stage, sizeof(before));
	by_lane = w->stats.lane_packets;
	sent = 0;
	while (gbench_next(run)) {
		round_of();
		if (++rounds % TTL_ROUNDS == 0)
			restore_ttl();
	}
	by_lane = w->stats.lane_packets - by_lane;
	if (sent != rounds * MBUFS || by_lane != (s->lane ? sent : 0)) {
		gbench_fail(run, "not every packet was forwarded the way it should");
		return;
	}
	gbench_cycles(run, "cycles_per_packet", MBUFS);
	if (!s->lane)
		report_stages(run, before);
}

static const struct gbench_case cases[] = {
	{"pipeline/forward/random", bench_forward, &(const struct setting){true, RANDOM}},
	{"pipeline/forward/hot", bench_forward, &(const struct setting){true, HOT}},
	{"pipeline/staged/random", bench_forward, &(const struct setting){false, RANDOM}},
	{"pipeline/staged/hot", bench_forward, &(const struct setting){false, HOT}},
};

const struct gbench_suite bench_pipeline_suite = {
	cases, sizeof(cases) / sizeof(*cases), prepare, true,
};
