/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 options of received packets (RFC 791 3.1, RFC 1122 3.2.1.8, RFC 1812 5.2.4.1, 5.3.13),
 * called by ip4_input (compile), ip4_route (source routes), ip4_forward_finish (fill). One pass
 * checks each option and writes what this host has to write; whoever answers finds where they are.
 * A malformed option ends the packet under its own reason with a parameter problem that points at
 * the octet in question.
 */

#include "ip4/ip4_options.h"

#include <string.h>

#include "core/dp.h"
#include "fib/nexthop.h"
#include "ip4/icmp.h"
#include "ip4/ip4.h"
#include "ip4/ip4_addr.h"
#include "ip4/ip4_opt_format.h"
#include "wire/icmp.h"
#include "wire/ip4.h"

struct parse {
	struct worker *w;
	struct skb *skb;
	uint8_t *hdr;             /* the IPv4 header */
	struct ip4_options *opt;
	uint8_t *p;               /* the option in hand */
	unsigned int len;         /* its length */
	uint16_t reason;          /* of the error */
	uint8_t at;               /* offset in the option that a parameter problem points at */
};

static bool wrong(struct parse *c, enum drop_reason reason, unsigned int at)
{
	c->reason = (uint16_t)reason;
	c->at = (uint8_t)at;
	return false;
}

static uint8_t place(const struct parse *c)
{
	return (uint8_t)(c->p - c->hdr);
}

static void put_addr(struct parse *c, unsigned int ptr, rte_be32_t addr)
{
	memcpy(c->p + ptr - 1, &addr, 4);
	c->opt->flags |= IP4_OPT_CHANGED;
}

static void put_time(struct parse *c, unsigned int ptr)
{
	put_addr(c, ptr, ip4_ms_since_midnight(c->w));
}

/* This host's address as the sender sees it: the one it asked, else the one towards it. */
static rte_be32_t own_addr(const struct parse *c)
{
	const struct ip4_hdr *ip = (const void *)c->hdr;

	if (ip4_addr_type(c->w->dp, ip->daddr) == FIB_LOCAL)
		return ip->daddr;
	return ip4_addr_source(c->w->dp, ip->saddr);
}

static bool source_route(struct parse *c)
{
	if (c->len < 3)
		return wrong(c, DROP_IP4_OPT_SRR_LEN, AT_LEN);
	if (c->p[AT_PTR] < 4)
		return wrong(c, DROP_IP4_OPT_SRR_PTR, AT_PTR);
	if (c->opt->srr)
		return wrong(c, DROP_IP4_OPT_TWICE, 0);
	c->opt->srr = place(c);
	if (c->p[0] == IP4_OPT_SSRR)
		c->opt->flags |= IP4_OPT_STRICT;
	return true;
}

static bool record_route(struct parse *c)
{
	uint8_t ptr;

	if (c->opt->rr)
		return wrong(c, DROP_IP4_OPT_TWICE, 0);
	if (c->len < 3)
		return wrong(c, DROP_IP4_OPT_RR_LEN, AT_LEN);
	ptr = c->p[AT_PTR];
	if (ptr < 4)
		return wrong(c, DROP_IP4_OPT_RR_PTR, AT_PTR);
	if (ptr <= c->len) {
		if (ptr + 3u > c->len)
			return wrong(c, DROP_IP4_OPT_RR_END, AT_PTR);
		put_addr(c, ptr, own_addr(c));
		c->p[AT_PTR] = ptr + 4;
		c->opt->flags |= IP4_OPT_RR_NEEDADDR;
	}
	c->opt->rr = place(c);
	return true;
}

/* Prespecified: the entry in turn is filled only by the host it names. */
static bool ts_for_us(const struct parse *c, uint8_t ptr)
{
	rte_be32_t addr;

	memcpy(&addr, c->p + ptr - 1, 4);
	return ip4_addr_type(c->w->dp, addr) == FIB_LOCAL;
}

static bool ts_entry(struct parse *c, uint8_t ptr)
{
	unsigned int kind = c->p[AT_TS] & 0xf, size = kind == TS_ONLY ? 4 : 8;

	if (kind != TS_ONLY && kind != TS_ADDR && kind != TS_PRESPEC)
		return true; /* not defined: not ours to fill */
	if (ptr + size - 1 > c->len)
		return wrong(c, DROP_IP4_OPT_TS_END, AT_PTR);
	if (kind == TS_PRESPEC && !ts_for_us(c, ptr))
		return true;
	if (kind == TS_ADDR) {
		put_addr(c, ptr, own_addr(c));
		c->opt->flags |= IP4_OPT_TS_NEEDADDR;
	}
	put_time(c, ptr + size - 4);
	c->p[AT_PTR] = (uint8_t)(ptr + size);
	c->opt->flags |= IP4_OPT_TS_NEEDTIME;
	return true;
}

static bool ts_overflow(struct parse *c)
{
	if ((c->p[AT_TS] & 0xf) == TS_PRESPEC)
		return true;
	if (c->p[AT_TS] >> 4 == 15)
		return wrong(c, DROP_IP4_OPT_TS_OVERFLOW, AT_TS);
	c->p[AT_TS] += 0x10;
	c->opt->flags |= IP4_OPT_CHANGED;
	return true;
}

