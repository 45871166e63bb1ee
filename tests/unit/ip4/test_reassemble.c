/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly: named cases, then a seeded random walk of fragments in any order, with duplicates and
 * overlaps, against a model that is a byte map per datagram.
 */
#include <stdlib.h>
#include <string.h>

#include "core/timer.h"
#include "ip4/icmp.h"
#include "ip4/ip4_reassemble.h"
#include "ip4_world.h"

/* Bytes [from, to) of datagram `id`; its byte i is pattern(id, i). */
static uint8_t pattern(uint16_t id, uint32_t i)
{
	return (uint8_t)(i * 7 + id * 13 + (i >> 8));
}

struct part {
	uint16_t id;
	uint32_t from, to;
	bool more;
	uint16_t flags;
	uint8_t tos, proto;
	const char *src;
};

static struct skb *make(struct ip4_world *world, const struct part *s)
{
	uint8_t data[2048];
	struct pkt p;

	assert_true(s->to - s->from <= sizeof(data));
	for (uint32_t i = s->from; i < s->to; i++)
		data[i - s->from] = pattern(s->id, i);
	p = PKT_IP4(.id = s->id, .src = s->src ? s->src : "10.0.0.2", .tos = s->tos,
		.proto = s->proto ? s->proto : 99, .data = data, .data_len = s->to - s->from,
		.frag_off = (uint16_t)(s->from / 8 | (s->more ? IP4_MF : 0) | s->flags));
	return ip4_world_routed(world, &p);
}

#define PART(...) (&(struct part){ .id = 1, __VA_ARGS__ })

static struct skb *give(struct ip4_world *world, const struct part *s)
{
	struct skb *skb = ip4_reassemble(world->w, make(world, s), IP4_REASM_LOCAL);

	burst_flush_done(world->w);
	return skb;
}

static void check(const struct skb *skb, uint16_t id, uint32_t len)
{
	const uint8_t *b = ip4_world_flat(skb);
	const struct ip4_hdr *ip = (const void *)b;

	assert_non_null(skb);
	assert_int_equal(skb_len(skb), 20 + len);
	assert_int_equal(ip4_tot_len(ip), 20 + len);
	assert_false(ip4_is_fragment(ip));
	assert_true(pkt_ip_csum_ok(b));
	for (uint32_t i = 0; i < len; i++)
		if (b[20 + i] != pattern(id, i))
			fail_msg("byte %u of datagram %u is wrong", i, id);
}

static struct ip4_reasm_stats stats(struct ip4_world *world)
{
	struct ip4_reasm_stats st;

	ip4_reasm_stats(world->w, &st);
	return st;
}

static void in_order(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	assert_null(give(world, PART(.from = 0, .to = 1480, .more = true)));
	assert_int_equal(stats(world).queues, 1);
	assert_null(give(world, PART(.from = 1480, .to = 2960, .more = true)));
	skb = give(world, PART(.from = 2960, .to = 3333));
	check(skb, 1, 3333);
	assert_int_equal(stats(world).queues, 0);
	assert_int_equal(stats(world).bytes, 0);
	assert_ptr_equal(skb->dev, world->wan);
	assert_int_equal(skb->nh->type, FIB_LOCAL);
	assert_int_equal(skb->frag_max_size, 1500);
	assert_counted(world, IpReasmReqds, 3);
	assert_counted(world, IpReasmOKs, 1);
	assert_counted(world, IpReasmFails, 0);
	skb_delivered(world->w, skb);
}

/* All orders of four fragments; the last one may have any length. */
static void any_order(void **state)
{
	struct ip4_world *world = *state;
	unsigned int tried = 0;

	for (unsigned int code = 0; code < 256; code++) {
		unsigned int o[4] = { code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 };
		uint32_t len = 3 * 24 + 1 + code % 24;
		struct skb *skb = NULL;

		if ((1u << o[0] | 1u << o[1] | 1u << o[2] | 1u << o[3]) != 15)
			continue;
		for (unsigned int i = 0; i < 4; i++) {
			assert_null(skb);
			skb = give(world, PART(.id = (uint16_t)code, .from = o[i] * 24,
				.to = o[i] == 3 ? len : o[i] * 24 + 24, .more = o[i] != 3));
		}
		check(skb, (uint16_t)code, len);
		skb_delivered(world->w, skb);
		tried++;
	}
	assert_int_equal(tried, 24);
}

