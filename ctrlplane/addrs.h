/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 addresses of interfaces, and the routes that follow them: local, broadcast, connected
 * (Linux's devinet.c and fib_frontend.c describe the rules that are reproduced here).
 */
#pragma once

#include "links.h"

struct cp_addr {
	struct cp_addr *next;	/* of the link */
	struct cp_link *link;
	in_addr_t local, address, broadcast; /* network order; address is the peer's or local */
	uint8_t len;
	uint8_t scope;
	uint8_t proto;
	uint32_t flags;		/* IFA_F_* */
	uint32_t metric;
	uint32_t valid_s, preferred_s;	/* UINT32_MAX: forever */
	uint64_t created_ms, updated_ms;
	char label[IFNAMSIZ];
};

/* Adds a copy. -EEXIST; -EINVAL (scope, length); -ENOBUFS. `replace`: change an existing one's times. */
int cp_addr_add(struct cp *cp, struct cp_link *l, const struct cp_addr *a, bool replace, bool excl);
int cp_addr_del(struct cp *cp, struct cp_addr *a);
struct cp_addr *cp_addr_find(const struct cp_link *l, in_addr_t local, in_addr_t address, int len);

/* Is it an address of this host (any link)? */
struct cp_addr *cp_addr_owner(const struct cp *cp, in_addr_t local);
/* Linux's inet_select_addr: a source towards dst out of the link, at most of this scope; 0. */
in_addr_t cp_addr_select(const struct cp *cp, const struct cp_link *l, in_addr_t dst, int scope);

/* Expiry: returns when to come back. */
uint64_t cp_addrs_tick(struct cp *cp);

/* The link came up, goes away, has a new name. */
void cp_addrs_link_up(struct cp *cp, struct cp_link *l);
void cp_addrs_link_gone(struct cp *cp, struct cp_link *l);
void cp_addrs_renamed(struct cp *cp, struct cp_link *l, const char *old);
