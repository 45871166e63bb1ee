/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The question: what does an skb cost beside the bare mbuf in which it lies? Each case is one thing
 * that stages do to a packet, as skiff's function and as DPDK's for mbufs, on the same pool and in
 * bursts of 64. An skb is counted in the ledger, has its header offsets and its owner released;
 * an mbuf has not: what is over is the price of those.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_ethdev.h>
#include <rte_gso.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include "core/burst.h"
#include "core/dp.h"
#include "core/loop.h"
#include "core/skb_alloc.h"
#include "gbench.h"
#include "machine.h"
#include "suites.h"
#include "wire/checksum.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

#define BURST	64u
#define MTU	1500u
#define GSO_LEN	65000u
#define GSO_MSS	1448u
#define HEADERS	(ETH_HDR_LEN + IP4_HDR_LEN + TCP_HDR_LEN)

static struct dp dp;
static struct worker *w;

static int prepare(void)
{
	struct worker_opts opts = {.tsc_hz = 1000000000};

	w = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*w), 64));
	opts.pool = skb_pool_create("bench_skb", 4095, 256, SKB_DATA_ROOM, SOCKET_ID_ANY);
	opts.clone_pool = skb_pool_create("bench_skb_c", 1023, 256, 0, SOCKET_ID_ANY);
	if (!w || !opts.pool || !opts.clone_pool || dp_init(&dp, NULL) || worker_init(w, &dp, &opts)) {
		fprintf(stderr, "skiff-bench: no worker for the skb suite\n");
		return -1;
	}
	return 0;
}

/* All of a burst; false: the pool is empty. */
static bool get(struct skb **skb)
{
	for (uint32_t i = 0; i < BURST; i++) {
		skb[i] = skb_get_new(w);
		if (!skb[i])
			return false;
	}
	return true;
}

static void end(struct skb **skb)
{
	for (uint32_t i = 0; i < BURST; i++)
		skb_absorb(w, skb[i]);
	burst_flush_done(w);
	skb_cache_fill(w);
}

static void report(struct gbench_run *run, bool ok)
{
	if (ok)
		gbench_cycles(run, "cycles_per_packet", BURST);
	else
		gbench_fail(run, "out of buffers");
}

/* ---- a fresh packet, and its end ---- */

static void skb_alloc_free(struct gbench_run *run, const void *arg)
{
	struct skb *skb[BURST];
	bool ok = true;

	while (gbench_next(run)) {
		ok &= get(skb);
		if (ok)
			end(skb);
	}
	report(run, ok);
}

static void mbuf_alloc_free(struct gbench_run *run, const void *arg)
{
	struct rte_mbuf *m[BURST];
	bool ok = true;

	while (gbench_next(run)) {
		ok &= !rte_pktmbuf_alloc_bulk(w->pool, m, BURST);
		if (ok)
			rte_pktmbuf_free_bulk(m, BURST);
	}
	report(run, ok);
}

/* ---- the same bytes twice ---- */

static bool get_full(struct skb **skb)
{
	if (!get(skb))
		return false;
	for (uint32_t i = 0; i < BURST; i++)
		memset(skb_put(skb[i], MTU), (int)i, MTU);
	return true;
}

typedef bool twin_fn(struct skb **from, void **to);

static bool skb_clones(struct skb **from, void **to)
{
	bool ok = true;

	for (uint32_t i = 0; i < BURST; i++)
		ok &= (to[i] = skb_clone(w, from[i])) != NULL;
	if (ok)
		end((struct skb **)to);
	return ok;
}

static bool mbuf_clones(struct skb **from, void **to)
{
	bool ok = true;

	for (uint32_t i = 0; i < BURST; i++)
		ok &= (to[i] = rte_pktmbuf_clone(skb_mbuf(from[i]), w->clone_pool)) != NULL;
	if (ok)
		rte_pktmbuf_free_bulk((struct rte_mbuf **)to, BURST);
	return ok;
}

static bool skb_copies(struct skb **from, void **to)
{
	bool ok = true;

	for (uint32_t i = 0; i < BURST; i++)
		ok &= (to[i] = skb_copy(w, from[i])) != NULL;
	if (ok)
		end((struct skb **)to);
	return ok;
}

