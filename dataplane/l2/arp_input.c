/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP in the data plane is a format check (RFC 826): sound requests and replies go to the control
 * thread, which owns the neighbours' state machines. From eth_input, to punt with data at the link
 * header again.
 */
#include "core/burst.h"
#include "dev/netdev.h"
#include "l2/eth.h"
#include "wire/arp.h"
#include "wire/ip4.h"

/* True when the control thread should see it; else *reason says why not. */
static bool sound(struct skb *skb, enum drop_reason *reason)
{
	const struct arp_hdr *arp;

	if (skb->pkt_type == SKB_OTHERHOST || skb->pkt_type == SKB_LOOPBACK) {
		*reason = DROP_ETH_OTHERHOST;
		return false;
	}
	if (skb->dev->noarp) {
		*reason = DROP_ARP_NOARP;
		return false;
	}
	*reason = DROP_ARP_INVALID;
	arp = skb_header(skb, ARP_HDR_LEN);
	if (!arp || !arp_parse(arp, ARP_HDR_LEN))
		return false;
	/* RFC 1812 3.3.2: no group address is anybody's link address */
	if (eth_is_group(arp->sha))
		return false;
	return !ip4_is_multicast(rte_be_to_cpu_32(arp->tpa)) &&
		!ip4_is_loopback(rte_be_to_cpu_32(arp->tpa));
}

void arp_input(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++) {
		struct skb *skb = in->skb[i];
		enum drop_reason reason;

		if (!sound(skb, &reason)) {
			skb_drop(w, skb, reason);
			continue;
		}
		skb_push(skb, skb_mbuf(skb)->data_off - skb->mac_header);
		burst_to(w, STAGE_punt, skb);
	}
}
