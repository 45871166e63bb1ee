/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who takes the short way out and who does not, and what it does to a packet. That both ways come to
 * the same is shown by test_ip4_lane.c, at random; here each reason to stay on the long one.
 */
#include "unit.h"

#include <string.h>

#include "core/hook.h"
#include "dev/ptype.h"
#include "fake_port.h"
#include "ip4/ip4.h"
#include "l2/eth.h"
#include "pkt.h"

struct world {
	struct fake_router r;
	struct fake_port port[3];
	uint32_t nh;
};

static struct pkt plain; /* of every test */

static int setup(void **state)
{
	static struct world x;

	plain = PKT_UDP(.dst = "192.0.2.9", .ttl = 9);
	memset(&x, 0, sizeof(x));
	fake_router_init(&x.r);
	for (unsigned int i = 1; i <= 2; i++) {
		fake_port_open(&x.port[i], &x.r, i);
		fake_port_use(&x.port[i]);
	}
	x.nh = fake_gw(&x.r, 2, "10.0.2.7");
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct world *x = *state;

	for (unsigned int i = 1; i <= 2; i++)
		fake_port_close(&x->port[i], &x->r);
	fake_router_fini(&x->r);
	return 0;
}

/* A packet as ip4_route hands it on. */
static struct skb *routed(struct world *x, const struct pkt *p, uint32_t nh)
{
	struct skb *skb = fake_rx(&x->r.f, x->r.dev[1], p->data, p->len);

	skb_pull(skb, ETH_HDR_LEN);
	skb_reset_network_header(skb);
	skb->protocol = RTE_BE16(ETH_TYPE_IP4);
	skb->nh = fib_nh_get(&x->r.f.dp, nh);
	return skb;
}

/* Through `stage`: it is in port 2's queue. */
static bool short_way(struct world *x, stage_fn *stage, struct skb *skb)
{
	uint32_t n = x->port[2].txq.n;

	fake_stage1(&x->r.f, stage, skb);
	return x->port[2].txq.n == n + 1;
}

/* It went on to `next`; its end. */
static void by_stages(struct world *x, enum stage next)
{
	assert_int_equal(x->port[2].txq.n, 0);
	fake_sent(&x->r.f, fake_take1(&x->r.f, next));
}

static void sent(struct world *x)
{
	x->r.f.w->flush(x->r.f.w);
	assert_int_equal(x->port[2].n_out, 1);
	assert_int_equal(fake_waiting(&x->r.f), 0);
}

static void forwards(void **state)
{
	struct world *x = *state;
	struct pkt want = plain;
	const struct rte_mbuf *m;

	assert_true(short_way(x, ip4_forward, routed(x, &plain, x->nh)));
	sent(x);
	m = x->port[2].out[0];
	fake_lladdr(pkt_eth(&want)->dst, "10.0.2.7");
	memcpy(pkt_eth(&want)->src, "\2\0\0\0\0\2", 6);
	pkt_ip(&want)->ttl = 8;
	pkt_ip(&want)->check = 0;
	pkt_ip(&want)->check = csum_ip4(pkt_ip(&want), 5);
	assert_int_equal(m->pkt_len, want.len);
	assert_int_equal(m->data_len, want.len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), want.data, want.len);
	fake_port_clear(&x->port[2]);
	assert_int_equal(x->r.f.w->ip4->mib[MIB_IpForwDatagrams], 1);
	assert_int_equal(x->r.f.w->ip4->mib[MIB_IpExtOutOctets], want.len - ETH_HDR_LEN);
	for (enum stage s = STAGE_ip4_output; s <= STAGE_netdev_tx; s++)
		assert_int_equal(x->r.f.w->stage[s].packets, s != STAGE_ip4_fragment);
}

static void sends_what_comes_by_hooks(void **state)
{
	struct world *x = *state;

	assert_true(short_way(x, ip4_output, routed(x, &plain, x->nh)));
	sent(x);
	fake_port_clear(&x->port[2]);
	assert_int_equal(x->r.f.w->ip4->mib[MIB_IpForwDatagrams], 0);
	assert_int_equal(x->r.f.w->stage[STAGE_ip4_forward_finish].packets, 0);
	assert_int_equal(x->r.f.w->stage[STAGE_ip4_output].packets, 0); /* the engine counts it */
	assert_int_equal(x->r.f.w->stage[STAGE_netdev_tx].packets, 1);
}

static void accept_all(struct worker *w, struct hook_call *call)
{
	(void)w;
	(void)call;
}

