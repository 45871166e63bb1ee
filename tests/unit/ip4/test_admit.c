/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who takes the short way in and who does not, and that what comes of it is what eth_input and
 * ip4_input would have made. Random mixtures go both ways in test_ip4_lane.c; here each case by name.
 */
#include "unit.h"

#include <string.h>

#include "core/hook.h"
#include "fake_port.h"
#include "ip4/ip4.h"
#include "ip4/ip4_admit.h"
#include "pkt.h"

struct world {
	struct fake_router r;
	struct fake_port port;
};

static int setup(void **state)
{
	static struct world x;

	memset(&x, 0, sizeof(x));
	fake_router_init(&x.r);
	fake_port_open(&x.port, &x.r, 1);
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct world *x = *state;

	fake_port_close(&x->port, &x->r);
	fake_router_fini(&x->r);
	return 0;
}

/* What is different about a frame besides its bytes. */
struct marks {
	uint64_t ol_flags;
	uint32_t seg; /* 0: in one piece */
};

static struct rte_mbuf *frame(struct world *x, const struct pkt *p, struct marks marks)
{
	struct skb *skb = fake_rx_segs(&x->r.f, x->r.dev[1], p->data, p->len,
		marks.seg ? marks.seg : UINT32_MAX);
	struct rte_mbuf *m = skb_mbuf(skb);

	memset(skb, 0xa5, sizeof(*skb)); /* as the last packet has left it */
	if (m->data_len < 34) /* what is not the frame's would fit all too well */
		memcpy(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len, p->data + m->data_len,
			34 - m->data_len);
	m->ol_flags |= marks.ol_flags;
	m->packet_type = RTE_PTYPE_L4_UDP;
	m->l2_len = 14;
	m->l3_len = 20;
	m->hash.rss = 0x1234;
	m->vlan_tci = 7;
	return m;
}

static uint32_t admit(struct world *x, struct rte_mbuf **m, uint32_t n)
{
	uint64_t bytes = 0, all = 0;
	uint32_t left;

	for (uint32_t i = 0; i < n; i++)
		all += m[i]->pkt_len;
	left = ip4_admit(x->r.f.w, &x->port.rxq, m, n, &bytes);
	assert_int_equal(bytes, all);
	return left;
}

/* As the stages do it; what they have to say to it ends in `stages`. */
static struct skb *by_stages(struct world *x, struct rte_mbuf *m)
{
	struct skb *skb[1];

	fake_stage1(&x->r.f, stage_table[STAGE_eth_input], rxq_skb(&x->port.rxq, m));
	assert_int_equal(fake_take(&x->r.f, STAGE_ip4_input, skb, 1), 1);
	fake_stage1(&x->r.f, stage_table[STAGE_ip4_input], skb[0]);
	return fake_take1(&x->r.f, STAGE_ip4_route);
}

static void same(const struct skb *a, const struct skb *b)
{
	const struct rte_mbuf *m = skb_mbuf(a), *n = skb_mbuf(b);

	assert_memory_equal(a, b, offsetof(struct skb, cb));
	if (a->ip_summed == SKB_CSUM_PARTIAL) {
		assert_int_equal(a->csum_start, b->csum_start);
		assert_int_equal(a->csum_offset, b->csum_offset);
	}
	assert_int_equal(m->data_off, n->data_off);
	assert_int_equal(m->pkt_len, n->pkt_len);
	assert_int_equal(m->data_len, n->data_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(n, void *), m->data_len);
}

/* Once by either way: the same skb, and counted the same. */
static void takes(struct world *x, struct pkt p, struct marks marks)
{
	struct worker *w = x->r.f.w;
	struct rte_mbuf *m = frame(x, &p, marks);
	uint64_t mib[MIB_COUNT], twice;
	struct skb *skb, *want;

	memcpy(mib, w->ip4->mib, sizeof(mib));
	assert_int_equal(admit(x, &m, 1), 0);
	skb = fake_take1(&x->r.f, STAGE_ip4_route);
	assert_int_equal(w->stage[STAGE_eth_input].packets, 1);
	assert_int_equal(w->stage[STAGE_ip4_input].packets, 1);
	want = by_stages(x, frame(x, &p, marks));
	for (unsigned int i = 0; i < MIB_COUNT; i++) {
		twice = w->ip4->mib[i] - mib[i];
		assert_int_equal(twice % 2, 0);
	}
	assert_int_equal(w->ip4->mib[MIB_IpInReceives] - mib[MIB_IpInReceives], 2);
	assert_int_equal(w->ip4->mib[MIB_IpExtInOctets] - mib[MIB_IpExtInOctets],
		2 * (p.len - ETH_HDR_LEN));
	same(skb, want);
	fake_sent(&x->r.f, skb);
	fake_sent(&x->r.f, want);
	memset(w->stage, 0, sizeof(w->stage));
}

