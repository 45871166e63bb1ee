/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Software segmentation of TCPv4 super-frames, for ports that can't do it (dev/tx.c) and for
 * forwarding them piecewise. Each segment gets the headers of the whole with length, identification,
 * sequence number and flags advanced (RFC 9293; FIN and PSH on the last, CWR on the first only) and
 * both checksums complete.
 */
#include <errno.h>
#include <string.h>

#include "core/burst.h"
#include "core/skb_alloc.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

/* Where the headers lie, relative to data. */
struct gso_layout {
	uint32_t ip, tcp, payload, total;
	uint16_t mss;
};

static struct ip4_hdr *ip_of(const struct skb *skb, const struct gso_layout *g)
{
	return (struct ip4_hdr *)((uint8_t *)skb_data(skb) + g->ip);
}

static struct tcp_hdr *tcp_of(const struct skb *skb, const struct gso_layout *g)
{
	return (struct tcp_hdr *)((uint8_t *)skb_data(skb) + g->tcp);
}

static int layout(struct skb *skb, struct gso_layout *g)
{
	uint32_t off = skb_mbuf(skb)->data_off;

	if (!(skb->flags & SKB_F_GSO) || !(skb->gso_type & SKB_GSO_TCPV4) || !skb->gso_size ||
	    skb->network_header == SKB_HDR_UNSET || skb->network_header < off)
		return -EINVAL;
	g->ip = skb->network_header - off;
	if (!skb_may_pull(skb, g->ip + IP4_HDR_LEN))
		return -EINVAL;
	const struct ip4_hdr *ip = ip_of(skb, g);

	if (ip4_version(ip) != 4 || ip4_hdr_len(ip) < IP4_HDR_LEN || ip->protocol != IP4_PROTO_TCP)
		return -EINVAL;
	g->tcp = g->ip + ip4_hdr_len(ip);
	if (!skb_may_pull(skb, g->tcp + TCP_HDR_LEN))
		return -EINVAL;
	g->payload = g->tcp + tcp_hdr_len(tcp_of(skb, g));
	if (g->payload < g->tcp + TCP_HDR_LEN || !skb_may_pull(skb, g->payload))
		return -EINVAL;
	g->total = skb_len(skb) - g->payload;
	g->mss = skb->gso_size;
	return 0;
}

/* The headers of segment `i` at payload offset `at`, n bytes long. */
static void fix_headers(struct skb *seg, const struct gso_layout *g, uint32_t i, uint32_t at,
	uint32_t n)
{
	struct ip4_hdr *ip = ip_of(seg, g);
	struct tcp_hdr *tcp = tcp_of(seg, g);
	uint32_t len = skb_len(seg) - g->tcp;

	ip->tot_len = htons(g->payload - g->ip + n);
	ip->id = htons(ntohs(ip->id) + i);
	ip4_set_csum(ip);
	tcp->seq = htonl(ntohl(tcp->seq) + at);
	if (at + n < g->total)
		tcp->flags &= ~(TCP_FIN | TCP_PSH);
	if (i)
		tcp->flags &= ~TCP_CWR;
	tcp->check = 0;
	tcp->check = csum_fold(skb_checksum(seg, g->tcp, len,
		csum_pseudo4(ip->saddr, ip->daddr, IP4_PROTO_TCP, len)));
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
	fix_headers(seg, g, i, at, n);
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
