/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy routing rules (ip rule). As long as only the three default ones exist and the table
 * `default` is empty, one merged FIB serves; otherwise rules are walked in order.
 */
#pragma once

#include <linux/fib_rules.h>
#include "cp.h"

#define CP_FIB_MERGED 0u /* number of the FIB that holds local and main together */

struct cp_rule {
	uint32_t priority;
	uint8_t action;		/* FR_ACT_* */
	uint8_t tos, src_len, dst_len;
	uint8_t protocol;
	bool invert;
	in_addr_t src, dst;	/* network order */
	uint32_t mark, mark_mask;
	char iif[16], oif[16];	/* empty: any */
	uint32_t table;
	uint32_t target;	/* of FR_ACT_GOTO: a priority */
	int32_t suppress_prefixlen; /* -1: off */
};

struct cp_rules {
	uint32_t n, cap;
	struct cp_rule *rule;	/* by priority, then age */
	bool merged;		/* CP_FIB_MERGED serves */
};

int cp_rule_add(struct cp *cp, const struct cp_rule *r, bool excl);
/* The first rule that agrees in all fields set in `want` (bits of 1 << FRA_*); -ENOENT. */
int cp_rule_del(struct cp *cp, const struct cp_rule *r, uint64_t want, struct cp_rule *gone);
bool cp_rule_default_only(const struct cp *cp);

/* A rule, a name or the table `default` changed: program the data plane anew where it matters. */
int cp_rules_changed(struct cp *cp);

int cp_rules_init(struct cp *cp);
void cp_rules_fini(struct cp *cp);
int cp_rules_clone(struct cp *to, const struct cp *from);
