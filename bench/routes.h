/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes and destinations for the benchmarks: a global table's, filled up to a million. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bench_route {
	uint32_t prefix;
	uint32_t nh;
	uint8_t len;
};

#define BENCH_ROUTES	1000000u
#define BENCH_NEXT_HOPS	512u	/* ids 1..512 */

struct bench_random {
	uint64_t state;
};

uint32_t bench_random(struct bench_random *r);

/*
 * BENCH_ROUTES distinct routes in random order: those of the table (path, or NULL to look for
 * it; of the same mix of lengths from a seeded generator if there is none), then more-specifics under
 * its prefixes. Says what it did in `origin`. NULL after a message.
 */
struct bench_route *bench_routes(const char *path, char *origin, size_t size);

/*
 * What the routes answer, by a plain binary trie: the judge of every structure that is timed. Ten to
 * a hundred times slower than they are.
 */
struct bench_trie;
struct bench_trie *bench_trie_make(const struct bench_route *routes, size_t n);
void bench_trie_free(struct bench_trie *t);
uint32_t bench_trie_lookup(const struct bench_trie *t, uint32_t addr, unsigned int *len);
