/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netdev_tx: the one transmit entry (Linux's dev_queue_xmit), for forwarded and own frames. eth_output
 * and the control ring send here with skb->dev set and the link header in front (a VLAN interface's
 * frames carry their tag). Plain frames go straight to the transmit queue; what the port's contract
 * does not allow is completed, cut or copied first. Hands on to txq.c or the device's own xmit.
 */
#include <rte_ethdev.h>

#include "core/dp.h"
#include "core/skb_alloc.h"
#include "core/trace.h"
#include "dev/netdev_ops.h"
#include "dev/ptype.h"
#include "dev/txq.h"
#include "wire/eth.h"
#include "wire/ip4.h"
#include "wire/tcp.h"

static void lost(struct worker *w, struct netdev *dev, struct skb *skb, enum drop_reason reason)
{
	dev_stats(w, dev)->tx_dropped++;
	skb_drop(w, skb, reason);
}

/* A copy in fresh direct segments takes skb's place. NULL: skb has ended. */
static struct skb *replace(struct worker *w, struct netdev *dev, struct skb *skb)
{
	struct skb *copy = skb_copy(w, skb);

	if (!copy) {
		lost(w, dev, skb, DROP_NO_MEMORY);
		return NULL;
	}
	if (skb->flags & SKB_F_TRACED)
		trace_move(w, skb, copy);
	skb_absorb(w, skb);
	dev_stats(w, dev)->tx_copied++;
	return copy;
}

static struct skb *writable(struct worker *w, struct netdev *dev, struct skb *skb)
{
	return skb_shared(skb) ? replace(w, dev, skb) : skb;
}

/* The tag that lies beside the data goes into it. */
static struct skb *insert_vlan(struct worker *w, struct netdev *dev, struct skb *skb)
{
	uint8_t addrs[2 * ETH_ADDR_LEN], *p;
	uint16_t tag[2];

	skb = writable(w, dev, skb);
	if (!skb)
		return NULL;
	if (!skb_copy_bits(skb, 0, addrs, sizeof(addrs)) || !(p = skb_push(skb, VLAN_TAG_LEN))) {
		lost(w, dev, skb, DROP_NO_MEMORY);
		return NULL;
	}
	tag[0] = skb->vlan_proto;
	tag[1] = rte_cpu_to_be_16(skb_mbuf(skb)->vlan_tci);
	memcpy(p, addrs, sizeof(addrs));
	memcpy(p + sizeof(addrs), tag, sizeof(tag));
	skb->flags &= ~SKB_F_VLAN;
	return skb;
}

/* IPv4 header of the frame if the port could understand it; NULL: anything else. */
static const struct ip4_hdr *ip4_of(const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);

	if (skb->network_header == SKB_HDR_UNSET || skb->network_header < m->data_off ||
	    skb->network_header + IP4_HDR_LEN > m->data_off + m->data_len)
		return NULL;
	const struct ip4_hdr *ip = skb_network_header(skb);

	return ip4_version(ip) == 4 ? ip : NULL;
}

/* Ask the port to complete the checksum, or to cut by `tso` bytes; false: it can't. */
static bool ask_port(const struct tx_contract *c, struct skb *skb, uint16_t tso)
{
	struct rte_mbuf *m = skb_mbuf(skb);
	const struct ip4_hdr *ip = ip4_of(skb);
	uint64_t flag;

	if (!ip || !c->l4_csum || skb->csum_start != skb->network_header + ip4_hdr_len(ip))
		return false;
	if (ip->protocol == IP4_PROTO_TCP)
		flag = RTE_MBUF_F_TX_TCP_CKSUM;
	else if (ip->protocol == IP4_PROTO_UDP && !tso)
		flag = RTE_MBUF_F_TX_UDP_CKSUM;
	else
		return false;
	if (tso && skb->csum_start + TCP_HDR_LEN > m->data_off + m->data_len)
		return false;
	txq_ask_csum(m, flag, skb->network_header - m->data_off, ip4_hdr_len(ip));
	if (tso) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		if (c->ip4_csum)
			m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
		m->l4_len = tcp_hdr_len((const struct tcp_hdr *)(skb_head(skb) + skb->csum_start));
		m->tso_segsz = tso;
	}
	return true;
}

static bool must_copy(const struct tx_contract *c, const struct skb *skb)
{
	uint16_t segs = 0;

	if (skb->users != 1)
		return true;
	for (const struct rte_mbuf *m = skb_mbuf(skb); m; m = m->next, segs++) {
		if (!c->indirect && (RTE_MBUF_CLONED(m) || rte_mbuf_refcnt_read(m) != 1))
			return true;
		if (!c->external && RTE_MBUF_HAS_EXTBUF(m))
			return true;
	}
	return segs > c->max_segs;
}

