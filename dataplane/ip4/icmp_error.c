/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2). Any stage ends a packet here by
 * icmp_send_error(); this stage decides whether its source is told, builds the message, and drops
 * the packet under the reason it came with. The message goes to ip4_send.
 */

#include "ip4/icmp.h"

#include <string.h>

#include "dev/netdev.h"
#include "ip4/icmp_limit.h"
#include "ip4/icmp_output.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

#define ERROR_SIZE_MAX 576         /* RFC 1812 4.3.2.3: as much as fits */
#define TOS_INTERNETCONTROL 0xc0   /* RFC 1812 4.3.2.5 */

struct request {
	uint32_t info;
	uint16_t reason;
	uint8_t type, code;
};

void icmp_send_error(struct worker *w, struct skb *skb, uint8_t type, uint8_t code, uint32_t info,
	enum drop_reason reason)
{
	struct ip4_cb *cb = ip4_cb(skb);

	cb->icmp_type = type;
	cb->icmp_code = code;
	cb->icmp_info = info;
	cb->icmp_reason = (uint16_t)reason;
	burst_to(w, STAGE_icmp_error, skb);
}

static bool type_is_error(uint8_t type)
{
	switch (type) {
	case ICMP_ECHO_REPLY:
	case ICMP_ECHO_REQUEST:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMP_REPLY:
	case ICMP_INFO_REQUEST:
	case ICMP_INFO_REPLY:
	case ICMP_MASK_REQUEST:
	case ICMP_MASK_REPLY:
		return false;
	default:
		return true; /* unknown ones count as errors: RFC 1122 3.2.2 */
	}
}

static bool about_icmp_error(const struct skb *skb, const struct ip4_hdr *ip)
{
	uint8_t type;

	if (ip->protocol != IP4_PROTO_ICMP)
		return false;
	return !skb_copy_bits(skb, ip4_hdr_len(ip), &type, 1) || type_is_error(type);
}

static bool from_this_host(const struct skb *skb)
{
	return skb->flags & SKB_F_LOCAL || (skb->dev && skb->dev->type == NETDEV_LOOPBACK);
}

/* RFC 1812 4.3.2.7: a source that defines a single host. */
static bool source_is_host(const struct dp *dp, const struct skb *skb, rte_be32_t saddr)
{
	uint32_t addr = ntohl(saddr);

	if (ip4_is_zeronet(addr) || ip4_is_multicast(addr) || ip4_is_class_e(addr) ||
	    addr == UINT32_MAX)
		return false;
	if (ip4_is_loopback(addr) && !from_this_host(skb))
		return false;
	return ip4_addr_type(dp, saddr) != FIB_BROADCAST;
}

/* May there be an error about this packet at all? to: the type of its destination. */
static bool eligible(const struct dp *dp, const struct skb *skb, const struct ip4_hdr *ip,
	enum fib_nh_type to)
{
	bool unicast_frame = skb->flags & SKB_F_LOCAL || skb->pkt_type == SKB_HOST ||
			     skb->pkt_type == SKB_LOOPBACK;

	return unicast_frame && to != FIB_BROADCAST && to != FIB_MULTICAST &&
	       !ip4_frag_offset(ip) && !about_icmp_error(skb, ip) &&
	       source_is_host(dp, skb, ip->saddr);
}

