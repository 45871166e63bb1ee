/* SPDX-License-Identifier: BSD-3-Clause */
/* The IPv4 header in front of an ICMP message of this host: errors and replies. */
#pragma once

#include "core/burst.h"
#include "ip4/ip4_options.h"
#include "wire/ip4.h"

struct icmp_output {
	rte_be32_t saddr;            /* 0: as the route says */
	rte_be32_t daddr;
	uint8_t tos;
	const struct ip4_options *opt; /* compiled options of the packet that is answered, ... */
	const struct ip4_hdr *hdr;     /* ... and its header; NULL: none. May be skb's own */
};

/* skb's data is a complete ICMP message, its checksum set. Counts it and hands it to ip4_send. */
void icmp_output(struct worker *w, struct skb *skb, const struct icmp_output *o);

