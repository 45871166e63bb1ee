/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The question: what does one IPv4 lookup cost at a million routes, and one update, in skiff's table
 * and in DPDK's? All tables hold the same routes and answer the same keys in bulks of 64; before a
 * table is timed, each of its answers is compared with a plain trie's. Keys:
 *	random	over all 2^32 addresses: 2^20 keys
 *	routed	a random address under a random route: 2^20 keys
 *	hot	1024 routed destinations in random order: 2^12 keys, so that the keys themselves stay in L1
 *	hot256	256 of them
 *	seq	one address of every /24 from 1.0.0.0 on: 2^20 keys
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <rte_rcu_qsbr.h>
#include "fib/fib_update.h"
#include "gbench.h"
#include "machine.h"
#include "options.h"
#include "suites.h"
#include "routes.h"

#define BULK		64u
#define MANY		(1u << 20)
#define FEW		(1u << 12)
#define TBL8S		8192u
#define UPDATES		8192u	/* routes deleted and added again in a turn */
#define QUIESCENT	32u	/* updates between two reports of the reader */

enum keys { RANDOM, ROUTED, HOT, HOT256, SEQ, KEYS };
enum table { SKIFF, SKIFF_AVX2, SKIFF_SCALAR, RTE_FIB, RTE_FIB_AVX512, RTE_FIB_2B,
	RTE_FIB_2B_AVX512, RTE_LPM, TABLES };

static struct bench_route *routes;
static struct bench_trie *trie;
static uint32_t *keys[KEYS], *answers[KEYS];
static const unsigned int key_count[KEYS] = {MANY, MANY, FEW, FEW, MANY};

static struct rte_rcu_qsbr *rcu;
static struct fib *fib;
static struct rte_fib *rte_fibs[2];	/* 4 bytes an entry, 2 bytes */
static struct rte_lpm *lpm;
static bool verified[TABLES];

/* ---- routes and keys ---- */

static uint32_t address_under(const struct bench_route *r, struct bench_random *rnd)
{
	return r->prefix | (bench_random(rnd) & (uint32_t)(0xffffffffull >> r->len));
}

static uint32_t make_key(enum keys kind, uint32_t i, struct bench_random *rnd)
{
	switch (kind) {
	case RANDOM:
		return bench_random(rnd);
	case ROUTED:
		return address_under(&routes[bench_random(rnd) % BENCH_ROUTES], rnd);
	case HOT:
		return keys[ROUTED][bench_random(rnd) % 1024];
	case HOT256:
		return keys[ROUTED][bench_random(rnd) % 256];
	default:
		return 0x01000000 + (i << 8) + 1;
	}
}

static int make_keys(void)
{
	struct bench_random rnd = {42};
	unsigned int len;

	for (int k = 0; k < KEYS; k++) {
		keys[k] = malloc(key_count[k] * sizeof(uint32_t));
		answers[k] = malloc(key_count[k] * sizeof(uint32_t));
		if (!keys[k] || !answers[k])
			return -1;
		for (uint32_t i = 0; i < key_count[k]; i++) {
			keys[k][i] = make_key(k, i, &rnd);
			answers[k][i] = bench_trie_lookup(trie, keys[k][i], &len);
		}
	}
	return 0;
}

static int prepare(void)
{
	char origin[200];

	routes = bench_routes(bench_table_path, origin, sizeof(origin));
	if (!routes)
		return -1;
	trie = bench_trie_make(routes, BENCH_ROUTES);
	if (make_keys()) {
		fprintf(stderr, "skiff-bench: no memory for the keys\n");
		return -1;
	}
	gbench_context("fib_routes", origin);
	gbench_context("fib_setup", "512 next hops, bulk 64, skiff's table on madvised pages");
	return 0;
}

/* ---- the tables, each made when first asked for ---- */

static const char *make_skiff(void)
{
	size_t size = RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE);

	rcu = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (!rcu || rte_rcu_qsbr_init(rcu, 1) || rte_rcu_qsbr_thread_register(rcu, 0))
		return "no QSBR variable";
	rte_rcu_qsbr_thread_online(rcu, 0);
	if (fib_create(&(struct fib_conf){.rcu = rcu}, &fib))
		return "fib_create failed";
	for (size_t i = 0; i < BENCH_ROUTES; i++) {
		if (fib_add(fib, routes[i].prefix, routes[i].len, routes[i].nh))
			return "fib_add failed";
		rte_rcu_qsbr_quiescent(rcu, 0);
	}
	return NULL;
}