static void duplicates_go_singly(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	fake_expect_drop(&world->f, DROP_REASM_DUPLICATE, 1);
	assert_null(give(world, PART(.from = 64, .to = 128, .more = true)));
	assert_null(give(world, PART(.from = 32, .to = 96, .more = true))); /* within what is there */
	fake_expect_drop(&world->f, DROP_REASM_DUPLICATE, 1);
	skb = give(world, PART(.from = 128, .to = 131));
	check(skb, 1, 131);
	skb_delivered(world->w, skb);
}

static void overlap_ends_the_datagram(void **state)
{
	static const struct part over[] = {
		{ .id = 1, .from = 56, .to = 72, .more = true },
		{ .id = 1, .from = 0, .to = 72, .more = true },
		{ .id = 1, .from = 120, .to = 136, .more = true },
		{ .id = 1, .from = 0, .to = 200, .more = true },
	};
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(over); i++) {
		assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
		assert_null(give(world, PART(.from = 128, .to = 192, .more = true)));
		assert_null(give(world, &over[i]));
		fake_expect_drop(&world->f, DROP_REASM_OVERLAP, 3);
		assert_int_equal(stats(world).queues, 0);
		assert_counted(world, IpExtReasmOverlaps, 1);
		assert_counted(world, IpReasmFails, 1);
	}
}

static void ends_that_disagree(void **state)
{
	static const struct part second[] = {
		{ .id = 1, .from = 64, .to = 96 },               /* another last one, shorter */
		{ .id = 1, .from = 160, .to = 170 },             /* another last one, longer */
		{ .id = 1, .from = 128, .to = 136, .more = true }, /* data behind the end */
	};
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(second); i++) {
		assert_null(give(world, PART(.from = 64, .to = 100)));
		assert_null(give(world, &second[i]));
		fake_expect_drop(&world->f, DROP_REASM_END, 2);
		assert_int_equal(stats(world).queues, 0);
	}
	assert_null(give(world, PART(.from = 64, .to = 128, .more = true)));
	assert_null(give(world, PART(.from = 0, .to = 32))); /* the last one, before data */
	fake_expect_drop(&world->f, DROP_REASM_END, 2);
}

static void malformed_parts(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	assert_null(give(world, PART(.from = 64, .to = 64)));
	fake_expect_drop(&world->f, DROP_REASM_EMPTY, 1);
	assert_null(give(world, PART(.from = 64, .to = 73, .more = true)));
	fake_expect_drop(&world->f, DROP_REASM_LENGTH, 1);
	skb = give(world, PART(.from = 64, .to = 80)); /* the datagram lives */
	check(skb, 1, 80);
	skb_delivered(world->w, skb);
}

static void longer_than_65535(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = NULL;

	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	assert_null(give(world, PART(.from = 65528, .to = 65536)));
	fake_expect_drop(&world->f, DROP_REASM_TOO_LONG, 2);
	assert_int_equal(stats(world).queues, 0);
	/* the longest there is */
	for (uint32_t at = 0; at < 65515; at += 1480)
		skb = give(world, PART(.from = at, .to = RTE_MIN(at + 1480, 65515u),
			.more = at + 1480 < 65515));
	check(skb, 1, 65515);
	skb_delivered(world->w, skb);
}

/* The first header carries 40 bytes of options, the last fragment none: together too long. */
static void too_long_with_the_first_header(void **state)
{
	static const uint8_t nops[40] = { 1, 1, 1, 1, 1 };
	struct ip4_world *world = *state;
	struct pkt p = PKT_IP4(.id = 1, .proto = 99, .options = nops, .options_len = 40,
		.frag_off = IP4_MF, .data_len = 1480);
	struct skb *skb = NULL;

	for (uint32_t at = 1480; at < 65515; at += 1480)
		skb = give(world, PART(.from = at, .to = RTE_MIN(at + 1480, 65515u),
			.more = at + 1480 < 65515));
	assert_null(skb);
	assert_null(ip4_reassemble(world->w, ip4_world_routed(world, &p), IP4_REASM_LOCAL));
	fake_expect_drop(&world->f, DROP_REASM_TOO_LONG, 45);
}

