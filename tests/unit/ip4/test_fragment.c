/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragmentation: every piece against what RFC 791 says it is, and a reference that joins them. */
#include <string.h>

#include "core/skb_alloc.h"
#include "ip4_world.h"
#include "wire/tcp.h"

struct pieces {
	unsigned int n;
	struct skb *skb[BURST_MAX];
};

static struct fib_nh path; /* as the output route gives it */

static struct skb *leaving(struct ip4_world *world, const struct pkt *p, uint32_t mtu)
{
	struct skb *skb = ip4_world_routed(world, p);

	path = *skb->nh;
	path.mtu = mtu;
	skb->nh = &path;
	skb->dev = path.dev;
	return skb;
}

static struct pieces fragment(struct ip4_world *world, struct skb *skb)
{
	struct pieces got = { 0 };

	fake_stage1(&world->f, ip4_fragment, skb);
	got.n = fake_take(&world->f, STAGE_neigh_resolve, got.skb, BURST_MAX);
	assert_int_equal(fake_waiting(&world->f), 0);
	return got;
}

static void sent(struct ip4_world *world, struct pieces *got)
{
	for (unsigned int i = 0; i < got->n; i++)
		fake_sent(&world->f, got->skb[i]);
}

/* Each piece sound by itself, and together exactly `whole`, which may be a fragment itself. */
static void check(const struct pieces *got, const struct ip4_hdr *whole, uint32_t mtu)
{
	static uint8_t data[IP4_PKT_MAX];
	const uint32_t hlen = ip4_hdr_len(whole), len = ip4_tot_len(whole) - hlen;
	uint32_t at = 0;

	for (unsigned int i = 0; i < got->n; i++) {
		const uint8_t *b = ip4_world_flat(got->skb[i]);
		const struct ip4_hdr *ip = (const void *)b;
		uint32_t n = skb_len(got->skb[i]) - hlen;
		bool last = i == got->n - 1;

		assert_true(pkt_ip_csum_ok(b));
		assert_int_equal(ip4_hdr_len(ip), hlen);
		assert_int_equal(ip4_tot_len(ip), skb_len(got->skb[i]));
		assert_true(skb_len(got->skb[i]) <= mtu);
		assert_int_equal(ip4_frag_offset(ip), ip4_frag_offset(whole) + at);
		assert_int_equal(!!(ip->frag_off & htons(IP4_MF)),
			!last || whole->frag_off & htons(IP4_MF));
		assert_true(last || n == ((mtu - hlen) & ~7u)); /* as large as can be */
		assert_int_equal(ip->id, whole->id);
		assert_int_equal(ip->ttl, whole->ttl);
		assert_int_equal(ip->tos, whole->tos);
		assert_int_equal(ip->protocol, whole->protocol);
		assert_memory_equal(&ip->saddr, &whole->saddr, 8);
		assert_ptr_equal(got->skb[i]->nh, &path);
		assert_ptr_equal(got->skb[i]->dev, path.dev);
		assert_ptr_equal(skb_network_header(got->skb[i]), skb_data(got->skb[i]));
		assert_true(at + n <= len);
		memcpy(data + at, b + hlen, n);
		at += n;
	}
	assert_int_equal(at, len);
	assert_memory_equal(data, (const uint8_t *)whole + hlen, len);
}

static void any_length_and_mtu(void **state)
{
	static const uint32_t mtus[] = { 68, 69, 75, 76, 77, 296, 576, 1279, 1280, 1492 };
	struct ip4_world *world = *state;

	for (size_t m = 0; m < RTE_DIM(mtus); m++) {
		for (uint32_t len = 1490; len < 1600; len += 13) {
			struct pkt p = PKT_UDP(.data_len = len, .dst = "203.0.113.9", .tos = 0xb8);
			uint64_t absorbed = world->w->ledger.absorbed;
			struct pieces got = fragment(world, leaving(world, &p, mtus[m]));

			check(&got, pkt_ip(&p), mtus[m]);
			assert_int_equal(world->w->ledger.absorbed, absorbed + 1);
			assert_counted(world, IpFragOKs, 1);
			assert_counted(world, IpFragCreates, got.n);
			sent(world, &got);
			burst_flush_done(world->w);
		}
	}
	assert_counted(world, IpFragFails, 0);
}

