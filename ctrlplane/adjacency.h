/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host adjacencies: where the longest match of a usable neighbour's address is an on-link route
 * through its link, the FIB holds the address itself (a /32) with a next hop that knows the link
 * header. What a lookup means stays as the routes say; no dump, no `ip route get` shows them.
 */
#pragma once

#include "cp.h"

struct cp_neigh;
struct rib_table;

#define CP_ADJ_MAX 131072u /* in all FIBs together; the rest goes by the neighbour table */

/* The entry is usable, no longer so, or about to go (any state that is not valid). */
void cp_adj_neigh_changed(struct cp *cp, struct cp_neigh *n);
/* The best route of a prefix of table t changed, and with it FIB number `fib`. */
void cp_adj_route_changed(struct cp *cp, const struct rib_table *t, uint32_t fib, uint32_t key,
	uint8_t len);
/* Before FIBs are freed, and after other ones serve the rules: all anew. */
void cp_adj_forget(struct cp *cp);
void cp_adj_rebuild(struct cp *cp);

uint32_t cp_adj_count(const struct cp *cp);

int cp_adjs_init(struct cp *cp);
void cp_adjs_fini(struct cp *cp);
