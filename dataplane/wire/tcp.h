/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP header without options, RFC 9293 3.1. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define TCP_HDR_LEN 20
#define TCP_HDR_MAX 60

enum tcp_flags {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* Multi-byte fields in network order. */
struct tcp_hdr {
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint8_t doff;   /* header length in 32-bit words in the upper 4 bits */
	uint8_t flags;  /* enum tcp_flags */
	uint16_t window;
	uint16_t check;
	uint16_t urg_ptr;
} __attribute__((packed));

static_assert(sizeof(struct tcp_hdr) == TCP_HDR_LEN, "wire format");

/* In bytes; below TCP_HDR_LEN: malformed. */
static inline unsigned int tcp_hdr_len(const struct tcp_hdr *tcp)
{
	return (tcp->doff >> 4) * 4u;
}