/* A fragment in the middle and a last one are cut again. */
static void fragments_again(void **state)
{
	static const uint16_t fields[] = { IP4_MF, IP4_MF | 100, 100, IP4_MF | 8000 };
	struct ip4_world *world = *state;

	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		struct pkt p = PKT_IP4(.frag_off = fields[i], .data_len = 1200, .dst = "203.0.113.9");
		struct pieces got = fragment(world, leaving(world, &p, 500));

		check(&got, pkt_ip(&p), 500);
		sent(world, &got);
	}
}

/* A packet in many segments, cut where no segment ends. */
static void from_a_chain(void **state)
{
	struct ip4_world *world = *state;

	for (uint32_t seg = 60; seg < 700; seg += 97) {
		struct pkt p = PKT_UDP(.data_len = 3000, .dst = "203.0.113.9");
		struct skb *skb = fake_rx_segs(&world->f, world->wan, p.data, p.len, seg), *one;
		struct pieces got;

		skb_pull(skb, p.l3);
		skb_reset_network_header(skb);
		memset(skb->cb, 0, sizeof(skb->cb));
		one = leaving(world, &p, 576); /* for the path */
		fake_sent(&world->f, one);
		skb->nh = &path;
		skb->dev = path.dev;
		got = fragment(world, skb);
		check(&got, pkt_ip(&p), 576);
		sent(world, &got);
		burst_flush_done(world->w);
	}
}

/* The data is shared, not copied, and stays after the parent has ended. */
static void shares_data(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 2500, .dst = "203.0.113.9");
	struct pieces got = fragment(world, leaving(world, &p, 1000));

	burst_flush_done(world->w);
	assert_int_equal(fake_pool_in_use(world->f.clone_pool) - world->w->skb_cache->clones, 3);
	check(&got, pkt_ip(&p), 1000);
	sent(world, &got);
}

/* Without header-only buffers the pieces are copies. */
static void copies_when_it_must(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 4000, .dst = "203.0.113.9");
	struct rte_mbuf *all[FAKE_MBUFS + 1];
	unsigned int n = 0;
	struct pieces got;

	while ((all[n] = skb_cache_get_clone(world->w)) != NULL)
		n++;
	got = fragment(world, leaving(world, &p, 2996)); /* larger than one buffer */
	check(&got, pkt_ip(&p), 2996);
	sent(world, &got);
	while (n--)
		skb_free_seg(all[n]);
}

static void all_or_none(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 1400, .dst = "203.0.113.9");
	struct skb *skb = leaving(world, &p, 100), *all[FAKE_MBUFS + 1];
	unsigned int n = 0;
	struct pieces got;

	while ((all[n] = skb_get_new(world->w)) != NULL)
		n++;
	skb_absorb(world->w, all[--n]); /* room for one of the pieces */
	skb_absorb(world->w, all[--n]);
	burst_flush_done(world->w);
	got = fragment(world, skb);
	assert_int_equal(got.n, 0);
	assert_counted(world, IpFragFails, 1);
	assert_counted(world, IpFragOKs, 0);
	assert_counted(world, IpFragCreates, 0);
	assert_in_range(world->w->ledger.dropped[DROP_NO_MEMORY], 2, 4);
	while (n)
		skb_absorb(world->w, all[--n]);
}

