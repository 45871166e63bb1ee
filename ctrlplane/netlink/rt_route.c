/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes as netlink shows them: RTM_NEWROUTE messages of dumps and notifications (fib_dump_info).
 * Requests: rt_route_set.c (changes), rt_route_get.c (a lookup).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "links.h"
#include "netlink/rt_route.h"
#include "notify.h"
#include "rib.h"

static void put_metrics(struct nl_msg *m, const uint32_t *metrics)
{
	size_t nest;

	if (metrics == NULL)
		return;
	nest = nl_nest_start_noflag(m, RTA_METRICS);
	for (uint16_t i = 1; i <= RTAX_MAX; i++)
		if (metrics[i] != 0)
			nl_put_u32(m, i, metrics[i]);
	nl_nest_end(m, nest);
}

static uint8_t shown_flags(const struct rib_nh *nh)
{
	return nh->flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_ONLINK | RTNH_F_PERVASIVE);
}

static void put_multipath(struct nl_msg *m, const struct rib_info *fi)
{
	size_t nest = nl_nest_start_noflag(m, RTA_MULTIPATH);

	for (unsigned int i = 0; i < fi->n_nh; i++) {
		const struct rib_nh *nh = &fi->many[i];
		struct rtnexthop *h = nl_append(m, sizeof(*h));

		if (nh->gw != 0)
			nl_put(m, RTA_GATEWAY, &nh->gw, sizeof(nh->gw));
		if (h == NULL)
			continue;
		*h = (struct rtnexthop){
			.rtnh_len = (uint16_t)(sizeof(*h) + (nh->gw != 0 ? NLA_HDRLEN + 4 : 0)),
			.rtnh_flags = shown_flags(nh), .rtnh_hops = (uint8_t)(nh->weight - 1),
			.rtnh_ifindex = (int)nh->oif,
		};
	}
	nl_nest_end(m, nest);
}

int rt_put_route(const struct cp *cp, struct nl_msg *m, const struct rib_route *r, uint16_t type,
	uint16_t flags)
{
	struct rtmsg *h = nl_msg_begin(m, type, flags, sizeof(*h));
	const struct rib_info *fi = r->fi;
	const struct rib_nh *nh = rib_info_nh(fi);
	uint32_t dst = htonl(r->dst);

	if (h != NULL)
		*h = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = r->len, .rtm_tos = r->tos,
			.rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT,
			.rtm_protocol = fi->protocol, .rtm_scope = fi->scope, .rtm_type = r->type,
			.rtm_flags = (fi->flags & ~RTNH_F_DEAD) | (fi->n_nh == 1 ? shown_flags(nh) : 0u)};
	nl_put_u32(m, RTA_TABLE, r->table);
	if (r->len != 0)
		nl_put_u32(m, RTA_DST, dst);
	if (fi->priority != 0)
		nl_put_u32(m, RTA_PRIORITY, fi->priority);
	put_metrics(m, rib_metrics(cp, fi));
	if (fi->prefsrc != 0)
		nl_put_u32(m, RTA_PREFSRC, fi->prefsrc);
	if (fi->n_nh > 1) {
		put_multipath(m, fi);
	} else {
		if (nh->gw != 0)
			nl_put_u32(m, RTA_GATEWAY, nh->gw);
		if (nh->oif != 0)
			nl_put_u32(m, RTA_OIF, nh->oif);
	}
	return nl_msg_end(m);
}

void cp_notify_route(struct cp *cp, const struct rib_route *r, uint16_t type, uint16_t flags)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_IPV4_ROUTE);

	if (m != NULL && rt_put_route(cp, m, r, type, flags) == 0)
		rt_notice_send(cp, m, RTNLGRP_IPV4_ROUTE);
}

/* What a dump asks for; in d->words, the cursor from W_CURSOR on. */
enum { W_NONE, W_TYPE_PROTO, W_OIF, W_CURSOR };

