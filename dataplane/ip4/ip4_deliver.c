/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery to a protocol (Linux's ip_local_deliver_finish), after LOCAL_IN with data at the IPv4
 * header. Raw endpoints are offered a copy first, whether or not a protocol takes the packet; then
 * the protocol table names the stage. Where nobody takes it: protocol unreachable.
 */

#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/protocols.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

/* data is behind the IPv4 header */
static void to_protocol(struct worker *w, struct skb *skb, uint8_t protocol, unsigned int raw)
{
	const struct inet_proto *p = inet_proto_get(w->dp, protocol);

	if (p) {
		ip4_count(w, MIB_IpInDelivers);
		burst_to(w, p->stage, skb);
	} else if (raw) {
		ip4_count(w, MIB_IpInDelivers);
		skb_absorb(w, skb); /* its copies have been taken */
	} else {
		ip4_count(w, MIB_IpInUnknownProtos);
		icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_PROTO, 0,
			DROP_IP4_UNKNOWN_PROTO);
	}
}

static unsigned int to_raw(struct worker *w, struct skb *skb, uint8_t protocol)
{
	inet_raw_fn *raw = atomic_load_explicit(&w->dp->protos->raw, memory_order_acquire);

	return raw ? raw(w, skb, protocol) : 0;
}

static void one(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_data(skb);
	uint8_t protocol = ip->protocol;
	unsigned int raw = to_raw(w, skb, protocol);

	skb_pull(skb, ip4_hdr_len(ip));
	skb_reset_transport_header(skb);
	to_protocol(w, skb, protocol, raw);
}

void ip4_resubmit(struct worker *w, struct skb *skb, uint8_t protocol)
{
	unsigned int raw, pulled;

	if (++skb->depth > SKB_DEPTH_MAX) {
		skb_drop(w, skb, DROP_LOOP);
		return;
	}
	skb_reset_transport_header(skb);
	/* raw endpoints see the packet from its IPv4 header on */
	pulled = skb->transport_header - skb->network_header;
	skb_push(skb, pulled);
	raw = to_raw(w, skb, protocol);
	skb_pull(skb, pulled);
	to_protocol(w, skb, protocol, raw);
}

void ip4_deliver(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i]);
}
