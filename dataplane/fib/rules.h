/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which tables a packet is looked up in. As long as only Linux's three default rules exist, one FIB
 * holds the local, main and default tables merged (Linux's fib_trie does the same) and `set` is
 * NULL; otherwise the rules are walked in order. Written by the control thread (rules_update in
 * ctrlplane), read under QSBR.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

struct fib;
struct fib_locals;

enum fib_rule_action {
	FIB_RULE_TABLE = 1, /* FR_ACT_TO_TBL; the values of Linux's FR_ACT_* */
	FIB_RULE_BLACKHOLE = 6,
	FIB_RULE_UNREACHABLE = 7,
	FIB_RULE_PROHIBIT = 8,
};

/* A rule as workers need it; a zero mask or field matches anything. Addresses in host order. */
struct fib_rule {
	uint32_t priority;
	uint8_t action;        /* enum fib_rule_action */
	uint8_t tos;
	bool invert;
	uint32_t src, src_mask;
	uint32_t dst, dst_mask;
	uint32_t mark, mark_mask;
	uint32_t iif, oif;     /* netdev index; 0: any */
	const struct fib *fib; /* of FIB_RULE_TABLE */
};

struct fib_rule_set {
	uint32_t n;
	struct fib_rule rule[];
};

struct fib_rules {
	const struct fib *_Atomic merged;
	const struct fib_rule_set *_Atomic set;
	struct fib_locals *_Atomic locals; /* locals.h; NULL: every source is looked up */
};