static void not_past_a_hook(void **state)
{
	static const enum hook_point points[] = { HOOK_ip4_forward_point, HOOK_ip4_post_routing };
	struct world *x = *state;

	for (unsigned int i = 0; i < RTE_DIM(points); i++) {
		struct hook_ops ops = { .fn = accept_all, .point = points[i], .name = "all" };

		assert_int_equal(hook_register(&x->r.f.dp, &ops), 0);
		assert_false(short_way(x, ip4_forward, routed(x, &plain, x->nh)));
		by_stages(x, i ? STAGE_ip4_forward_finish : STAGE_ip4_forward_point);
		assert_int_equal(hook_unregister(&x->r.f.dp, &ops), 0);
	}
}

static void tap(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	(void)dev;
	(void)priv;
	skb_delivered(w, skb);
}

static void not_past_a_tap_or_the_tracer(void **state)
{
	struct world *x = *state;
	const struct ptype all = { .type = PTYPE_ALL, .fn = tap };

	assert_int_equal(ptype_add(&x->r.f.dp, &all), 0);
	assert_false(short_way(x, ip4_output, routed(x, &plain, x->nh)));
	by_stages(x, STAGE_neigh_resolve);
	assert_int_equal(ptype_remove(&x->r.f.dp, &all), 0);
	x->r.f.w->tracing = true;
	assert_false(short_way(x, ip4_output, routed(x, &plain, x->nh)));
	x->r.f.w->tracing = false;
	by_stages(x, STAGE_neigh_resolve);
}

/* A packet as ip4_forward hands it on. */
static struct skb *passed(struct world *x)
{
	struct skb *skb = routed(x, &plain, x->nh);

	skb->dev = skb->nh->dev;
	return skb;
}

static void not_past_those_that_wait(void **state)
{
	static const enum stage stages[] = { STAGE_ip4_fragment, STAGE_neigh_resolve,
		STAGE_eth_output };
	struct world *x = *state;

	burst_to(x->r.f.w, STAGE_ip4_forward_point, passed(x));
	assert_false(short_way(x, ip4_forward, routed(x, &plain, x->nh)));
	worker_sweep(x->r.f.w);
	assert_int_equal(x->port[2].n_out, 2);
	fake_port_clear(&x->port[2]);

	for (unsigned int i = 0; i < RTE_DIM(stages); i++) {
		burst_to(x->r.f.w, stages[i], passed(x));
		assert_false(short_way(x, ip4_output, passed(x)));
		worker_sweep(x->r.f.w);
		assert_int_equal(x->port[2].n_out, 2);
		fake_port_clear(&x->port[2]);
	}
	burst_overflow(x->r.f.w, STAGE_eth_output, passed(x));
	assert_false(short_way(x, ip4_output, passed(x)));
	worker_sweep(x->r.f.w);
	assert_int_equal(x->port[2].n_out, 2);
	fake_port_clear(&x->port[2]);
	x->port[2].txq.behind = true;
	assert_false(short_way(x, ip4_output, routed(x, &plain, x->nh)));
	x->port[2].txq.behind = false;
	by_stages(x, STAGE_neigh_resolve);
}

static void options(struct skb *skb)
{
	skb->flags |= SKB_F_IPOPT;
	memset(skb->cb, 0, SKB_CB_SIZE);
}

static void owned(struct skb *skb)
{
	skb->flags |= SKB_F_OWNED;
	skb->destructor = NULL;
	skb->sk = NULL;
}

static void partial(struct skb *skb)
{
	skb->ip_summed = SKB_CSUM_PARTIAL;
}

static void complete(struct skb *skb)
{
	skb->ip_summed = SKB_CSUM_COMPLETE;
}

static void vlan(struct skb *skb)
{
	skb->flags |= SKB_F_VLAN;
}

static void super_frame(struct skb *skb)
{
	skb->flags |= SKB_F_GSO;
	skb->gso_size = 1400;
	skb->gso_type = SKB_GSO_TCPV4;
}

static void low_head(struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	uint8_t *to = (uint8_t *)m->buf_addr + ETH_HH_ROOM - 1;

	memmove(to, skb_data(skb), m->data_len);
	m->data_off = ETH_HH_ROOM - 1;
	skb->network_header = m->data_off;
}

/* Each is put right again before its end, so that only the way it takes is seen. */
static void not_what_is_not_plain(void **state)
{
	static void (*const change[])(struct skb *skb) = { options, owned, partial, complete, vlan,
		super_frame, low_head };
	struct world *x = *state;

	for (unsigned int i = 0; i < RTE_DIM(change); i++) {
		struct skb *skb = routed(x, &plain, x->nh);

		change[i](skb);
		assert_false(short_way(x, ip4_output, skb));
		skb = fake_take1(&x->r.f, STAGE_neigh_resolve);
		skb->flags = 0;
		fake_sent(&x->r.f, skb);
		assert_int_equal(x->port[2].txq.n, 0);
	}
}

