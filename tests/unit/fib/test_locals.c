/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter of own addresses: never denies one that is there, and is seldom wrong about others. */
#include "unit.h"

#include <stdlib.h>

#include "fake_worker.h"
#include "fib/locals.h"
#include "fib/rules.h"

static void never_misses(void **state)
{
	struct dp *dp = &((struct fake_worker *)*state)->dp;
	struct fib_rules rules = { .locals = NULL };
	uint32_t addr[64];
	unsigned int wrong = 0;

	dp->rules = &rules;
	assert_int_equal(fib_locals_init(dp), 0);
	srandom(5);
	for (unsigned int i = 0; i < 64; i++) {
		addr[i] = (uint32_t)random();
		fib_locals_add(dp, addr[i]);
		fib_locals_add(dp, addr[i]); /* in two tables */
	}
	for (unsigned int i = 0; i < 64; i++)
		assert_true(fib_maybe_local(rules.locals, addr[i]));
	for (unsigned int i = 0; i < 100000; i++)
		wrong += fib_maybe_local(rules.locals, (uint32_t)random());
	assert_true(wrong < 100000 * 64 / 4096 * 2);
	for (unsigned int i = 0; i < 64; i += 2) {
		fib_locals_del(dp, addr[i]);
		fib_locals_del(dp, addr[i]);
		fib_locals_del(dp, addr[i + 1]); /* still in one */
	}
	for (unsigned int i = 1; i < 64; i += 2)
		assert_true(fib_maybe_local(rules.locals, addr[i]));
	for (unsigned int i = 1; i < 64; i += 2)
		fib_locals_del(dp, addr[i]);
	for (unsigned int i = 0; i < 64; i++)
		assert_false(fib_maybe_local(rules.locals, addr[i]));
	fib_locals_disable(dp);
	assert_null(rules.locals);
	fib_locals_add(dp, 1); /* nothing is kept any more */
	fib_locals_del(dp, 1);
	fib_locals_fini(dp);
	dp->rules = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(never_misses,
		fake_worker_setup, fake_worker_teardown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
