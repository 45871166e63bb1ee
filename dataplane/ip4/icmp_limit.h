/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How often this worker reports errors (RFC 1812 4.3.2.8), by Linux's rules: a token bucket over
 * all destinations and one per destination; redirects ever more seldom to the same host. The store
 * of destinations is of fixed size; the one longest silent makes room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

struct worker;

#define ICMP_PEER_SETS 256
#define ICMP_PEER_WAYS 4
#define ICMP_LIMIT_MASK 6168u     /* types 3, 4, 11, 12: Linux's icmp_ratemask */
#define ICMP_LIMIT_BURST 50u      /* messages: Linux's icmp_msgs_burst */
#define ICMP_PEER_BURST 6u        /* messages to one destination at once */
#define ICMP_REDIRECT_MAX 9u      /* to one host, until it was silent for ... */
#define ICMP_REDIRECT_LOAD_MS 20u /* ... 20 ms << 10; also the first interval, then doubled */

struct icmp_peer {
	rte_be32_t addr;
	uint32_t tokens;         /* ms */
	uint32_t last;           /* ms: tokens were counted */
	uint32_t redirect_last;  /* ms */
	uint8_t redirects;
	uint8_t used;
};

struct icmp_worker {
	uint64_t seed;
	uint32_t credit;         /* messages, of the bucket over all destinations */
	uint32_t stamp;          /* ms: credit was counted */
	struct icmp_peer peer[ICMP_PEER_SETS][ICMP_PEER_WAYS];
};

enum icmp_limit {
	ICMP_ALLOWED = 0,
	ICMP_LIMITED_HOST,
	ICMP_LIMITED_GLOBAL,
};

/* May a message of this type and code go to dst now? Takes its tokens when it may. */
enum icmp_limit icmp_limit(struct worker *w, uint8_t type, uint8_t code, rte_be32_t dst);
/* The same of a redirect. */
bool icmp_limit_redirect(struct worker *w, rte_be32_t dst);
