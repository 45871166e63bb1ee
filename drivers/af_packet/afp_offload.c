/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio_net_hdr <-> mbuf: what the kernel says about a frame's checksum and size, in DPDK's words
 * and back. Called by afp_rx.c per frame whose header is not all zero, and by afp_tx.c per frame
 * with offload flags. Virtual I/O Device 1.2, 5.1.6.2 and 5.1.6.4; the byte order is the host's.
 */
#include <errno.h>
#include <stddef.h>
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "afp.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define TCP_CKSUM_AT offsetof(struct rte_tcp_hdr, cksum)
#define UDP_CKSUM_AT offsetof(struct rte_udp_hdr, dgram_cksum)

/* Adds a checksum over [start, end of frame) at the offset the sender named. */
static int fill_cksum(struct rte_mbuf *m, uint32_t start, uint32_t offset)
{
	uint16_t sum, *at;

	if (start + offset + sizeof(sum) > m->data_len || start >= m->pkt_len)
		return -EINVAL;
	if (rte_raw_cksum_mbuf(m, start, m->pkt_len - start, &sum) < 0)
		return -EINVAL;
	at = rte_pktmbuf_mtod_offset(m, uint16_t *, start + offset);
	sum = ~sum;
	/* Zero means "no checksum" to UDP; TCP does not mind the other zero. */
	*at = sum == 0 ? 0xffff : sum;
	return 0;
}

/* The L4 lengths of a frame whose headers are in the first segment, else 0. */
static uint32_t parse(struct rte_mbuf *m, struct rte_net_hdr_lens *l)
{
	uint32_t type = rte_net_get_ptype(m, l, RTE_PTYPE_ALL_MASK);
	uint32_t l4 = type & RTE_PTYPE_L4_MASK;

	return l4 == RTE_PTYPE_L4_TCP || l4 == RTE_PTYPE_L4_UDP ? type : 0;
}

static void set_lens(struct rte_mbuf *m, uint32_t type, const struct rte_net_hdr_lens *l)
{
	m->packet_type = type;
	m->l2_len = l->l2_len;
	m->l3_len = l->l3_len;
	m->l4_len = l->l4_len;
}

static int rx_gso(const struct virtio_net_hdr *h, struct rte_mbuf *m, struct afp_rx_want want)
{
	struct rte_net_hdr_lens l;
	uint32_t l4, type;

	if (!want.lro)
		return -EOPNOTSUPP;
	type = parse(m, &l);
	l4 = type & RTE_PTYPE_L4_MASK;
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (l4 != RTE_PTYPE_L4_TCP)
			return -EINVAL;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		if (l4 != RTE_PTYPE_L4_UDP)
			return -EINVAL;
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (h->gso_size == 0)
		return -EINVAL;
	set_lens(m, type, &l);
	m->tso_segsz = h->gso_size;
	m->ol_flags |= RTE_MBUF_F_RX_LRO;
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	else if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return 0;
}

/* A partial checksum is passed on only where TCP or UDP says the same place; else it is filled in.
 */
static int rx_partial(const struct virtio_net_hdr *h, struct rte_mbuf *m, struct afp_rx_want want)
{
	struct rte_net_hdr_lens l;
	uint32_t type = want.cksum ? parse(m, &l) : 0;

	if (type != 0) {
		bool tcp = (type & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_TCP;
		if (h->csum_start == l.l2_len + l.l3_len &&
			h->csum_offset == (tcp ? TCP_CKSUM_AT : UDP_CKSUM_AT)) {
			set_lens(m, type, &l);
			m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
			return 0;
		}
	}
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return fill_cksum(m, h->csum_start, h->csum_offset);
}

/* 0, or a negative errno where the frame cannot be handed to this application. */
int afp_rx_offload(const struct virtio_net_hdr *h, struct rte_mbuf *m, struct afp_rx_want want)
{
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return rx_gso(h, m, want);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return rx_partial(h, m, want);
	if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return 0;
}

/* *h is all zero on entry. */
int afp_tx_offload(const struct rte_mbuf *m, struct virtio_net_hdr *h)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	bool tso = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;
	bool uso = m->ol_flags & RTE_MBUF_F_TX_UDP_SEG;
	uint32_t l4_at = m->l2_len + m->l3_len;

	if (!tso && !uso && l4 == 0)
		return 0;
	if (l4 == RTE_MBUF_F_TX_SCTP_CKSUM || m->l2_len == 0 || m->l3_len == 0)
		return -EINVAL;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = l4_at;
	h->csum_offset = tso || l4 == RTE_MBUF_F_TX_TCP_CKSUM ? TCP_CKSUM_AT : UDP_CKSUM_AT;
	if (!tso && !uso)
		return 0;
	if (m->tso_segsz == 0 || m->l4_len == 0)
		return -EINVAL;
	/* What fits one segment is an ordinary frame; Linux refuses it as a large one. */
	if (m->pkt_len <= l4_at + m->l4_len + m->tso_segsz)
		return 0;
	if (uso)
		h->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	else if (m->ol_flags & RTE_MBUF_F_TX_IPV6)
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	else
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h->gso_size = m->tso_segsz;
	h->hdr_len = l4_at + m->l4_len;
	return 0;
}

/* For rte_eth_tx_prepare(): the pseudo-header sum as Linux wants it, with the whole L4 length. */
int afp_tx_finish_cksum(struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	bool large = m->ol_flags & (RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG);
	bool tcp = (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) || l4 == RTE_MBUF_F_TX_TCP_CKSUM;
	uint32_t l4_at = m->l2_len + m->l3_len;
	uint16_t sum, *at;
	uint32_t need = l4_at + (tcp ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr));

	if (!large && l4 == 0)
		return 0;
	if (m->data_len < need || m->l2_len == 0 || m->l3_len == 0 ||
		!(m->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)))
		return -EINVAL;
	/* DPDK's helpers take the length from the header, which a large frame also holds right. */
	if (m->ol_flags & RTE_MBUF_F_TX_IPV4)
		sum = rte_ipv4_phdr_cksum(
			rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len), 0);
	else
		sum = rte_ipv6_phdr_cksum(
			rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, m->l2_len), 0);
	at = rte_pktmbuf_mtod_offset(m, uint16_t *, l4_at + (tcp ? TCP_CKSUM_AT : UDP_CKSUM_AT));
	*at = sum;
	return 0;
}
