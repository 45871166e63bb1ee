/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane: eth_input to netdev_tx in two loops around one bulk lookup, over raw mbufs, before any
 * skb is made. Called by dev/rx for a burst; the way out is the transmit queue. It takes a packet
 * that is unicast to us, IPv4 without options, whole, with TTL above 1 and a right checksum, between
 * addresses that may be routed, and whose next hop is a plain port with a known neighbour, not the
 * one it came by, and long enough an MTU. Everything else leaves before a byte of it is changed, and
 * the stages say why. RFC 1812 5.2.2, 5.2.3, 5.3.1 in the same order of effects.
 */
#include "ip4/ip4_lane.h"

#include <string.h>

#include "dev/rxq.h"
#include "dev/txq.h"
#include "fib/fib.h"
#include "fib/locals.h"
#include "fib/nexthop.h"
#include "fib/rules.h"
#include "ip4/flow_hash.h"
#include "ip4/ip4.h"
#include "ip4/ip4_lookup.h"
#include "l2/eth.h"
#include "wire/ip4.h"

/* Frames that the stages look at more closely: not all in one plain buffer, tags, super-frames. */
#define NOT_PLAIN (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_RX_VLAN_STRIPPED | \
	RTE_MBUF_F_RX_LRO | RTE_MBUF_F_TX_OFFLOAD_MASK)
#define L4_CSUM_PARTIAL RTE_MBUF_F_RX_L4_CKSUM_MASK

#define MAC_MASK UINT64_C(0xffffffffffff)

/* What of a burst is looked up, by position in m[]. */
struct lane {
	uint32_t n;
	uint32_t dst[BURST_MAX];
	uint32_t id[BURST_MAX];
	uint8_t at[BURST_MAX];
};
static_assert(BURST_MAX <= UINT8_MAX + 1, "positions fit");

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* First octets 1..126 and 128..223: addresses of single hosts out there. */
static inline bool routable(uint32_t first_octet)
{
	return first_octet - 1 < 223 && first_octet != 127;
}

static inline bool plain(const struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags;

	return m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && !(flags & NOT_PLAIN) &&
		(flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != L4_CSUM_PARTIAL;
}

/* The input ladder on a frame to `mac`; *src, *dst in host order. Little endian, as all of DPDK here. */
static inline bool sound(const struct rte_mbuf *m, uint64_t mac, uint32_t *src, uint32_t *dst)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t link = load64(p), a = load64(p + 14), b = load64(p + 22);
	uint32_t type = load32(p + 12), c = load32(p + 30);
	uint32_t tot_len = rte_bswap16((uint16_t)(a >> 16));
	uint64_t sum = (uint32_t)a + (a >> 32) + (uint32_t)b + (b >> 32) + c;

	/* to us; from a single station; IPv4 with 20 bytes of header */
	bool ok = (link & (MAC_MASK | UINT64_C(1) << 48)) == mac;

	ok &= (type & 0xffffff) == 0x450008;
	ok &= !(a & UINT64_C(0xff3f) << 48);      /* no fragment */
	ok &= (b & 0xff) > 1;                     /* TTL */
	ok &= tot_len >= IP4_HDR_LEN && tot_len + ETH_HDR_LEN <= m->data_len;
	ok &= csum_reduce(sum) == 0xffff;
	ok &= routable(b >> 32 & 0xff);
	ok &= routable(c & 0xff);
	*src = rte_bswap32((uint32_t)(b >> 32));
	*dst = rte_bswap32(c);
	return ok;
}

/* An address of this host's links, by the FIB; asked only where the filter is not sure. */
static bool is_local(const struct worker *w, const struct fib *fib, uint32_t src)
{
	const struct fib_nh *nh = fib_nh_get(w->dp, fib_lookup(fib, src));

	return nh && (nh->type == FIB_LOCAL || nh->type == FIB_BROADCAST);
}

static void sift(const struct worker *w, struct lane *l, const struct fib *fib, uint64_t mac,
	struct rte_mbuf *const *m, uint32_t n)
{
	const struct fib_locals *locals = atomic_load_explicit(&w->dp->rules->locals,
		memory_order_acquire);
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t src, dst;

		if (unlikely(!plain(m[i]) || !sound(m[i], mac, &src, &dst)))
			continue;
		if (unlikely(!locals || fib_maybe_local(locals, src)) && is_local(w, fib, src))
			continue;
		l->dst[k] = dst;
		l->at[k++] = (uint8_t)i;
	}
	l->n = k;
}

