/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way out: what is left to do to a plain packet once no hook is in its way, at once: link
 * header from the next hop, and into the port's transmit queue. It stands for the stages from
 * ip4_output to netdev_tx, and counts as they do; ip4_forward takes it where FORWARD and POST_ROUTING
 * are empty, ip4_output for all others. Every packet that it does not take goes by those stages,
 * and with it what comes behind in its flow.
 */
#pragma once

#include "core/burst.h"
#include "dev/txq.h"
#include "fib/nexthop.h"
#include "ip4/flow_filter.h"
#include "l2/eth.h"
#include "wire/ip4.h"

struct ip4_rewrite {
	struct worker *w;
	bool open;
	uint32_t n;
	uint64_t octets;          /* of the n packets, from the IPv4 header on */
	struct flow_filter left;
};

/* For a burst of `stage`. Shut where somebody looks at each stage, or packets wait behind it. */
struct ip4_rewrite ip4_rewrite_begin(struct worker *w, enum stage stage, bool no_hooks);
/* Count what went; `forwarded`: from ip4_forward, so its later stages as well. */
void ip4_rewrite_end(struct ip4_rewrite *r, bool forwarded);

/*
 * The queue that skb may go to, its data at the IPv4 header and skb->nh set; NULL: it is to go by
 * the stages. Nothing is changed. Options are not plain: some are written on the way.
 */
static inline struct tx_queue *ip4_rewrite_queue(const struct ip4_rewrite *r, const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);
	const struct fib_nh *nh = skb->nh;
	struct tx_queue *t;

	if (unlikely(!fib_nh_lane(nh) || m->pkt_len > nh->lane_max || m->data_off < ETH_HH_ROOM ||
		     !txq_plain(skb, m, SKB_F_IPOPT)))
		return NULL;
	t = r->w->dev->txq[nh->dev_index];
	if (unlikely(!t || t->behind))
		return NULL;
	if (unlikely(r->left.any) && flow_filter_has(&r->left, (const uint8_t *)skb_data(skb) + 12))
		return NULL;
	return t;
}

/* Send skb there; it is the queue's from now on. */
static inline void ip4_rewrite_send(struct ip4_rewrite *r, struct tx_queue *t, struct skb *skb)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	const struct fib_nh *nh = skb->nh;

	r->n++;
	r->octets += m->pkt_len;
	m->data_off -= ETH_HDR_LEN;
	eth_put_hh(rte_pktmbuf_mtod(m, uint8_t *), nh->hh);
	mbuf_lengthen(m, ETH_HDR_LEN);
	dev_tx_mbuf(r->w, t, m);
}

/* skb goes by the stages. */
static inline void ip4_rewrite_leave(struct ip4_rewrite *r, const struct skb *skb)
{
	if (r->open)
		flow_filter_add(&r->left, (const uint8_t *)skb_data(skb) + 12);
}
