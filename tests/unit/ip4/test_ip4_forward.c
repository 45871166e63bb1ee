/* SPDX-License-Identifier: BSD-3-Clause */
/* Reasons not to forward, what forwarding changes and what it must leave alone. */
#include "unit.h"

#include <string.h>

#include "fake_router.h"
#include "ip4/ip4.h"
#include "pkt.h"

static struct {
	uint8_t type, code;
	uint32_t info;
} error;
static rte_be32_t redirected;

void __wrap_icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code,
	uint32_t info, enum drop_reason reason);
void __wrap_icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code,
	uint32_t info, enum drop_reason reason)
{
	error.type = type;
	error.code = code;
	error.info = info;
	skb_drop(w, skb, reason);
}

void __wrap_icmp_send_redirect(struct worker *w, struct skb *skb, rte_be32_t gw);
void __wrap_icmp_send_redirect(struct worker *w, struct skb *skb, rte_be32_t gw)
{
	redirected = gw;
}

static struct fib_nh hop;

static struct skb *packet(struct fake_router *r, struct pkt p)
{
	struct skb *skb = fake_rx_ip4(&r->f, r->dev[1], p.data + p.l3, p.len - p.l3);

	memset(skb->cb, 0, sizeof(skb->cb));
	memset(&error, 0, sizeof(error));
	hop = (struct fib_nh){ .type = FIB_UNICAST, .flags = FIB_NH_HH, .dev = r->dev[2],
		.gw = pkt_addr("10.0.2.9"), .mtu = 1000 };
	skb->nh = &hop;
	return skb;
}

static void changes_ttl_and_checksum_only(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.ttl = 2, .tos = 0x1b), want = p;
	struct skb *skb = packet(r, p);

	fake_stage1(&r->f, ip4_forward, skb);
	assert_ptr_equal(fake_take1(&r->f, STAGE_ip4_forward_finish), skb);
	pkt_ip(&want)->ttl = 1;
	pkt_ip(&want)->check = 0;
	pkt_ip(&want)->check = csum_ip4(pkt_ip(&want), 5);
	assert_memory_equal(skb_data(skb), want.data + want.l3, want.len - want.l3);
	assert_ptr_equal(skb->dev, r->dev[2]);
	assert_int_equal(skb->iif, 1);
	assert_int_equal(skb->priority, 4); /* interactive bulk: lowdelay and throughput */
	fake_stage1(&r->f, ip4_forward_finish, skb);
	assert_ptr_equal(fake_take1(&r->f, STAGE_ip4_output), skb);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpForwDatagrams], 1);
	fake_sent(&r->f, skb);
}

static void refuses(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb;

	for (uint8_t type = SKB_BROADCAST; type <= SKB_OTHERHOST; type++) {
		skb = packet(r, PKT_UDP(.ttl = 9));
		skb->pkt_type = type;
		fake_stage1(&r->f, ip4_forward, skb);
		fake_expect_drop(&r->f, DROP_IP4_NOT_UNICAST, 1);
	}
	fake_stage1(&r->f, ip4_forward, packet(r, PKT_UDP(.ttl = 1)));
	fake_expect_drop(&r->f, DROP_IP4_TTL, 1);
	assert_int_equal(error.type, ICMP_TIME_EXCEEDED);
	assert_int_equal(error.code, ICMP_EXCEEDED_TTL);
	struct pkt p = PKT_UDP(.ttl = 9);

	pkt_ip(&p)->ttl = 0;
	fake_stage1(&r->f, ip4_forward, packet(r, p));
	fake_expect_drop(&r->f, DROP_IP4_TTL, 1);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpInHdrErrors], 2);
	skb = packet(r, PKT_UDP(.ttl = 9));
	skb->flags |= SKB_F_IPOPT;
	ip4_cb(skb)->opt.srr = 20;
	ip4_cb(skb)->opt.flags = IP4_OPT_STRICT;
	fake_stage1(&r->f, ip4_forward, skb);
	fake_expect_drop(&r->f, DROP_IP4_SR_FAILED, 1);
	assert_int_equal(error.code, ICMP_UNREACH_SR_FAILED);
	assert_int_equal(fake_waiting(&r->f), 0);
}