static void what_makes_a_datagram(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	assert_null(give(world, PART(.from = 64, .to = 80, .id = 2)));
	assert_null(give(world, PART(.from = 64, .to = 80, .proto = 98)));
	assert_null(give(world, PART(.from = 64, .to = 80, .src = "10.0.0.3")));
	assert_null(ip4_reassemble(world->w, make(world, PART(.from = 64, .to = 80)),
		IP4_REASM_ROUTER_ALERT));
	assert_int_equal(stats(world).queues, 5);
	skb = give(world, PART(.from = 64, .to = 80));
	check(skb, 1, 80);
	skb_delivered(world->w, skb);
	assert_int_equal(stats(world).queues, 4);
}

static void timeout_reports_the_first(void **state)
{
	struct ip4_world *world = *state;
	struct skb *e;

	assert_null(give(world, PART(.from = 64, .to = 128, .more = true)));
	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	ip4_world_sleep(world, 29990);
	assert_int_equal(stats(world).queues, 1);
	ip4_world_sleep(world, 20);
	assert_int_equal(stats(world).queues, 0);
	assert_counted(world, IpReasmTimeout, 1);
	assert_counted(world, IpReasmFails, 1);
	fake_expect_drop(&world->f, DROP_REASM_TIMEOUT, 1);
	e = fake_take1(&world->f, STAGE_icmp_error);
	assert_int_equal(ip4_cb(e)->icmp_type, ICMP_TIME_EXCEEDED);
	assert_int_equal(ip4_cb(e)->icmp_code, ICMP_EXCEEDED_FRAG);
	assert_ptr_equal(e->dev, world->wan);
	fake_stage1(&world->f, icmp_error, e);
	fake_expect_drop(&world->f, DROP_REASM_TIMEOUT, 1);
	e = ip4_world_answer(world);
	assert_int_equal(ip4_world_flat(e)[20], ICMP_TIME_EXCEEDED);
	assert_int_equal(ip4_world_flat(e)[21], ICMP_EXCEEDED_FRAG);
	assert_int_equal(ip4_world_flat(e)[28 + 20 + 5], pattern(1, 5)); /* quotes the first */
	fake_sent(&world->f, e);
}

static void timeout_is_silent_without_the_first(void **state)
{
	struct ip4_world *world = *state;

	world->f.dp.conf.frag_timeout_s = 3;
	assert_null(give(world, PART(.from = 64, .to = 128, .more = true)));
	ip4_world_sleep(world, 2000);
	assert_null(give(world, PART(.from = 128, .to = 192, .more = true))); /* no new lease */
	ip4_world_sleep(world, 1010);
	fake_expect_drop(&world->f, DROP_REASM_TIMEOUT, 2);
	assert_int_equal(fake_waiting(&world->f), 0);
}

/* The interface may go while a fragment waits. */
static void timeout_after_the_interface_left(void **state)
{
	struct ip4_world *world = *state;
	struct skb *e;

	assert_null(give(world, PART(.from = 0, .to = 64, .more = true)));
	atomic_store(&world->f.netdevs->dev[1], NULL);
	ip4_world_sleep(world, 30010);
	e = fake_take1(&world->f, STAGE_icmp_error);
	assert_null(e->dev);
	fake_stage1(&world->f, icmp_error, e);
	fake_sent(&world->f, ip4_world_answer(world));
}

static void flood_stays_bounded(void **state)
{
	struct ip4_world *world = *state;
	struct ip4_reasm_stats st;
	struct skb *skb;

	world->f.dp.conf.frag_high_bytes = 300000;
	for (unsigned int i = 0; i < 5000; i++) {
		assert_null(give(world, PART(.id = (uint16_t)i, .from = 8, .to = 16, .more = true)));
		assert_true(stats(world).bytes <= 300000);
	}
	st = stats(world);
	assert_true(st.queues > 50);
	assert_int_equal(st.evicted, 5000 - st.queues);
	fake_expect_drop(&world->f, DROP_REASM_MEMORY, 5000 - st.queues);
	/* the newest is still there */
	assert_null(give(world, PART(.id = 4999, .from = 0, .to = 8, .more = true)));
	skb = give(world, PART(.id = 4999, .from = 16, .to = 20));
	check(skb, 4999, 20);
	skb_delivered(world->w, skb);
}

/* One datagram of tiny fragments cannot take more either. */
static void tiny_fragments_of_one(void **state)
{
	struct ip4_world *world = *state;

	world->f.dp.conf.frag_high_bytes = 300000;
	for (uint32_t at = 8; at < 16000; at += 8) {
		assert_null(give(world, PART(.from = at, .to = at + 8, .more = true)));
		assert_true(stats(world).bytes <= 300000);
	}
	assert_true(stats(world).evicted > 0);
}

