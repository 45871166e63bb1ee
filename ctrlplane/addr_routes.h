/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routes that follow from a link's addresses and state: a pure function of them, so that every
 * change of an address list is "the set before", the change, and the difference applied.
 */
#pragma once

#include "addrs.h"
#include "rib.h"

struct addr_routes;

static inline in_addr_t addr_mask(uint8_t len)
{
	return len == 0 ? 0 : htonl(UINT32_MAX << (32 - len));
}

static inline bool addr_in_prefix(in_addr_t ip, const struct cp_addr *a)
{
	return ((ip ^ a->address) & addr_mask(a->len)) == 0;
}

/* What the list asks for now; NULL: no memory. */
struct addr_routes *addr_routes_of(const struct cp *cp, const struct cp_link *l);
struct addr_routes *addr_routes_none(void);
void addr_routes_free(struct addr_routes *s);
/*
 * Takes the routes of `before` away that the list no longer asks for, adds the new. Frees before.
 * 0, or what the last addition that failed said.
 */
int addr_routes_follow(struct cp *cp, struct cp_link *l, struct addr_routes *before);
