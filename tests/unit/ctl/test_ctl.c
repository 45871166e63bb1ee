/* SPDX-License-Identifier: BSD-3-Clause */
/* A full ring to a worker: what is lost, and what is not. */
#include "unit.h"

#include <string.h>

#include "ctl/ctl.h"
#include "fake_router.h"
#include "neigh/neigh_hold.h"
#include "pkt.h"

static struct fib_nh hop;

static void hold(struct fake_router *r, const char *gw)
{
	struct pkt p = PKT_UDP(.dst = "192.0.2.1");
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + 14, p.len - 14);

	memset(skb->cb, 0, sizeof(skb->cb));
	hop = (struct fib_nh){.type = FIB_UNICAST, .dev = r->dev[2], .mtu = 1500,
		.gw = pkt_addr(gw)};
	skb->nh = &hop;
	skb->dev = r->dev[2];
	fake_stage1(&r->f, neigh_resolve, skb);
}

static unsigned int held(struct fake_router *r)
{
	struct ledger_sum sum;

	ledger_snapshot(r->f.w, &sum);
	return (unsigned int)sum.held;
}

static void ready_survives_a_full_ring(void **state)
{
	const struct ctl_msg other = {.type = CTL_NEIGH_READY, .dev = 2, .ip = pkt_addr("10.0.2.77")};
	struct fake_router *r = *state;
	struct skb *out[BURST_MAX];
	unsigned int n = 0;

	hold(r, "10.0.2.9");
	hold(r, "10.0.2.10");
	hold(r, "10.0.2.11"); /* stays unknown */
	assert_int_equal(held(r), 3);
	while (ctl_send(r->f.w, &other) == 0)
		n++;
	assert_int_equal(n, CTL_RING_SIZE - 1);
	fake_neigh(r, 2, "10.0.2.9", NEIGH_VALID);
	ctl_neigh_ready(r->f.w, 2, pkt_addr("10.0.2.9"));
	fake_neigh(r, 2, "10.0.2.10", NEIGH_VALID);
	ctl_neigh_ready(r->f.w, 2, pkt_addr("10.0.2.10"));
	assert_int_equal(ctl_poll(r->f.w), CTL_BUDGET);
	assert_int_equal(fake_take(&r->f, STAGE_eth_output, out, BURST_MAX), 2);
	fake_sent(&r->f, out[0]);
	fake_sent(&r->f, out[1]);
	assert_int_equal(held(r), 1);
	/* told once: not looked for again with each turn */
	fake_neigh(r, 2, "10.0.2.11", NEIGH_VALID);
	ctl_poll(r->f.w);
	assert_int_equal(held(r), 1);
	/* in a ring with room it is a message like others */
	ctl_neigh_ready(r->f.w, 2, pkt_addr("10.0.2.11"));
	while (held(r) && n-- > 0)
		ctl_poll(r->f.w);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_eth_output));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ready_survives_a_full_ring, fake_router_setup,
			fake_router_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
