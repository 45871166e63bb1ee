/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet's ends, copies and the overflow list; the ledger is checked by every teardown. */
#include <string.h>

#include "core/skb_queue.h"
#include "lib/fake_worker.h"
#include "lib/pkt.h"
#include "unit.h"

static struct skb *udp(struct fake_worker *f)
{
	struct pkt p = PKT_UDP(.data_len = 100);

	return fake_rx(f, NULL, p.data, p.len);
}

static void ends_are_counted(void **state)
{
	struct fake_worker *f = *state;

	skb_drop(f->w, udp(f), DROP_HOOK);
	skb_delivered(f->w, udp(f));
	skb_absorb(f->w, udp(f));
	fake_expect_drop(f, DROP_HOOK, 1);
	fake_expect_drop(f, DROP_LOOP, 0);
	assert_int_equal(f->w->ledger.delivered, 1);
	assert_int_equal(f->w->ledger.absorbed, 1);
	assert_int_equal(fake_pool_in_use(f->pool), 3);
	burst_flush_done(f->w);
	assert_int_equal(fake_pool_in_use(f->pool), 0);
}

static void last_reference_ends(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = skb_get(udp(f));

	skb_drop(f->w, skb, DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 0);
	skb_drop(f->w, skb, DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 1);
}

static void frag_list_counts_heads(void **state)
{
	struct fake_worker *f = *state;
	struct skb *a = udp(f), *b = udp(f), *c = udp(f);

	b->next = c;
	skb_set_frag_list(a, b);
	skb_drop(f->w, a, DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 3);
}

static void done_more_than_a_burst(void **state)
{
	struct fake_worker *f = *state;

	for (unsigned int i = 0; i < 3 * BURST_MAX + 5; i++)
		skb_drop(f->w, udp(f), DROP_HOOK);
	fake_expect_drop(f, DROP_HOOK, 3 * BURST_MAX + 5);
}

static void overflow_is_swept_and_bounded(void **state)
{
	struct fake_worker *f = *state;
	struct skb *one = udp(f);

	for (unsigned int i = 0; i < BURST_MAX + 10; i++)
		burst_to(f->w, STAGE_punt, udp(f));
	assert_int_equal(f->w->out[STAGE_punt].n, BURST_MAX);
	assert_int_equal(f->w->overflow_len, 10);
	f->w->overflow_len += OVERFLOW_MAX;
	burst_overflow(f->w, STAGE_punt, one);
	f->w->overflow_len -= OVERFLOW_MAX;
	fake_expect_drop(f, DROP_BURST_OVERFLOW, 1);
	worker_sweep(f->w);
	assert_int_equal(f->w->ledger.ring_out, BURST_MAX + 10);
	assert_int_equal(f->w->overflow_len, 0);
}

static void clone_shares_copy_does_not(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.data_len = 1000);
	struct skb *skb = fake_rx_segs(f, NULL, p.data, p.len, 300);
	uint8_t buf[2048], other[2048];

	skb_reset_mac_header(skb);
	skb->sk = f;
	struct skb *clone = skb_clone(f->w, skb), *copy = skb_copy(f->w, skb);
	struct skb *pcopy = skb_pskb_copy(f->w, skb);

	assert_true(clone && copy && pcopy);
	assert_true(skb->flags & SKB_F_CLONED && clone->flags & SKB_F_CLONED);
	assert_true(skb_shared(skb) && skb_shared(clone) && !skb_shared(copy) && !skb_shared(pcopy));
	assert_int_equal(skb_dataref(skb), 2);
	assert_int_equal(skb_dataref(clone), 2);
	assert_int_equal(clone->users, 1);
	assert_null(clone->sk);
	assert_null(clone->next);
	assert_ptr_equal(skb_data(clone), skb_data(skb));
	assert_ptr_not_equal(skb_data(pcopy), skb_data(skb));
	assert_ptr_equal(skb_mbuf(pcopy)->next->buf_addr, skb_mbuf(skb)->next->buf_addr);
	assert_ptr_equal(skb_mac_header(copy), skb_data(copy));
	for (int i = 0; i < 3; i++) {
		struct skb *s = (struct skb *[]){clone, copy, pcopy}[i];

		assert_int_equal(skb_len(s), p.len);
		assert_true(skb_copy_bits(s, 0, buf, p.len));
		assert_memory_equal(buf, p.data, p.len);
	}
	/* writing to the copies leaves the original alone */
	memset(other, 0xaa, sizeof(other));
	assert_true(skb_store_bits(copy, 0, other, p.len));
	assert_true(skb_store_bits(pcopy, 0, other, 300));
	assert_true(skb_copy_bits(skb, 0, buf, p.len));
	assert_memory_equal(buf, p.data, p.len);
	assert_int_equal(f->w->ledger.clone, 1);
	assert_int_equal(f->w->ledger.alloc, 2);
	skb_drop(f->w, skb, DROP_HOOK);
	burst_flush_done(f->w);
	assert_true(skb_copy_bits(clone, 0, buf, p.len));
	assert_memory_equal(buf, p.data, p.len);
	skb_drop(f->w, clone, DROP_HOOK);
	skb_drop(f->w, copy, DROP_HOOK);
	skb_drop(f->w, pcopy, DROP_HOOK);
}

