/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Software segmentation of TCP and UDP super-frames over IPv4, for ports that can't do it (dev/tx.c)
 * and for forwarding them piecewise. Each segment gets the headers of the whole with lengths and
 * identification, of TCP also sequence number and flags advanced (RFC 9293; FIN and PSH on the last,
 * CWR on the first only), and both checksums complete; of UDP (UDP_SEGMENT) it is a datagram.
 */
#include <errno.h>
#include <string.h>

#include "core/burst.h"
#include "core/skb_alloc.h"
#include "wire/ip4.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* Where the headers lie, relative to data. */
struct gso_layout {
	uint32_t ip, l4, payload, total;
	uint16_t mss;
	bool udp;
};

static struct ip4_hdr *ip_of(const struct skb *skb, const struct gso_layout *g)
{
	return (struct ip4_hdr *)((uint8_t *)skb_data(skb) + g->ip);
}

static void *l4_of(const struct skb *skb, const struct gso_layout *g)
{
	return (uint8_t *)skb_data(skb) + g->l4;
}

static int layout_l4(struct skb *skb, struct gso_layout *g)
{
	uint32_t least = g->udp ? UDP_HDR_LEN : TCP_HDR_LEN;

	if (!skb_may_pull(skb, g->l4 + least))
		return -EINVAL;
	g->payload = g->l4 + (g->udp ? least : tcp_hdr_len(l4_of(skb, g)));
	return g->payload < g->l4 + least || !skb_may_pull(skb, g->payload) ? -EINVAL : 0;
}

static int layout(struct skb *skb, struct gso_layout *g)
{
	uint32_t off = skb_mbuf(skb)->data_off;

	g->udp = skb->gso_type & SKB_GSO_UDP_L4;
	if (!(skb->flags & SKB_F_GSO) || !(g->udp || skb->gso_type & SKB_GSO_TCPV4) ||
	    !skb->gso_size || skb->network_header == SKB_HDR_UNSET || skb->network_header < off)
		return -EINVAL;
	g->ip = skb->network_header - off;
	if (!skb_may_pull(skb, g->ip + IP4_HDR_LEN))
		return -EINVAL;
	const struct ip4_hdr *ip = ip_of(skb, g);

	if (ip4_version(ip) != 4 || ip4_hdr_len(ip) < IP4_HDR_LEN ||
	    ip->protocol != (g->udp ? IP4_PROTO_UDP : IP4_PROTO_TCP))
		return -EINVAL;
	g->l4 = g->ip + ip4_hdr_len(ip);
	if (layout_l4(skb, g) < 0)
		return -EINVAL;
	g->total = skb_len(skb) - g->payload;
	g->mss = skb->gso_size;
	return 0;
}

static void fix_tcp(struct tcp_hdr *tcp, uint32_t i, uint32_t at, bool last)
{
	tcp->seq = htonl(ntohl(tcp->seq) + at);
	if (!last)
		tcp->flags &= ~(TCP_FIN | TCP_PSH);
	if (i)
		tcp->flags &= ~TCP_CWR;
	tcp->check = 0;
}

static uint16_t l4_sum(const struct skb *seg, const struct gso_layout *g, const struct ip4_hdr *ip)
{
	uint32_t len = skb_len(seg) - g->l4;

	return csum_fold(skb_checksum(seg, g->l4, len,
		csum_pseudo4(ip->saddr, ip->daddr, ip->protocol, len)));
}

/* The headers of segment `i` at payload offset `at`, n bytes long. partial: the whole has no sum yet. */
static void fix_headers(struct skb *seg, const struct gso_layout *g, uint32_t i, uint32_t at,
	uint32_t n, bool partial)
{
	struct ip4_hdr *ip = ip_of(seg, g);

	ip->tot_len = htons(g->payload - g->ip + n);
	ip->id = htons(ntohs(ip->id) + i);
	ip4_set_csum(ip);
	if (g->udp) {
		struct udp_hdr *udp = l4_of(seg, g);
		bool none = !partial && !udp->check; /* the sender wants no sum */

		udp->len = htons(UDP_HDR_LEN + n);
		udp->check = 0;
		if (!none)
			udp->check = l4_sum(seg, g, ip) ?: 0xffff;
	} else {
		struct tcp_hdr *tcp = l4_of(seg, g);

		fix_tcp(tcp, i, at, at + n == g->total);
		tcp->check = l4_sum(seg, g, ip);
	}
}

/* Append n bytes of `skb` from `at` on, taking further buffers as needed. */
static bool fill(struct worker *w, struct skb *seg, const struct skb *skb, uint32_t at, uint32_t n)
{
	struct rte_mbuf *head = skb_mbuf(seg), *m = head;

	for (;;) {
		uint32_t room = m->buf_len - m->data_off - m->data_len, k = RTE_MIN(n, room);

		skb_copy_bits(skb, at, rte_pktmbuf_mtod_offset(m, void *, m->data_len), k);
		m->data_len += k;
		head->pkt_len += k;
		at += k;
		n -= k;
		if (!n)
			return true;
		m->next = skb_cache_get(w);
		if (!m->next)
			return false;
		m = m->next;
		rte_pktmbuf_reset(m);
		m->data_off = 0;
		head->nb_segs++;
	}
}

/* One segment: headers and n payload bytes from `at`, in a fresh skb with skb's metadata. */
static struct skb *segment(struct worker *w, const struct skb *skb, const struct gso_layout *g,
	uint32_t i, uint32_t at, uint32_t n)
{
	struct rte_mbuf *from = skb_mbuf(skb), *m = skb_cache_get(w);

	if (!m)
		return NULL;
	rte_pktmbuf_reset(m);
	struct skb *seg = skb_of(m);

	memcpy(seg, skb, sizeof(*seg));
	seg->next = seg->prev = NULL;
	seg->users = 1;
	seg->flags &= ~(SKB_F_OWNED | SKB_F_FCLONE | SKB_F_FRAGLIST | SKB_F_CT | SKB_F_TRACED |
		SKB_F_CLONED | SKB_F_GSO);
	seg->ip_summed = SKB_CSUM_NONE;
	m->port = from->port;
	m->hash = from->hash;
	m->vlan_tci = from->vlan_tci;
	m->data_off = from->data_off;
	uint8_t *headers = skb_put(seg, g->payload);

	if (!headers || !skb_copy_bits(skb, 0, headers, g->payload) ||
	    !fill(w, seg, skb, g->payload + at, n)) {
		skb_free(seg);
		return NULL;
	}
	fix_headers(seg, g, i, at, n, skb->ip_summed == SKB_CSUM_PARTIAL);
	return seg;
}

int skb_gso_segment(struct worker *w, struct skb *skb, enum stage stage)
{
	struct skb *list = NULL, **tail = &list, *seg;
	struct gso_layout g;
	uint32_t i = 0, at = 0;
	int rc = layout(skb, &g);

	if (rc)
		return rc;
	do {
		uint32_t n = RTE_MIN(g.total - at, (uint32_t)g.mss);

		seg = segment(w, skb, &g, i++, at, n);
		if (!seg) {
			while ((seg = list)) {
				list = seg->next;
				skb_free(seg);
			}
			return -ENOMEM;
		}
		*tail = seg;
		tail = &seg->next;
		at += n;
	} while (at < g.total);
	w->ledger.alloc += i;
	while ((seg = list)) {
		list = seg->next;
		seg->next = NULL;
		burst_to(w, stage, seg);
	}
	skb_absorb(w, skb);
	return 0;
}
