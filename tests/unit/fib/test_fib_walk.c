/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random walks of adds, replacements and deletes, every answer compared with the model's, by the
 * scalar lookup and by every bulk lookup the CPU has. Prefixes crowd into few places, so that they
 * nest and hide each other; ids cross 65535 in one of the walks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "fib/fib_update.h"
#include "fib_model.h"

#define STEPS	(8000 / SCALE)
#define PROBES	83	/* no multiple of any vector, so that tails are walked, too */

struct walk {
	uint64_t seed;
	uint32_t crowd;		/* address bits that vary */
	uint32_t nh_max;
	unsigned int least_len;
	unsigned int most;	/* routes */
};

static const enum fib_simd simds[] = {FIB_SIMD_SCALAR, FIB_SIMD_AVX2, FIB_SIMD_AVX512};

static uint32_t mask_of(unsigned int len)
{
	return (uint32_t)(0xffffffff00000000ull >> len);
}

static void check(const struct fib *f, const struct model *m, const uint32_t *addr, unsigned int n)
{
	uint32_t expect[PROBES], got[PROBES + 1];

	for (unsigned int i = 0; i < n; i++) {
		expect[i] = model_lookup(m, addr[i]);
		assert_int_equal(fib_lookup(f, addr[i]), expect[i]);
	}
	for (size_t s = 0; s < sizeof(simds) / sizeof(*simds); s++) {
		if (!fib_bulk_impl(simds[s]))
			continue;
		memset(got, 0xee, sizeof(got));
		fib_bulk_impl(simds[s])(f, addr, got, n);
		assert_memory_equal(got, expect, n * sizeof(*got));
		assert_int_equal(got[n], 0xeeeeeeee);
	}
}

/* The edges of a prefix, inside and outside, then addresses around. */
static void check_around(const struct fib *f, const struct model *m, struct random *rnd,
	const struct walk *w, uint32_t prefix, unsigned int len)
{
	uint32_t addr[PROBES], last = prefix | ~mask_of(len);

	addr[0] = prefix;
	addr[1] = last;
	addr[2] = prefix - 1;
	addr[3] = last + 1;
	for (unsigned int i = 4; i < 20; i++)
		addr[i] = prefix | (random_u32(rnd) & ~mask_of(len));
	for (unsigned int i = 20; i < PROBES; i++)
		addr[i] = random_u32(rnd) & w->crowd;
	check(f, m, addr, 1 + random_below(rnd, PROBES));
}

static void walk_step(struct fib *f, struct model *m, struct random *rnd, const struct walk *w)
{
	bool known = m->n && random_below(rnd, 3) == 0;
	const struct model_route *r = known ? &m->route[random_below(rnd, m->n)] : NULL;
	unsigned int len = known ? r->len : w->least_len + random_below(rnd, 33 - w->least_len);
	uint32_t prefix = known ? r->prefix : random_u32(rnd) & w->crowd & mask_of(len);
	uint32_t nh = 1 + random_below(rnd, w->nh_max), got;

	if (random_below(rnd, w->most) < m->n) {
		int rc = fib_del(f, prefix, len);

		assert_int_equal(rc, model_del(m, prefix, len) ? 0 : -ENOENT);
		assert_int_equal(fib_get(f, prefix, len, &got), -ENOENT);
	} else {
		assert_int_equal(fib_add(f, prefix, len, nh), 0);
		model_add(m, prefix, len, nh);
		assert_int_equal(fib_get(f, prefix, len, &got), 0);
		assert_int_equal(got, nh);
	}
	check_around(f, m, rnd, w, prefix, len);
}

static void assert_empty(struct fib *f)
{
	struct fib_stats s;
	uint32_t addr[64], nh[64], none[64] = {0};

	fib_reclaim(f);
	fib_stats(f, &s);
	assert_int_equal(s.routes, 0);
	assert_int_equal(s.narrow, 0);
	assert_int_equal(s.wide, 0);
	assert_int_equal(s.retired, 0);
	for (uint64_t a = 0; a < UINT64_C(1) << 32; a += 64 << 8) {
		for (unsigned int i = 0; i < 64; i++)
			addr[i] = a + (i << 8);
		fib_lookup_bulk(f, addr, nh, 64);
		assert_memory_equal(nh, none, sizeof(nh));
	}
}

static void walk(const struct walk *w)
{
	struct random rnd = {w->seed};
	struct model m = {0};
	struct fib_stats s;
	struct fib *f;

	assert_int_equal(fib_create(&(struct fib_conf){0}, &f), 0);
	for (unsigned int i = 0; i < STEPS; i++)
		walk_step(f, &m, &rnd, w);
	fib_stats(f, &s);
	assert_int_equal(s.routes, m.n);
	while (m.n) {
		struct model_route r = m.route[random_below(&rnd, m.n)];

		assert_int_equal(fib_del(f, r.prefix, r.len), 0);
		model_del(&m, r.prefix, r.len);
		check_around(f, &m, &rnd, w, r.prefix, r.len);
	}
	assert_empty(f);
	fib_destroy(f);
	model_free(&m);
}

static void test_every_length(void **state)
{
	walk(&(struct walk){.seed = 1, .crowd = 0xc0a00f3f, .nh_max = 300, .most = 300});
}

static void test_deep_and_crowded(void **state)
{
	walk(&(struct walk){.seed = 2, .crowd = 0x0000187f, .nh_max = 9, .least_len = 18, .most = 400});
}

static void test_ids_above_64k(void **state)
{
	walk(&(struct walk){.seed = 3, .crowd = 0x800011ff, .nh_max = 131072, .most = 200});
}

static void test_largest_ids(void **state)
{
	walk(&(struct walk){.seed = 4, .crowd = 0x00003333, .nh_max = FIB_NH_MAX, .least_len = 16,
		.most = 100});
}

static void test_few_routes_come_and_go(void **state)
{
	walk(&(struct walk){.seed = 5, .crowd = 0xff0000ff, .nh_max = 70000, .most = 5});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_deep_and_crowded),
		cmocka_unit_test(test_ids_above_64k),
		cmocka_unit_test(test_largest_ids),
		cmocka_unit_test(test_few_routes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