static bool mbuf_copies(struct skb **from, void **to)
{
	bool ok = true;

	for (uint32_t i = 0; i < BURST; i++)
		ok &= (to[i] = rte_pktmbuf_copy(skb_mbuf(from[i]), w->pool, 0, UINT32_MAX)) != NULL;
	if (ok)
		rte_pktmbuf_free_bulk((struct rte_mbuf **)to, BURST);
	return ok;
}

static void twins(struct gbench_run *run, twin_fn *fn)
{
	struct skb *from[BURST];
	void *to[BURST];
	bool ok = get_full(from);

	while (gbench_next(run))
		ok = ok && fn(from, to);
	report(run, ok);
	if (ok)
		end(from);
}

static void clone_skb(struct gbench_run *run, const void *arg)
{
	twins(run, skb_clones);
}

static void clone_mbuf(struct gbench_run *run, const void *arg)
{
	twins(run, mbuf_clones);
}

static void copy_skb(struct gbench_run *run, const void *arg)
{
	twins(run, skb_copies);
}

static void copy_mbuf(struct gbench_run *run, const void *arg)
{
	twins(run, mbuf_copies);
}

/* ---- a header off and on again ---- */

static void headers_skb(struct gbench_run *run, const void *arg)
{
	struct skb *skb[BURST];
	bool ok = get_full(skb);

	while (gbench_next(run)) {
		for (uint32_t i = 0; ok && i < BURST; i++) {
			skb_pull(skb[i], ETH_HDR_LEN);
			skb_reset_network_header(skb[i]);
		}
		for (uint32_t i = 0; ok && i < BURST; i++)
			skb_push(skb[i], ETH_HDR_LEN);
	}
	report(run, ok);
	if (ok)
		end(skb);
}

static void headers_mbuf(struct gbench_run *run, const void *arg)
{
	struct skb *skb[BURST];
	bool ok = get_full(skb);

	while (gbench_next(run)) {
		for (uint32_t i = 0; ok && i < BURST; i++)
			ok &= rte_pktmbuf_adj(skb_mbuf(skb[i]), ETH_HDR_LEN) != NULL;
		for (uint32_t i = 0; ok && i < BURST; i++)
			ok &= rte_pktmbuf_prepend(skb_mbuf(skb[i]), ETH_HDR_LEN) != NULL;
	}
	report(run, ok);
	if (ok)
		end(skb);
}

/* ---- a super-frame cut into segments; the cost is of one segment ---- */

static struct skb *super_frame(void)
{
	struct skb *skb = skb_get_new(w);
	struct rte_mbuf *last = skb ? skb_mbuf(skb) : NULL;
	struct ip4_hdr *ip;
	struct tcp_hdr *tcp;

	if (!skb)
		return NULL;
	memset(skb_put(skb, HEADERS), 0, HEADERS);
	ip = (struct ip4_hdr *)((uint8_t *)skb_data(skb) + ETH_HDR_LEN);
	tcp = (struct tcp_hdr *)(ip + 1);
	*ip = (struct ip4_hdr){.ver_ihl = 0x45, .ttl = 64, .protocol = IP4_PROTO_TCP,
		.tot_len = rte_cpu_to_be_16(IP4_HDR_LEN + TCP_HDR_LEN + GSO_LEN)};
	((uint8_t *)tcp)[12] = 5 << 4;
	for (uint32_t left = GSO_LEN, n; left; left -= n) {
		struct rte_mbuf *m = skb_cache_get(w);

		if (!m)
			return NULL;
		rte_pktmbuf_reset(m);
		m->data_off = 0;
		n = RTE_MIN(left, (uint32_t)m->buf_len);
		m->data_len = (uint16_t)n;
		memset(rte_pktmbuf_mtod(m, void *), 7, n);
		last->next = m;
		last = m;
		skb_mbuf(skb)->nb_segs++;
		skb_mbuf(skb)->pkt_len += n;
	}
	skb_set_network_header(skb, ETH_HDR_LEN);
	skb_set_transport_header(skb, ETH_HDR_LEN + IP4_HDR_LEN);
	skb->flags |= SKB_F_GSO;
	skb->gso_size = GSO_MSS;
	skb->gso_type = SKB_GSO_TCPV4;
	return skb;
}