static void what_it_takes(void **state)
{
	struct world *x = *state;

	takes(x, PKT_UDP(), (struct marks){0});
	takes(x, PKT_UDP(.data_len = 0, .no_l4 = true), (struct marks){0});
	takes(x, PKT_UDP(.data_len = 0, .pad = 18), (struct marks){0});
	takes(x, PKT_UDP(.ttl = 0, .frag_off = IP4_MF), (struct marks){0}); /* others look at that */
	takes(x, PKT_UDP(.src = "127.0.0.1"), (struct marks){0});
	takes(x, PKT_UDP(.data_len = 1400), (struct marks){.seg = 700});
	takes(x, PKT_UDP(), (struct marks){RTE_MBUF_F_RX_RSS_HASH});
	takes(x, PKT_UDP(), (struct marks){RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD});
	takes(x, PKT_UDP(), (struct marks){RTE_MBUF_F_RX_L4_CKSUM_NONE});
}

static void leaves(struct world *x, struct pkt p, struct marks marks)
{
	struct rte_mbuf *m = frame(x, &p, marks), *before = m;
	uint8_t copy[PKT_MAX];

	assert_int_equal(admit(x, &m, 1), 1);
	assert_ptr_equal(m, before);
	assert_int_equal(m->pkt_len, p.len);
	assert_memory_equal(rte_pktmbuf_read(m, 0, p.len, copy), p.data, p.len);
	assert_int_equal(fake_waiting(&x->r.f), 0);
	assert_int_equal(x->r.f.w->stage[STAGE_eth_input].calls, 0);
	assert_int_equal(x->r.f.w->ip4->mib[MIB_IpInReceives], 0);
	fake_sent(&x->r.f, rxq_skb(&x->port.rxq, m));
}

static void what_it_leaves(void **state)
{
	static const uint8_t nops[4] = { 1, 1, 1, 1 };
	struct world *x = *state;
	struct pkt cut = PKT_UDP();

	leaves(x, PKT_UDP(.eth_dst = {2, 0, 0, 0, 0, 9}), (struct marks){0});
	leaves(x, PKT_UDP(.eth_dst = {3, 0, 0, 0, 0, 1}), (struct marks){0});
	leaves(x, PKT_UDP(.eth_dst = {255, 255, 255, 255, 255, 255}), (struct marks){0});
	leaves(x, PKT_UDP(.eth_src = {3, 0xee, 0, 0, 0, 1}), (struct marks){0});
	leaves(x, PKT_UDP(.eth_type = 0x0806), (struct marks){0});
	leaves(x, PKT_UDP(.vlan = 5), (struct marks){0});
	leaves(x, PKT_UDP(), (struct marks){RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED});
	leaves(x, PKT_UDP(.version = 6), (struct marks){0});
	leaves(x, PKT_UDP(.options = nops, .options_len = 4), (struct marks){0});
	leaves(x, PKT_UDP(.bad_ip_csum = true), (struct marks){0});
	leaves(x, PKT_UDP(.tot_len = 19), (struct marks){0});
	leaves(x, PKT_UDP(.tot_len = 1000), (struct marks){0});
	leaves(x, PKT_UDP(.data_len = 100, .pad = 200), (struct marks){.seg = 200}); /* padding apart */
	leaves(x, PKT_UDP(), (struct marks){.seg = 33});
	for (cut.len = 33; cut.len; cut.len--)
		leaves(x, cut, (struct marks){0});
}

