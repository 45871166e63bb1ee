/* SPDX-License-Identifier: BSD-3-Clause */
/* Ids and objects of the next-hop table; shares of groups and what a change of them moves. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_worker.h"
#include "fib/nexthop_update.h"

static void ids_are_dense_and_reused(void **state)
{
	struct dp *dp = &((struct fake_worker *)*state)->dp;

	assert_int_equal(fib_nh_table_init(dp), 0);
	for (int64_t id = 1; id <= 5000; id++)
		assert_int_equal(fib_nh_alloc(dp), id);
	fib_nh_release(dp, 17);
	fib_nh_release(dp, 4000);
	assert_int_equal(fib_nh_alloc(dp), 4000);
	assert_int_equal(fib_nh_alloc(dp), 17);
	assert_int_equal(fib_nh_alloc(dp), 5001);
	fib_nh_table_fini(dp);
}

static void publishes_copies(void **state)
{
	struct dp *dp = &((struct fake_worker *)*state)->dp;
	struct fib_nh_group group = { .n = 1, .id = { 9, 9, 8 } };
	struct fib_nh nh = { .type = FIB_GROUP, .mtu = 1400, .group = &group };

	assert_int_equal(fib_nh_table_init(dp), 0);
	nh.id = (uint32_t)fib_nh_alloc(dp);
	assert_null(fib_nh_get(dp, nh.id));
	assert_int_equal(fib_nh_publish(dp, &nh), 0);
	nh.mtu = 0;
	group.id[2] = 0;
	assert_int_equal(fib_nh_get(dp, nh.id)->mtu, 1400);
	assert_int_equal(fib_nh_get(dp, nh.id)->group->id[2], 8);
	assert_int_equal((uintptr_t)fib_nh_get(dp, nh.id) % 64, 0);
	nh.type = FIB_BLACKHOLE;
	nh.group = NULL;
	assert_int_equal(fib_nh_publish(dp, &nh), 0);
	assert_int_equal(fib_nh_get(dp, nh.id)->type, FIB_BLACKHOLE);
	fib_nh_release(dp, nh.id);
	assert_null(fib_nh_get(dp, nh.id));
	nh.id = 0;
	assert_int_equal(fib_nh_publish(dp, &nh), -22);
	nh.id = FIB_NH_IDS;
	assert_int_equal(fib_nh_publish(dp, &nh), -22);
	fib_nh_table_fini(dp);
}

static uint32_t slots_of(const struct fib_nh_group *g, uint32_t id)
{
	uint32_t n = 0;

	for (unsigned int s = 0; s < FIB_GROUP_SLOTS; s++)
		n += g->id[s] == id;
	return n;
}

static uint32_t moved(const struct fib_nh_group *a, const struct fib_nh_group *b)
{
	uint32_t n = 0;

	for (unsigned int s = 0; s < FIB_GROUP_SLOTS; s++)
		n += a->id[s] != b->id[s];
	return n;
}

static void shares_follow_weights(void **state)
{
	struct fib_nh_group g = { 0 };

	assert_int_equal(fib_nh_group_fill(&g, (uint32_t[]){ 1, 2 }, (uint32_t[]){ 1, 3 }, 2), 0);
	assert_int_equal(slots_of(&g, 1), 64);
	assert_int_equal(slots_of(&g, 2), 192);
	memset(&g, 0, sizeof(g));
	assert_int_equal(fib_nh_group_fill(&g, (uint32_t[]){ 1, 2, 3 }, (uint32_t[]){ 1, 1, 1 }, 3), 0);
	for (uint32_t id = 1; id <= 3; id++)
		assert_in_range(slots_of(&g, id), 85, 86);
	memset(&g, 0, sizeof(g)); /* the least weight gets a slot, none gets none */
	assert_int_equal(fib_nh_group_fill(&g, (uint32_t[]){ 1, 2, 3 },
		(uint32_t[]){ 1, 1000000, 0 }, 3), 0);
	assert_int_equal(slots_of(&g, 1), 1);
	assert_int_equal(slots_of(&g, 2), 255);
	assert_int_equal(fib_nh_group_fill(&g, (uint32_t[]){ 1 }, (uint32_t[]){ 0 }, 1), -22);
	assert_int_equal(fib_nh_group_fill(&g, NULL, NULL, 0), -22);
}

static void only_changed_shares_move(void **state)
{
	struct fib_nh_group g = { 0 }, before;
	const uint32_t id[5] = { 1, 2, 3, 4, 5 }, w[5] = { 1, 1, 1, 1, 1 };

	assert_int_equal(fib_nh_group_fill(&g, id, w, 4), 0);
	before = g;
	assert_int_equal(fib_nh_group_fill(&g, id, w, 4), 0);
	assert_int_equal(moved(&g, &before), 0);
	assert_int_equal(fib_nh_group_fill(&g, id, w, 5), 0); /* one joins */
	assert_int_equal(moved(&g, &before), slots_of(&g, 5));
	before = g;
	assert_int_equal(fib_nh_group_fill(&g, id + 1, w, 4), 0); /* one leaves */
	assert_int_equal(moved(&g, &before), slots_of(&before, 1));
	before = g;
	assert_int_equal(fib_nh_group_fill(&g, id + 1, (uint32_t[]){ 3, 1, 1, 1 }, 4), 0);
	assert_int_equal(moved(&g, &before), slots_of(&g, 2) - slots_of(&before, 2));
}

/* Any weights: shares within one slot of the exact ones, plus what the guaranteed slots cost. */
static void random_weights(void **state)
{
	uint32_t id[40], weight[40];
	struct fib_nh_group g = { 0 };

	srandom(7);
	for (unsigned int round = 0; round < 300; round++) {
		uint32_t n = 1 + (uint32_t)random() % 40;
		uint64_t total = 0;

		for (uint32_t i = 0; i < n; i++) {
			id[i] = 100 + i;
			weight[i] = 1 + (uint32_t)random() % (round % 2 ? 10 : 1000);
			total += weight[i];
		}
		assert_int_equal(fib_nh_group_fill(&g, id, weight, n), 0);
		for (uint32_t i = 0; i < n; i++) {
			double exact = (double)weight[i] * FIB_GROUP_SLOTS / (double)total;
			uint32_t got = slots_of(&g, id[i]);

			assert_true(got >= 1);
			assert_true(got <= exact + 1.001);
			assert_true(got + 1.001 + n >= exact);
		}
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_worker_setup, fake_worker_teardown)
	const struct CMUnitTest tests[] = {
		T(ids_are_dense_and_reused), T(publishes_copies), T(shares_follow_weights),
		T(only_changed_shares_move), T(random_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
