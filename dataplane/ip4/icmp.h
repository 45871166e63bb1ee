/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3): how any stage reports an error to a sender.
 * Types and codes are those of wire/icmp.h.
 */
#pragma once

#include <rte_byteorder.h>

#include "core/burst.h"

/*
 * End skb under `reason` and, where the RFCs allow it and the rate limits leave room, send its
 * source an ICMP error. skb->network_header is set and the IPv4 header was found sound; skb_data
 * may be at it or behind it; skb->dev is where it came in, ip4_cb()->opt its options if
 * SKB_F_IPOPT. Nothing is sent about ICMP errors, later fragments, link or IP broadcast and
 * multicast, or sources that are no single host. The source address is the packet's destination
 * where that is local, else the one the route back chooses (Linux's
 * icmp_errors_use_inbound_ifaddr = 0).
 *
 * info, in host order: frag needed: the next hop's MTU. Parameter problem: pointer << 24.
 * Otherwise 0.
 */
void icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code, uint32_t info,
	enum drop_reason reason);

/*
 * Layers below IP move an skb whose neighbour does not answer to STAGE_icmp_error themselves, its
 * control block as IP left it: that is host unreachable, and the packet ends as NEIGH_FAILED.
 */

/*
 * Tell the source of skb, which is forwarded nevertheless, of the better gateway `gw` (host
 * redirect). Called before TTL is decremented; skb stays the caller's. Limited per destination as
 * Linux does: at most 9, ever more seldom, until it was silent for 20 s.
 */
void icmp_send_redirect(struct worker *w, struct skb *skb, rte_be32_t gw);

/* The worker's rate limiters; 0 or -ENOMEM. Called by ip4_worker_init/fini. */
int icmp_worker_init(struct worker *w);
void icmp_worker_fini(struct worker *w);
