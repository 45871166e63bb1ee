/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet II and 802.1Q formats. Addresses are compared and tested as bytes of the wire. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ETH_ADDR_LEN 6
#define ETH_HDR_LEN 14
#define VLAN_TAG_LEN 4
#define ETH_TYPE_MIN 0x0600 /* below: an 802.3 length field */

/* Ethertypes, host order. */
enum eth_type {
	ETH_TYPE_IP4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_VLAN = 0x8100,
	ETH_TYPE_IP6 = 0x86dd,
	ETH_TYPE_QINQ = 0x88a8,
};

struct eth_hdr {
	uint8_t dst[ETH_ADDR_LEN];
	uint8_t src[ETH_ADDR_LEN];
	uint16_t type; /* network order */
} __attribute__((packed));

static_assert(sizeof(struct eth_hdr) == ETH_HDR_LEN, "wire format");

/* What follows the addresses of a tagged frame's TPID: the tag, then the type of the payload. */
struct vlan_hdr {
	uint16_t tci;  /* network order: priority 3, DEI 1, VID 12 bits */
	uint16_t type; /* network order */
} __attribute__((packed));

static_assert(sizeof(struct vlan_hdr) == VLAN_TAG_LEN, "wire format");

/* Of the first 8 bytes of a frame as a word in memory order: the destination; the source's group bit. */
#define ETH_ADDR_MASK UINT64_C(0xffffffffffff)
#define ETH_SRC_GROUP (UINT64_C(1) << 48)

#define VLAN_VID_MASK 0x0fff
#define VLAN_PRIO_SHIFT 13

static inline bool eth_is_group(const uint8_t *addr)
{
	return addr[0] & 1;
}

static inline bool eth_is_broadcast(const uint8_t *addr)
{
	return (addr[0] & addr[1] & addr[2] & addr[3] & addr[4] & addr[5]) == 0xff;
}

static inline bool eth_is_zero(const uint8_t *addr)
{
	return !(addr[0] | addr[1] | addr[2] | addr[3] | addr[4] | addr[5]);
}

static inline bool eth_equal(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, ETH_ADDR_LEN);
}

/* The 48 bits as in memory, in the low 6 bytes of a word (netdev.addr). */
static inline uint64_t eth_load(const uint8_t *addr)
{
	uint32_t low;
	uint16_t high;

	/* not by way of a word in memory: its load would wait for both stores */
	memcpy(&low, addr, sizeof(low));
	memcpy(&high, addr + sizeof(low), sizeof(high));
	return (uint64_t)high << 32 | low;
}

static inline void eth_store(uint8_t *addr, uint64_t word)
{
	memcpy(addr, &word, ETH_ADDR_LEN);
}
