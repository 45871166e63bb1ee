/* SPDX-License-Identifier: BSD-3-Clause */
/* The neighbour table against a dumb array, by a seeded random walk that makes it grow. */
#include "unit.h"

#include <string.h>

#include "fake_worker.h"
#include "neigh/neigh_update.h"

#define ADDRS 3000

static struct {
	bool there;
	uint8_t last;
} model[2][ADDRS];

static uint64_t seed = 424242;

static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % below;
}

static void compare(struct dp *dp)
{
	for (uint16_t dev = 0; dev < 2; dev++)
		for (uint32_t ip = 0; ip < ADDRS; ip++) {
			const struct neigh *n = neigh_lookup(dp, dev, ip << 8);

			assert_int_equal(n != NULL, model[dev][ip].there);
			if (n)
				assert_int_equal(n->lladdr[5], model[dev][ip].last);
		}
}

static void random_walk(void **state)
{
	struct fake_worker *f = *state;
	struct dp *dp = &f->dp;

	assert_int_equal(neigh_table_init(dp), 0);
	for (unsigned int step = 0; step < 60000; step++) {
		uint16_t dev = (uint16_t)rnd(2);
		uint32_t ip = rnd(ADDRS);

		if (rnd(3)) {
			struct neigh n = { .dev = dev, .ip = ip << 8, .flags = NEIGH_VALID,
				.lladdr = { 0, 0, 0, 0, 0, (uint8_t)step } };

			assert_int_equal(neigh_publish(dp, &n), 0);
			model[dev][ip].there = true;
			model[dev][ip].last = (uint8_t)step;
		} else {
			assert_int_equal(neigh_withdraw(dp, dev, ip << 8),
				model[dev][ip].there ? 0 : -2);
			model[dev][ip].there = false;
		}
		if (step % 10000 == 9999)
			compare(dp);
	}
	neigh_table_fini(dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(random_walk,
		fake_worker_setup, fake_worker_teardown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
