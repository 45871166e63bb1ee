/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edges: refused arguments, routes that scatter, memory that ends in the middle of things (the
 * table must be as it was), readers that do not let go, and where a table is placed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <rte_rcu_qsbr.h>
#include "fib/fib_mem.h"
#include "fib/fib_update.h"
#include "fib_model.h"

#define SMALL	((size_t)6 << 20)	/* one step of blocks */
#define SPREAD	2654435761u		/* odd: i * SPREAD visits every address once */

static int commits_left = -1;	/* -1: no limit */

int __real_fib_mem_commit(void *range, size_t from, size_t to);
int __wrap_fib_mem_commit(void *range, size_t from, size_t to);

int __wrap_fib_mem_commit(void *range, size_t from, size_t to)
{
	if (commits_left == 0)
		return -ENOMEM;
	if (commits_left > 0)
		commits_left--;
	return __real_fib_mem_commit(range, from, to);
}

static struct fib *make(size_t max_bytes, struct rte_rcu_qsbr *rcu)
{
	struct fib *f;

	assert_int_equal(fib_create(&(struct fib_conf){.max_bytes = max_bytes, .rcu = rcu}, &f), 0);
	return f;
}

static void test_refuses_bad_arguments(void **state)
{
	struct fib *f = make(0, NULL), *none;
	uint32_t nh;

	assert_int_equal(fib_add(f, 0x0a000001, 24, 1), -EINVAL);
	assert_int_equal(fib_add(f, 0x0a000000, 33, 1), -EINVAL);
	assert_int_equal(fib_add(f, 1, 0, 1), -EINVAL);
	assert_int_equal(fib_add(f, 0x0a000000, 8, FIB_NO_ROUTE), -EINVAL);
	assert_int_equal(fib_add(f, 0x0a000000, 8, FIB_NH_MAX + 1u), -EINVAL);
	assert_int_equal(fib_del(f, 0x0a000000, 8), -ENOENT);
	assert_int_equal(fib_get(f, 0x0a000000, 8, &nh), -ENOENT);
	assert_int_equal(fib_create(&(struct fib_conf){.max_bytes = 4096}, &none), -EINVAL);
	assert_int_equal(fib_create(&(struct fib_conf){.max_bytes = (size_t)9 << 30}, &none), -EINVAL);
	assert_int_equal(fib_create(&(struct fib_conf){.simd = 99}, &none), -ENOTSUP);
	fib_destroy(f);
}

static void test_create_survives_missing_memory(void **state)
{
	struct fib *f;

	for (int n = 0; n < 3; n++) {
		commits_left = n;
		assert_int_equal(fib_create(&(struct fib_conf){0}, &f), -ENOMEM);
	}
	commits_left = 3;
	assert_int_equal(fib_create(&(struct fib_conf){0}, &f), 0);
	commits_left = -1;
	fib_destroy(f);
}

static void test_million_scattered_host_routes(void **state)
{
	const uint32_t n = 1000000 / SCALE;
	struct fib *f = make(0, NULL);
	struct fib_stats s;

	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_add(f, i * SPREAD, 32, 1 + i), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_lookup(f, i * SPREAD), 1 + i);
	assert_int_equal(fib_lookup(f, n * SPREAD), FIB_NO_ROUTE);
	fib_stats(f, &s);
	assert_int_equal(s.routes, n);
	assert_true(s.lookup_bytes < (size_t)200 * n + ((size_t)4 << 20));
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_del(f, i * SPREAD, 32), 0);
	fib_stats(f, &s);
	assert_int_equal(s.wide + s.narrow, 0);
	fib_destroy(f);
}

static void assert_answers(struct fib *f, uint32_t n, uint32_t other)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_lookup(f, i * SPREAD), 1 + i % 999);
	for (uint32_t i = n; i < n + 4096; i++)
		assert_int_equal(fib_lookup(f, i * SPREAD), other);
}

/* Host routes until no more fit; answers how many. */
static uint32_t fill(struct fib *f)
{
	uint32_t n = 0;
	int rc;

	while (!(rc = fib_add(f, n * SPREAD, 32, 1 + n % 999)))
		n++;
	assert_int_equal(rc, -ENOMEM);
	return n;
}

static void test_full_table_stays_as_it_was(void **state)
{
	struct fib *f = make(SMALL, NULL);
	struct fib_stats s;
	uint32_t n, nh;

	n = fill(f);
	fib_stats(f, &s);
	assert_int_equal(s.routes, n);
	assert_true(s.lookup_bytes <= SMALL && n > 10000);
	assert_int_equal(fib_get(f, n * SPREAD, 32, &nh), -ENOENT);
	assert_answers(f, n, FIB_NO_ROUTE);

	/* What needs no block still goes; an id above 65535 would widen every block. */
	assert_int_equal(fib_add(f, 0, 0, 65535), 0);
	assert_answers(f, n, 65535);
	assert_int_equal(fib_add(f, 0, 0, 65536), -ENOMEM);
	assert_answers(f, n, 65535);
	assert_int_equal(fib_get(f, 0, 0, &nh), 0);
	assert_int_equal(nh, 65535);

	/* Room comes back with deletes, and the same routes fit again. */
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_del(f, i * SPREAD, 32), 0);
	assert_int_equal(fib_del(f, 0, 0), 0);
	assert_int_equal(fill(f), n);
	fib_destroy(f);
}

