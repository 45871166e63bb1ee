/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of this host: route, source, identification, checksum; then length against MTU. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

static struct skb *packet(struct fake_router *r, const char *dst, uint16_t frag_off, uint32_t len)
{
	struct skb *skb = skb_get_new(r->f.w);
	struct ip4_hdr *ip = skb_put(skb, IP4_HDR_LEN + len);

	if (!ip)
		abort();
	memset(ip, 0, IP4_HDR_LEN + len);
	ip->ver_ihl = 0x45;
	ip->protocol = IP4_PROTO_UDP;
	ip->ttl = 7;
	ip->frag_off = rte_cpu_to_be_16(frag_off);
	ip->daddr = pkt_addr(dst);
	memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

static void fills_the_header(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, "10.0.2.9", 0, 50);
	struct ip4_hdr *ip = skb_data(skb);

	fake_stage1(&r->f, ip4_send, skb);
	assert_ptr_equal(fake_take1(&r->f, STAGE_ip4_output), skb);
	assert_int_equal(csum_ip4(ip, 5), 0);
	assert_int_equal(ip4_tot_len(ip), 70);
	assert_int_equal(ip->saddr, pkt_addr("10.0.2.1"));
	assert_int_equal(ip->ttl, 7);
	assert_ptr_equal(skb->dev, r->dev[2]);
	assert_int_equal(skb->network_header, skb_headroom(skb));
	assert_int_equal(skb->transport_header, skb_headroom(skb) + 20);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpOutRequests], 1);
	fake_sent(&r->f, skb);
}

static void local_destination_is_the_source(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, "10.0.1.1", 0, 8);

	((struct ip4_hdr *)skb_data(skb))->ttl = 0;
	fake_stage1(&r->f, ip4_send, skb);
	fake_take1(&r->f, STAGE_ip4_output);
	assert_ptr_equal(skb->dev, r->lo);
	assert_int_equal(((struct ip4_hdr *)skb_data(skb))->saddr, pkt_addr("10.0.1.1"));
	assert_int_equal(((struct ip4_hdr *)skb_data(skb))->ttl, 64);
	fake_sent(&r->f, skb);
}

static uint16_t id_of(struct fake_router *r, struct skb *skb)
{
	fake_stage1(&r->f, ip4_send, skb);
	fake_take1(&r->f, STAGE_ip4_output);
	uint16_t id = rte_be_to_cpu_16(((struct ip4_hdr *)skb_data(skb))->id);

	fake_sent(&r->f, skb);
	return id;
}

static void identifications(void **state)
{
	struct fake_router *r = *state;
	uint16_t first = id_of(r, packet(r, "10.0.2.9", 0, 8));
	struct skb *skb;

	assert_int_equal(id_of(r, packet(r, "10.0.2.9", 0, 8)), (uint16_t)(first + 1));
	skb = packet(r, "10.0.2.9", 0, 8);
	skb->flags |= SKB_F_GSO;
	skb->gso_segs = 5;
	assert_int_equal(id_of(r, skb), (uint16_t)(first + 2));
	assert_int_equal(id_of(r, packet(r, "10.0.2.9", 0, 8)), (uint16_t)(first + 7));
	assert_int_equal(id_of(r, packet(r, "10.0.2.9", IP4_DF, 8)), 0);
}

static void source_route_leads(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, "99.9.9.9", 0, 8);

	skb->flags |= SKB_F_IPOPT;
	ip4_cb(skb)->opt.faddr = pkt_addr("10.0.1.7");
	fake_stage1(&r->f, ip4_send, skb);
	fake_take1(&r->f, STAGE_ip4_output);
	assert_ptr_equal(skb->dev, r->dev[1]);
	fake_sent(&r->f, skb);
}

static void no_route(void **state)
{
	struct fake_router *r = *state;

	fake_stage1(&r->f, ip4_send, packet(r, "99.9.9.9", 0, 8));
	fake_expect_drop(&r->f, DROP_IP4_NO_ROUTE_OUT, 1);
	fake_route(r, "99.0.0.0", 8, fake_nh_type(r, FIB_BLACKHOLE));
	fake_stage1(&r->f, ip4_send, packet(r, "99.9.9.9", 0, 8));
	fake_expect_drop(&r->f, DROP_IP4_NO_ROUTE_OUT, 1);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpOutNoRoutes], 2);
}

static void output_by_length(void **state)
{
	struct fake_router *r = *state;
	struct fib_nh nh = { .type = FIB_UNICAST, .mtu = 1000, .dev = r->dev[2] };
	struct skb *skb = packet(r, "10.0.2.9", 0, 980);

	skb->nh = &nh;
	fake_stage1(&r->f, ip4_output, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_neigh_resolve));
	skb = packet(r, "10.0.2.9", 0, 981);
	skb->nh = &nh;
	fake_stage1(&r->f, ip4_output, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_fragment));
	/* ip4_fragment counts the pieces of the second */
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtOutOctets], 1000);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtOutMcastPkts], 0);
	skb = packet(r, "224.0.0.5", 0, 8);
	skb->nh = &nh;
	fake_stage1(&r->f, ip4_output, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_neigh_resolve));
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtOutMcastPkts], 1);
	skb = packet(r, "255.255.255.255", 0, 8);
	nh.type = FIB_BROADCAST;
	skb->nh = &nh;
	fake_stage1(&r->f, ip4_output, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_neigh_resolve));
	assert_int_equal(r->f.w->ip4->mib[MIB_IpExtOutBcastPkts], 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_router_setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(fills_the_header), T(local_destination_is_the_source), T(identifications),
		T(source_route_leads), T(no_route), T(output_by_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