static int start_strict(struct nl_dump *d, const struct rtmsg *h)
{
	static const struct nl_policy policy[] = {
		[RTA_OIF] = {.type = NL_U32}, [RTA_TABLE] = {.type = NL_U32},
	};
	const struct nlattr *tb[RTA_MAX + 1];
	struct rib_cursor *c = (struct rib_cursor *)&d->words[W_CURSOR];
	int err;

	if (h->rtm_dst_len || h->rtm_src_len || h->rtm_tos || h->rtm_scope)
		return nl_err(&d->rq, EINVAL, "Invalid values in header for FIB dump request");
	if (h->rtm_flags & ~(uint32_t)(RTM_F_CLONED | RTM_F_PREFIX))
		return nl_err(&d->rq, EINVAL, "Invalid flags for FIB dump request");
	err = nl_req_parse(&d->rq, sizeof(*h), policy, NL_N(policy), tb, RTA_MAX);
	if (err < 0)
		return err;
	for (uint16_t i = 0; i <= RTA_MAX; i++)
		if (tb[i] != NULL && i != RTA_TABLE && i != RTA_OIF)
			return nl_err(&d->rq, EINVAL, "Unsupported attribute in dump request");
	c->table = tb[RTA_TABLE] != NULL ? nl_u32(tb[RTA_TABLE]) : h->rtm_table;
	d->words[W_OIF] = tb[RTA_OIF] != NULL ? nl_u32(tb[RTA_OIF]) : 0;
	d->words[W_TYPE_PROTO] = (uint64_t)h->rtm_type << 8 | h->rtm_protocol;
	if (tb[RTA_OIF] != NULL && cp_link_get(d->rq.ctx, nl_u32(tb[RTA_OIF])) == NULL)
		return -ENODEV;
	d->filtered = c->table != 0 || d->words[W_OIF] != 0 || d->words[W_TYPE_PROTO] != 0;
	if (c->table != 0 && !rib_has_table(d->rq.ctx, c->table)) {
		if (h->rtm_family != AF_INET)
			d->words[W_NONE] = 1;
		else
			return nl_err(&d->rq, ENOENT, "ipv4: FIB table does not exist");
	}
	return 0;
}

int rt_route_start(struct nl_dump *d)
{
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));
	const struct rtmsg *h = NULL;

	static_assert(sizeof(struct rib_cursor) <= (NL_DUMP_WORDS - 1 - W_CURSOR) * 8, "cursor");
	if (g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC) {
		d->words[W_NONE] = 1;
		return 0;
	}
	if (d->rq.nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(*h))
		h = (const void *)g;
	if (h == NULL)
		return nl_sock_strict(d->rq.sock)
			? nl_err(&d->rq, EINVAL, "Invalid header for FIB dump request") : 0;
	if (h->rtm_flags & (RTM_F_CLONED | RTM_F_PREFIX))
		d->words[W_NONE] = 1; /* there is no route cache, and no learnt prefix */
	return nl_sock_strict(d->rq.sock) ? start_strict(d, h) : 0;
}

static bool wanted(const struct nl_dump *d, const struct rib_route *r)
{
	uint8_t proto = (uint8_t)d->words[W_TYPE_PROTO], type = (uint8_t)(d->words[W_TYPE_PROTO] >> 8);
	const struct rib_nh *nh = rib_info_nh(r->fi);

	if ((proto != 0 && r->fi->protocol != proto) || (type != 0 && r->type != type))
		return false;
	for (unsigned int i = 0; d->words[W_OIF] != 0 && i < r->fi->n_nh; i++)
		if (nh[i].oif == d->words[W_OIF])
			return true;
	return d->words[W_OIF] == 0;
}

int rt_route_next(struct nl_dump *d, struct nl_msg *m)
{
	struct rib_cursor *c = (struct rib_cursor *)&d->words[W_CURSOR], at;
	struct rib_route r;

	if (d->words[W_NONE])
		return NL_DONE;
	for (unsigned int n = 0; n < RT_DUMP_STEP; n++) {
		at = *c;
		if (!rib_next(d->rq.ctx, c, &r))
			return NL_DONE;
		if (wanted(d, &r) && rt_put_route(d->rq.ctx, m, &r, RTM_NEWROUTE, 0) < 0) {
			*c = at;
			break;
		}
	}
	return NL_MORE;
}
