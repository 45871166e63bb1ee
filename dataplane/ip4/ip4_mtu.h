/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a packet fits a path; super-frames are measured by the packets they stand for. */
#pragma once

#include "core/skb.h"
#include "wire/ip4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* Bytes of the largest packet that a super-frame is cut into; data is at the IPv4 header. */
static inline uint32_t ip4_gso_packet_len(const struct skb *skb, const struct ip4_hdr *ip)
{
	uint32_t l3 = ip4_hdr_len(ip);
	const struct tcp_hdr *tcp = (const struct tcp_hdr *)((const uint8_t *)ip + l3);

	if (!(skb->gso_type & SKB_GSO_TCPV4))
		return l3 + UDP_HDR_LEN + skb->gso_size;
	if (skb_headlen(skb) < l3 + TCP_HDR_LEN)
		return l3 + TCP_HDR_MAX + skb->gso_size;
	return l3 + tcp_hdr_len(tcp) + skb->gso_size;
}

/* skb is longer than mtu: does it have to be cut for that? */
static inline bool ip4_exceeds(const struct skb *skb, const struct ip4_hdr *ip, uint32_t mtu)
{
	if (!(skb->flags & SKB_F_GSO))
		return skb_len(skb) > mtu;
	return ip4_gso_packet_len(skb, ip) > mtu;
}
