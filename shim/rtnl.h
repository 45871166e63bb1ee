/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff's links, addresses, routes and neighbours as lists, asked by netlink from within libskiff:
 * for the libc functions, ioctls and /proc files that tell about interfaces.
 */
#pragma once

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct rtnl_link {
	int index;
	char name[16];
	uint32_t flags, mtu, txqlen;
	uint16_t type;
	uint8_t operstate, carrier;
	uint8_t addr_len, addr[32], brd[32];
	struct rtnl_link_stats64 stats;
};

struct rtnl_addr {
	int index;
	uint8_t family, plen, scope;
	uint32_t flags;
	/* local, and where they exist: the peer's or own prefix, broadcast */
	uint8_t local[16], address[16], brd[16];
	_Bool has_brd;
	char label[16];
};

struct rtnl_route {
	uint32_t dst, gateway, prio, mtu;
	uint8_t plen, type, scope;
	int oif;
};

struct rtnl_neigh {
	int index;
	uint32_t ip;
	uint16_t state;
	uint8_t mac[6], mac_len;
};

/* Arrays of the count returned, the caller frees; -1 with errno. IPv4 routes of table main. */
int rtnl_links(struct rtnl_link **l);
int rtnl_addrs(struct rtnl_addr **a);
int rtnl_routes(struct rtnl_route **r);
int rtnl_neighs(struct rtnl_neigh **n);
/* One link by name (NULL: by index) into *l. 0, or -1: ENODEV and others. */
int rtnl_find(const char *name, int index, struct rtnl_link *l);
/* RTM_NEWLINK with one attribute (0: none), for the SIOCSIF* ioctls. 0 or -1. */
int rtnl_change(int index, uint32_t flags, uint32_t mask, uint16_t attr, const void *v, size_t len);