static const char *make_rte_fib(unsigned int two_bytes)
{
	struct rte_fib_conf conf = {
		.type = RTE_FIB_DIR24_8,
		.default_nh = FIB_NO_ROUTE,
		.max_routes = BENCH_ROUTES + 1,
		.dir24_8 = {two_bytes ? RTE_FIB_DIR24_8_2B : RTE_FIB_DIR24_8_4B, TBL8S},
	};
	struct rte_fib *f = rte_fib_create(two_bytes ? "bench2" : "bench4", machine_socket(), &conf);

	if (!f)
		return "rte_fib_create failed";
	for (size_t i = 0; i < BENCH_ROUTES; i++) {
		if (rte_fib_add(f, routes[i].prefix, routes[i].len, routes[i].nh))
			return "rte_fib_add failed";
	}
	rte_fibs[two_bytes] = f;
	return NULL;
}

/*
 * rte_lpm_add walks all rules of a length: 90 to 300 K cycles a route, minutes in all. So the 2^24
 * entries of the first table are written from the trie, as adding every route up to /24 would
 * leave them, and only longer routes, shortest first, go through rte_lpm_add.
 */
static const char *make_rte_lpm(void)
{
	struct rte_lpm_config conf = {.max_rules = 65536, .number_tbl8s = TBL8S};
	struct bench_route *upto24 = malloc(BENCH_ROUTES * sizeof(*upto24));
	struct bench_trie *top;
	unsigned int len;
	size_t n = 0;

	lpm = rte_lpm_create("bench", machine_socket(), &conf);
	if (!lpm || !upto24)
		return "rte_lpm_create failed";
	for (size_t i = 0; i < BENCH_ROUTES; i++) {
		if (routes[i].len <= 24)
			upto24[n++] = routes[i];
	}
	top = bench_trie_make(upto24, n);
	for (uint32_t i = 0; i < 1u << 24; i++) {
		uint32_t nh = bench_trie_lookup(top, i << 8, &len);

		lpm->tbl24[i].next_hop = nh;
		lpm->tbl24[i].depth = len;
		lpm->tbl24[i].valid = nh != 0;
	}
	bench_trie_free(top);
	free(upto24);
	for (len = 25; len <= 32; len++) {
		for (size_t i = 0; i < BENCH_ROUTES; i++) {
			if (routes[i].len == len &&
				rte_lpm_add(lpm, routes[i].prefix, len, routes[i].nh))
				return "rte_lpm_add failed";
		}
	}
	return NULL;
}

static const char *make_table(enum table t)
{
	switch (t) {
	case SKIFF:
	case SKIFF_AVX2:
	case SKIFF_SCALAR:
		return fib ? NULL : make_skiff();
	case RTE_FIB:
	case RTE_FIB_AVX512:
		return rte_fibs[0] ? NULL : make_rte_fib(0);
	case RTE_FIB_2B:
	case RTE_FIB_2B_AVX512:
		return rte_fibs[1] ? NULL : make_rte_fib(1);
	default:
		return lpm ? NULL : make_rte_lpm();
	}
}

/* ---- lookups ---- */

static size_t table_bytes(enum table t)
{
	struct fib_stats s;

	switch (t) {
	case SKIFF:
	case SKIFF_AVX2:
	case SKIFF_SCALAR:
		fib_stats(fib, &s);
		return s.lookup_committed;
	case RTE_FIB:
	case RTE_FIB_AVX512:
		return ((size_t)4 << 24) + (size_t)TBL8S * 256 * 4;
	case RTE_FIB_2B:
	case RTE_FIB_2B_AVX512:
		return ((size_t)2 << 24) + (size_t)TBL8S * 256 * 2;
	default:
		return ((size_t)4 << 24) + (size_t)TBL8S * 256 * 4;
	}
}

