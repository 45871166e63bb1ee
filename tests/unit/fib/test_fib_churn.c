/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader checks every answer while a writer churns. The writer numbers its updates and records,
 * before each, what every probe will answer after it. An answer is legal if it belongs to a version
 * between the last update that had ended before the lookup and the last that had begun after it:
 * exact, not merely plausible. Real QSBR, and blocks that are soon used again: some lookups stop
 * half way for hundreds of updates, and what they hold must stay as it was found.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <rte_rcu_qsbr.h>
#include "fib/fib_update.h"
#include "fib_model.h"

#define PROBES	64
#define KEEP	4096		/* versions on record; a power of two */
#define UPDATES	(20000 / SCALE)
#define HELD	300		/* updates that pass inside a slow lookup */
#define MOST	120		/* routes */

struct churn {
	struct fib *fib;
	struct rte_rcu_qsbr *rcu;
	uint32_t probe[PROBES];
	uint32_t answer[KEEP][PROBES];
	uint64_t begun, ended;	/* numbers of updates */
	bool reading, stop;
	uint64_t checked, slow, unsure, wrong;	/* by the reader */
};

static uint32_t mask_of(unsigned int len)
{
	return (uint32_t)(0xffffffff00000000ull >> len);
}

static bool legal(struct churn *c, unsigned int probe, uint32_t got, uint64_t from, uint64_t to)
{
	for (uint64_t v = to; v + 1 > from; v--) {
		if (__atomic_load_n(&c->answer[v % KEEP][probe], __ATOMIC_RELAXED) == got)
			return true;
		if (!v)
			break;
	}
	return false;
}

/* As fib_lookup, but many updates pass between finding each block and reading it. */
static uint32_t slow_lookup(struct churn *c, uint32_t addr)
{
	const uint32_t *base = c->fib->base;
	uint32_t e = fib_load_slot(base + (addr >> FIB_TOP_SHIFT));

	for (unsigned int shift = FIB_TOP_SHIFT - FIB_STRIDE; e & FIB_BLOCK; shift -= FIB_STRIDE) {
		const uint32_t *block = base + (e & FIB_OFFSET);
		unsigned int slot = addr >> shift & FIB_SLOT_MASK;
		uint64_t until = __atomic_load_n(&c->ended, __ATOMIC_RELAXED) + HELD;

		while (__atomic_load_n(&c->ended, __ATOMIC_RELAXED) < until &&
			!__atomic_load_n(&c->stop, __ATOMIC_RELAXED))
			sched_yield();
		e = e & FIB_WIDE ? fib_load_slot(block + slot) : fib_load_narrow(block, slot);
	}
	c->slow++;
	return e;
}

static void read_burst(struct churn *c, unsigned int round)
{
	static const enum fib_simd simds[] = {FIB_SIMD_SCALAR, FIB_SIMD_AVX2, FIB_SIMD_AVX512};
	fib_bulk_fn *bulk = round % 4 < 3 ? fib_bulk_impl(simds[round % 4]) : NULL;
	uint64_t from = __atomic_load_n(&c->ended, __ATOMIC_ACQUIRE), to, wrong = 0;
	uint32_t nh[PROBES];

	if (bulk) {
		bulk(c->fib, c->probe, nh, PROBES);
	} else {
		for (unsigned int i = 0; i < PROBES; i++)
			nh[i] = fib_lookup(c->fib, c->probe[i]);
		if (round % 64 == 63)
			nh[round / 64 % PROBES] = slow_lookup(c, c->probe[round / 64 % PROBES]);
	}
	/* The lookups above are acquiring loads; only the compiler must be kept from moving them. */
	asm volatile("" : : : "memory");
	to = __atomic_load_n(&c->begun, __ATOMIC_ACQUIRE);
	if (to - from < KEEP / 2) {
		for (unsigned int i = 0; i < PROBES; i++)
			wrong += !legal(c, i, nh[i], from, to);
	}
	/* The record may have been overwritten while it was read. */
	if (__atomic_load_n(&c->begun, __ATOMIC_ACQUIRE) - from >= KEEP - 1) {
		c->unsure++;
		return;
	}
	c->wrong += wrong;
	c->checked += PROBES;
}

