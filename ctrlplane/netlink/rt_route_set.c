/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip route add|append|change|replace|del`: RTM_NEWROUTE and RTM_DELROUTE become a struct rib_cfg
 * with the kernel's checks and sentences (rtm_to_fib_config); rib.c does the rest.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/rt_route.h"
#include "nexthops.h"
#include "rib.h"

#define RTA_ATTR_MAX 31

static const struct nl_policy policy[] = {
	[RTA_DST] = {.type = NL_U32},
	[RTA_SRC] = {.type = NL_U32},
	[RTA_IIF] = {.type = NL_U32},
	[RTA_OIF] = {.type = NL_U32},
	[RTA_GATEWAY] = {.type = NL_U32},
	[RTA_PRIORITY] = {.type = NL_U32},
	[RTA_PREFSRC] = {.type = NL_U32},
	[RTA_METRICS] = {.type = NL_NESTED},
	[RTA_MULTIPATH] = {.type = NL_BINARY, .min = sizeof(struct rtnexthop)},
	[RTA_FLOW] = {.type = NL_U32},
	[RTA_TABLE] = {.type = NL_U32},
	[RTA_VIA] = {.type = NL_BINARY, .min = 2},
};

static const struct {
	uint16_t type;
	const char *what;
} refused[] = {
	{RTA_ENCAP, "encapsulation"}, {RTA_ENCAP_TYPE, "encapsulation"},
	{RTA_NH_ID, "next-hop objects (nhid)"}, {RTA_FLOW, "realms"},
};

static int check_refused(struct nl_req *rq, const struct nlattr **tb)
{
	for (size_t i = 0; i < NL_N(refused); i++)
		if (tb[refused[i].type] != NULL)
			return nl_err_attr(rq, tb[refused[i].type], EOPNOTSUPP,
				"skiff: %s of routes: not served", refused[i].what);
	return 0;
}

static int take_metrics(struct nl_req *rq, const struct nlattr *nest, struct rib_cfg *c)
{
	const uint8_t *p = nl_data(nest);
	size_t len = nl_len(nest);

	c->has_metrics = true;
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)p;
		uint16_t type = a->nla_type & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		if (type > RTAX_MAX)
			return nl_err(rq, EINVAL, "Invalid metric type");
		if (type == RTAX_CC_ALGO)
			return nl_err(rq, EOPNOTSUPP, "skiff: congctl of a route is not served");
		if (type != 0 && nl_len(a) != 4)
			return nl_err_attr(rq, a, EINVAL, "Invalid attribute in metrics");
		if (type != 0)
			c->metrics[type] = nl_u32(a);
		if (type == RTAX_ADVMSS && c->metrics[type] > 65535 - 40)
			c->metrics[type] = 65535 - 40;
		if (type == RTAX_MTU && c->metrics[type] > 65535 - 15)
			c->metrics[type] = 65535 - 15;
		if (type == RTAX_HOPLIMIT && c->metrics[type] > 255)
			c->metrics[type] = 255;
		if (type == RTAX_FEATURES && c->metrics[type] != 0)
			return nl_err(rq, EOPNOTSUPP, "skiff: features of a route are not served");
		if (step >= len)
			break;
		p += step;
		len -= step;
	}
	return 0;
}

static int take_via(struct nl_req *rq, const struct nlattr *a, in_addr_t *gw)
{
	uint16_t family;

	memcpy(&family, nl_data(a), sizeof(family));
	if (family != AF_INET)
		return nl_err_attr(rq, a, EOPNOTSUPP,
			"skiff: gateways of another family than IPv4 are not served");
	if (nl_len(a) < 6)
		return nl_err_attr(rq, a, EINVAL, "Invalid attribute length for RTA_VIA");
	memcpy(gw, (const uint8_t *)nl_data(a) + 2, sizeof(*gw));
	return 0;
}

static int take_nexthop(struct nl_req *rq, const struct rtnexthop *h, size_t len, struct rib_nh *nh)
{
	const struct nlattr *tb[RTA_ATTR_MAX + 1];
	int err = nl_attrs_parse(rq, h + 1, len - sizeof(*h), policy, NL_N(policy), tb, RTA_ATTR_MAX);

	if (err == 0)
		err = check_refused(rq, tb);
	if (err < 0)
		return err;
	if (h->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return nl_err(rq, EINVAL,
			"Invalid flags for nexthop - can not contain DEAD or LINKDOWN");
	*nh = (struct rib_nh){.oif = (uint32_t)h->rtnh_ifindex, .weight = h->rtnh_hops + 1u,
		.flags = h->rtnh_flags & (RTNH_F_ONLINK | RTNH_F_PERVASIVE),
		.gw = rt_ip(tb[RTA_GATEWAY])};
	if (tb[RTA_GATEWAY] != NULL && tb[RTA_VIA] != NULL)
		return nl_err(rq, EINVAL,
			"Nexthop configuration can not contain both GATEWAY and VIA");
	return tb[RTA_VIA] != NULL ? take_via(rq, tb[RTA_VIA], &nh->gw) : 0;
}

static int take_multipath(struct nl_req *rq, const struct nlattr *a, struct rib_cfg *c)
{
	const uint8_t *p = nl_data(a);
	size_t len = nl_len(a);

	while (len >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *h = (const struct rtnexthop *)p;
		size_t step = RTNH_ALIGN((size_t)h->rtnh_len);
		int err;

		if (h->rtnh_len < sizeof(*h) || h->rtnh_len > len)
			break;
		if (c->n_mp == CP_NH_GROUP_MAX)
			return nl_err(rq, EINVAL, "skiff: more than 256 next hops in a route");
		err = take_nexthop(rq, h, h->rtnh_len, &c->mp[c->n_mp]);
		if (err < 0)
			return err;
		c->n_mp++;
		if (step >= len)
			return 0;
		p += step;
		len -= step;
	}
	return len == 0 ? 0 : nl_err(rq, EINVAL,
		"Invalid nexthop configuration - extra data after nexthop");
}

/* `ip` puts the destination first: what will be looked at comes while the rest is read. */
static void hint(struct cp *cp, const struct nl_req *rq)
{
	const struct {
		struct nlmsghdr nlh;
		struct rtmsg rtm;
		struct nlattr nla;
		in_addr_t dst;
	} *m = (const void *)rq->nlh;

	if (rq->nlh->nlmsg_len >= sizeof(*m) && m->nla.nla_type == RTA_DST &&
		m->nla.nla_len == NLA_HDRLEN + sizeof(m->dst) && m->rtm.rtm_family == AF_INET)
		rib_hint(cp, m->rtm.rtm_table, ntohl(m->dst), m->rtm.rtm_dst_len);
}

/* The request as the RIB takes it; mp has room for CP_NH_GROUP_MAX. */
static int take(struct nl_req *rq, struct rib_cfg *c, struct rib_nh *mp)
{
	const struct rtmsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[RTA_ATTR_MAX + 1];
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, RTA_ATTR_MAX);

	if (err < 0)
		return err;
	if (h->rtm_family != AF_INET)
		return rt_refuse_family(rq, h->rtm_family);
	err = check_refused(rq, tb);
	if (err < 0)
		return err;
	if (h->rtm_tos & 3)
		return nl_err(rq, EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	if (h->rtm_tos != 0)
		return nl_err(rq, EOPNOTSUPP, "skiff: routes by TOS are not served, "
			"\"ip rule add tos\" is");
	if (h->rtm_type > RTN_MAX)
		return nl_err(rq, EINVAL, "Invalid route type");
	if (h->rtm_type == RTN_ANYCAST)
		return nl_err(rq, EOPNOTSUPP, "skiff: anycast routes are not served");
	if (h->rtm_dst_len > 32)
		return nl_err(rq, EINVAL, "Invalid prefix length");
	if (tb[RTA_GATEWAY] != NULL && tb[RTA_VIA] != NULL)
		return nl_err(rq, EINVAL,
			"Nexthop configuration can not contain both GATEWAY and VIA");
	*c = (struct rib_cfg){
		.dst = ntohl(rt_ip(tb[RTA_DST])), .len = h->rtm_dst_len, .tos = h->rtm_tos,
		.protocol = h->rtm_protocol, .scope = h->rtm_scope, .type = h->rtm_type,
		.table = tb[RTA_TABLE] != NULL ? nl_u32(tb[RTA_TABLE]) : h->rtm_table,
		.priority = tb[RTA_PRIORITY] != NULL ? nl_u32(tb[RTA_PRIORITY]) : 0,
		.oif = tb[RTA_OIF] != NULL ? nl_u32(tb[RTA_OIF]) : 0,
		.gw = rt_ip(tb[RTA_GATEWAY]), .prefsrc = rt_ip(tb[RTA_PREFSRC]),
		.flags = h->rtm_flags, .nlflags = rq->nlh->nlmsg_flags, .mp = mp,
	};
	if (c->table == 0)
		c->table = RT_TABLE_MAIN;
	if (tb[RTA_VIA] != NULL)
		err = take_via(rq, tb[RTA_VIA], &c->gw);
	if (err == 0 && tb[RTA_METRICS] != NULL)
		err = take_metrics(rq, tb[RTA_METRICS], c);
	if (err == 0 && tb[RTA_MULTIPATH] != NULL)
		err = take_multipath(rq, tb[RTA_MULTIPATH], c);
	return err;
}

int rt_newroute(struct cp *cp, struct nl_req *rq)
{
	struct rib_nh mp[CP_NH_GROUP_MAX];
	struct rib_cfg c;
	int err;

	hint(cp, rq);
	err = take(rq, &c, mp);
	return err < 0 ? err : rib_add(cp, &c, NULL, NULL);
}

int rt_delroute(struct cp *cp, struct nl_req *rq)
{
	struct rib_nh mp[CP_NH_GROUP_MAX];
	struct rib_cfg c;
	int err;

	hint(cp, rq);
	err = take(rq, &c, mp);
	return err < 0 ? err : rib_del(cp, &c, NULL);
}