/* Chooses the lookup; answers why it cannot be had. */
static const char *select_lookup(enum table t, fib_bulk_fn **bulk)
{
	static const enum fib_simd simd[] = {FIB_SIMD_AUTO, FIB_SIMD_AVX2, FIB_SIMD_SCALAR};
	bool two = t == RTE_FIB_2B || t == RTE_FIB_2B_AVX512;

	switch (t) {
	case SKIFF:
	case SKIFF_AVX2:
	case SKIFF_SCALAR:
		*bulk = fib_bulk_impl(simd[t - SKIFF]);
		return *bulk ? NULL : "the CPU lacks these instructions";
	case RTE_FIB:
	case RTE_FIB_2B:
		return rte_fib_select_lookup(rte_fibs[two], RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO) ?
			"rte_fib's scalar lookup was not taken" : NULL;
	case RTE_FIB_AVX512:
	case RTE_FIB_2B_AVX512:
		return rte_fib_select_lookup(rte_fibs[two], RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512) ?
			"rte_fib's AVX-512 lookup was not taken (no AVX-512, or the EAL forbids it)" :
			NULL;
	default:
		return NULL;
	}
}

/* One pass over the keys, for each kind of answer; sink keeps the answers from being idle. */
static void pass_skiff(fib_bulk_fn *bulk, const uint32_t *key, uint32_t n)
{
	uint32_t nh[BULK];

	for (uint32_t i = 0; i < n; i += BULK) {
		bulk(fib, key + i, nh, BULK);
		asm volatile("" : : "r"(nh) : "memory");
	}
}

static void pass_rte_fib(struct rte_fib *f, const uint32_t *key, uint32_t n)
{
	uint64_t nh[BULK];

	for (uint32_t i = 0; i < n; i += BULK) {
		rte_fib_lookup_bulk(f, (uint32_t *)(uintptr_t)(key + i), nh, BULK);
		asm volatile("" : : "r"(nh) : "memory");
	}
}

static void pass_rte_lpm(const uint32_t *key, uint32_t n)
{
	uint32_t nh[BULK];

	for (uint32_t i = 0; i < n; i += BULK) {
		rte_lpm_lookup_bulk(lpm, key + i, nh, BULK);
		asm volatile("" : : "r"(nh) : "memory");
	}
}

static void pass(enum table t, fib_bulk_fn *bulk, const uint32_t *key, uint32_t n)
{
	if (t <= SKIFF_SCALAR)
		pass_skiff(bulk, key, n);
	else if (t == RTE_LPM)
		pass_rte_lpm(key, n);
	else
		pass_rte_fib(rte_fibs[t == RTE_FIB_2B || t == RTE_FIB_2B_AVX512], key, n);
}

/* The answers to BULK keys as next-hop ids, whatever the table's own form is. */
static void answers_of(enum table t, fib_bulk_fn *bulk, const uint32_t *key, uint32_t *nh)
{
	uint64_t wide[BULK];

	if (t <= SKIFF_SCALAR) {
		bulk(fib, key, nh, BULK);
	} else if (t == RTE_LPM) {
		rte_lpm_lookup_bulk(lpm, key, nh, BULK);
		for (uint32_t i = 0; i < BULK; i++)
			nh[i] = nh[i] & RTE_LPM_LOOKUP_SUCCESS ? nh[i] & 0xffffff : FIB_NO_ROUTE;
	} else {
		rte_fib_lookup_bulk(rte_fibs[t == RTE_FIB_2B || t == RTE_FIB_2B_AVX512],
			(uint32_t *)(uintptr_t)key, wide, BULK);
		for (uint32_t i = 0; i < BULK; i++)
			nh[i] = wide[i];
	}
}

/* Every answer against the trie's, once a table and again after updates. */
static bool verify(enum table t, fib_bulk_fn *bulk)
{
	uint32_t nh[BULK];

	for (int k = 0; k < KEYS && !verified[t]; k++) {
		for (uint32_t i = 0; i < key_count[k]; i += BULK) {
			answers_of(t, bulk, keys[k] + i, nh);
			if (memcmp(nh, answers[k] + i, sizeof(nh)))
				return false;
		}
	}
	return verified[t] = true;
}

struct lookup {
	enum table table;
	enum keys keys;
};

static void bench_lookup(struct gbench_run *run, const void *arg)
{
	const struct lookup *l = arg;
	const uint32_t n = key_count[l->keys];
	fib_bulk_fn *bulk = NULL;
	const char *why = make_table(l->table);

	if (!why)
		why = select_lookup(l->table, &bulk);
	if (!why && !verify(l->table, bulk))
		why = "an answer differs from the trie's";
	if (why) {
		gbench_fail(run, why);
		return;
	}
	pass(l->table, bulk, keys[l->keys], n);
	while (gbench_next(run))
		pass(l->table, bulk, keys[l->keys], n);
	gbench_cycles(run, "cycles_per_lookup", n);
	gbench_counter(run, "bytes", table_bytes(l->table));
}