static void *reader(void *arg)
{
	struct churn *c = arg;

	rte_rcu_qsbr_thread_online(c->rcu, 0);
	for (unsigned int round = 0; !__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE); round++) {
		read_burst(c, round);
		rte_rcu_qsbr_quiescent(c->rcu, 0);
		__atomic_store_n(&c->reading, true, __ATOMIC_RELEASE);
	}
	rte_rcu_qsbr_thread_offline(c->rcu, 0);
	return NULL;
}

/* Prefixes crowd around the probes, so that nearly every update changes some answers. */
static void update(struct churn *c, struct model *m, struct random *rnd, uint32_t nh_max)
{
	bool del = random_below(rnd, MOST) < m->n;
	unsigned int len = random_below(rnd, 8) ? 12 + random_below(rnd, 21) : random_below(rnd, 12);
	uint32_t prefix = c->probe[random_below(rnd, PROBES)] & mask_of(len);
	uint32_t nh = 1 + random_below(rnd, nh_max);
	uint64_t v = c->begun + 1;

	if (del) {
		struct model_route *r = &m->route[random_below(rnd, m->n)];

		prefix = r->prefix;
		len = r->len;
		model_del(m, prefix, len);
	} else {
		model_add(m, prefix, len, nh);
	}
	for (unsigned int i = 0; i < PROBES; i++)
		__atomic_store_n(&c->answer[v % KEEP][i], model_lookup(m, c->probe[i]),
			__ATOMIC_RELAXED);
	__atomic_store_n(&c->begun, v, __ATOMIC_SEQ_CST);
	fib_hint(c->fib, prefix, len, FIB_HINT_FIRST);
	fib_hint(c->fib, prefix, len, FIB_HINT_DEEPER);
	assert_int_equal(del ? fib_del(c->fib, prefix, len) : fib_add(c->fib, prefix, len, nh), 0);
	__atomic_store_n(&c->ended, v, __ATOMIC_RELEASE);
}

static void churn(uint64_t seed, uint32_t nh_max)
{
	struct churn *c = calloc(1, sizeof(*c));
	struct random rnd = {seed};
	struct fib_stats stats;
	struct model m = {0};
	pthread_t thread;

	assert_non_null(c);
	c->rcu = aligned_alloc(RTE_CACHE_LINE_SIZE,
		RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE));
	assert_non_null(c->rcu);
	assert_int_equal(rte_rcu_qsbr_init(c->rcu, 1), 0);
	assert_int_equal(rte_rcu_qsbr_thread_register(c->rcu, 0), 0);
	assert_int_equal(fib_create(&(struct fib_conf){.rcu = c->rcu, .batch = 4}, &c->fib), 0);
	for (unsigned int i = 0; i < PROBES; i++)
		c->probe[i] = 0x0a000000 | (random_u32(&rnd) & 0x1133f);

	assert_int_equal(pthread_create(&thread, NULL, reader, c), 0);
	while (!__atomic_load_n(&c->reading, __ATOMIC_ACQUIRE))
		sched_yield();
	for (unsigned int i = 0; i < UPDATES; i++)
		update(c, &m, &rnd, nh_max);
	__atomic_store_n(&c->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);

	fib_stats(c->fib, &stats);
	print_message("%lu answers checked, %lu slow, %lu bursts unsure, %lu grace periods\n",
		c->checked, c->slow, c->unsure, stats.grace_periods);
	assert_int_equal(c->wrong, 0);
	assert_true(c->checked > 1000 && c->slow > 2 && stats.grace_periods >= 2);
	fib_destroy(c->fib);
	free(c->rcu);
	free(c);
	model_free(&m);
}

static void test_churn_narrow(void **state)
{
	churn(11, 500);
}

static void test_churn_across_64k(void **state)
{
	churn(12, 131070);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn_narrow),
		cmocka_unit_test(test_churn_across_64k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
