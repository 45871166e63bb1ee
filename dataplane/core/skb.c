/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations on one skb that walk its segments: pull, trim, linearize, copy of bytes, checksums.
 * Called by every layer through skb.h; they keep the mbuf's chain (nb_segs, pkt_len, data_len)
 * exact. The Internet checksum is RFC 1071's.
 */
#include <errno.h>
#include <string.h>

#include "core/skb_alloc.h"
#include "wire/checksum.h"

/* Unlink and release the segment after `m`. */
static void drop_next(struct rte_mbuf *head, struct rte_mbuf *m)
{
	struct rte_mbuf *gone = m->next;

	m->next = gone->next;
	head->nb_segs--;
	skb_free_seg(gone);
}

bool skb_pull_slow(struct skb *skb, uint32_t n)
{
	struct rte_mbuf *m = skb_mbuf(skb);

	if (n <= m->data_len)
		return true;
	if (n > m->pkt_len || m->data_off + n > m->buf_len || skb_shared(skb))
		return false;
	while (m->data_len < n) {
		struct rte_mbuf *s = m->next;
		uint32_t k = RTE_MIN(n - m->data_len, (uint32_t)s->data_len);

		memcpy((uint8_t *)skb_data(skb) + m->data_len, rte_pktmbuf_mtod(s, void *), k);
		m->data_len += k;
		s->data_off += k;
		s->data_len -= k;
		if (s->data_len == 0)
			drop_next(m, m);
	}
	return true;
}

void skb_trim_slow(struct skb *skb, uint32_t len)
{
	struct rte_mbuf *head = skb_mbuf(skb), *m = head;

	if (len >= head->pkt_len)
		return;
	head->pkt_len = len;
	for (; len > m->data_len; m = m->next)
		len -= m->data_len;
	m->data_len = len;
	while (m->next)
		drop_next(head, m);
}

bool skb_linearize(struct skb *skb)
{
	return skb_pull_slow(skb, skb_len(skb));
}

uint32_t skb_truesize(const struct skb *skb)
{
	uint32_t sum = 0;

	for (const struct rte_mbuf *m = skb_mbuf(skb); m; m = m->next)
		sum += sizeof(*m) + sizeof(struct skb) + m->buf_len;
	return sum;
}

/* The segment that holds byte *offset of the packet; *offset becomes relative to it. */
static struct rte_mbuf *seek(struct rte_mbuf *m, uint32_t *offset)
{
	while (m && *offset >= m->data_len) {
		*offset -= m->data_len;
		m = m->next;
	}
	return m;
}

bool skb_copy_bits(const struct skb *skb, uint32_t offset, void *to, uint32_t n)
{
	if (offset > skb_len(skb) || n > skb_len(skb) - offset)
		return false;
	uint8_t *p = to;

	for (struct rte_mbuf *m = seek(skb_mbuf(skb), &offset); n; m = m->next, offset = 0) {
		uint32_t k = RTE_MIN(n, m->data_len - offset);

		memcpy(p, rte_pktmbuf_mtod_offset(m, void *, offset), k);
		p += k;
		n -= k;
	}
	return true;
}

bool skb_store_bits(struct skb *skb, uint32_t offset, const void *from, uint32_t n)
{
	if (offset > skb_len(skb) || n > skb_len(skb) - offset)
		return false;
	const uint8_t *p = from;

	for (struct rte_mbuf *m = seek(skb_mbuf(skb), &offset); n; m = m->next, offset = 0) {
		uint32_t k = RTE_MIN(n, m->data_len - offset);

		memcpy(rte_pktmbuf_mtod_offset(m, void *, offset), p, k);
		p += k;
		n -= k;
	}
	return true;
}

uint64_t skb_checksum(const struct skb *skb, uint32_t offset, uint32_t n, uint64_t sum)
{
	size_t done = 0;

	if (offset > skb_len(skb) || n > skb_len(skb) - offset)
		return sum;
	for (struct rte_mbuf *m = seek(skb_mbuf(skb), &offset); n; m = m->next, offset = 0) {
		uint32_t k = RTE_MIN(n, m->data_len - offset);

		sum = csum_block_add(sum, csum_add(rte_pktmbuf_mtod_offset(m, void *, offset), k, 0),
			done);
		done += k;
		n -= k;
	}
	return sum;
}

int skb_checksum_help(struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);
	uint32_t start = skb->csum_start - m->data_off;
	uint16_t csum;

	if (skb->ip_summed != SKB_CSUM_PARTIAL)
		return 0;
	if (skb->csum_start < m->data_off || start >= skb_len(skb) ||
	    start + skb->csum_offset + sizeof(csum) > skb_len(skb))
		return -EINVAL;
	csum = csum_fold(skb_checksum(skb, start, skb_len(skb) - start, 0));
	/* 0 means "none" to UDP, and no TCP packet sums to 0 in a way that this would break */
	if (csum == 0)
		csum = 0xffff;
	skb_store_bits(skb, start + skb->csum_offset, &csum, sizeof(csum));
	skb->ip_summed = SKB_CSUM_NONE;
	return 0;
}
