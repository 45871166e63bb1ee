/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet builders of pkt.h. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pkt.h"

uint32_t pkt_addr(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		abort();
	return a.s_addr;
}

static void put(struct pkt *p, const void *bytes, uint32_t n)
{
	if (p->len + n > PKT_MAX)
		abort();
	if (n)
		memcpy(p->data + p->len, bytes, n);
	p->len += n;
}

static void put_data(struct pkt *p, const struct pkt_spec *s)
{
	p->payload = p->len;
	if (s->data) {
		put(p, s->data, s->data_len);
		return;
	}
	for (uint32_t i = 0; i < s->data_len; i++) {
		uint8_t b = (uint8_t)i;

		put(p, &b, 1);
	}
}

static void put_eth(struct pkt *p, const struct pkt_spec *s, uint16_t type)
{
	uint16_t tag[2] = {htons(ETH_TYPE_VLAN), htons(s->vlan)};

	type = htons(s->eth_type ? s->eth_type : type);
	put(p, s->eth_dst, 6);
	put(p, s->eth_src, 6);
	if (s->vlan)
		put(p, tag, sizeof(tag));
	put(p, &type, 2);
	p->l3 = p->len;
}

static void put_l4(struct pkt *p, const struct pkt_spec *s)
{
	uint16_t udp_len = htons(UDP_HDR_LEN + s->data_len);
	struct udp_hdr udp = {htons(s->sport), htons(s->dport), udp_len, 0};
	struct tcp_hdr tcp = {.sport = udp.sport, .dport = udp.dport, .seq = htonl(s->seq),
		.ack = htonl(s->ack), .doff = (uint8_t)((TCP_HDR_LEN + s->tcp_options_len) / 4 << 4),
		.flags = s->tcp_flags, .window = htons(s->window)};
	struct icmp_hdr icmp = {.type = s->icmp_type, .code = s->icmp_code};

	if (s->icmp_type == ICMP_ECHO_REQUEST || s->icmp_type == ICMP_ECHO_REPLY) {
		icmp.echo.id = htons(s->icmp_id);
		icmp.echo.seq = htons(s->icmp_seq);
	} else {
		icmp.info = s->icmp_info;
	}
	if (s->proto == IP4_PROTO_UDP)
		put(p, &udp, sizeof(udp));
	if (s->proto == IP4_PROTO_ICMP)
		put(p, &icmp, sizeof(icmp));
	if (s->proto == IP4_PROTO_TCP) {
		put(p, &tcp, sizeof(tcp));
		put(p, s->tcp_options, s->tcp_options_len);
	}
}

/* Where the checksum of the transport header is, relative to it; 0: it has none. */
static uint32_t csum_offset(uint8_t proto)
{
	return proto == IP4_PROTO_UDP ? 6 : proto == IP4_PROTO_TCP ? 16 :
		proto == IP4_PROTO_ICMP ? 2 : 0;
}

static uint16_t l4_csum(const struct ip4_hdr *ip, const uint8_t *l4, uint32_t n)
{
	uint64_t sum = ip->protocol == IP4_PROTO_ICMP ? 0 :
		csum_pseudo4(ip->saddr, ip->daddr, ip->protocol, n);

	return csum_fold(csum_add_scalar(l4, n, sum));
}

struct pkt pkt_ip4(const struct pkt_spec *s)
{
	struct pkt p = {0};
	struct ip4_hdr ip = {
		.ver_ihl = (uint8_t)((s->version ? s->version : 4) << 4 |
			(s->ihl ? s->ihl : 5 + s->options_len / 4)),
		.tos = s->tos, .id = htons(s->id), .frag_off = htons(s->frag_off), .ttl = s->ttl,
		.protocol = s->proto, .saddr = pkt_addr(s->src), .daddr = pkt_addr(s->dst)};

	put_eth(&p, s, ETH_TYPE_IP4);
	put(&p, &ip, sizeof(ip));
	put(&p, s->options, s->options_len);
	p.l4 = p.len;
	if (!s->no_l4)
		put_l4(&p, s);
	put_data(&p, s);

	struct ip4_hdr *h = pkt_ip(&p);
	uint32_t at = s->no_l4 ? 0 : csum_offset(s->proto);

	h->tot_len = htons(s->tot_len ? s->tot_len : p.len - p.l3);
	if (at && !s->no_l4_csum) {
		uint16_t csum = l4_csum(h, p.data + p.l4, p.len - p.l4);

		if (s->proto == IP4_PROTO_UDP && csum == 0)
			csum = 0xffff;
		csum ^= s->bad_l4_csum ? 0x0101 : 0;
		memcpy(p.data + p.l4 + at, &csum, 2);
	}
	h->check = csum_fold(csum_add_scalar(h, p.l4 - p.l3, 0)) ^ (s->bad_ip_csum ? 0x0101 : 0);
	if (p.len + s->pad > PKT_MAX)
		abort();
	p.len += s->pad;
	return p;
}

struct pkt pkt_arp(const struct pkt_spec *s)
{
	struct pkt p = {0};
	struct arp_hdr arp;

	put_eth(&p, s, ETH_TYPE_ARP);
	arp_build(&arp, s->arp_op, s->arp_sha, pkt_addr(s->src), s->arp_tha, pkt_addr(s->dst));
	put(&p, &arp, sizeof(arp));
	p.len += s->pad;
	return p;
}

bool pkt_ip_csum_ok(const void *ip)
{
	return csum_fold(csum_add_scalar(ip, ip4_hdr_len(ip), 0)) == 0;
}

bool pkt_l4_csum_ok(const void *packet)
{
	const struct ip4_hdr *ip = packet;

	return l4_csum(ip, (const uint8_t *)packet + ip4_hdr_len(ip),
		ip4_tot_len(ip) - ip4_hdr_len(ip)) == 0;
}