/* Make skb what the port takes. NULL: it has ended, or gone on in pieces. */
static struct skb *fit(struct worker *w, struct netdev *dev, struct skb *skb)
{
	const struct tx_contract *c = dev->contract;
	uint32_t longest = c->max_frame;

	if (skb->flags & SKB_F_VLAN && !(skb = insert_vlan(w, dev, skb)))
		return NULL;
	if (skb->flags & SKB_F_GSO) {
		if (c->tso && skb->gso_type & SKB_GSO_TCPV4 &&
		    skb->ip_summed == SKB_CSUM_PARTIAL && ask_port(c, skb, skb->gso_size)) {
			longest = UINT16_MAX + ETH_HDR_LEN + VLAN_TAG_LEN;
		} else if (skb_gso_segment(w, skb, STAGE_netdev_tx) == 0) {
			return NULL;
		} else {
			lost(w, dev, skb, DROP_TX_GSO);
			return NULL;
		}
	} else if (skb->ip_summed == SKB_CSUM_PARTIAL && !ask_port(c, skb, 0)) {
		skb = writable(w, dev, skb);
		if (!skb)
			return NULL;
		if (skb_checksum_help(skb) < 0) {
			lost(w, dev, skb, DROP_TX_CSUM);
			return NULL;
		}
		dev_stats(w, dev)->tx_csum_done++;
	}
	if (skb_len(skb) < ETH_HDR_LEN) {
		lost(w, dev, skb, DROP_TX_TOO_SHORT); /* some ports would try for ever */
		return NULL;
	}
	if (skb_len(skb) > longest) {
		lost(w, dev, skb, DROP_TX_TOO_LONG);
		return NULL;
	}
	if (must_copy(c, skb)) {
		skb = replace(w, dev, skb);
		if (skb && skb_mbuf(skb)->nb_segs > c->max_segs) {
			lost(w, dev, skb, DROP_TX_TOO_LONG);
			return NULL;
		}
	}
	return skb;
}

static inline bool plain(const struct tx_queue *t, const struct skb *skb)
{
	const struct rte_mbuf *m = skb_mbuf(skb);

	return txq_plain(skb, m, 0) &&
		m->pkt_len - ETH_HDR_LEN <= t->max_frame - ETH_HDR_LEN; /* and not shorter */
}

static void to_port(struct worker *w, struct netdev *dev, struct tx_queue *t, struct skb *skb)
{
	skb_mbuf(skb)->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
	skb = fit(w, dev, skb);
	if (!skb)
		return;
	if (unlikely(skb->flags & SKB_F_TRACED)) {
		trace_out(w, skb, dev->index);
		trace_end(w, skb, TRACE_SENT, 0);
	}
	txq_xmit(w, t, skb);
}

/* Devices that are no port, and ports that are down. */
static void other(struct worker *w, struct netdev *dev, struct skb *skb)
{
	if (!netdev_running(dev)) {
		lost(w, dev, skb, DROP_DEV_DOWN);
		return;
	}
	if (dev->type == NETDEV_VLAN) {
		dev_stats(w, dev)->tx_packets++;
		dev_stats(w, dev)->tx_bytes += skb_len(skb);
		skb->dev = dev->lower;
		burst_to(w, dev->lower->xmit, skb);
		return;
	}
	if (dev->ops && dev->ops->xmit) {
		dev->ops->xmit(w, dev, skb);
		return;
	}
	lost(w, dev, skb, DROP_TX_INACTIVE);
}

/* A super-frame that is cut here: its pieces come by once more, and the taps see those. */
static bool cut_here(const struct skb *skb)
{
	const struct tx_contract *c = skb->dev->contract;

	return skb->flags & SKB_F_GSO && c && !(c->tso && c->l4_csum &&
		skb->gso_type & SKB_GSO_TCPV4 && skb->ip_summed == SKB_CSUM_PARTIAL);
}

static void to_taps(struct worker *w, const struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++)
		if (!cut_here(in->skb[i]))
			ptype_tap_tx(w, in->skb[i]);
}

void netdev_tx(struct worker *w, struct burst *in)
{
	uint32_t n = in->n;

	if (unlikely(ptype_taps(w->dp)))
		to_taps(w, in);
	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];
		struct netdev *dev = skb->dev;
		struct tx_queue *t = dev_txq(w, dev);

		if (unlikely(!t))
			other(w, dev, skb);
		else if (likely(plain(t, skb) && !t->behind))
			dev_tx_mbuf(w, t, skb_mbuf(skb));
		else
			to_port(w, dev, t, skb);
	}
}
