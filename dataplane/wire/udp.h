/* SPDX-License-Identifier: BSD-3-Clause */
/* The UDP header, RFC 768. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define UDP_HDR_LEN 8

/* All in network order. */
struct udp_hdr {
	uint16_t sport;
	uint16_t dport;
	uint16_t len;   /* header and data */
	uint16_t check; /* 0: none; a sum of zero is sent as 0xffff */
} __attribute__((packed));

static_assert(sizeof(struct udp_hdr) == UDP_HDR_LEN, "wire format");
