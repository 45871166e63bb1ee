/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP for IPv4 over Ethernet, RFC 826. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/eth.h"

enum arp_op {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp_hdr {
	uint16_t hrd;   /* 1: Ethernet; network order, as all of it */
	uint16_t pro;   /* 0x0800 */
	uint8_t hln;    /* 6 */
	uint8_t pln;    /* 4 */
	uint16_t op;
	uint8_t sha[ETH_ADDR_LEN];
	uint32_t spa;
	uint8_t tha[ETH_ADDR_LEN];
	uint32_t tpa;
} __attribute__((packed));

#define ARP_HDR_LEN 28
static_assert(sizeof(struct arp_hdr) == ARP_HDR_LEN, "wire format");

/*
 * The packet at `data`, of which `len` bytes are there: NULL unless it is a complete request or
 * reply for IPv4 over Ethernet. Says nothing about whether its addresses make sense here.
 */
const struct arp_hdr *arp_parse(const void *data, uint32_t len);

/* Fill in a packet; addresses in network order. tha NULL: zeroes. */
void arp_build(struct arp_hdr *arp, enum arp_op op, const uint8_t *sha, uint32_t spa,
	const uint8_t *tha, uint32_t tpa);
