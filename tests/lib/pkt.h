/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets for tests and benchmarks: a good frame, and the changes that the test names.
 *
 *	struct pkt p = PKT_UDP(.ttl = 1, .dst = "192.0.2.7");
 *	skb = fake_rx(f, dev, p.data, p.len);            the whole frame
 *	skb = fake_rx_ip4(f, dev, p.data + p.l3, p.len - p.l3);
 *
 * Lengths and checksums are right unless a field says otherwise. No EAL, no allocation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ip4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* later designated initialisers replace the template's on purpose */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Winitializer-overrides"

#define PKT_MAX 9216

struct pkt {
	uint32_t len;
	uint32_t l3, l4, payload;    /* offsets into data */
	uint8_t data[PKT_MAX];
};

struct pkt_spec {
	/* Ethernet */
	uint8_t eth_dst[6], eth_src[6];
	uint16_t eth_type;           /* 0: by the payload */
	uint16_t vlan;               /* tag (PCP, DEI, VID) in host order, 0: none */
	uint32_t pad;                /* bytes behind the IP packet */
	/* IPv4; src and dst as text */
	const char *src, *dst;
	uint8_t version, ihl;        /* 0: right */
	uint8_t tos, ttl, proto;
	uint16_t id, frag_off;       /* host order, flags included */
	uint16_t tot_len;            /* 0: right */
	const uint8_t *options;
	uint8_t options_len;         /* multiple of 4 */
	bool bad_ip_csum, bad_l4_csum, no_l4_csum;
	bool no_l4;                  /* payload follows the IP header */
	/* ports, TCP */
	uint16_t sport, dport;
	uint8_t tcp_flags;
	uint32_t seq, ack;
	uint16_t window;
	const uint8_t *tcp_options;
	uint8_t tcp_options_len;
	/* ICMP */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id, icmp_seq;
	uint32_t icmp_info;          /* network order; used unless echo */
	/* ARP */
	uint16_t arp_op;
	uint8_t arp_sha[6], arp_tha[6];
	/* data; NULL: counting bytes */
	const void *data;
	uint32_t data_len;
};

#define PKT_DEFAULTS \
	.eth_dst = {2, 0, 0, 0, 0, 1}, .eth_src = {2, 0xee, 0, 0, 0, 1}, .src = "10.0.0.2", \
	.dst = "192.0.2.1", .ttl = 64, .id = 0x1234, .sport = 1024, .dport = 7, .data_len = 18, \
	.seq = 1000, .ack = 2000, .window = 8192, .tcp_flags = TCP_ACK, \
	.icmp_type = ICMP_ECHO_REQUEST, .icmp_id = 7, .icmp_seq = 1

#define PKT_UDP(...) pkt_ip4(&(struct pkt_spec){PKT_DEFAULTS, .proto = IP4_PROTO_UDP, __VA_ARGS__})
#define PKT_TCP(...) pkt_ip4(&(struct pkt_spec){PKT_DEFAULTS, .proto = IP4_PROTO_TCP, __VA_ARGS__})
#define PKT_ICMP(...) \
	pkt_ip4(&(struct pkt_spec){PKT_DEFAULTS, .proto = IP4_PROTO_ICMP, __VA_ARGS__})
/* IPv4 with bare data behind the header */
#define PKT_IP4(...) \
	pkt_ip4(&(struct pkt_spec){PKT_DEFAULTS, .proto = 253, .no_l4 = true, __VA_ARGS__})
/* "who has dst, tell src", to everybody */
#define PKT_ARP(...) \
	pkt_arp(&(struct pkt_spec){PKT_DEFAULTS, .eth_dst = {255, 255, 255, 255, 255, 255}, \
		.arp_op = ARP_REQUEST, .arp_sha = {2, 0xee, 0, 0, 0, 1}, __VA_ARGS__})

struct pkt pkt_ip4(const struct pkt_spec *s);
struct pkt pkt_arp(const struct pkt_spec *s);

/* The headers of a frame that pkt_* made, or of bytes laid out alike. */
static inline struct eth_hdr *pkt_eth(struct pkt *p)
{
	return (struct eth_hdr *)p->data;
}

static inline struct ip4_hdr *pkt_ip(struct pkt *p)
{
	return (struct ip4_hdr *)(p->data + p->l3);
}

/* "10.0.0.1" in network order; aborts on nonsense. */
uint32_t pkt_addr(const char *text);

/* Right checksums? For what a test receives: `ip` starts at the IPv4 header, all contiguous. */
bool pkt_ip_csum_ok(const void *ip);
bool pkt_l4_csum_ok(const void *ip);
