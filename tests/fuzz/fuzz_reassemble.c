/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequences of fragments. Input: records of 5 bytes: datagram (low 3 bits) and ECN (high 2), offset
 * in units of 8 bytes (16 bits), length, flags (1: more, 2: DF, 4: long, 8: a second passes).
 * What comes out must be the bytes that a datagram has at these places.
 */
#include <string.h>

#include "core/timer.h"
#include "fuzz.h"
#include "ip4/ip4_reassemble.h"
#include "ip4/ip4_world.h"

static struct ip4_world *router(void)
{
	static void *state;

	if (!state) {
		must(ip4_world_setup(&state) == 0);
		((struct ip4_world *)state)->f.dp.conf.frag_high_bytes = 400000;
	}
	return state;
}

static uint8_t pattern(unsigned int id, uint32_t at)
{
	return (uint8_t)(at * 7 + id * 29 + (at >> 8));
}

static struct skb *fragment(struct ip4_world *world, const uint8_t *r)
{
	uint8_t data[1024];
	uint32_t from = (r[1] | (uint32_t)r[2] << 8) % 8192 * 8, n = r[3] * (r[4] & 4 ? 4u : 1u);
	struct pkt p;

	for (uint32_t i = 0; i < n; i++)
		data[i] = pattern(r[0] & 7, from + i);
	p = PKT_IP4(.id = r[0] & 7, .tos = r[0] >> 6, .proto = 99, .data = data, .data_len = n,
		.frag_off = (uint16_t)(from / 8 | (r[4] & 1 ? IP4_MF : 0) | (r[4] & 2 ? IP4_DF : 0)));
	return ip4_world_routed(world, &p);
}

static void check(const struct skb *skb, unsigned int id)
{
	const uint8_t *b = ip4_world_flat(skb);
	uint32_t len = skb_len(skb);

	must(len > IP4_HDR_LEN && len <= IP4_PKT_MAX);
	must(ip4_tot_len((const void *)b) == len && !ip4_is_fragment((const void *)b));
	must(pkt_ip_csum_ok(b));
	for (uint32_t i = IP4_HDR_LEN; i < len; i++)
		must(b[i] == pattern(id, i - IP4_HDR_LEN));
}

static void drain(struct ip4_world *world)
{
	struct skb *skb[BURST_MAX];
	uint32_t n = fake_take(&world->f, STAGE_icmp_error, skb, BURST_MAX);

	fake_stage(&world->f, icmp_error, skb, n);
	n = fake_take(&world->f, STAGE_ip4_send, skb, BURST_MAX);
	while (n)
		fake_sent(&world->f, skb[--n]);
	burst_flush_done(world->w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct ip4_world *world = router();
	struct ip4_reasm_stats st;
	const uint8_t *r;

	for (unsigned int i = 0; i < 2000 && (r = fuzz_take(&in, 5)) != NULL; i++) {
		struct skb *skb = ip4_reassemble(world->w, fragment(world, r), IP4_REASM_LOCAL);

		if (skb) {
			check(skb, r[0] & 7);
			skb_delivered(world->w, skb);
		}
		if (r[4] & 8)
			ip4_world_sleep(world, 1000);
		drain(world);
		ip4_reasm_stats(world->w, &st);
		must(st.bytes <= 400000);
	}
	ip4_world_sleep(world, 60000);
	drain(world);
	ip4_reasm_stats(world->w, &st);
	must(st.queues == 0 && st.bytes == 0);
	fuzz_check_ledger(&world->f);
	return 0;
}
