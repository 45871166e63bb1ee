/* SPDX-License-Identifier: BSD-3-Clause */
/* A data plane that remembers what it was told, and can be told to refuse. */
#pragma once

#include "cp.h"
#include "neigh.h"
#include "nexthops.h"

#define FAKE_FRAMES 64
#define FAKE_IDS 32768

struct fake_prefix {
	uint32_t fib, key, nh;
	uint8_t len;
};

struct fake {
	struct fake_prefix *prefix; /* unordered */
	size_t n, cap;
	uint32_t next_id, n_free;
	uint32_t free_id[FAKE_IDS];	/* to be given out again */
	struct cp_nh nh[FAKE_IDS];	/* as last published; id 0: free */
	unsigned int published, released;
	uint8_t frame[FAKE_FRAMES][64];
	unsigned int frames;
	struct cp_neigh last_neigh;
	unsigned int neigh_published, neigh_withdrawn, ready;
	bool rules_merged;
	unsigned int rules_set;
	int fail_fib_after;	/* the call after so many refuses; 0: none */
};

extern const struct cp_backend fake_backend;

void fake_free(struct fake *f);
/* The next hop of the prefix in the FIB, 0: none. */
uint32_t fake_lookup(const struct fake *f, uint32_t fib, uint32_t key, uint8_t len);
size_t fake_count(const struct fake *f, uint32_t fib);

/* An instance with the ports eth0 (10.0.0.1/16) and eth1 (10.1.0.1/16), up. */
struct cp *fake_router(struct fake *f);
struct cp_link *fake_link(struct cp *cp, const char *name);
int fake_addr(struct cp *cp, const char *link, uint32_t ip, uint8_t len);
