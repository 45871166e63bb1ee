/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting by yielding: who else's slice makes it rest, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <skiff/yield.h>

static void rests_grow_while_it_is_crowded(void **state)
{
	struct skiff_yield y = {0};
	uint64_t now = 5000000000u, rest = SKIFF_YIELD_REST_NS;

	assert_true(skiff_may_yield(&y, now));
	for (int i = 0; i < 10; i++) {
		skiff_yield_rest(&y, now);
		assert_false(skiff_may_yield(&y, now + rest - 1));
		assert_true(skiff_may_yield(&y, now + rest));
		now += rest + 1000; /* crowded still */
		rest = rest < SKIFF_YIELD_REST_MAX_NS ? 2 * rest : rest;
	}
	assert_int_equal(rest, SKIFF_YIELD_REST_MAX_NS);
	/* it was good for as long as the last rest: the next one is short */
	now += rest;
	skiff_yield_rest(&y, now);
	assert_true(skiff_may_yield(&y, now + SKIFF_YIELD_REST_NS));
}

static void a_yield_tells_the_time(void **state)
{
	struct skiff_yield y = {0};
	uint64_t now = skiff_now_ns(), before = now;

	skiff_yield(&y, &now);
	assert_true(now >= before);
	assert_int_equal(now - before < SKIFF_YIELD_LONG_NS, skiff_may_yield(&y, now));
	/* one that took long */
	now = before - SKIFF_YIELD_LONG_NS;
	skiff_yield(&y, &now);
	assert_false(skiff_may_yield(&y, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rests_grow_while_it_is_crowded),
		cmocka_unit_test(a_yield_tells_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