static void too_big(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb;

	fake_stage1(&r->f, ip4_forward, packet(r, PKT_UDP(.frag_off = IP4_DF, .data_len = 973)));
	fake_expect_drop(&r->f, DROP_IP4_TOO_BIG, 1);
	assert_int_equal(error.type, ICMP_DEST_UNREACH);
	assert_int_equal(error.code, ICMP_UNREACH_FRAG_NEEDED);
	assert_int_equal(error.info, 1000);
	assert_int_equal(r->f.w->ip4->mib[MIB_IpFragFails], 1);
	/* fits exactly; may be cut; or is excused */
	fake_stage1(&r->f, ip4_forward, packet(r, PKT_UDP(.frag_off = IP4_DF, .data_len = 972)));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	fake_stage1(&r->f, ip4_forward, packet(r, PKT_UDP(.data_len = 973)));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	skb = packet(r, PKT_UDP(.frag_off = IP4_DF, .data_len = 973));
	skb->flags |= SKB_F_LOCAL_DF;
	fake_stage1(&r->f, ip4_forward, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
}

static struct skb *super_frame(struct fake_router *r, uint16_t gso_size)
{
	struct skb *skb = packet(r, PKT_TCP(.frag_off = IP4_DF, .data_len = 1900));

	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = gso_size;
	return skb;
}

static void super_frames_are_measured_by_their_packets(void **state)
{
	struct fake_router *r = *state;

	fake_stage1(&r->f, ip4_forward, super_frame(r, 960));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	fake_stage1(&r->f, ip4_forward, super_frame(r, 961));
	fake_expect_drop(&r->f, DROP_IP4_TOO_BIG, 1);
	fake_stage1(&r->f, ip4_output, super_frame(r, 960));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_neigh_resolve));
}

static void shared_data_stays(void **state)
{
	struct fake_router *r = *state;
	struct pkt p = PKT_UDP(.ttl = 9);
	struct skb *skb = packet(r, p), *tap = skb_clone(r->f.w, skb), *out;

	fake_stage1(&r->f, ip4_forward, skb);
	out = fake_take1(&r->f, STAGE_ip4_forward_finish);
	assert_int_equal(((struct ip4_hdr *)skb_data(out))->ttl, 8);
	assert_memory_equal(skb_data(tap), p.data + p.l3, p.len - p.l3);
	fake_sent(&r->f, out);
	fake_sent(&r->f, tap);
}

static void redirects(void **state)
{
	struct fake_router *r = *state;
	struct skb *skb = packet(r, PKT_UDP(.src = "10.0.1.50"));

	hop.dev = r->dev[1]; /* back out where it came in, and the sender is on that link */
	hop.gw = pkt_addr("10.0.1.9");
	fake_stage1(&r->f, ip4_forward, skb);
	assert_int_equal(redirected, pkt_addr("10.0.1.9"));
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish)); /* forwarded all the same */
	redirected = 0;
	skb = packet(r, PKT_UDP(.src = "10.0.2.50")); /* not on that link */
	hop.dev = r->dev[1];
	fake_stage1(&r->f, ip4_forward, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	assert_int_equal(redirected, 0);
	skb = packet(r, PKT_UDP(.src = "10.0.1.50"));
	hop.dev = r->dev[1];
	skb->flags |= SKB_F_IPOPT;
	ip4_cb(skb)->opt.srr = 20; /* source routed: it was told to come this way */
	fake_stage1(&r->f, ip4_forward, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	assert_int_equal(redirected, 0);
	skb = packet(r, PKT_UDP(.src = "10.0.1.50"));
	hop.dev = r->dev[1];
	r->f.dp.conf.send_redirects = 0;
	fake_stage1(&r->f, ip4_forward, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	assert_int_equal(redirected, 0);
	skb = packet(r, PKT_UDP(.src = "10.0.1.50")); /* off for all, on for this one */
	hop.dev = r->dev[1];
	atomic_store(&r->dev[1]->inet, NETDEV_INET_REDIRECTS);
	fake_stage1(&r->f, ip4_forward, skb);
	fake_sent(&r->f, fake_take1(&r->f, STAGE_ip4_forward_finish));
	assert_int_equal(redirected, pkt_addr("10.0.2.9"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_router_setup, fake_router_teardown)
	const struct CMUnitTest tests[] = {
		T(changes_ttl_and_checksum_only), T(refuses), T(too_big),
		T(super_frames_are_measured_by_their_packets), T(shared_data_stays), T(redirects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
