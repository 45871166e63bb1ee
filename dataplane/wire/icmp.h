/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP, RFC 792, with the types and codes of RFC 1122, 1812 and 1191. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define ICMP_HDR_LEN 8

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAM_PROBLEM = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
	ICMP_INFO_REQUEST = 15,
	ICMP_INFO_REPLY = 16,
	ICMP_MASK_REQUEST = 17,
	ICMP_MASK_REPLY = 18,
	ICMP_TYPE_MAX = 18,
};

/* codes of ICMP_DEST_UNREACH */
enum icmp_unreach {
	ICMP_UNREACH_NET = 0,
	ICMP_UNREACH_HOST = 1,
	ICMP_UNREACH_PROTO = 2,
	ICMP_UNREACH_PORT = 3,
	ICMP_UNREACH_FRAG_NEEDED = 4,
	ICMP_UNREACH_SR_FAILED = 5,
	ICMP_UNREACH_NET_UNKNOWN = 6,
	ICMP_UNREACH_HOST_UNKNOWN = 7,
	ICMP_UNREACH_HOST_ISOLATED = 8,
	ICMP_UNREACH_NET_PROHIB = 9,
	ICMP_UNREACH_HOST_PROHIB = 10,
	ICMP_UNREACH_NET_TOS = 11,
	ICMP_UNREACH_HOST_TOS = 12,
	ICMP_UNREACH_ADMIN_PROHIB = 13,
	ICMP_UNREACH_PREC_VIOLATION = 14,
	ICMP_UNREACH_PREC_CUTOFF = 15,
};

/* codes of ICMP_REDIRECT */
enum icmp_redirect {
	ICMP_REDIRECT_NET = 0,
	ICMP_REDIRECT_HOST = 1,
	ICMP_REDIRECT_NET_TOS = 2,
	ICMP_REDIRECT_HOST_TOS = 3,
};

/* codes of ICMP_TIME_EXCEEDED */
enum icmp_exceeded {
	ICMP_EXCEEDED_TTL = 0,
	ICMP_EXCEEDED_FRAG = 1,
};

struct icmp_hdr {
	uint8_t type;
	uint8_t code;
	uint16_t check;
	union {
		struct {
			uint16_t id;  /* network order */
			uint16_t seq;
		} echo;
		struct {
			uint8_t length; /* RFC 4884: 32-bit words of the quoted datagram */
			uint8_t unused;
			uint16_t mtu;   /* of FRAG_NEEDED, network order */
		} frag;
		uint32_t gateway;       /* of REDIRECT, network order */
		uint8_t pointer;        /* of PARAM_PROBLEM */
		uint32_t info;
	};
} __attribute__((packed));

static_assert(sizeof(struct icmp_hdr) == ICMP_HDR_LEN, "wire format");
