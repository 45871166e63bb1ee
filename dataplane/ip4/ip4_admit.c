/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way in, called by dev/rx for a burst that the lane does not take: from the mbuf to an skb
 * at PRE_ROUTING in one loop, for IPv4 without options, unicast to us, untagged, of right length and
 * checksum. It stands for rxq_skb, eth_input and ip4_input, and counts as they do. One loop, since
 * the first touch of a frame waits for memory, mostly for the translation of its address: that waits
 * behind the checks of the frames before it. What is different in any way goes by the stages, which
 * say why, and with it what comes behind it in its flow. RFC 1812 5.2.2.
 */
#include "ip4/ip4_admit.h"

#include <string.h>

#include "core/burst.h"
#include "core/hook.h"
#include "dev/rxq.h"
#include "ip4/flow_filter.h"
#include "ip4/ip4.h"
#include "l2/eth.h"
#include "wire/checksum.h"
#include "wire/ip4.h"

#define HEADERS (ETH_HDR_LEN + IP4_HDR_LEN)
#define TYPE_AND_VERSION (RTE_BE16(ETH_TYPE_IP4) | 0x450000u) /* in memory: ethertype, 0x45 */

/*
 * Sound, and to the address `own`: the length of the frame without padding. 0: something else, or
 * padding that is not in one piece with it.
 */
static inline uint32_t plain(const struct rte_mbuf *m, uint64_t own)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t type, addr, len;
	uint64_t link, a, b;

	if (unlikely(m->data_len < HEADERS))
		return 0;
	memcpy(&link, p, sizeof(link));
	memcpy(&type, p + offsetof(struct eth_hdr, type), sizeof(type));
	memcpy(&a, p + ETH_HDR_LEN, sizeof(a));
	memcpy(&b, p + ETH_HDR_LEN + 8, sizeof(b));
	memcpy(&addr, p + ETH_HDR_LEN + 16, sizeof(addr));
	len = rte_bswap16((uint16_t)(a >> 16));
	if (unlikely((link & (ETH_ADDR_MASK | ETH_SRC_GROUP)) != own ||
		     (type & 0xffffff) != TYPE_AND_VERSION || len < IP4_HDR_LEN ||
		     !csum_ip4_plain_ok(a, b, addr)))
		return 0;
	len += ETH_HDR_LEN;
	if (unlikely(len != m->pkt_len && (len > m->pkt_len || m->nb_segs != 1)))
		return 0;
	return unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) ? 0 : len;
}

/* An skb, its data at the IPv4 header, as the two stages leave it. */
static inline struct skb *make_skb(const struct line0 *line0, struct rte_mbuf *m, uint32_t len)
{
	struct skb *skb = rxq_make_skb(line0, m);
	uint16_t at = m->data_off;

	skb_set_headers(skb, at, at + ETH_HDR_LEN, at + HEADERS, RTE_BE16(ETH_TYPE_IP4));
	m->data_off = at + ETH_HDR_LEN;
	if (unlikely(m->pkt_len != len)) { /* the link's padding */
		m->pkt_len = len;
		m->data_len = (uint16_t)len;
	}
	mbuf_lengthen(m, -ETH_HDR_LEN);
	return skb;
}

static const uint8_t *addrs_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *,
		ETH_HDR_LEN + offsetof(struct ip4_hdr, saddr));
}

/* octets: as ip4_input counts them, with the padding. */
static void count(struct worker *w, uint32_t n, uint64_t octets)
{
	static const uint8_t stages[] = { STAGE_eth_input, STAGE_ip4_input };

	if (!n)
		return;
	stages_passed(w, stages, sizeof(stages), n);
	ip4_count_n(w, MIB_IpInReceives, n);
	ip4_count_n(w, MIB_IpExtInOctets, octets);
}

uint32_t ip4_admit(struct worker *w, struct rx_queue *q, struct rte_mbuf **ms, uint32_t n,
	uint64_t *bytes)
{
	struct burst_run out = burst_run_begin(w, hook_next(w, HOOK_ip4_pre_routing));
	uint64_t own = atomic_load_explicit(&q->dev->addr, memory_order_relaxed) & ETH_ADDR_MASK;
	struct line0 line0 = q->line0; /* of our own, so that it stays in registers */
	struct flow_filter gone = {.any = false};
	uint64_t all = 0, of_left = 0; /* bytes */
	uint32_t left = 0;

	line0.byte[offsetof(struct skb, pkt_type)] = SKB_HOST;
	for (uint32_t i = 0; i < n && i < RXQ_PREFETCH; i++)
		rxq_prefetch(ms[i]);
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = ms[i];
		uint32_t len;

		if (i + RXQ_PREFETCH < n)
			rxq_prefetch(ms[i + RXQ_PREFETCH]);
		all += m->pkt_len;
		len = plain(m, own);
		if (unlikely(!len || (gone.any && flow_filter_has(&gone, addrs_of(m))))) {
			flow_filter_add_frame(&gone, m);
			of_left += m->pkt_len;
			ms[left++] = m;
			continue;
		}
		burst_run_put(&out, make_skb(&line0, m, len));
	}
	burst_run_end(&out);
	count(w, n - left, all - of_left - (uint64_t)(n - left) * ETH_HDR_LEN);
	*bytes = all;
	return left;
}
