/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kind of an address, by a lookup of its own: for ICMP errors, options and replies, which are
 * seldom. Packets under way are routed by ip4_route and ip4_send.
 */

#include "ip4/ip4_addr.h"

#include "ip4/ip4_lookup.h"
#include "wire/ip4.h"

const struct fib_nh *ip4_addr_route(const struct dp *dp, rte_be32_t addr)
{
	const struct ip4_key key = { .dst = ntohl(addr) };
	const struct fib_nh *nh = ip4_lookup(dp, &key);

	return nh ? ip4_group_member(dp, nh, key.dst) : NULL;
}

enum fib_nh_type ip4_addr_type(const struct dp *dp, rte_be32_t addr)
{
	const struct fib_nh *nh;

	if (addr == UINT32_MAX || addr == 0)
		return FIB_BROADCAST;
	if (ip4_is_multicast(ntohl(addr)))
		return FIB_MULTICAST;
	nh = ip4_addr_route(dp, addr);
	return nh ? (enum fib_nh_type)nh->type : FIB_UNSPEC;
}

rte_be32_t ip4_addr_source(const struct dp *dp, rte_be32_t addr)
{
	const struct fib_nh *nh = ip4_addr_route(dp, addr);

	return nh ? nh->prefsrc : 0;
}

bool ip4_mc_member(rte_be32_t group)
{
	return group == htonl(0xe0000001);
}
