/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way out: what is left to do to a plain packet once no hook is in its way, at once: link
 * header from the next hop, and into the port's transmit queue. It stands for the stages from
 * ip4_output to netdev_tx, and counts as they do; ip4_forward takes it where FORWARD and POST_ROUTING
 * are empty, ip4_output for all others. Every packet that it does not take goes by those stages,
 * and with it what comes behind in its flow.
 */
#pragma once

#include <string.h>

#include "core/burst.h"
#include "dev/txq.h"
#include "fib/nexthop.h"
#include "ip4/flow_filter.h"
#include "l2/eth.h"
#include "wire/ip4.h"

/* One burst's; a local variable, so that its counts stay in registers. */
struct ip4_rewrite {
	struct worker *w;
	bool open;
	uint32_t n;
	uint64_t octets;          /* of the n packets, from the IPv4 header on */
	struct flow_filter *left;
};

/* May packets pass from `stage` to the transmit queue: does nobody look on, or wait in between? */
bool ip4_rewrite_open(struct worker *w, enum stage stage);
/* Count what went; `forward`: from ip4_forward, so its later stages as well. */
void ip4_rewrite_end(struct worker *w, uint32_t n, uint64_t octets, bool forward);

/* For a burst of `stage`; *left is empty. */
static inline struct ip4_rewrite ip4_rewrite_begin(struct worker *w, enum stage stage, bool no_hooks,
	struct flow_filter *left)
{
	return (struct ip4_rewrite){ .w = w, .left = left,
		.open = no_hooks && ip4_rewrite_open(w, stage) };
}

/*
 * Send skb, its data at the IPv4 header and skb->nh set, one hop on if `forward` says so. False:
 * nothing was done, it is to go by the stages. Options are not plain: some are written on the way.
 */
static inline bool ip4_rewrite(struct ip4_rewrite *r, struct skb *skb, bool forward)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	const struct fib_nh *nh = skb->nh;
	uint32_t at = m->data_off, len = m->pkt_len, word = 0;
	uint8_t *p = (uint8_t *)m->buf_addr + at;
	struct tx_queue *t;

	if (forward) { /* to us, with hops left, not back to where it came from */
		memcpy(&word, p + offsetof(struct ip4_hdr, ttl), sizeof(word));
		if (unlikely((uint8_t)word <= 1 || nh->dev == skb->dev))
			return false;
	}
	if (unlikely(!fib_nh_lane(nh) || len > nh->lane_max || at < ETH_HH_ROOM ||
		     !txq_plain(skb, m, SKB_STATE_FLAGS(SKB_F_IPOPT) |
			     SKB_STATE_TYPE(forward ? 0xff : 0))))
		return false;
	t = r->w->dev->txq[nh->dev_index];
	if (unlikely(!t || t->behind))
		return false;
	if (unlikely(r->left->any) &&
	    flow_filter_has(r->left, p + offsetof(struct ip4_hdr, saddr)))
		return false;
	if (forward) {
		word = ip4_next_ttl(word);
		memcpy(p + offsetof(struct ip4_hdr, ttl), &word, sizeof(word));
	}
	r->n++;
	r->octets += len;
	m->data_off = (uint16_t)(at - ETH_HDR_LEN);
	eth_put_hh(p - ETH_HDR_LEN, nh->hh);
	mbuf_lengthen(m, ETH_HDR_LEN);
	dev_tx_mbuf(r->w, t, m);
	return true;
}

/* skb goes by the stages, and what is behind it in its flow. */
static inline void ip4_rewrite_leave(const struct ip4_rewrite *r, const struct skb *skb)
{
	if (r->open)
		flow_filter_add(r->left, (const uint8_t *)skb_data(skb) +
			offsetof(struct ip4_hdr, saddr));
}
