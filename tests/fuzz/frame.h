/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of an input: put right where random bytes would get no further than the first check. */
#pragma once

#include <string.h>

#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ip4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

static inline uint32_t frame_csum_at(uint8_t protocol)
{
	switch (protocol) {
	case IP4_PROTO_ICMP:
		return offsetof(struct icmp_hdr, check);
	case IP4_PROTO_TCP:
		return offsetof(struct tcp_hdr, check);
	case IP4_PROTO_UDP:
		return offsetof(struct udp_hdr, check);
	default:
		return 0;
	}
}

static inline void frame_fix_l4(uint8_t *p, const struct ip4_hdr *ip, uint32_t len)
{
	uint32_t at = frame_csum_at(ip->protocol);
	uint64_t sum = 0;
	uint16_t check = 0;

	if (!at || len < at + 2 || ip4_is_fragment(ip))
		return;
	memcpy(p + at, &check, 2);
	if (ip->protocol != IP4_PROTO_ICMP)
		sum = csum_pseudo4(ip->saddr, ip->daddr, ip->protocol, len);
	check = csum_fold(csum_add(p, len, sum));
	memcpy(p + at, &check, 2);
}

/* Right checksums, as far as the frame has room for headers; a tag may be in front. */
static inline void frame_fix(uint8_t *frame, uint32_t len)
{
	struct ip4_hdr *ip;
	uint32_t hlen;

	if (len >= ETH_HDR_LEN + VLAN_TAG_LEN && frame[12] == 0x81 && frame[13] == 0) {
		frame += VLAN_TAG_LEN;
		len -= VLAN_TAG_LEN;
	}
	if (len < ETH_HDR_LEN + IP4_HDR_LEN || frame[12] != 8 || frame[13] != 0)
		return;
	ip = (struct ip4_hdr *)(frame + ETH_HDR_LEN);
	hlen = ip4_hdr_len(ip);
	if (hlen < IP4_HDR_LEN || ETH_HDR_LEN + hlen > len)
		return;
	ip4_set_csum(ip);
	if (ip4_tot_len(ip) > hlen && ETH_HDR_LEN + ip4_tot_len(ip) <= len)
		frame_fix_l4((uint8_t *)ip + hlen, ip, ip4_tot_len(ip) - hlen);
}

/* The link destination is the port's. */
static inline void frame_to(uint8_t *frame, uint32_t len, unsigned int port)
{
	const uint8_t own[ETH_ADDR_LEN] = { 2, 0, 0, 0, 0, (uint8_t)port };

	if (len >= ETH_HDR_LEN)
		memcpy(frame, own, sizeof(own));
}
