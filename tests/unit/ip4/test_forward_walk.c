/* SPDX-License-Identifier: BSD-3-Clause */
/* The walk of a forwarded packet through all stages, from the frame in to the frame out. */
#include "unit.h"

#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

static void forwards(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.dst = "192.0.2.9", .pad = 3), want = p;
	struct skb *skb;

	fake_route(r, "192.0.2.0", 24, fake_gw(r, 2, "10.0.2.7"));
	fake_walk_frame(r, 1, p.data, p.len);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	assert_int_equal(skb_len(skb), p.len - 3);
	assert_ptr_equal(skb->dev, r->dev[2]);
	fake_lladdr(pkt_eth(&want)->dst, "10.0.2.7");
	memcpy(pkt_eth(&want)->src, "\2\0\0\0\0\2", 6);
	pkt_ip(&want)->ttl = 63;
	pkt_ip(&want)->check = 0;
	pkt_ip(&want)->check = csum_ip4(pkt_ip(&want), 5);
	assert_memory_equal(skb_data(skb), want.data, want.len - 3);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpInReceives], 1);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpForwDatagrams], 1);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtInOctets], 46 + 3);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtOutOctets], 46);
	fake_sent(&r->f, skb);
}

static void forwards_on_link_when_the_neighbour_answers(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.dst = "10.0.2.99");
	struct skb *skb;
	uint8_t mac[6];

	fake_walk_frame(r, 1, p.data, p.len);
	assert_int_equal(fake_waiting(&r->f), 0);
	fake_neigh(r, 2, "10.0.2.99", NEIGH_VALID);
	neigh_ready(r->f.w, 2, pkt_addr("10.0.2.99"));
	fake_walk(r);
	skb = fake_take1(&r->f, STAGE_netdev_tx);
	fake_lladdr(mac, "10.0.2.99");
	assert_memory_equal(skb_data(skb), mac, 6);
	assert_int_equal(skb_len(skb), p.len);
	fake_sent(&r->f, skb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forwards, fake_router_setup, fake_router_teardown),
		cmocka_unit_test_setup_teardown(forwards_on_link_when_the_neighbour_answers,
			fake_router_setup, fake_router_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
