/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The question: what does one look into the neighbour table cost, when next hops have no link
 * header of their own, and one update? Beside it DPDK's hash (rte_hash with its lock-free readers),
 * filled with the same (device, address) keys. 64 neighbours fit L1; 64 K are a large link.
 */
#include <stdlib.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include "core/dp.h"
#include "gbench.h"
#include "machine.h"
#include "neigh/neigh_update.h"
#include "suites.h"

#define KEYS 65536u

struct key {
	uint32_t ip;
	uint32_t dev;
};

static struct key keys[KEYS];
static struct dp dp;
static struct rte_hash *hash;
static uint32_t filled;

static int prepare(void)
{
	uint64_t x = 88172645463325252u;

	for (uint32_t i = 0; i < KEYS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		keys[i] = (struct key){ .ip = rte_cpu_to_be_32(0x0a000000 + i), .dev = 1 + x % 2 };
	}
	return dp_init(&dp, NULL);
}

/* Both tables with the first n keys. */
static const char *fill(uint32_t n)
{
	const struct rte_hash_parameters params = {
		.name = "bench_neigh", .entries = 2 * KEYS, .key_len = sizeof(struct key),
		.hash_func = rte_hash_crc, .socket_id = machine_socket(),
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};

	if (n == filled)
		return NULL;
	neigh_table_fini(&dp);
	rte_hash_free(hash);
	filled = 0;
	hash = rte_hash_create(&params);
	if (!hash || neigh_table_init(&dp))
		return "no tables";
	for (uint32_t i = 0; i < n; i++) {
		const struct neigh e = { .dev = (uint16_t)keys[i].dev, .ip = keys[i].ip,
			.flags = NEIGH_VALID };

		if (neigh_publish(&dp, &e) || rte_hash_add_key(hash, &keys[i]) < 0)
			return "an entry was refused";
	}
	filled = n;
	return NULL;
}

struct setting {
	uint32_t n;
	bool peer;
};

static void bench_lookup(struct gbench_run *run, const void *arg)
{
	const struct setting *s = arg;
	const char *why = fill(s->n);
	uint64_t found = 0, asked = 0;

	if (why) {
		gbench_fail(run, why);
		return;
	}
	while (gbench_next(run)) {
		for (uint32_t i = 0; i < KEYS; i++) {
			const struct key *k = &keys[i * 40503u % s->n];

			if (s->peer)
				found += rte_hash_lookup(hash, k) >= 0;
			else
				found += neigh_lookup(&dp, (uint16_t)k->dev, k->ip) != NULL;
		}
		asked += KEYS;
	}
	if (found != asked)
		gbench_fail(run, "an entry was not found");
	else
		gbench_cycles(run, "cycles_per_lookup", KEYS);
}

static void bench_publish(struct gbench_run *run, const void *arg)
{
	const struct setting *s = arg;
	const char *why = fill(s->n);
	int rc = 0;

	if (why) {
		gbench_fail(run, why);
		return;
	}
	while (gbench_next(run)) {
		for (uint32_t i = 0; i < s->n; i++) {
			const struct neigh e = { .dev = (uint16_t)keys[i].dev, .ip = keys[i].ip,
				.flags = NEIGH_VALID };

			rc |= neigh_publish(&dp, &e);
		}
	}
	if (rc)
		gbench_fail(run, "an update failed");
	else
		gbench_cycles(run, "cycles_per_update", s->n);
}

static const struct gbench_case cases[] = {
	{"neigh/skiff/64", bench_lookup, &(const struct setting){64, false}},
	{"neigh/rte_hash/64", bench_lookup, &(const struct setting){64, true}},
	{"neigh/skiff/64k", bench_lookup, &(const struct setting){KEYS, false}},
	{"neigh/rte_hash/64k", bench_lookup, &(const struct setting){KEYS, true}},
	{"neigh/skiff/replace", bench_publish, &(const struct setting){KEYS, false}},
};

const struct gbench_suite bench_neigh_suite = {
	cases, sizeof(cases) / sizeof(*cases), prepare, true,
};