static bool timestamp(struct parse *c)
{
	uint8_t ptr;
	bool ok;

	if (c->opt->ts)
		return wrong(c, DROP_IP4_OPT_TWICE, 0);
	if (c->len < 4)
		return wrong(c, DROP_IP4_OPT_TS_LEN, AT_LEN);
	ptr = c->p[AT_PTR];
	if (ptr < 5)
		return wrong(c, DROP_IP4_OPT_TS_PTR, AT_PTR);
	ok = ptr <= c->len ? ts_entry(c, ptr) : ts_overflow(c);
	c->opt->ts = place(c);
	return ok;
}

static bool router_alert(struct parse *c)
{
	if (c->len < 4)
		return wrong(c, DROP_IP4_OPT_RA_LEN, AT_LEN);
	if (!c->p[2] && !c->p[3])
		c->opt->router_alert = place(c);
	return true;
}

static bool cipso(struct parse *c)
{
	if (c->opt->cipso)
		return wrong(c, DROP_IP4_OPT_TWICE, 0);
	c->opt->cipso = place(c);
	return true;
}

static bool one_option(struct parse *c)
{
	switch (c->p[0]) {
	case IP4_OPT_LSRR:
	case IP4_OPT_SSRR:
		return source_route(c);
	case IP4_OPT_RR:
		return record_route(c);
	case IP4_OPT_TS:
		return timestamp(c);
	case IP4_OPT_RA:
		return router_alert(c);
	case IP4_OPT_CIPSO:
		return cipso(c);
	default:
		return true; /* unknown ones are passed on: RFC 1812 4.2.2.1 */
	}
}

/* All behind the end of the list is END, too: nothing hides there. */
static void clear_rest(struct parse *c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (c->p[i] != IP4_OPT_END) {
			c->p[i] = IP4_OPT_END;
			c->opt->flags |= IP4_OPT_CHANGED;
		}
	}
}

static bool all_options(struct parse *c, unsigned int left)
{
	while (left) {
		if (*c->p == IP4_OPT_END) {
			clear_rest(c, left);
			break;
		}
		if (*c->p == IP4_OPT_NOP) {
			c->p++;
			left--;
			continue;
		}
		if (left < 2 || c->p[AT_LEN] < 2 || c->p[AT_LEN] > left)
			return wrong(c, DROP_IP4_OPT_LEN, 0);
		c->len = c->p[AT_LEN];
		if (!one_option(c))
			return false;
		c->p += c->len;
		left -= c->len;
	}
	return true;
}

static void renew_csum(struct ip4_options *opt, struct ip4_hdr *ip)
{
	if (opt->flags & IP4_OPT_CHANGED) {
		ip4_set_csum(ip);
		opt->flags &= (uint8_t)~IP4_OPT_CHANGED;
	}
}

bool ip4_options_compile(struct worker *w, struct skb *skb)
{
	struct ip4_hdr *ip = skb_data(skb);
	struct parse c = {
		.w = w, .skb = skb, .hdr = (uint8_t *)ip, .opt = &ip4_cb(skb)->opt,
		.p = (uint8_t *)(ip + 1),
	};
	unsigned int optlen = ip4_hdr_len(ip) - IP4_HDR_LEN;

	*ip4_cb(skb) = (struct ip4_cb){ 0 };
	c.opt->optlen = (uint8_t)optlen;
	if (!all_options(&c, optlen)) {
		ip4_count(w, MIB_IpInHdrErrors);
		renew_csum(c.opt, ip);
		icmp_send_error(w, skb, ICMP_PARAM_PROBLEM, 0,
			(uint32_t)(place(&c) + c.at) << 24, (enum drop_reason)c.reason);
		return false;
	}
	renew_csum(c.opt, ip);
	skb->flags |= SKB_F_IPOPT;
	return true;
}

void ip4_options_fragment(uint8_t *opts, unsigned int optlen)
{
	for (unsigned int i = 0, n; i < optlen; i += n) {
		if (opts[i] == IP4_OPT_END)
			return;
		n = 1;
		if (opts[i] == IP4_OPT_NOP)
			continue;
		if (i + 1 >= optlen || opts[i + 1] < 2 || opts[i + 1] > optlen - i)
			return;
		n = opts[i + 1];
		if (!(opts[i] & IP4_OPT_COPIED))
			memset(opts + i, IP4_OPT_NOP, n);
	}
}

void ip4_options_forward(struct worker *w, struct skb *skb)
{
	struct ip4_options *opt = &ip4_cb(skb)->opt;
	struct ip4_hdr *ip = skb_data(skb);
	uint8_t *hdr = (uint8_t *)ip;
	rte_be32_t out = skb->nh->prefsrc;

	/* compile has left the pointers behind the entries that are ours */
	if (opt->flags & IP4_OPT_RR_NEEDADDR) {
		memcpy(hdr + opt->rr + hdr[opt->rr + AT_PTR] - 5, &out, 4);
		opt->flags |= IP4_OPT_CHANGED;
	}
	if (opt->flags & IP4_OPT_TS_NEEDADDR) {
		memcpy(hdr + opt->ts + hdr[opt->ts + AT_PTR] - 9, &out, 4);
		opt->flags |= IP4_OPT_CHANGED;
	}
	if (opt->flags & IP4_OPT_SRR_HIT)
		ip4_srr_advance(opt, ip, out);
	renew_csum(opt, ip);
}