/* Frames of one flow: what is behind one that was left is left, too; other flows go on. */
static void keeps_flows_in_order(void **state)
{
	static const uint8_t nops[4] = { 1, 1, 1, 1 };
	struct world *x = *state;
	struct pkt plain = PKT_UDP(), odd = PKT_UDP(.options = nops, .options_len = 4);
	struct pkt other = PKT_UDP(.src = "10.0.0.77");
	const struct pkt *in[] = { &plain, &odd, &plain, &other, &plain };
	struct rte_mbuf *m[RTE_DIM(in)], *was[RTE_DIM(in)];
	struct skb *skb[RTE_DIM(in)];

	for (unsigned int i = 0; i < RTE_DIM(in); i++)
		was[i] = m[i] = frame(x, in[i], (struct marks){0});
	assert_int_equal(admit(x, m, RTE_DIM(in)), 3);
	assert_ptr_equal(m[0], was[1]);
	assert_ptr_equal(m[1], was[2]);
	assert_ptr_equal(m[2], was[4]);
	assert_int_equal(fake_take(&x->r.f, STAGE_ip4_route, skb, RTE_DIM(in)), 2);
	assert_ptr_equal(skb_mbuf(skb[0]), was[0]);
	assert_ptr_equal(skb_mbuf(skb[1]), was[3]);
	for (unsigned int i = 0; i < 2; i++)
		fake_sent(&x->r.f, skb[i]);
	for (unsigned int i = 0; i < 3; i++)
		fake_sent(&x->r.f, rxq_skb(&x->port.rxq, m[i]));
}

/* Headers that are not to be seen could be of any flow. */
static void keeps_all_in_order_behind_pieces(void **state)
{
	struct world *x = *state;
	struct pkt p = PKT_UDP(), other = PKT_UDP(.src = "10.0.0.77");
	struct rte_mbuf *m[2] = { frame(x, &p, (struct marks){.seg = 20}),
		frame(x, &other, (struct marks){0}) };

	assert_int_equal(admit(x, m, 2), 2);
	for (unsigned int i = 0; i < 2; i++)
		fake_sent(&x->r.f, rxq_skb(&x->port.rxq, m[i]));
}

/* A tag of VID 0 says only a priority: with the tag or without, it is the same flow. */
static void finds_flows_behind_tags(void **state)
{
	struct world *x = *state;
	struct pkt tagged = PKT_UDP(.vlan = 5 << VLAN_PRIO_SHIFT), plain = PKT_UDP();
	struct pkt twice = PKT_UDP(.vlan = 5 << VLAN_PRIO_SHIFT, .eth_type = ETH_TYPE_QINQ);
	struct pkt cut = tagged, other = PKT_UDP(.src = "10.0.0.77");
	const struct pkt *first[] = { &tagged, &twice, &cut };

	cut.len = 37;
	for (unsigned int i = 0; i < RTE_DIM(first); i++) {
		struct rte_mbuf *m[] = { frame(x, first[i], (struct marks){0}),
			frame(x, &other, (struct marks){0}), frame(x, &plain, (struct marks){0}) };
		uint32_t left = admit(x, m, RTE_DIM(m));

		/* where the flow is not to be seen it could be any */
		assert_int_equal(left, i == 0 ? 2 : 3);
		if (left == 2)
			fake_sent(&x->r.f, fake_take1(&x->r.f, STAGE_ip4_route));
		for (unsigned int k = 0; k < left; k++)
			fake_sent(&x->r.f, rxq_skb(&x->port.rxq, m[k]));
	}
}

static void accept_all(struct worker *w, struct hook_call *call)
{
	(void)w;
	(void)call;
}

static void to_hooks_that_are_there(void **state)
{
	struct hook_ops ops = { .fn = accept_all, .point = HOOK_ip4_pre_routing, .name = "all" };
	struct world *x = *state;
	struct pkt p = PKT_UDP();
	struct rte_mbuf *m = frame(x, &p, (struct marks){0});

	assert_int_equal(hook_register(&x->r.f.dp, &ops), 0);
	assert_int_equal(admit(x, &m, 1), 0);
	fake_sent(&x->r.f, fake_take1(&x->r.f, STAGE_ip4_pre_routing));
	assert_int_equal(hook_unregister(&x->r.f.dp, &ops), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_it_takes), T(what_it_leaves), T(keeps_flows_in_order),
		T(keeps_all_in_order_behind_pieces), T(finds_flows_behind_tags),
		T(to_hooks_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
