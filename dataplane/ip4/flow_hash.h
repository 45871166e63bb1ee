/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow of a packet as a number, for choosing among equal next hops: addresses, protocol, and
 * ports where the header carries them. Fragments go by their addresses only, all of them, so that
 * a datagram's pieces stay together (RFC 2992). Not symmetric, not secret.
 */
#pragma once

#include <string.h>

#include "core/skb.h"
#include "wire/ip4.h"

static inline uint32_t flow_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return (uint32_t)x ? (uint32_t)x : 1; /* 0 is "not computed" */
}

/* `avail` bytes are contiguous at ip, the header among them. */
static inline uint32_t ip4_flow_hash(const struct ip4_hdr *ip, uint32_t avail)
{
	uint32_t ports = 0;
	bool has_ports = ip->protocol == IP4_PROTO_TCP || ip->protocol == IP4_PROTO_UDP ||
		ip->protocol == IP4_PROTO_UDPLITE;

	if (has_ports && !ip4_is_fragment(ip) && avail >= ip4_hdr_len(ip) + 4)
		memcpy(&ports, (const uint8_t *)ip + ip4_hdr_len(ip), 4);
	return flow_mix(((uint64_t)ip->saddr << 32 | ip->daddr) ^
		(((uint64_t)ports << 8 | ip->protocol) * UINT64_C(0x9e3779b97f4a7c15)));
}

/* The hash of skb's flow, computed once; data is at the IPv4 header, which is linear. */
static inline uint32_t skb_flow_hash(struct skb *skb)
{
	if (!skb->hash)
		skb->hash = ip4_flow_hash(skb_data(skb), skb_headlen(skb));
	return skb->hash;
}