static void do_not_fragment(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 1400, .frag_off = IP4_DF, .dst = "203.0.113.9");
	struct skb *skb = leaving(world, &p, 1000), *e;
	struct pieces got;

	fake_stage1(&world->f, ip4_fragment, skb);
	e = fake_take1(&world->f, STAGE_icmp_error);
	assert_int_equal(ip4_cb(e)->icmp_type, ICMP_DEST_UNREACH);
	assert_int_equal(ip4_cb(e)->icmp_code, ICMP_UNREACH_FRAG_NEEDED);
	assert_int_equal(ip4_cb(e)->icmp_info, 1000);
	assert_counted(world, IpFragFails, 1);
	fake_stage1(&world->f, icmp_error, e);
	fake_expect_drop(&world->f, DROP_FRAG_DF, 1);
	fake_sent(&world->f, ip4_world_answer(world));

	skb = leaving(world, &p, 1000); /* but its sender may allow it */
	skb->flags |= SKB_F_LOCAL_DF;
	got = fragment(world, skb);
	assert_int_equal(got.n, 2);
	assert_int_equal(((struct ip4_hdr *)skb_data(got.skb[0]))->frag_off, htons(IP4_MF));
	sent(world, &got);
}

static void no_room_for_data(void **state)
{
	struct ip4_world *world = *state;
	const uint8_t options[40] = { 1 };
	struct pkt p = PKT_UDP(.options = options, .options_len = 40, .dst = "203.0.113.9");
	struct pieces got = fragment(world, leaving(world, &p, 68));

	assert_true(got.n > 1); /* 8 bytes each just fit */
	check(&got, pkt_ip(&p), 68);
	sent(world, &got);
	fake_stage1(&world->f, ip4_fragment, leaving(world, &p, 67));
	fake_expect_drop(&world->f, DROP_FRAG_MTU, 1);
	assert_counted(world, IpFragFails, 1);
}

/* Only options with the copy bit go on in later fragments; the header's size stays (I33). */
static void options(void **state)
{
	static const uint8_t first[16] = {
		7, 7, 8, 10, 0, 0, 1,       /* record route: first fragment only */
		1,                          /* NOP */
		0x94, 4, 0, 0,              /* router alert: everywhere */
		0x44, 4, 5, 0,              /* timestamp: first fragment only */
	};
	static const uint8_t later[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 0x94, 4, 0, 0, 1, 1, 1, 1 };
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.options = first, .options_len = 16, .data_len = 500,
		.dst = "203.0.113.9");
	struct skb *skb = leaving(world, &p, 200);
	struct pieces got;

	skb->flags |= SKB_F_IPOPT;
	ip4_cb(skb)->opt.rr = 20;
	got = fragment(world, skb);
	assert_true(got.n > 2);
	for (unsigned int i = 0; i < got.n; i++)
		assert_memory_equal(ip4_world_flat(got.skb[i]) + 20, i ? later : first, 16);
	assert_true(got.skb[0]->flags & SKB_F_IPOPT);
	assert_int_equal(ip4_cb(got.skb[0])->opt.rr, 20);
	assert_false(got.skb[1]->flags & SKB_F_IPOPT);
	check(&got, pkt_ip(&p), 200);
	sent(world, &got);
}

/* A checksum that a port was to complete is completed before. */
static void partial_checksum(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 999, .dst = "203.0.113.9"), q = p;
	struct udp_hdr *udp = (struct udp_hdr *)(q.data + q.l4);
	const struct ip4_hdr *ip = pkt_ip(&q);
	struct pieces got;
	struct skb *skb;

	udp->check = csum_reduce(csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_UDP, 999 + 8));
	skb = leaving(world, &q, 576);
	skb_set_csum_partial(skb, 20, offsetof(struct udp_hdr, check));
	got = fragment(world, skb);
	check(&got, pkt_ip(&p), 576); /* the good packet */
	sent(world, &got);
}