/* A /0 with a large id hides behind two /1, whose blocks stay narrow until one /1 goes. */
static void test_delete_that_needs_memory(void **state)
{
	struct fib *f = make(SMALL, NULL);
	uint32_t n, nh;

	assert_int_equal(fib_add(f, 0, 0, 70000), 0);
	assert_int_equal(fib_add(f, 0, 1, 7), 0);
	assert_int_equal(fib_add(f, 0x80000000, 1, 7), 0);
	n = fill(f);
	assert_int_equal(fib_del(f, 0, 1), -ENOMEM);
	assert_answers(f, n, 7);
	assert_int_equal(fib_get(f, 0, 1, &nh), 0);
	for (uint32_t i = n / 4; i < n; i++)
		assert_int_equal(fib_del(f, i * SPREAD, 32), 0);
	assert_int_equal(fib_del(f, 0, 1), 0);
	for (uint32_t i = n / 4; i < n; i++)
		assert_int_equal(fib_lookup(f, i * SPREAD), i * SPREAD >> 31 ? 7 : 70000);
	fib_destroy(f);
}

static void test_prefix_set_cannot_grow(void **state)
{
	struct fib *f = make(0, NULL);
	uint32_t n = 0, nh;
	int rc;

	/* /20 need no blocks, so the set is the first to want memory. */
	commits_left = 0;
	while (!(rc = fib_add(f, n << 12, 20, 1 + n % 999)))
		n++;
	commits_left = -1;
	assert_int_equal(rc, -ENOMEM);
	assert_int_equal(fib_get(f, n << 12, 20, &nh), -ENOENT);
	assert_int_equal(fib_lookup(f, n << 12), FIB_NO_ROUTE);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_lookup(f, i << 12), 1 + i % 999);
	assert_int_equal(fib_add(f, n << 12, 20, 5), 0);
	assert_int_equal(fib_lookup(f, n << 12), 5);
	fib_destroy(f);
}

static struct rte_rcu_qsbr *make_rcu(void)
{
	struct rte_rcu_qsbr *rcu = aligned_alloc(RTE_CACHE_LINE_SIZE,
		RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE));

	assert_non_null(rcu);
	assert_int_equal(rte_rcu_qsbr_init(rcu, 1), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(rcu, 0), 0);
	return rcu;
}

/* What a reader may still see is not used again, however long it takes; then all of it is. */
static void test_silent_reader_keeps_blocks(void **state)
{
	struct rte_rcu_qsbr *rcu = make_rcu();
	struct fib *f = make(SMALL, rcu);
	struct fib_stats s;
	uint32_t n;

	rte_rcu_qsbr_thread_online(rcu, 0);
	n = fill(f);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(fib_del(f, i * SPREAD, 32), 0);
	fib_stats(f, &s);
	assert_true(s.retired >= n);
	assert_int_equal(fib_add(f, 0, 32, 1), -ENOMEM);

	rte_rcu_qsbr_quiescent(rcu, 0);
	fib_reclaim(f);
	rte_rcu_qsbr_quiescent(rcu, 0);
	fib_reclaim(f);
	fib_stats(f, &s);
	assert_int_equal(s.retired, 0);
	assert_true(s.grace_periods <= 2);
	rte_rcu_qsbr_thread_offline(rcu, 0);
	assert_int_equal(fill(f), n);
	fib_destroy(f);
	free(rcu);
}

/* One grace period serves many routes. */
static void test_grace_periods_are_batched(void **state)
{
	struct rte_rcu_qsbr *rcu = make_rcu();
	struct fib *f = make(0, rcu);
	struct fib_stats s;

	rte_rcu_qsbr_thread_online(rcu, 0);
	for (uint32_t i = 0; i < 20000; i++) {
		assert_int_equal(fib_add(f, i * SPREAD, 32, 1), 0);
		assert_int_equal(fib_del(f, i * SPREAD, 32), 0);
		rte_rcu_qsbr_quiescent(rcu, 0);
	}
	fib_stats(f, &s);
	assert_in_range(s.grace_periods, 100, 20000 * 3 / 256 + 1);
	fib_destroy(f);
	free(rcu);
}

static void test_placement(void **state)
{
	struct fib_placement p;

	assert_int_equal(fib_place(0x1, 0x1).kind, FIB_PLACE_ANY);
	assert_int_equal(fib_place(0x0, 0xf).kind, FIB_PLACE_ANY);
	assert_int_equal(fib_place(0xf0, 0xf).kind, FIB_PLACE_ANY);
	assert_int_equal(fib_place(0x1, 0x0).kind, FIB_PLACE_ANY);
	p = fib_place(0x4, 0xf);
	assert_int_equal(p.kind, FIB_PLACE_BIND);
	assert_int_equal(p.nodes, 0x4);
	p = fib_place(0x16, 0xf);
	assert_int_equal(p.kind, FIB_PLACE_INTERLEAVE);
	assert_int_equal(p.nodes, 0x6);
	p = fib_place(UINT64_C(1) << 63 | 0x10, UINT64_C(1) << 63 | 1);
	assert_int_equal(p.kind, FIB_PLACE_BIND);
	assert_int_equal(p.nodes, UINT64_C(1) << 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_bad_arguments),
		cmocka_unit_test(test_create_survives_missing_memory),
		cmocka_unit_test(test_million_scattered_host_routes),
		cmocka_unit_test(test_full_table_stays_as_it_was),
		cmocka_unit_test(test_delete_that_needs_memory),
		cmocka_unit_test(test_prefix_set_cannot_grow),
		cmocka_unit_test(test_silent_reader_keeps_blocks),
		cmocka_unit_test(test_grace_periods_are_batched),
		cmocka_unit_test(test_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