static void not_who_may_not_be_forwarded(void **state)
{
	struct world *x = *state;
	struct skb *skb = routed(x, &plain, x->nh);

	skb->pkt_type = SKB_BROADCAST;
	assert_false(short_way(x, ip4_forward, skb));
	fake_expect_drop(&x->r.f, DROP_IP4_NOT_UNICAST, 1);
	skb = routed(x, &plain, x->nh);
	((struct ip4_hdr *)skb_data(skb))->ttl = 1;
	assert_false(short_way(x, ip4_forward, skb));
	by_stages(x, STAGE_icmp_error);
}

static void not_back_to_where_it_came_from(void **state)
{
	struct world *x = *state;
	uint32_t back = fake_gw(&x->r, 1, "10.0.1.7");

	fake_stage1(&x->r.f, ip4_forward, routed(x, &plain, back));
	assert_int_equal(x->port[1].txq.n, 0);
	by_stages(x, STAGE_ip4_forward_finish);
}

static void not_to_a_next_hop_with_business_of_its_own(void **state)
{
	struct world *x = *state;
	struct fib_nh nh = *fib_nh_get(&x->r.f.dp, x->nh);

	nh.flags &= (uint8_t)~FIB_NH_LANE;
	assert_false(short_way(x, ip4_output, routed(x, &plain, fake_nh(&x->r, nh))));
	by_stages(x, STAGE_neigh_resolve);
	nh.flags |= FIB_NH_LANE;
	nh.mtu = plain.len - ETH_HDR_LEN - 1;
	assert_false(short_way(x, ip4_output, routed(x, &plain, fake_nh(&x->r, nh))));
	by_stages(x, STAGE_ip4_fragment);
	nh.mtu++;
	assert_true(short_way(x, ip4_output, routed(x, &plain, fake_nh(&x->r, nh))));
	sent(x);
	fake_port_clear(&x->port[2]);
}

static void not_shared_data(void **state)
{
	struct world *x = *state;
	struct skb *skb = routed(x, &plain, x->nh), *clone = skb_clone(x->r.f.w, skb);

	assert_false(short_way(x, ip4_output, skb));
	by_stages(x, STAGE_neigh_resolve);
	assert_false(short_way(x, ip4_output, clone));
	by_stages(x, STAGE_neigh_resolve);
}

/* This host's own to a group, by a route that has a gateway: counted as what it is. */
static void not_to_groups(void **state)
{
	struct world *x = *state;
	struct pkt group = PKT_UDP(.dst = "239.1.2.3");
	const uint64_t *mib = x->r.f.w->ip4->mib;
	struct skb *skb = routed(x, &group, x->nh);

	skb->dev = skb->nh->dev;
	fake_stage1(&x->r.f, ip4_output, skb);
	assert_int_equal(mib[MIB_IpExtOutMcastPkts], 1);
	assert_int_equal(mib[MIB_IpExtOutMcastOctets], group.len - ETH_HDR_LEN);
	by_stages(x, STAGE_neigh_resolve);
}

/* A long packet leaves the short way, and a short one of its flow behind it as well. */
static void keeps_a_flow_together(void **state)
{
	struct world *x = *state;
	struct fib_nh nh = *fib_nh_get(&x->r.f.dp, x->nh);
	struct pkt big = PKT_UDP(.dst = "192.0.2.9", .data_len = 1000),
		other = PKT_UDP(.dst = "192.0.2.10");
	struct skb *skb[3], *left[3];

	nh.mtu = 500;
	x->nh = fake_nh(&x->r, nh);
	skb[0] = routed(x, &big, x->nh);
	skb[1] = routed(x, &plain, x->nh);
	skb[2] = routed(x, &other, x->nh);
	fake_stage(&x->r.f, ip4_output, skb, 3);
	assert_int_equal(fake_take(&x->r.f, STAGE_ip4_fragment, left, 3), 1);
	assert_int_equal(fake_take(&x->r.f, STAGE_neigh_resolve, left + 1, 2), 1);
	assert_ptr_equal(left[0], skb[0]);
	assert_ptr_equal(left[1], skb[1]);
	fake_sent(&x->r.f, left[0]);
	fake_sent(&x->r.f, left[1]);
	sent(x);
	fake_port_clear(&x->port[2]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(forwards),
		T(sends_what_comes_by_hooks),
		T(not_past_a_hook),
		T(not_past_a_tap_or_the_tracer),
		T(not_past_those_that_wait),
		T(not_what_is_not_plain),
		T(not_who_may_not_be_forwarded),
		T(not_back_to_where_it_came_from),
		T(not_to_a_next_hop_with_business_of_its_own),
		T(not_shared_data),
		T(not_to_groups),
		T(keeps_a_flow_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