#define SEGMENTS ((GSO_LEN + GSO_MSS - 1) / GSO_MSS)

static void gso_skb(struct gbench_run *run, const void *arg)
{
	struct burst *out = &w->out[STAGE_netdev_tx];
	struct skb *skb = super_frame();
	bool ok = skb != NULL;

	while (gbench_next(run)) {
		if (!ok)
			continue;
		skb_get(skb); /* outlives its cutting */
		ok = !skb_gso_segment(w, skb, STAGE_netdev_tx) && out->n == SEGMENTS;
		skb_free_bulk(out->skb, out->n);
		out->n = 0;
		skb_cache_fill(w);
	}
	if (!ok)
		gbench_fail(run, "it was not cut");
	else
		gbench_cycles(run, "cycles_per_packet", SEGMENTS);
	if (skb)
		skb_absorb(w, skb);
	burst_flush_done(w);
}

static void gso_mbuf(struct gbench_run *run, const void *arg)
{
	const struct rte_gso_ctx ctx = {.direct_pool = w->pool, .indirect_pool = w->clone_pool,
		.gso_types = RTE_ETH_TX_OFFLOAD_TCP_TSO, .gso_size = GSO_MSS + HEADERS};
	struct skb *skb = super_frame();
	struct rte_mbuf *out[SEGMENTS + 8], *m = skb ? skb_mbuf(skb) : NULL;
	bool ok = skb != NULL;

	while (gbench_next(run)) {
		int n;

		if (!ok)
			continue;
		m->l2_len = ETH_HDR_LEN;
		m->l3_len = IP4_HDR_LEN;
		m->l4_len = TCP_HDR_LEN;
		m->packet_type = RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP;
		m->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
		n = rte_gso_segment(m, &ctx, out, SEGMENTS + 8);
		ok = n == (int)SEGMENTS;
		if (n > 0)
			rte_pktmbuf_free_bulk(out, (unsigned int)n);
	}
	if (!ok)
		gbench_fail(run, "it was not cut");
	else
		gbench_cycles(run, "cycles_per_packet", SEGMENTS);
	if (skb) {
		m->ol_flags = 0;
		skb_absorb(w, skb);
	}
	burst_flush_done(w);
}

/* ---- a sum over 1,500 bytes ---- */

static void checksum_skb(struct gbench_run *run, const void *arg)
{
	struct skb *skb[BURST];
	bool ok = get_full(skb);
	volatile uint64_t sum = 0;

	while (gbench_next(run))
		for (uint32_t i = 0; ok && i < BURST; i++)
			sum += csum_fold(skb_checksum(skb[i], 0, MTU, 0));
	report(run, ok);
	if (ok)
		end(skb);
}

static void checksum_mbuf(struct gbench_run *run, const void *arg)
{
	struct skb *skb[BURST];
	bool ok = get_full(skb);
	volatile uint64_t sum = 0;
	uint16_t c = 0;

	while (gbench_next(run))
		for (uint32_t i = 0; ok && i < BURST; i++) {
			ok &= !rte_raw_cksum_mbuf(skb_mbuf(skb[i]), 0, MTU, &c);
			sum += c;
		}
	report(run, ok);
	if (ok)
		end(skb);
}

static const struct gbench_case cases[] = {
	{"skb/skiff/alloc_free", skb_alloc_free, NULL},
	{"skb/rte_mbuf/alloc_free", mbuf_alloc_free, NULL},
	{"skb/skiff/clone", clone_skb, NULL},
	{"skb/rte_mbuf/clone", clone_mbuf, NULL},
	{"skb/skiff/copy_1500", copy_skb, NULL},
	{"skb/rte_mbuf/copy_1500", copy_mbuf, NULL},
	{"skb/skiff/pull_push", headers_skb, NULL},
	{"skb/rte_mbuf/pull_push", headers_mbuf, NULL},
	{"skb/skiff/gso_segment", gso_skb, NULL},
	{"skb/rte_mbuf/gso_segment", gso_mbuf, NULL},
	{"skb/skiff/checksum_1500", checksum_skb, NULL},
	{"skb/rte_mbuf/checksum_1500", checksum_mbuf, NULL},
};

const struct gbench_suite bench_skb_suite = {
	cases, sizeof(cases) / sizeof(*cases), prepare, true,
};