static void set_info(struct icmp_hdr *icmp, const struct request *r)
{
	if (r->type == ICMP_DEST_UNREACH && r->code == ICMP_UNREACH_FRAG_NEEDED)
		icmp->frag.mtu = htons((uint16_t)RTE_MIN(r->info, (uint32_t)UINT16_MAX));
	else
		icmp->info = htonl(r->info);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How much of the packet is quoted; the answer's options are at most as long as the packet's. */
static uint32_t quote_len(const struct dp *dp, const struct skb *skb, const struct ip4_hdr *ip)
{
	const struct fib_nh *back = ip4_addr_route(dp, ip->saddr);
	uint32_t optlen = skb->flags & SKB_F_IPOPT ? ip4_hdr_len(ip) - IP4_HDR_LEN : 0;
	uint32_t size = ERROR_SIZE_MAX;

	if (back && back->mtu >= IP4_MIN_MTU)
		size = min_u32(back->mtu, size);
	return min_u32(size - IP4_HDR_LEN - optlen - ICMP_HDR_LEN,
		min_u32(skb_len(skb), ip4_tot_len(ip)));
}

/* data of skb is at its IPv4 header */
static void build(struct worker *w, struct skb *skb, const struct request *r,
	enum fib_nh_type to)
{
	const struct ip4_hdr *ip = skb_data(skb);
	uint32_t quote = quote_len(w->dp, skb, ip);
	struct skb *e = skb_get_new(w);
	struct icmp_hdr *icmp;

	if (!e) {
		ip4_count(w, MIB_IcmpOutErrors);
		return;
	}
	icmp = skb_put(e, ICMP_HDR_LEN + quote);
	*icmp = (struct icmp_hdr){ .type = r->type, .code = r->code };
	set_info(icmp, r);
	skb_copy_bits(skb, 0, icmp + 1, quote);
	icmp->check = csum_fold(csum_add(icmp, ICMP_HDR_LEN + quote, 0));
	icmp_output(w, e, &(struct icmp_output){
		.saddr = to == FIB_LOCAL ? ip->daddr : 0,
		.daddr = ip->saddr,
		.tos = (ip->tos & IP4_TOS_MASK) | TOS_INTERNETCONTROL,
		.opt = skb->flags & SKB_F_IPOPT ? &ip4_cb(skb)->opt : NULL,
		.hdr = ip,
	});
}

static bool within_limits(struct worker *w, const struct skb *skb, const struct request *r,
	rte_be32_t dst)
{
	if (from_this_host(skb))
		return true;
	switch (icmp_limit(w, r->type, r->code, dst)) {
	case ICMP_LIMITED_HOST:
		ip4_count(w, MIB_IcmpOutRateLimitHost);
		return false;
	case ICMP_LIMITED_GLOBAL:
		ip4_count(w, MIB_IcmpOutRateLimitGlobal);
		return false;
	default:
		return true;
	}
}

static void report(struct worker *w, struct skb *skb, const struct request *r)
{
	const struct ip4_hdr *ip = skb_data(skb);
	enum fib_nh_type to = ip4_addr_type(w->dp, ip->daddr);

	if (eligible(w->dp, skb, ip, to) && within_limits(w, skb, r, ip->saddr))
		build(w, skb, r, to);
}

void icmp_send_redirect(struct worker *w, struct skb *skb, rte_be32_t gw)
{
	const struct request r = {
		.type = ICMP_REDIRECT, .code = ICMP_REDIRECT_HOST, .info = ntohl(gw),
	};
	const struct ip4_hdr *ip = skb_data(skb);
	enum fib_nh_type to = ip4_addr_type(w->dp, ip->daddr);

	if (eligible(w->dp, skb, ip, to) && icmp_limit_redirect(w, ip->saddr))
		build(w, skb, &r, to);
}

/* What the stage in front asked for; a layer below IP, which knows no ICMP, leaves zeroes. */
static struct request request_of(struct skb *skb)
{
	const struct ip4_cb *cb = ip4_cb(skb);

	if (!cb->icmp_type)
		return (struct request){ .type = ICMP_DEST_UNREACH, .code = ICMP_UNREACH_HOST,
			.reason = DROP_NEIGH_FAILED };
	return (struct request){ .type = cb->icmp_type, .code = cb->icmp_code,
		.info = cb->icmp_info, .reason = cb->icmp_reason };
}

void icmp_error(struct worker *w, struct burst *in)
{
	for (uint32_t i = 0; i < in->n; i++) {
		struct skb *skb = in->skb[i];
		struct request r = request_of(skb);

		/* back to the header that a delivering stage has pulled */
		skb_push(skb, skb_mbuf(skb)->data_off - skb->network_header);
		report(w, skb, &r);
		skb_drop(w, skb, (enum drop_reason)r.reason);
	}
}
