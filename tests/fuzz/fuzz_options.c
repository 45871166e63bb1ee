/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 options: compile, source route, fragment, forward, answer. Input: a byte (bit 0: to this
 * host, bit 1: accept source routes), then the options. The packet ends where its buffer ends.
 */
#include <string.h>

#include "fuzz.h"
#include "ip4/ip4_world.h"
#include "wire/ip4.h"

static struct ip4_world *router(void)
{
	static void *state;

	if (!state)
		must(ip4_world_setup(&state) == 0);
	return state;
}

static struct skb *packet(struct ip4_world *world, bool local, const uint8_t *opts, uint32_t n)
{
	uint8_t b[IP4_HDR_MAX] = { 0 };
	struct ip4_hdr *ip = (struct ip4_hdr *)b;
	uint32_t hlen = IP4_HDR_LEN + ((n + 3) & ~3u);

	*ip = (struct ip4_hdr){
		.ver_ihl = (uint8_t)(0x40 | hlen / 4), .tot_len = htons((uint16_t)hlen), .ttl = 9,
		.protocol = 99, .saddr = pkt_addr("10.0.0.2"),
		.daddr = pkt_addr(local ? "192.0.2.1" : "203.0.113.9"),
	};
	memcpy(b + IP4_HDR_LEN, opts, n);
	ip4_set_csum(ip);
	return ip4_world_exact(world, b, hlen);
}

static void sound(struct ip4_world *world, struct skb *skb)
{
	uint32_t n = ip4_hdr_len(skb_data(skb)) - IP4_HDR_LEN, len;
	uint8_t copy[IP4_OPTLEN_MAX], out[IP4_OPTLEN_MAX];
	rte_be32_t hop = 0;

	must(pkt_ip_csum_ok(skb_data(skb)));
	memcpy(copy, (uint8_t *)skb_data(skb) + IP4_HDR_LEN, n);
	ip4_options_fragment(copy, n);
	len = ip4_options_echo(world->w, &ip4_cb(skb)->opt, skb_data(skb), 1, out, &hop);
	must(len <= n && len % 4 == 0);
	if (!ip4_options_rcv_srr(world->w, skb))
		return;
	skb->nh = &world->nh[0];
	ip4_options_forward(world->w, skb);
	must(pkt_ip_csum_ok(skb_data(skb)));
	fake_sent(&world->f, skb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip4_world *world = router();
	struct skb *skb, *out[BURST_MAX];

	if (size < 2 || size > 1 + IP4_OPTLEN_MAX)
		return 0;
	world->f.dp.conf.accept_source_route = data[0] >> 1 & 1;
	world->w->now += worker_msec(world->w, 7000); /* no rate limit */
	skb = packet(world, data[0] & 1, data + 1, (uint32_t)size - 1);
	if (ip4_options_compile(world->w, skb))
		sound(world, skb);
	if (fake_take(&world->f, STAGE_icmp_error, out, BURST_MAX))
		fake_stage1(&world->f, icmp_error, out[0]);
	if (fake_take(&world->f, STAGE_ip4_send, out, BURST_MAX))
		fake_sent(&world->f, out[0]);
	must(fake_waiting(&world->f) == 0);
	burst_flush_done(world->w);
	fuzz_check_ledger(&world->f);
	return 0;
}
