/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragmentation (RFC 791 3.2), from ip4_output with data at the IPv4 header and nh set, for packets
 * of this host and forwarded ones, which may be fragments themselves. Every piece is a new header
 * with the parent's data attached; all of them go to neigh_resolve in order, or none does.
 */

#include <string.h>

#include "fib/nexthop.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_range.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

#define PIECE_MIN 8 /* bytes of data: the unit of offsets */

/* A reassembled packet goes on in pieces no larger than it came in. */
static uint32_t mtu_of(struct skb *skb)
{
	uint32_t came = skb->frag_max_size;

	return came && came < skb->nh->mtu ? came : skb->nh->mtu;
}

static void fail(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_IpFragFails);
	skb_drop(w, skb, reason);
}

static void copy_metadata(struct skb *to, const struct skb *from)
{
	to->dev = from->dev;
	to->nh = from->nh;
	to->nh_id = from->nh_id;
	to->iif = from->iif;
	to->mark = from->mark;
	to->priority = from->priority;
	to->hash = from->hash;
	to->protocol = from->protocol;
	to->pkt_type = from->pkt_type;
	to->depth = from->depth;
	to->queue_mapping = from->queue_mapping;
	to->flags |= from->flags & (SKB_F_LOCAL | SKB_F_LOCAL_DF | SKB_F_REROUTED);
}

/* The piece of parent's data at `off` (after its header), `len` bytes. NULL: out of buffers. */
static struct skb *piece(struct worker *w, struct skb *parent, uint32_t off, uint32_t len)
{
	const struct ip4_hdr *ip = skb_data(parent);
	const uint32_t hlen = ip4_hdr_len(ip);
	const unsigned int at = (ntohs(ip->frag_off) & IP4_OFFSET) + off / 8;
	const bool more = ip->frag_off & htons(IP4_MF) || off + len < skb_len(parent) - hlen;
	struct skb *skb = skb_get_new(w);
	struct ip4_hdr *h;

	if (!skb)
		return NULL;
	h = skb_put(skb, hlen);
	memcpy(h, ip, hlen);
	h->tot_len = htons((uint16_t)(hlen + len));
	h->frag_off = htons((uint16_t)(at | (more ? IP4_MF : 0)));
	*ip4_cb(skb) = (struct ip4_cb){ 0 };
	copy_metadata(skb, parent);
	if (at) {
		ip4_options_fragment((uint8_t *)(h + 1), hlen - IP4_HDR_LEN);
	} else {
		ip4_cb(skb)->opt = ip4_cb(parent)->opt;
		skb->flags |= parent->flags & SKB_F_IPOPT;
	}
	ip4_set_csum(h);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, (int)hlen);
	if (!ip4_append_range(w, skb, parent, hlen + off, len)) {
		skb_drop(w, skb, DROP_NO_MEMORY);
		return NULL;
	}
	return skb;
}

static void drop_list(struct worker *w, struct skb *list)
{
	for (struct skb *next; list; list = next) {
		next = list->next;
		list->next = NULL;
		skb_drop(w, list, DROP_NO_MEMORY);
	}
}

/* All pieces of at most `max` bytes of data, as a list. NULL: out of buffers, none is left. */
static struct skb *cut(struct worker *w, struct skb *parent, uint32_t max)
{
	const uint32_t data = skb_len(parent) - ip4_hdr_len(skb_data(parent));
	struct skb *list = NULL, **tail = &list;

	for (uint32_t off = 0; off < data; off += max) {
		*tail = piece(w, parent, off, RTE_MIN(max, data - off));
		if (!*tail) {
			drop_list(w, list);
			return NULL;
		}
		tail = &(*tail)->next;
	}
	return list;
}

static void send_list(struct worker *w, struct skb *list)
{
	uint64_t n = 0;

	for (struct skb *next; list; list = next, n++) {
		next = list->next;
		list->next = NULL;
		ip4_count_piece(w, list);
		burst_to(w, STAGE_neigh_resolve, list);
	}
	ip4_count(w, MIB_IpFragOKs);
	ip4_count_n(w, MIB_IpFragCreates, n);
}

/* The device cannot complete a checksum over several pieces. */
static struct skb *complete_csum(struct worker *w, struct skb *skb)
{
	struct skb *own;

	if (skb->ip_summed != SKB_CSUM_PARTIAL)
		return skb;
	own = skb_unshare(w, skb);
	if (!own) {
		fail(w, skb, DROP_NO_MEMORY);
		return NULL;
	}
	if (skb_checksum_help(own)) {
		fail(w, own, DROP_TX_CSUM);
		return NULL;
	}
	return own;
}

static void one(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_data(skb);
	const uint32_t mtu = mtu_of(skb), hlen = ip4_hdr_len(ip);
	struct skb *list;

	if (ip->frag_off & htons(IP4_DF) && !(skb->flags & SKB_F_LOCAL_DF)) {
		ip4_count(w, MIB_IpFragFails);
		icmp_send_error(w, skb, ICMP_DEST_UNREACH, ICMP_UNREACH_FRAG_NEEDED, mtu,
			DROP_FRAG_DF);
		return;
	}
	if (mtu < hlen + PIECE_MIN) {
		fail(w, skb, DROP_FRAG_MTU);
		return;
	}
	skb = complete_csum(w, skb);
	if (!skb)
		return;
	list = cut(w, skb, (mtu - hlen) & ~7u);
	if (!list) {
		fail(w, skb, DROP_NO_MEMORY);
		return;
	}
	send_list(w, list);
	skb_absorb(w, skb);
}

void ip4_fragment(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		one(w, in->skb[i]);
}
