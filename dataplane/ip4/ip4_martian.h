/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that a packet from a link cannot have (RFC 1812 5.3.7, RFC 1122 3.2.1.3), as cheap
 * tests for every packet. Whether a source is this host's own takes a lookup and is ip4_route's.
 */
#pragma once

#include "core/worker.h"
#include "wire/ip4.h"

enum ip4_martian { IP4_MARTIAN_SOURCE, IP4_MARTIAN_DESTINATION, IP4_MARTIAN_ROUTED };

/* A line in the log, where it is wanted. */
void ip4_log_martian(struct worker *w, const struct skb *skb, enum ip4_martian kind);

/*
 * 0/8, 127/8, and 224/3: groups, class E, limited broadcast. Sources of 0/8 are looked at again,
 * since a host without an address yet asks as 0.0.0.0. Host order.
 */
static inline bool ip4_suspect_src(uint32_t src)
{
	return ip4_is_zeronet(src) || ip4_is_loopback(src) || src >= 0xe0000000;
}

/* 0/8 and 127/8 of a destination. */
static inline bool ip4_suspect_dst(uint32_t dst)
{
	return ip4_is_zeronet(dst) || ip4_is_loopback(dst);
}

/* A single host out there, 1/8 to 223/8 without 127/8: nothing above or below applies. Host order. */
static inline bool ip4_is_routable(uint32_t addr)
{
	return addr - 0x01000000 < 0xdf000000 && !ip4_is_loopback(addr);
}
