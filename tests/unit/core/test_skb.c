/* SPDX-License-Identifier: BSD-3-Clause */
/* One skb: space, chains, queues, checksums, segmentation. */
#include <errno.h>
#include <string.h>

#include "core/skb_alloc.h"
#include "core/skb_queue.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

static void space(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = skb_get_new(f->w);
	uint32_t room = skb_headroom(skb) + skb_tailroom(skb);
	uint8_t *p;

	skb_reserve(skb, 2);
	assert_int_equal(skb_headroom(skb), RTE_PKTMBUF_HEADROOM + 2);
	p = skb_put(skb, 100);
	assert_ptr_equal(p, skb_data(skb));
	skb_reset_network_header(skb);
	assert_ptr_equal(skb_push(skb, 14), p - 14);
	skb_reset_mac_header(skb);
	assert_int_equal(skb_len(skb), 114);
	assert_ptr_equal(skb_pull(skb, 34), p + 20);
	assert_ptr_equal(skb_network_header(skb), p);
	assert_ptr_equal(skb_mac_header(skb), p - 14);
	assert_int_equal(skb_headroom(skb) + skb_len(skb) + skb_tailroom(skb), room);
	skb_trim(skb, 200);
	assert_int_equal(skb_len(skb), 80);
	skb_trim(skb, 10);
	assert_int_equal(skb_len(skb), 10);
	assert_int_equal(skb_headlen(skb), 10);
	assert_null(skb_put(skb, skb_tailroom(skb) + 1));
	assert_null(skb_push(skb, skb_headroom(skb) + 1));
	assert_int_equal(skb_len(skb), 10);
	assert_non_null(skb_put(skb, skb_tailroom(skb)));
	skb_drop(f->w, skb, DROP_HOOK);
}

/* Every way to cut a frame in segments, every length to pull and to trim: as the flat bytes say. */
static void chains(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.data_len = 60);
	uint8_t buf[256];

	for (uint32_t seg = 1; seg <= p.len; seg += 6) {
		for (uint32_t n = 0; n <= p.len; n++) {
			struct skb *skb = fake_rx_segs(f, NULL, p.data, p.len, seg);

			assert_true(skb_may_pull(skb, n));
			assert_true(skb_headlen(skb) >= n);
			assert_memory_equal(skb_data(skb), p.data, n);
			assert_true(skb_copy_bits(skb, 0, buf, p.len));
			assert_memory_equal(buf, p.data, p.len);
			assert_int_equal(csum_fold(skb_checksum(skb, n, p.len - n, 0)),
				csum_fold(csum_add_scalar(p.data + n, p.len - n, 0)));
			skb_trim(skb, n);
			assert_int_equal(skb_len(skb), n);
			assert_true(skb_linearize(skb));
			assert_false(skb_is_nonlinear(skb));
			assert_memory_equal(skb_data(skb), p.data, n);
			assert_false(skb_may_pull(skb, n + 1));
			skb_free(skb);
			f->w->ledger.tx++;
		}
	}
	assert_int_equal(fake_pool_in_use(f->pool), 0);
}

static void out_of_range(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.data_len = 60);
	struct skb *skb = fake_rx_segs(f, NULL, p.data, p.len, 50);
	uint8_t buf[256];

	assert_false(skb_copy_bits(skb, 1, buf, p.len));
	assert_false(skb_copy_bits(skb, UINT32_MAX, buf, 2));
	assert_false(skb_store_bits(skb, p.len, buf, 1));
	assert_null(skb_header(skb, p.len + 1));
	fake_sent(f, skb);
}