/* The queue that takes the packet, NULL where the stages have more to do about its next hop. */
static inline struct tx_queue *way_out(const struct worker *w, const struct netdev *in,
	const struct fib_nh *nh, uint32_t tot_len)
{
	const unsigned int want = FIB_NH_LANE | FIB_NH_HH, all = want | FIB_NH_DEAD;
	struct tx_queue *t;

	if (unlikely(!nh || (nh->flags & all) != want || tot_len > nh->mtu || nh->dev == in))
		return NULL;
	t = dev_txq(w, nh->dev);
	if (unlikely(!t || tot_len + ETH_HDR_LEN > nh->dev->contract->max_frame))
		return NULL;
	return t;
}

/* As skb_flow_hash: the port's where it has one. */
static uint32_t flow_hash(const struct rte_mbuf *m, const struct ip4_hdr *ip, uint32_t tot_len)
{
	if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH && m->hash.rss)
		return m->hash.rss;
	return ip4_flow_hash(ip, tot_len);
}

/* Link header, TTL, checksum; the padding of the link goes. */
static inline void rewrite(struct rte_mbuf *m, const struct fib_nh *nh, uint32_t tot_len)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(p, nh->hh + ETH_HH_ROOM - ETH_HDR_LEN, ETH_HDR_LEN);
	ip4_decrease_ttl((struct ip4_hdr *)(p + ETH_HDR_LEN));
	m->data_len = (uint16_t)(tot_len + ETH_HDR_LEN);
	m->pkt_len = tot_len + ETH_HDR_LEN;
}

static void count(struct worker *w, uint32_t n, uint64_t octets_in, uint64_t octets_out)
{
	static const uint8_t stages[] = { STAGE_eth_input, STAGE_ip4_input, STAGE_ip4_route,
		STAGE_ip4_forward, STAGE_ip4_forward_finish, STAGE_ip4_output,
		STAGE_neigh_resolve, STAGE_eth_output, STAGE_netdev_tx };

	for (unsigned int s = 0; s < sizeof(stages); s++) {
		w->stage[stages[s]].packets += n;
		w->stage[stages[s]].calls++;
	}
	ip4_count_n(w, MIB_IpInReceives, n);
	ip4_count_n(w, MIB_IpExtInOctets, octets_in);
	ip4_count_n(w, MIB_IpForwDatagrams, n);
	ip4_count_n(w, MIB_IpExtOutOctets, octets_out);
}

/* Send what can be sent; sets m[i] of that to NULL and returns how many those were. */
static uint32_t send_out(struct worker *w, const struct netdev *in, const struct lane *l,
	struct rte_mbuf **m)
{
	uint64_t octets_in = 0, octets_out = 0;
	uint32_t sent = 0;

	for (uint32_t k = 0; k < l->n; k++) {
		struct rte_mbuf *pkt = m[l->at[k]];
		const struct ip4_hdr *ip = (const struct ip4_hdr *)
			(rte_pktmbuf_mtod(pkt, const uint8_t *) + ETH_HDR_LEN);
		const struct fib_nh *nh = fib_nh_get(w->dp, l->id[k]);
		uint32_t tot_len = ip4_tot_len(ip);
		struct tx_queue *t;

		if (unlikely(nh && nh->type == FIB_GROUP))
			nh = ip4_group_member(w->dp, nh, flow_hash(pkt, ip, tot_len));
		t = way_out(w, in, nh, tot_len);
		if (unlikely(!t))
			continue;
		octets_in += pkt->pkt_len - ETH_HDR_LEN;
		octets_out += tot_len;
		rewrite(pkt, nh, tot_len);
		m[l->at[k]] = NULL;
		sent++;
		dev_tx_mbuf(w, t, pkt);
	}
	if (sent)
		count(w, sent, octets_in, octets_out);
	return sent;
}

uint32_t ip4_lane(struct worker *w, struct rx_queue *q, struct rte_mbuf **m, uint32_t n)
{
	const struct fib *fib = ip4_merged_table(w->dp);
	uint64_t mac = atomic_load_explicit(&q->dev->addr, memory_order_relaxed) & MAC_MASK;
	struct lane l;
	uint32_t left = 0;

	if (unlikely(!fib ||
		     !atomic_load_explicit(&w->dp->conf.ip_forward, memory_order_relaxed)))
		return n;
	sift(w, &l, fib, mac, m, n);
	fib_lookup_bulk(fib, l.dst, l.id, l.n);
	if (send_out(w, q->dev, &l, m) == n)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (m[i])
			m[left++] = m[i];
	return left;
}
