/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the benchmarks get their routes. The real table is 901,899 prefixes of late 2023; without
 * the file a seeded generator draws prefixes of the same lengths (their places are then not real:
 * the context of the output says so). Both are filled up with more-specifics of real parents.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "routes.h"

#define SEEN_BITS 22

/* Prefixes of each length in the real table. */
static const uint32_t mix[33] = {
	[8] = 16, [9] = 13, [10] = 38, [11] = 103, [12] = 299, [13] = 581, [14] = 1203, [15] = 2100,
	[16] = 13490, [17] = 8235, [18] = 13798, [19] = 24870, [20] = 42611, [21] = 50750,
	[22] = 108623, [23] = 96510, [24] = 537698, [25] = 10, [26] = 12, [27] = 12, [28] = 12,
	[29] = 12, [30] = 12, [31] = 5, [32] = 886,
};

struct list {
	struct bench_route *route;
	uint64_t *seen;		/* hash of prefix and length: the table must not repeat itself */
	size_t n;
	struct bench_random random;
};

uint32_t bench_random(struct bench_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(z >> 32);
}

static uint32_t mask_of(unsigned int len)
{
	return (uint32_t)(0xffffffff00000000ull >> len);
}

static bool append(struct list *l, uint32_t prefix, unsigned int len)
{
	uint64_t key = ((uint64_t)prefix << 8 | len) + 1;
	size_t i = key * 0x9e3779b97f4a7c15 >> (64 - SEEN_BITS);

	for (; l->seen[i]; i = (i + 1) & ((1u << SEEN_BITS) - 1)) {
		if (l->seen[i] == key)
			return false;
	}
	l->seen[i] = key;
	l->route[l->n++] = (struct bench_route){
		.prefix = prefix,
		.len = len,
		.nh = 1 + bench_random(&l->random) % BENCH_NEXT_HOPS,
	};
	return true;
}

static FILE *open_table(const char *path, const char *name, bool *piped)
{
	char command[4200];

	if (access(path, R_OK) || strchr(path, '\''))
		return NULL;
	*piped = strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".gz");
	if (!*piped)
		return fopen(path, "r");
	snprintf(command, sizeof(command), "zcat '%s'", path);
	return popen(command, "r");
}

static void read_table(struct list *l, const char *path)
{
	char line[128], *slash;
	bool piped = false;
	FILE *f = open_table(path, path, &piped);
	struct in_addr a;

	while (f && l->n < BENCH_ROUTES && fgets(line, sizeof(line), f)) {
		slash = strchr(line, '/');
		if (!slash)
			continue;
		*slash = 0;
		if (inet_pton(AF_INET, line, &a) == 1 && atoi(slash + 1) <= 32)
			append(l, ntohl(a.s_addr) & mask_of(atoi(slash + 1)), atoi(slash + 1));
	}
	if (f)
		piped ? pclose(f) : fclose(f);
}

/* Real prefixes of one length lie side by side in short runs, so drawn ones do, too. */
static void synthesize(struct list *l)
{
	for (unsigned int len = 0; len <= 32; len++) {
		for (uint32_t made = 0; made < mix[len];) {
			/* 1.0.0.0 to 223.255.255.255, as routes are */
			uint32_t addr = (uint32_t)(0x01000000 +
				((uint64_t)bench_random(&l->random) * 0xdf000000u >> 32));
			uint32_t run = 1 + bench_random(&l->random) % 12;

			for (uint32_t i = 0; i < run && made < mix[len]; i++) {
				made += append(l, addr & mask_of(len), len);
				addr += ~mask_of(len) + 1;
			}
		}
	}
}

static void fill_up(struct list *l)
{
	size_t real = l->n;

	while (l->n < BENCH_ROUTES) {
		const struct bench_route *parent = &l->route[bench_random(&l->random) % real];
		uint32_t host = bench_random(&l->random) & ~mask_of(parent->len);
		unsigned int len = parent->len + 1 + bench_random(&l->random) % 8;

		if (parent->len < 24)
			append(l, (parent->prefix | host) & mask_of(len > 24 ? 24 : len),
				len > 24 ? 24 : len);
	}
}

static void shuffle(struct list *l)
{
	for (size_t i = l->n - 1; i; i--) {
		size_t j = ((uint64_t)bench_random(&l->random) * (i + 1)) >> 32;
		struct bench_route swap = l->route[i];

		l->route[i] = l->route[j];
		l->route[j] = swap;
	}
}

struct bench_route *bench_routes(const char *path, char *origin, size_t size)
{
	struct list l = {.random = {2023}};
	const char *found = path ? path : SKIFF_BENCH_DEFAULT_TABLE;

	l.route = calloc(BENCH_ROUTES, sizeof(*l.route));
	l.seen = calloc((size_t)1 << SEEN_BITS, sizeof(*l.seen));
	if (!l.route || !l.seen) {
		fprintf(stderr, "skiff-bench: no memory for the routes\n");
		goto fail;
	}
	read_table(&l, found);
	if (path && !l.n) {
		fprintf(stderr, "skiff-bench: %s: no readable table of IPv4 prefixes\n", path);
		goto fail;
	}
	if (l.n) {
		snprintf(origin, size, "%zu of a real global table, %zu more-specifics under them", l.n,
			BENCH_ROUTES - l.n);
	} else {
		synthesize(&l);
		snprintf(origin, size, "synthetic: %zu of a global table's lengths in runs at random places, "
			"%zu more-specifics under them", l.n, BENCH_ROUTES - l.n);
	}
	fill_up(&l);
	shuffle(&l);
	free(l.seen);
	return l.route;
fail:
	free(l.route);
	free(l.seen);
	return NULL;
}