/* Buffers as their last users left them: with lengths that are none of ours. */
static void use_all_buffers(struct ip4_world *world)
{
	struct skb *skb, *list = NULL;

	while ((skb = skb_get_new(world->w)) != NULL) {
		skb_put(skb, 99);
		skb->next = list;
		list = skb;
	}
	while ((skb = list) != NULL) {
		list = skb->next;
		skb->next = NULL;
		skb_absorb(world->w, skb);
	}
	burst_flush_done(world->w);
}

static void used_buffers(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	use_all_buffers(world);
	assert_null(give(world, PART(.from = 0, .to = 1480, .more = true)));
	assert_null(give(world, PART(.from = 1480, .to = 2960, .more = true)));
	skb = give(world, PART(.from = 2960, .to = 2961)); /* a segment of its own for one byte */
	check(skb, 1, 2961);
	skb_delivered(world->w, skb);
}

static void tiny_fragments_complete(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb = NULL;

	for (uint32_t at = 4000; at > 0; at -= 8) /* backwards */
		assert_null(give(world, PART(.from = at, .to = at + 8, .more = at != 4000)));
	skb = give(world, PART(.from = 0, .to = 8, .more = true));
	check(skb, 1, 4008);
	assert_true(skb_mbuf(skb)->nb_segs < 5); /* small ones are joined by copy */
	skb_delivered(world->w, skb);
}

static void ecn(void **state)
{
	static const struct {
		uint8_t a, b;
		int tos; /* -1: dropped */
	} cases[] = {
		{ 0, 0, 0 }, { 2, 2, 2 }, { 2, 3, 3 }, { 3, 2, 3 }, { 1, 3, 3 }, { 0, 3, -1 }, { 3, 0, -1 },
		{ 3, 3, 3 },
	};
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct skb *skb;

		give(world, PART(.from = 0, .to = 8, .more = true, .tos = cases[i].a | 0x20));
		skb = give(world, PART(.from = 8, .to = 9, .tos = cases[i].b | 0x20));
		if (cases[i].tos < 0) {
			assert_null(skb);
			fake_expect_drop(&world->f, DROP_REASM_ECN, 2);
			continue;
		}
		check(skb, 1, 9);
		assert_int_equal(ip4_world_flat(skb)[1], cases[i].tos | 0x20);
		skb_delivered(world->w, skb);
	}
}

/* DF stays where every fragment had it, so that path MTU discovery goes on. */
static void keeps_df(void **state)
{
	struct ip4_world *world = *state;
	struct skb *skb;

	give(world, PART(.from = 0, .to = 64, .more = true, .flags = IP4_DF));
	skb = give(world, PART(.from = 64, .to = 70, .flags = IP4_DF));
	assert_int_equal(((const struct ip4_hdr *)skb_data(skb))->frag_off, htons(IP4_DF));
	skb_delivered(world->w, skb);
}

/* The options of the whole are the first fragment's, whenever it came. */
static void options_of_the_first(void **state)
{
	static const uint8_t rr[8] = { 7, 7, 8, 10, 0, 0, 1, 0 };
	struct ip4_world *world = *state;
	struct pkt p = PKT_IP4(.id = 1, .proto = 99, .options = rr, .options_len = 8,
		.frag_off = IP4_MF, .data_len = 16);
	struct skb *first = ip4_world_routed(world, &p), *skb;

	first->flags |= SKB_F_IPOPT;
	ip4_cb(first)->opt.rr = 20;
	assert_null(give(world, PART(.from = 16, .to = 30)));
	skb = ip4_reassemble(world->w, first, IP4_REASM_LOCAL);
	assert_non_null(skb);
	assert_int_equal(skb_len(skb), 28 + 30);
	assert_memory_equal(ip4_world_flat(skb) + 20, rr, 8);
	assert_true(skb->flags & SKB_F_IPOPT);
	assert_int_equal(ip4_cb(skb)->opt.rr, 20);
	assert_true(pkt_ip_csum_ok(ip4_world_flat(skb)));
	skb_delivered(world->w, skb);
}