static void unshare_keeps_or_copies(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = udp(f);

	assert_ptr_equal(skb_unshare(f->w, skb), skb);
	struct skb *clone = skb_clone(f->w, skb);
	struct skb *own = skb_unshare(f->w, clone);

	assert_ptr_not_equal(own, clone);
	assert_false(skb_shared(own));
	assert_int_equal(f->w->ledger.absorbed, 1);
	burst_flush_done(f->w);
	assert_false(skb_shared(skb)); /* the clone is gone */
	skb_drop(f->w, own, DROP_HOOK);
	skb_drop(f->w, skb, DROP_HOOK);
}

static void fclone_never_fails(void **state)
{
	struct fake_worker *f = *state;
	struct skb *used = skb_get_fclone(f->w), *unused = skb_get_fclone(f->w), *hold[2 * FAKE_MBUFS];
	uint32_t n = 0;

	assert_true(used && unused);
	while ((hold[n] = skb_clone(f->w, unused)))
		n++;
	assert_true(n > FAKE_MBUFS / 2);
	assert_int_equal(f->w->stats.no_skb, 1);
	struct skb *clone = skb_clone(f->w, used);

	assert_non_null(clone);
	assert_null(skb_clone(f->w, used));
	while (n)
		skb_drop(f->w, hold[--n], DROP_HOOK);
	skb_drop(f->w, clone, DROP_HOOK);
	skb_drop(f->w, used, DROP_HOOK);
	skb_drop(f->w, unused, DROP_HOOK);
	/* a pair whose clone was never made goes home whole, teardown looks */
	skb_drop(f->w, skb_get_fclone(f->w), DROP_HOOK);
}

static void exhausted_pool_leaks_nothing(void **state)
{
	struct fake_worker *f = *state;
	struct pkt p = PKT_UDP(.data_len = 4000);
	struct skb *big = fake_rx_segs(f, NULL, p.data, p.len, 1000), *hold[FAKE_MBUFS];
	uint32_t n = 0;

	while ((hold[n] = skb_get_new(f->w)))
		n++;
	skb_drop(f->w, hold[--n], DROP_HOOK);
	burst_flush_done(f->w);
	assert_null(skb_copy(f->w, big)); /* one of two segments */
	assert_non_null(hold[n] = skb_get_new(f->w));
	for (uint32_t i = 0; i <= n; i++)
		skb_drop(f->w, hold[i], DROP_HOOK);
	skb_drop(f->w, big, DROP_HOOK);
}

static unsigned int released;

static void destruct(struct skb *skb)
{
	released += skb->truesize;
}

static void owner_is_told_once(void **state)
{
	struct fake_worker *f = *state;
	struct skb *skb = udp(f);

	released = 0;
	skb_set_owner(skb, f, destruct, skb_truesize(skb));
	assert_true(skb->truesize >= 142 + sizeof(struct skb));
	struct skb *clone = skb_clone(f->w, skb);

	assert_null(clone->sk);
	skb_drop(f->w, clone, DROP_HOOK);
	burst_flush_done(f->w);
	assert_int_equal(released, 0);
	uint32_t charged = skb->truesize;

	skb_drop(f->w, skb, DROP_HOOK);
	burst_flush_done(f->w);
	assert_int_equal(released, charged);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_worker_setup, fake_worker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ends_are_counted), T(last_reference_ends), T(frag_list_counts_heads),
		T(done_more_than_a_burst), T(overflow_is_swept_and_bounded),
		T(clone_shares_copy_does_not), T(unshare_keeps_or_copies), T(fclone_never_fails),
		T(exhausted_pool_leaks_nothing), T(owner_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