static void queues(void **state)
{
	struct fake_worker *f = *state;
	struct skb_queue q, r;
	struct skb *s[6], *skb;
	unsigned int i = 0;

	skb_queue_init(&q);
	skb_queue_init(&r);
	assert_null(skb_dequeue(&q));
	assert_null(skb_dequeue_tail(&q));
	for (unsigned int k = 0; k < 6; k++)
		s[k] = skb_get_new(f->w);
	skb_queue_tail(&q, s[2]);
	skb_queue_head(&q, s[0]);
	skb_append(&q, s[0], s[1]);
	skb_append(&q, s[2], s[4]);
	skb_insert(&q, s[4], s[3]);
	assert_int_equal(q.len, 5);
	skb_queue_walk(&q, skb)
		assert_ptr_equal(skb, s[i++]);
	skb_unlink(&q, s[2]);
	assert_ptr_equal(s[1]->next, s[3]);
	assert_ptr_equal(s[3]->prev, s[1]);
	assert_ptr_equal(skb_dequeue(&q), s[0]);
	assert_ptr_equal(skb_dequeue_tail(&q), s[4]);
	skb_queue_tail(&r, s[5]);
	skb_queue_splice_tail(&r, &q);
	assert_int_equal(r.len, 3);
	assert_ptr_equal(skb_peek_tail(&r), s[3]);
	assert_ptr_equal(s[1]->prev, s[5]);
	assert_true(skb_queue_empty(&q) && q.len == 0);
	skb_queue_purge(f->w, &r, DROP_HOOK);
	assert_true(skb_queue_empty(&r) && !r.tail);
	fake_expect_drop(f, DROP_HOOK, 3);
	skb_drop(f->w, s[0], DROP_HOOK);
	skb_drop(f->w, s[2], DROP_HOOK);
	skb_drop(f->w, s[4], DROP_HOOK);
}

static void frag_list_refs(void **state)
{
	struct fake_worker *f = *state;
	struct skb *a = skb_get_new(f->w), *b = skb_get_new(f->w);

	skb_set_frag_list(a, b);
	skb_clone_fraglist(a);
	assert_int_equal(b->users, 2);
	skb_drop_fraglist(f->w, a, DROP_HOOK);
	assert_int_equal(b->users, 1);
	fake_expect_drop(f, DROP_HOOK, 0);
	skb_drop(f->w, b, DROP_HOOK);
	skb_drop(f->w, a, DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 2);
}

static void partial_checksum(void **state)
{
	struct fake_worker *f = *state;

	for (uint32_t seg = 20; seg < 200; seg += 7) {
		struct pkt p = PKT_UDP(.data_len = 101), want = p;
		struct udp_hdr *udp = (struct udp_hdr *)(p.data + p.l4);
		struct ip4_hdr *ip = pkt_ip(&p);
		uint8_t buf[256];

		udp->check = csum_reduce(csum_pseudo4(ip->saddr, ip->daddr, 17, p.len - p.l4));
		struct skb *skb = fake_rx_segs(f, NULL, p.data, p.len, seg);

		skb_set_csum_partial(skb, p.l4, 6);
		assert_int_equal(skb_checksum_help(skb), 0);
		assert_int_equal(skb->ip_summed, SKB_CSUM_NONE);
		skb_copy_bits(skb, 0, buf, p.len);
		assert_memory_equal(buf, want.data, p.len);
		skb_set_csum_partial(skb, p.len - 3, 2);
		assert_int_equal(skb_checksum_help(skb), -EINVAL);
		skb_set_csum_partial(skb, p.len + 10, 2);
		assert_int_equal(skb_checksum_help(skb), -EINVAL);
		fake_sent(f, skb);
	}
}

static struct skb *super(struct fake_worker *f, struct pkt *p, uint32_t len, uint16_t mss)
{
	*p = PKT_TCP(.data_len = len, .seq = 0xfffffff0, .id = 0xffff,
		.tcp_flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR,
		.tcp_options = (const uint8_t *)"\1\1\1\1", .tcp_options_len = 4);
	struct skb *skb = fake_rx_segs(f, NULL, p->data, p->len, 700);

	skb_set_network_header(skb, p->l3);
	skb_set_transport_header(skb, p->l4);
	skb->flags |= SKB_F_GSO;
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = mss;
	skb->mark = 77;
	return skb;
}

static void segments(void **state)
{
	struct fake_worker *f = *state;
	struct skb *seg[64];
	struct pkt p;
	uint32_t len = 5000, mss = 536, n = (len + mss - 1) / mss, at = 0;

	assert_int_equal(skb_gso_segment(f->w, super(f, &p, len, mss), STAGE_netdev_tx), 0);
	assert_int_equal(fake_take(f, STAGE_netdev_tx, seg, 64), n);
	assert_int_equal(f->w->ledger.alloc, n);
	assert_int_equal(f->w->ledger.absorbed, 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct ip4_hdr *ip = skb_network_header(seg[i]);
		const struct tcp_hdr *tcp = skb_transport_header(seg[i]);
		uint32_t k = skb_len(seg[i]) - p.payload;
		bool last = i == n - 1;

		assert_int_equal(k, last ? len - at : mss);
		assert_true(pkt_ip_csum_ok(ip));
		assert_true(pkt_l4_csum_ok(ip));
		assert_int_equal(ntohs(ip->id), (uint16_t)(0xffff + i));
		assert_int_equal(ntohl(tcp->seq), 0xfffffff0 + at);
		assert_int_equal(tcp->flags, TCP_ACK | (last ? TCP_PSH | TCP_FIN : 0) |
			(i == 0 ? TCP_CWR : 0));
		assert_memory_equal((const uint8_t *)tcp + 24, p.data + p.payload + at, k);
		assert_int_equal(seg[i]->mark, 77);
		assert_false(seg[i]->flags & SKB_F_GSO);
		at += k;
		fake_sent(f, seg[i]);
	}
	assert_int_equal(at, len);
}

