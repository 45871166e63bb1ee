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

/* As if the yield had begun `ago` and the last long one had ended `apart` before it. */
static bool goes_on_after(struct skiff_yield *y, uint64_t ago, uint64_t apart)
{
	uint64_t now = skiff_now_ns() - ago;

	y->long_end = now - apart;
	skiff_yield_turn(y, &now);
	assert_true(y->until <= now + SKIFF_YIELD_TURN_REST_MAX_NS);
	return skiff_may_yield(y, now);
}

static void bursts_of_others_are_borne(void **state)
{
	const uint64_t slice = 20000000u; /* longer than what really happens meanwhile */
	struct skiff_yield y = {0};

	assert_true(goes_on_after(&y, slice, 10 * slice));
	assert_true(y.long_end != 0);
	assert_false(goes_on_after(&y, slice, slice));
	/* crowded for long: it still tries after a while */
	for (int i = 0; i < 10; i++) {
		y.until = skiff_now_ns() - 1;
		assert_false(goes_on_after(&y, slice, slice));
	}
	assert_int_equal(y.rest, SKIFF_YIELD_TURN_REST_MAX_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rests_grow_while_it_is_crowded),
		cmocka_unit_test(a_yield_tells_the_time),
		cmocka_unit_test(bursts_of_others_are_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
