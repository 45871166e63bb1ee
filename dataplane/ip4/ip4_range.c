/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte ranges of packets, shared into other packets by ip4_fragment and ip4_reassemble. A segment
 * that is attached holds a reference to the data only: the skb it came from ends as any other.
 */

#include "ip4/ip4_range.h"

#include "core/skb_alloc.h"

#define COPY_MAX 128 /* bytes below which a copy is cheaper than an mbuf */

static void link_segment(struct rte_mbuf *head, struct rte_mbuf *seg)
{
	rte_pktmbuf_lastseg(head)->next = seg;
	head->nb_segs++;
	head->pkt_len += seg->data_len;
}

/* A buffer behind the last segment; what it was used for before is forgotten. */
static struct rte_mbuf *add_segment(struct worker *w, struct rte_mbuf *head)
{
	struct rte_mbuf *seg = skb_cache_get(w);

	if (!seg)
		return NULL;
	rte_pktmbuf_reset(seg);
	link_segment(head, seg);
	return seg;
}

/* Room behind the last segment, where that is dst's own memory. */
static uint32_t own_tailroom(struct rte_mbuf *last)
{
	return RTE_MBUF_DIRECT(last) && rte_mbuf_refcnt_read(last) == 1 ? rte_pktmbuf_tailroom(last)
									: 0;
}

static void copy_tail(struct rte_mbuf *head, struct rte_mbuf *last, const uint8_t *p, uint32_t n)
{
	rte_memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), p, n);
	last->data_len += (uint16_t)n;
	head->pkt_len += n;
}

static bool copy(struct worker *w, struct rte_mbuf *head, const uint8_t *p, uint32_t n)
{
	while (n) {
		struct rte_mbuf *last = rte_pktmbuf_lastseg(head);
		uint32_t room = own_tailroom(last);

		if (!room) {
			last = add_segment(w, head);
			if (!last)
				return false;
			room = rte_pktmbuf_tailroom(last);
		}
		if (room > n)
			room = n;
		copy_tail(head, last, p, room);
		p += room;
		n -= room;
	}
	return true;
}

static bool attach(struct worker *w, struct rte_mbuf *head, struct rte_mbuf *seg, uint32_t off,
	uint32_t n)
{
	struct rte_mbuf *mi = head->nb_segs < RTE_MBUF_MAX_NB_SEGS ? skb_cache_get_clone(w) : NULL;

	if (!mi)
		return false;
	rte_pktmbuf_attach(mi, seg);
	mi->data_off = (uint16_t)(seg->data_off + off);
	mi->data_len = (uint16_t)n;
	mi->pkt_len = n;
	link_segment(head, mi);
	return true;
}

/* A segment of its own for bytes that are few: a chain of tiny fragments stays short. */
static bool copy_small(struct worker *w, struct rte_mbuf *head, const uint8_t *p, uint32_t n)
{
	struct rte_mbuf *last = rte_pktmbuf_lastseg(head);

	if (n > own_tailroom(last)) {
		last = add_segment(w, head);
		if (!last)
			return false;
	}
	copy_tail(head, last, p, n);
	return true;
}

static bool append(struct worker *w, struct rte_mbuf *head, struct rte_mbuf *seg, uint32_t off,
	uint32_t n)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(seg, const uint8_t *, off);

	if (n <= COPY_MAX && copy_small(w, head, p, n))
		return true;
	return attach(w, head, seg, off, n) || copy(w, head, p, n);
}

bool ip4_append_range(struct worker *w, struct skb *dst, const struct skb *src, uint32_t off,
	uint32_t len)
{
	struct rte_mbuf *head = skb_mbuf(dst);

	for (struct rte_mbuf *seg = skb_mbuf(src); len; seg = seg->next) {
		uint32_t n = seg->data_len;

		if (off >= n) {
			off -= n;
			continue;
		}
		n = RTE_MIN(n - off, len);
		if (!append(w, head, seg, off, n))
			return false;
		off = 0;
		len -= n;
	}
	return true;
}