/* A datagram each; a sum that folds to 0 is 0xffff, and none stays none where nobody asked. */
static void segments_udp(void **state)
{
	static const uint32_t sizes[] = { 1000, 999, 1, 7 };
	struct fake_worker *f = *state;

	for (unsigned int t = 0; t < 2 * RTE_DIM(sizes); t++) {
		uint32_t len = 3000, mss = sizes[t % RTE_DIM(sizes)], n, at = 0;
		struct pkt p;
		struct skb *skb, *seg[64];

		len = mss < 100 ? 40 * mss - (mss > 1) : len;
		n = (len + mss - 1) / mss;
		p = PKT_UDP(.data_len = len, .id = 0xfffe);
		if (t >= RTE_DIM(sizes))
			memset(p.data + p.l4 + 6, 0, 2);
		skb = fake_rx_segs(f, NULL, p.data, p.len, 700);
		skb_set_network_header(skb, p.l3);
		skb_set_transport_header(skb, p.l4);
		skb->flags |= SKB_F_GSO;
		skb->gso_type = SKB_GSO_UDP_L4;
		skb->gso_size = (uint16_t)mss;
		if (t < RTE_DIM(sizes))
			skb_set_csum_partial(skb, p.l4, 6);
		assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), 0);
		assert_int_equal(fake_take(f, STAGE_netdev_tx, seg, 64), n);
		for (uint32_t i = 0; i < n; i++) {
			const struct ip4_hdr *ip = skb_network_header(seg[i]);
			const struct udp_hdr *udp = skb_transport_header(seg[i]);
			uint32_t k = skb_len(seg[i]) - p.payload;

			assert_int_equal(k, i == n - 1 ? len - at : mss);
			assert_true(pkt_ip_csum_ok(ip));
			assert_int_equal(ntohs(ip->tot_len), 28 + k);
			assert_int_equal(ntohs(ip->id), (uint16_t)(0xfffe + i));
			assert_int_equal(ntohs(udp->len), 8 + k);
			assert_int_equal(udp->check != 0, t < RTE_DIM(sizes));
			assert_true(!udp->check || pkt_l4_csum_ok(ip));
			assert_memory_equal(udp + 1, p.data + p.payload + at, k);
			assert_int_equal(seg[i]->ip_summed, SKB_CSUM_NONE);
			at += k;
			fake_sent(f, seg[i]);
		}
		assert_int_equal(at, len);
	}
}

static void segments_refused(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p;
	struct skb *skb = super(f, &p, 3000, 536);

	skb->gso_type = SKB_GSO_UDP_L4; /* it is TCP */
	assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), -EINVAL);
	skb->gso_type = SKB_GSO_TCPV6;
	assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), -EINVAL);
	skb->gso_type = SKB_GSO_TCPV4;
	skb->gso_size = 0;
	assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), -EINVAL);
	skb->gso_size = 1;
	assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), -ENOMEM);
	assert_int_equal(fake_waiting(f), 0);
	skb->gso_size = 2900; /* longer than one buffer: in several */
	assert_int_equal(skb_gso_segment(f->w, skb, STAGE_netdev_tx), 0);
	struct skb *seg[2];

	assert_int_equal(fake_take(f, STAGE_netdev_tx, seg, 2), 2);
	assert_int_equal(skb_len(seg[0]), p.payload + 2900);
	fake_sent(f, seg[0]);
	fake_sent(f, seg[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_worker_setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(space), T(chains), T(out_of_range), T(queues), T(frag_list_refs),
		T(partial_checksum), T(segments), T(segments_udp), T(segments_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