/* A reassembled datagram leaves in pieces no larger than it came (Linux's frag_max_size). */
static void as_it_came(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_UDP(.data_len = 1800, .dst = "203.0.113.9");
	struct skb *skb = leaving(world, &p, 1500);
	struct pieces got;

	skb->frag_max_size = 576;
	got = fragment(world, skb);
	check(&got, pkt_ip(&p), 576);
	sent(world, &got);
}

/* A super-frame whose packets are too long is first cut into them, then each goes in pieces. */
static void super_frames(void **state)
{
	struct ip4_world *world = *state;
	struct pkt p = PKT_TCP(.data_len = 1900, .dst = "203.0.113.9", .id = 7);
	struct skb *skb = leaving(world, &p, 600), *seg[8];
	static const uint32_t len[] = { 900, 900, 100 };
	uint32_t at = 0;

	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = 900;
	fake_stage1(&world->f, ip4_output, skb);
	assert_int_equal(fake_take(&world->f, STAGE_ip4_fragment, seg, RTE_DIM(seg)), RTE_DIM(len));
	assert_int_equal(fake_waiting(&world->f), 0);
	for (unsigned int i = 0; i < RTE_DIM(len); i++) {
		uint8_t b[1500];
		const struct ip4_hdr *ip = (const void *)b;
		const struct tcp_hdr *tcp = (const void *)(b + IP4_HDR_LEN);
		struct pieces got;

		assert_int_equal(skb_len(seg[i]), IP4_HDR_LEN + TCP_HDR_LEN + len[i]);
		memcpy(b, ip4_world_flat(seg[i]), skb_len(seg[i]));
		assert_int_equal(ip4_tot_len(ip), skb_len(seg[i]));
		assert_int_equal(ntohs(ip->id), 7 + i);
		assert_int_equal(ntohl(tcp->seq), 1000 + at);
		assert_int_equal(csum_fold(csum_add(b + IP4_HDR_LEN, TCP_HDR_LEN + len[i],
			csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_TCP, TCP_HDR_LEN + len[i]))), 0);
		assert_memory_equal(b + IP4_HDR_LEN + TCP_HDR_LEN, p.data + p.payload + at, len[i]);
		at += len[i];
		got = fragment(world, seg[i]);
		check(&got, ip, 600);
		assert_int_equal(got.n, len[i] > 560 ? 2 : 1);
		sent(world, &got);
	}
	assert_counted(world, IpFragFails, 0);
	/* with DF the sender is told, and one that fits its path goes whole */
	p = PKT_TCP(.data_len = 1900, .dst = "203.0.113.9", .frag_off = IP4_DF);
	for (unsigned int fits = 0; fits < 2; fits++) {
		skb = leaving(world, &p, 600);
		skb->flags |= SKB_F_GSO;
		skb->gso_type = SKB_GSO_TCPV4;
		skb->gso_size = fits ? 560 : 561;
		fake_stage1(&world->f, ip4_output, skb);
		if (fits) {
			fake_sent(&world->f, fake_take1(&world->f, STAGE_neigh_resolve));
			continue;
		}
		assert_counted(world, IpFragFails, 1);
		fake_stage1(&world->f, icmp_error, fake_take1(&world->f, STAGE_icmp_error));
		fake_expect_drop(&world->f, DROP_IP4_TOO_BIG, 1);
		fake_sent(&world->f, ip4_world_answer(world));
	}
	/* what cannot be cut ends, and is counted */
	p = PKT_UDP(.data_len = 1900, .dst = "203.0.113.9");
	skb = leaving(world, &p, 600);
	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV6;
	skb->gso_size = 900;
	fake_stage1(&world->f, ip4_output, skb);
	fake_expect_drop(&world->f, DROP_TX_GSO, 1);
	assert_counted(world, IpFragFails, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, ip4_world_setup, ip4_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(any_length_and_mtu), T(fragments_again), T(from_a_chain), T(shares_data),
		T(copies_when_it_must), T(all_or_none), T(do_not_fragment), T(no_room_for_data),
		T(options), T(partial_checksum), T(as_it_came), T(super_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
