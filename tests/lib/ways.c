/* SPDX-License-Identifier: BSD-3-Clause */
/* The same frames by several ways, and the comparison: ways.h. */
#include "unit.h"

#include <string.h>

#include "core/hook.h"
#include "core/sleep.h"
#include "ip4/ip4.h"
#include "pkt.h"
#include "ways.h"
#include "wire/checksum.h"
#include "wire/icmp.h"

void way_init(struct way *x)
{
	static const struct tx_contract sums = { .max_segs = 8, .indirect = true,
		.max_frame = 1518, .l4_csum = true };

	fake_router_init(&x->r);
	x->r.dev[2]->contract = &sums;
	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		fake_port_open(&x->port[i], &x->r, i);
	x->admitted = 0;
	x->ids_differ = false;
	/* answers are compared, too: none may be held back, and they count alike */
	x->r.f.dp.conf.icmp_ratelimit_ms = 0;
	x->r.f.dp.conf.icmp_msgs_per_sec = 1000000;
}

void way_fini(struct way *x)
{
	fake_walk(&x->r);
	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		fake_port_close(&x->port[i], &x->r);
	fake_router_fini(&x->r);
}

struct rte_mbuf *way_give(struct way *x, unsigned int port, const struct way_frame *f)
{
	struct fake_port *p = &x->port[port];
	struct skb *skb = fake_rx_segs(&x->r.f, x->r.dev[port], f->data, f->len, f->seg);
	struct rte_mbuf *m = skb_mbuf(skb), *last = rte_pktmbuf_lastseg(m);

	x->r.f.w->ledger.rx--; /* rx_poll counts it */
	memset(skb, 0xa5, sizeof(*skb)); /* as the last packet has left it */
	memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), f->data + f->len,
		RTE_MIN(f->beyond, (uint32_t)rte_pktmbuf_tailroom(last)));
	m->ol_flags |= f->ol_flags;
	m->hash.rss = f->rss;
	m->vlan_tci = f->vlan_tci;
	m->packet_type = f->packet_type;
	m->l2_len = f->l2_len;
	m->l3_len = f->l3_len;
	m->l4_len = f->l4_len;
	m->tso_segsz = f->tso_segsz;
	p->in[p->n_in++] = m;
	return m;
}

void way_come_ahead(struct way *x, unsigned int port)
{
	struct fake_port *p = &x->port[port];

	memcpy(p->rxq.ahead, p->in, p->n_in * sizeof(p->in[0]));
	p->rxq.n_ahead = (uint16_t)p->n_in;
	p->rxq.fetched = true;
	p->n_in = 0;
}

static void accept_all(struct worker *w, struct hook_call *call)
{
	(void)w;
	(void)call;
}

void way_hooks(struct way *x, unsigned int mask)
{
	static struct hook_ops hooks[WAY_HOOKS] = {
		{ .fn = accept_all, .point = HOOK_ip4_pre_routing, .name = "pre_routing" },
		{ .fn = accept_all, .point = HOOK_ip4_forward_point, .name = "forward" },
		{ .fn = accept_all, .point = HOOK_ip4_post_routing, .name = "post_routing" },
		{ .fn = accept_all, .point = HOOK_ip4_local_out, .name = "local_out" },
	};

	for (uint32_t h = 0; h < WAY_HOOKS; h++)
		if (mask >> h & 1)
			hook_register(&x->r.f.dp, &hooks[h]);
		else
			hook_unregister(&x->r.f.dp, &hooks[h]);
}

void way_poll(struct way *x)
{
	struct worker *w = x->r.f.w;

	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		fake_port_use(&x->port[i]);
	x->admitted -= w->stage[STAGE_ip4_input].packets;
	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		fake_port_poll(&x->port[i], &x->r);
	x->admitted += w->stage[STAGE_ip4_input].packets;
	w->flush(w);
	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		x->by_lane[i] = x->port[i].n_out;
}

void way_sweep(struct way *x)
{
	struct worker *w = x->r.f.w;

	worker_sweep(w);
	while (w->flush(w))
		;
	burst_flush_done(w);
}

/* ---- comparison ---- */

/* A frame flat, with its length and its flow: addresses. */
struct sent {
	uint8_t data[WAY_FRAME_MAX];
	uint32_t len;
	uint64_t flow[2];
};

static bool is_ours(uint32_t addr)
{
	return addr == pkt_addr("10.0.1.1") || addr == pkt_addr("10.0.2.1");
}

static bool is_error(const struct ip4_hdr *ip, uint8_t type)
{
	return !ip4_frag_offset(ip) && (type == ICMP_DEST_UNREACH || type == ICMP_REDIRECT ||
		type == ICMP_TIME_EXCEEDED || type == ICMP_PARAM_PROBLEM);
}

/* An ICMP answer of this host's, or a later fragment of one. */
static bool is_answer(const struct eth_hdr *eth, const struct ip4_hdr *ip, uint8_t type)
{
	if (eth->type != htons(ETH_TYPE_IP4) || !is_ours(ip->saddr) ||
	    ip->protocol != IP4_PROTO_ICMP)
		return false;
	return ip4_frag_offset(ip) || type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP_REPLY ||
	       is_error(ip, type);
}

/* Cleared, and the checksum, which must be right, as if it had been 0. */
static void forget_id(struct ip4_hdr *ip)
{
	assert_int_equal(csum_ip4(ip, ip4_hdr_len(ip) / 4), 0);
	ip->check = csum_update16(ip->check, ip->id, 0);
	ip->id = 0;
}