static void census(void **state)
{
	struct ip4_world *world = *state;
	struct ledger_sum sum;

	give(world, PART(.from = 0, .to = 64, .more = true));
	give(world, PART(.from = 0, .to = 64, .more = true, .id = 2));
	ledger_snapshot(world->w, &sum);
	assert_int_equal(sum.held, 2);
	assert_int_equal(ledger_gap(&sum), 0);
	/* teardown ends them as STOPPED and finds every buffer home */
}

/* The model: what is there of a datagram, byte by byte. */
#define MODEL_IDS 12
#define MODEL_MAX 1024

struct model {
	bool have[MODEL_MAX], any, last;
	uint32_t len; /* as far as known */
};

enum fate { KEPT, DUPLICATE, OVERLAP, END, WHOLE };

static enum fate model_add(struct model *m, const struct part *s)
{
	uint32_t there = 0, all = 0;
	bool dup;

	if (s->more ? m->last && s->to > m->len : s->to < m->len || (m->last && s->to != m->len)) {
		memset(m, 0, sizeof(*m));
		return END;
	}
	for (uint32_t i = s->from; i < s->to; i++)
		there += m->have[i];
	dup = there == s->to - s->from;
	if (there && !dup) {
		memset(m, 0, sizeof(*m));
		return OVERLAP;
	}
	m->last |= !s->more;
	m->len = RTE_MAX(m->len, s->to);
	if (dup)
		return DUPLICATE;
	for (uint32_t i = s->from; i < s->to; i++)
		m->have[i] = true;
	for (uint32_t i = 0; i < m->len; i++)
		all += m->have[i];
	if (!m->last || all != m->len)
		return KEPT;
	memset(m, 0, sizeof(*m));
	return WHOLE;
}

static void random_walk(void **state)
{
	struct ip4_world *world = *state;
	struct model models[MODEL_IDS];
	unsigned int fates[WHOLE + 1] = { 0 };

	memset(models, 0, sizeof(models));
	srandom(20);
	for (unsigned int step = 0; step < 200000; step++) {
		unsigned int id = (unsigned int)random() % MODEL_IDS;
		/* mostly pieces of one plan a datagram, sometimes anything */
		uint32_t total = 100 + id * 31, size = 8 * (2 + id % 5);
		uint32_t from = (uint32_t)random() % ((total + size - 1) / size) * size;
		struct part s = { .id = (uint16_t)id, .from = from, .to = RTE_MIN(from + size, total),
			.more = from + size < total };
		struct model *m = &models[id];
		uint32_t len;
		enum fate fate;
		struct skb *skb;

		if (random() % 64 == 0) {
			s.from = (uint32_t)random() % 60 * 8;
			s.to = s.from + 8 * (1 + (uint32_t)random() % 8);
			s.more = random() % 4;
		}
		len = m->last ? m->len : RTE_MAX(m->len, s.to);
		fate = model_add(m, &s);
		fates[fate]++;
		skb = give(world, &s);
		fake_expect_drop(&world->f, DROP_REASM_DUPLICATE, fate == DUPLICATE);
		if (fate != OVERLAP)
			fake_expect_drop(&world->f, DROP_REASM_OVERLAP, 0);
		if (fate != END)
			fake_expect_drop(&world->f, DROP_REASM_END, 0);
		world->f.seen.dropped[DROP_REASM_OVERLAP] =
			world->w->ledger.dropped[DROP_REASM_OVERLAP];
		world->f.seen.dropped[DROP_REASM_END] = world->w->ledger.dropped[DROP_REASM_END];
		assert_true((skb != NULL) == (fate == WHOLE));
		if (skb) {
			check(skb, (uint16_t)id, len);
			skb_delivered(world->w, skb);
		}
	}
	for (unsigned int i = 0; i <= WHOLE; i++)
		assert_true(fates[i] > 200); /* the walk went everywhere */
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_order), T(any_order), T(duplicates_go_singly), T(overlap_ends_the_datagram),
		T(ends_that_disagree), T(malformed_parts), T(longer_than_65535),
		T(too_long_with_the_first_header), T(what_makes_a_datagram),
		T(timeout_reports_the_first), T(timeout_is_silent_without_the_first),
		T(timeout_after_the_interface_left), T(flood_stays_bounded), T(tiny_fragments_of_one),
		T(tiny_fragments_complete), T(used_buffers), T(ecn), T(keeps_df), T(options_of_the_first), T(census),
		T(random_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
