/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks that every received IPv4 packet passes before anything looks at it: RFC 1812 5.2.2, in
 * the order of Linux's ip_rcv, one counter and one drop reason a rung. From eth_input or
 * netif_receive with data at the header; on to PRE_ROUTING with the link's padding cut off.
 */
#include <string.h>

#include <rte_byteorder.h>

#include "core/burst.h"
#include "core/hook.h"
#include "ip4/ip4.h"
#include "wire/ip4.h"

/* Who vouches for the header checksum; GOOD is what ports set that have looked. */
static bool csum_known_good(const struct skb *skb)
{
	return (skb_mbuf(skb)->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) ==
		RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

static void header_error(struct worker *w, struct skb *skb, enum drop_reason reason)
{
	ip4_count(w, MIB_IpInHdrErrors);
	skb_drop(w, skb, reason);
}

/* The header, sound and contiguous; NULL when skb was ended. */
static inline const struct ip4_hdr *ladder(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = skb_header(skb, IP4_HDR_LEN);
	uint32_t len;

	if (unlikely(!ip)) {
		header_error(w, skb, DROP_IP4_SHORT);
		return NULL;
	}
	if (unlikely(ip->ver_ihl != 0x45)) {
		if (ip4_version(ip) != 4 || ip4_ihl(ip) < 5) {
			header_error(w, skb, ip4_version(ip) != 4 ? DROP_IP4_VERSION : DROP_IP4_IHL);
			return NULL;
		}
		ip = skb_header(skb, ip4_hdr_len(ip)); /* the pull may have moved the bytes */
		if (!ip) {
			header_error(w, skb, DROP_IP4_SHORT);
			return NULL;
		}
	}
	if (unlikely(!csum_known_good(skb) && csum_ip4(ip, ip4_ihl(ip)))) {
		ip4_count(w, MIB_IpExtInCsumErrors);
		header_error(w, skb, DROP_IP4_BAD_CSUM);
		return NULL;
	}
	len = ip4_tot_len(ip);
	if (unlikely(skb_len(skb) < len)) {
		ip4_count(w, MIB_IpExtInTruncatedPkts);
		skb_drop(w, skb, DROP_IP4_TRUNCATED);
		return NULL;
	}
	if (unlikely(len < ip4_hdr_len(ip))) {
		header_error(w, skb, DROP_IP4_TOT_LEN);
		return NULL;
	}
	return ip;
}

/* Cut the padding of the link; a sum over all of the frame is none of the packet then. */
static void trim(struct skb *skb, uint32_t len)
{
	if (skb_len(skb) == len)
		return;
	skb_trim(skb, len);
	if (skb->ip_summed == SKB_CSUM_COMPLETE)
		skb->ip_summed = SKB_CSUM_NONE;
}

/* True: sound, trimmed, and its headers found. */
static inline bool input_one(struct worker *w, struct skb *skb)
{
	const struct ip4_hdr *ip = ladder(w, skb);

	if (unlikely(!ip))
		return false;
	trim(skb, ip4_tot_len(ip));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, (int)ip4_hdr_len(ip));
	skb->flags &= (uint16_t)~SKB_F_IPOPT;
	return true;
}

/*
 * The first two checks of ip_rcv: for another station; and held by somebody else, to whom nothing
 * of what is done to it may show. NULL: ended.
 */
static struct skb *not_plainly_ours(struct worker *w, struct skb *skb)
{
	struct skb *own;

	if (skb->pkt_type == SKB_OTHERHOST) {
		skb_drop(w, skb, DROP_ETH_OTHERHOST);
		return NULL;
	}
	own = skb_unshare(w, skb);
	if (!own) {
		ip4_count(w, MIB_IpInDiscards);
		skb_drop(w, skb, DROP_NO_MEMORY);
	}
	return own;
}

/*
 * The ladder for what nearly every packet is: 20 bytes of header, to us, nobody else's. True: done;
 * false: nothing was done, and the rungs above say what is different.
 */
static inline bool input_plain(struct skb *skb)
{
	const uint64_t mask = SKB_STATE_FLAGS(SKB_F_IPOPT) | SKB_STATE_USERS(0xffff) |
		SKB_STATE_TYPE(0xff);
	struct rte_mbuf *m = skb_mbuf(skb);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t at = m->data_off;
	uint32_t len, addr;
	uint64_t a, b;

	if (unlikely((skb_state(skb) & mask) != SKB_STATE_USERS(1) || m->data_len < IP4_HDR_LEN))
		return false;
	memcpy(&a, p, sizeof(a));
	memcpy(&b, p + 8, sizeof(b));
	memcpy(&addr, p + 16, sizeof(addr));
	len = rte_bswap16((uint16_t)(a >> 16));
	if (unlikely((uint8_t)a != 0x45 || len > m->pkt_len || len < IP4_HDR_LEN ||
		     (!csum_known_good(skb) && !csum_ip4_plain_ok(a, b, addr))))
		return false;
	skb->network_header = at;
	skb->transport_header = at + IP4_HDR_LEN;
	if (len != m->pkt_len)
		trim(skb, len);
	return true;
}

static struct skb *input_odd(struct worker *w, struct skb *skb)
{
	if (skb->pkt_type == SKB_OTHERHOST || skb->users > 1)
		skb = not_plainly_ours(w, skb);
	if (!skb)
		return NULL;
	ip4_count(w, MIB_IpInReceives);
	ip4_count_n(w, MIB_IpExtInOctets, skb_len(skb));
	return input_one(w, skb) ? skb : NULL;
}

void ip4_input(struct worker *w, struct burst *in)
{
	struct burst_run out = burst_run_begin(w, hook_next(w, HOOK_ip4_pre_routing));
	uint64_t octets = 0;
	uint32_t n = in->n, plain = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct skb *skb = in->skb[i];
		uint32_t len = skb_len(skb);

		if (likely(input_plain(skb))) {
			octets += len;
			plain++;
		} else {
			skb = input_odd(w, skb);
			if (!skb)
				continue;
		}
		burst_run_put(&out, skb);
	}
	burst_run_end(&out);
	ip4_count_n(w, MIB_IpInReceives, plain);
	ip4_count_n(w, MIB_IpExtInOctets, octets);
}
