/* SPDX-License-Identifier: BSD-3-Clause */
/* What an address means to this host, asked of the FIB for single packets off the fast way. */
#pragma once

#include <stdbool.h>

#include "fib/nexthop.h"

/* The route of addr (network order) by the tables that a packet to it meets; NULL: none. */
const struct fib_nh *ip4_addr_route(const struct dp *dp, rte_be32_t addr);

/* FIB_LOCAL, FIB_BROADCAST, FIB_MULTICAST, FIB_UNICAST ...; FIB_UNSPEC: no route. */
enum fib_nh_type ip4_addr_type(const struct dp *dp, rte_be32_t addr);

/* This host's address towards addr: what the route says, 0 where there is none. */
rte_be32_t ip4_addr_source(const struct dp *dp, rte_be32_t addr);

/* Does a group's traffic end here? 224.0.0.1, all systems on the link, always (RFC 1112 4). */
bool ip4_mc_member(rte_be32_t group);