/* ---- updates ---- */

static int update_skiff(const struct bench_route *r, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		rc |= fib_del(fib, r[i].prefix, r[i].len);
		if (i % QUIESCENT == 0)
			rte_rcu_qsbr_quiescent(rcu, 0);
	}
	for (size_t i = 0; i < n; i++) {
		rc |= fib_add(fib, r[i].prefix, r[i].len, r[i].nh);
		if (i % QUIESCENT == 0)
			rte_rcu_qsbr_quiescent(rcu, 0);
	}
	return rc;
}

static int update_rte_fib(const struct bench_route *r, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		rc |= rte_fib_delete(rte_fibs[0], r[i].prefix, r[i].len);
	for (size_t i = 0; i < n; i++)
		rc |= rte_fib_add(rte_fibs[0], r[i].prefix, r[i].len, r[i].nh);
	return rc;
}

static bool still_right(enum table t)
{
	fib_bulk_fn *bulk = NULL;

	verified[t] = false;
	return !select_lookup(t, &bulk) && verify(t, bulk);
}

/* Deletes and adds routes from all over the table; it is afterwards as before. */
static void bench_update(struct gbench_run *run, const void *arg)
{
	const enum table t = *(const enum table *)arg;
	const char *why = make_table(t);
	struct fib_stats s;
	size_t at = 0;
	int rc = 0;

	if (why) {
		gbench_fail(run, why);
		return;
	}
	while (gbench_next(run)) {
		rc |= (t == SKIFF ? update_skiff : update_rte_fib)(routes + at, UPDATES);
		at = at + 2 * UPDATES <= BENCH_ROUTES ? at + UPDATES : 0;
	}
	if (rc || !still_right(t)) {
		gbench_fail(run, rc ? "an update failed" : "the updates left wrong answers");
		return;
	}
	gbench_cycles(run, "cycles_per_update", 2 * UPDATES);
	gbench_counter(run, "bytes", table_bytes(t));
	if (t != SKIFF)
		return;
	fib_stats(fib, &s);
	gbench_counter(run, "writer_bytes", s.writer_bytes);
}

static void bench_default_route(struct gbench_run *run, const void *arg)
{
	const char *why = make_table(SKIFF);
	int rc = 0;

	if (why) {
		gbench_fail(run, why);
		return;
	}
	while (gbench_next(run)) {
		rc |= fib_add(fib, 0, 0, 77);
		rc |= fib_del(fib, 0, 0);
	}
	if (rc)
		gbench_fail(run, "an update failed");
	else
		gbench_cycles(run, "cycles_per_update", 2);
}

#define LOOKUP(name, t, k) {"fib/" name, bench_lookup, &(const struct lookup){t, k}}
#define LOOKUPS(name, t)                                                                           \
	LOOKUP(name "/random", t, RANDOM), LOOKUP(name "/routed", t, ROUTED),                      \
	LOOKUP(name "/hot", t, HOT), LOOKUP(name "/hot256", t, HOT256), LOOKUP(name "/seq", t, SEQ)

static const struct gbench_case cases[] = {
	LOOKUPS("skiff", SKIFF),
	LOOKUPS("skiff_avx2", SKIFF_AVX2),
	LOOKUPS("skiff_scalar", SKIFF_SCALAR),
	LOOKUPS("rte_fib", RTE_FIB),
	LOOKUPS("rte_fib_avx512", RTE_FIB_AVX512),
	LOOKUPS("rte_fib_2b", RTE_FIB_2B),
	LOOKUPS("rte_fib_2b_avx512", RTE_FIB_2B_AVX512),
	LOOKUPS("rte_lpm", RTE_LPM),
	{"fib/skiff/update", bench_update, &(const enum table){SKIFF}},
	{"fib/rte_fib/update", bench_update, &(const enum table){RTE_FIB}},
	{"fib/skiff/default_route", bench_default_route, NULL},
};

const struct gbench_suite bench_fib_suite = {
	cases, sizeof(cases) / sizeof(*cases), prepare, true,
};
