/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv4 header, RFC 791. */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/checksum.h"

#define IP4_HDR_LEN 20
#define IP4_HDR_MAX 60
#define IP4_PKT_MAX 65535
#define IP4_MIN_MTU 68

/* ip4_hdr.frag_off, host order */
#define IP4_DF 0x4000
#define IP4_MF 0x2000
#define IP4_OFFSET 0x1fff /* in units of 8 bytes */

#define IP4_TOS_MASK 0x1e   /* RFC 1349: what routing looks at */
#define IP4_ECN_MASK 0x03

enum ip4_proto {
	IP4_PROTO_ICMP = 1,
	IP4_PROTO_IGMP = 2,
	IP4_PROTO_IPIP = 4,
	IP4_PROTO_TCP = 6,
	IP4_PROTO_UDP = 17,
	IP4_PROTO_UDPLITE = 136,
	IP4_PROTO_RAW = 255,
};

/* All multi-byte fields in network order. */
struct ip4_hdr {
	uint8_t ver_ihl;
	uint8_t tos;
	uint16_t tot_len;
	uint16_t id;
	uint16_t frag_off;
	uint8_t ttl;
	uint8_t protocol;
	uint16_t check;
	uint32_t saddr;
	uint32_t daddr;
} __attribute__((packed));

static_assert(sizeof(struct ip4_hdr) == IP4_HDR_LEN, "wire format");

/* In 32-bit words. */
static inline unsigned int ip4_ihl(const struct ip4_hdr *ip)
{
	return ip->ver_ihl & 0xf;
}

/* In bytes. */
static inline unsigned int ip4_hdr_len(const struct ip4_hdr *ip)
{
	return ip4_ihl(ip) * 4;
}

static inline unsigned int ip4_version(const struct ip4_hdr *ip)
{
	return ip->ver_ihl >> 4;
}

static inline unsigned int ip4_tot_len(const struct ip4_hdr *ip)
{
	return ntohs(ip->tot_len);
}

static inline bool ip4_is_fragment(const struct ip4_hdr *ip)
{
	return ip->frag_off & htons(IP4_MF | IP4_OFFSET);
}

/* Byte offset of a fragment's data. */
static inline unsigned int ip4_frag_offset(const struct ip4_hdr *ip)
{
	return (ntohs(ip->frag_off) & IP4_OFFSET) * 8u;
}

/* Compute the header's checksum anew. */
static inline void ip4_set_csum(struct ip4_hdr *ip)
{
	ip->check = 0;
	ip->check = csum_ip4(ip, ip4_ihl(ip));
}

/*
 * One hop less, checksum kept right (RFC 1141: adding to the TTL's word subtracts from the sum), on
 * the header's word of TTL, protocol and checksum, as loaded from it. Little endian, as all of DPDK
 * here.
 */
static inline uint32_t ip4_next_ttl(uint32_t word)
{
	uint32_t sum = (word >> 16) + 1;

	return ((word - 1) & 0xffff) | (sum + (sum >= 0xffff)) << 16;
}

static inline void ip4_decrease_ttl(struct ip4_hdr *ip)
{
	uint8_t *at = (uint8_t *)ip + offsetof(struct ip4_hdr, ttl);
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	word = ip4_next_ttl(word);
	memcpy(at, &word, sizeof(word));
}

/* What is wrong with a header, in the order of the checks (RFC 1812 5.2.2). */
enum ip4_error {
	IP4_OK = 0,
	IP4_SHORT,     /* not even 20 bytes, or less than its IHL says */
	IP4_VERSION,
	IP4_IHL,
	IP4_CSUM,
	IP4_TRUNCATED, /* fewer bytes than the total length says */
	IP4_TOT_LEN,   /* total length below the header's */
};

/*
 * Check the header at `data`, of which `avail` bytes are contiguous, in a packet of `len` bytes.
 * After IP4_OK no accessor above can fail.
 */
enum ip4_error ip4_check(const void *data, uint32_t avail, uint32_t len);

/* Classes of addresses; arguments in host order. */
static inline bool ip4_is_multicast(uint32_t addr)
{
	return addr >> 28 == 0xe;
}

static inline bool ip4_is_loopback(uint32_t addr)
{
	return addr >> 24 == 127;
}

static inline bool ip4_is_zeronet(uint32_t addr)
{
	return addr >> 24 == 0;
}

static inline bool ip4_is_linklocal(uint32_t addr)
{
	return addr >> 16 == 0xa9fe;
}

/* 240/4 without the limited broadcast address. */
static inline bool ip4_is_class_e(uint32_t addr)
{
	return addr >> 28 == 0xf && addr != UINT32_MAX;
}