/* With ids_differ the flow of an error is that of the packet it quotes, too. */
static void take_apart(const struct rte_mbuf *m, struct sent *s, bool ids_differ)
{
	const void *p = rte_pktmbuf_read(m, 0, m->pkt_len, s->data);
	const struct eth_hdr *eth = (const struct eth_hdr *)s->data;
	struct ip4_hdr *ip = (struct ip4_hdr *)(s->data + ETH_HDR_LEN);
	const uint8_t *icmp;

	assert_non_null(p);
	if (p != s->data)
		memcpy(s->data, p, m->pkt_len);
	s->len = m->pkt_len;
	memset(s->flow, 0, sizeof(s->flow));
	if (s->len < ETH_HDR_LEN + IP4_HDR_LEN)
		return;
	memcpy(s->flow, &ip->saddr, sizeof(s->flow[0]));
	icmp = s->data + ETH_HDR_LEN + ip4_hdr_len(ip);
	if (!ids_differ || s->len < ETH_HDR_LEN + ip4_hdr_len(ip) + ICMP_HDR_LEN ||
	    !is_answer(eth, ip, *icmp))
		return;
	forget_id(ip);
	if (is_error(ip, *icmp))
		memcpy(&s->flow[1], icmp + ICMP_HDR_LEN + offsetof(struct ip4_hdr, saddr),
			sizeof(s->flow[1]));
}

static bool same_frame(const struct rte_mbuf *a, const struct rte_mbuf *b, bool ids_differ)
{
	const uint64_t asked = RTE_MBUF_F_TX_OFFLOAD_MASK;
	struct sent x, y;

	if (a->pkt_len != b->pkt_len || (a->ol_flags & asked) != (b->ol_flags & asked) ||
	    (a->ol_flags & asked && a->tx_offload != b->tx_offload))
		return false;
	take_apart(a, &x, ids_differ);
	take_apart(b, &y, ids_differ);
	return !memcmp(x.data, y.data, x.len);
}

/* place[i]: where the other side sent what the stages sent i-th. One flow's ascend. */
static void compare_order(const struct fake_port *staged, const uint32_t *place, bool ids_differ)
{
	static uint64_t flow[FAKE_PORT_FRAMES][2];
	struct sent s;

	for (uint32_t i = 0; i < staged->n_out; i++) {
		take_apart(staged->out[i], &s, ids_differ);
		memcpy(flow[i], s.flow, sizeof(flow[i]));
		for (uint32_t j = 0; j < i; j++)
			if (!memcmp(flow[i], flow[j], sizeof(flow[i])) && place[j] > place[i])
				fail_msg("frames %u and %u of one flow changed places", j, i);
	}
}

static void show(const char *whose, const struct fake_port *p)
{
	print_error("%s:\n", whose);
	for (uint32_t i = 0; i < p->n_out; i++) {
		const struct rte_mbuf *m = p->out[i];

		print_error("%3u: %u bytes, flags %lx %lx:", i, m->pkt_len, m->ol_flags,
			m->tx_offload);
		for (uint32_t k = 0; k < m->data_len && k < 64; k++)
			print_error("%s%02x", k % 4 == 2 ? " " : "",
				*rte_pktmbuf_mtod_offset(m, const uint8_t *, k));
		print_error("\n");
	}
}

static void not_the_same(const struct fake_port *a, const struct fake_port *stages)
{
	show("left", a);
	show("left by all stages", stages);
}

/* Frames are found by their bytes: those that are alike have no order. */
void way_compare_output(const struct way *x, const struct way *staged, unsigned int port)
{
	const struct fake_port *a = &x->port[port], *stages = &staged->port[port];
	uint32_t place[FAKE_PORT_FRAMES];
	bool found[FAKE_PORT_FRAMES] = { false };

	if (a->n_out != stages->n_out) {
		not_the_same(a, stages);
		fail_msg("%u frames left, by all stages %u", a->n_out, stages->n_out);
	}
	for (uint32_t i = 0; i < stages->n_out; i++) {
		uint32_t k = 0;

		while (k < a->n_out && (found[k] ||
		       !same_frame(a->out[k], stages->out[i], x->ids_differ)))
			k++;
		if (k == a->n_out) {
			not_the_same(a, stages);
			fail_msg("frame %u of the stages did not come", i);
		}
		found[k] = true;
		place[i] = k;
	}
	compare_order(stages, place, x->ids_differ);
}

void way_compare_counters(const struct way *a, const struct way *stages)
{
	struct worker *x = a->r.f.w, *y = stages->r.f.w;

	for (unsigned int i = 0; i < DROP_REASON_COUNT; i++)
		if (x->ledger.dropped[i] != y->ledger.dropped[i])
			fail_msg("%s: %lu, by all stages %lu", drop_reason_name(i), x->ledger.dropped[i],
				y->ledger.dropped[i]);
	assert_memory_equal(&x->ledger, &y->ledger, sizeof(x->ledger));
	for (unsigned int i = 0; i < MIB_COUNT; i++)
		if (x->ip4->mib[i] != y->ip4->mib[i])
			fail_msg("MIB %u: %lu, by all stages %lu", i, x->ip4->mib[i], y->ip4->mib[i]);
	for (unsigned int i = 0; i < STAGE_COUNT; i++)
		if (x->stage[i].packets != y->stage[i].packets)
			fail_msg("stage %s: %lu, by all stages %lu", stage_name(i), x->stage[i].packets,
				y->stage[i].packets);
	for (unsigned int i = 1; i <= WAY_PORTS; i++)
		assert_memory_equal(dev_stats(x, a->r.dev[i]), dev_stats(y, stages->r.dev[i]),
			sizeof(struct dev_stats));
	assert_memory_equal(dev_stats(x, a->r.lo), dev_stats(y, stages->r.lo),
		sizeof(struct dev_stats));
}
