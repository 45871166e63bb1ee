/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip route get`: what would become of a packet (inet_rtm_getroute, ip_route_output_key,
 * ip_route_input), answered from the RIB. With RTM_F_FIB_MATCH the route itself is shown.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "addrs.h"
#include "links.h"
#include "netlink/rt_route.h"
#include "rib.h"
#include "rules.h"

#define RTM_F_MATCH 0x2000 /* RTM_F_FIB_MATCH */
#define RTCF_LOCAL 0x80000000u
#define RTCF_BROADCAST 0x10000000u
#define RTCF_MULTICAST 0x20000000u

static const struct nl_policy policy[] = {
	[RTA_DST] = {.type = NL_U32}, [RTA_SRC] = {.type = NL_U32},
	[RTA_IIF] = {.type = NL_U32}, [RTA_OIF] = {.type = NL_U32},
	[RTA_MARK] = {.type = NL_U32}, [RTA_UID] = {.type = NL_U32},
	[RTA_IP_PROTO] = {.type = NL_U8}, [RTA_SPORT] = {.type = NL_U16},
	[RTA_DPORT] = {.type = NL_U16},
};

struct answer {
	struct rib_result res;
	uint8_t type;
	uint32_t oif, cache;	/* RTCF_* */
	in_addr_t gw, src;
	bool on_link;		/* no route: oif was given, so it is taken to be on the link */
};

static in_addr_t source_for(const struct cp *cp, const struct answer *a)
{
	const struct cp_link *l = cp_link_get(cp, a->oif);

	if (a->res.route.fi != NULL && a->res.route.fi->prefsrc != 0)
		return a->res.route.fi->prefsrc;
	return cp_addr_select(cp, l, a->gw, a->res.route.fi != NULL ? a->res.route.fi->scope
		: RT_SCOPE_LINK);
}

static void take_result(struct answer *a)
{
	a->type = a->res.route.type;
	a->oif = a->res.nh->oif;
	a->gw = a->res.nh->gw;
}

static int output(const struct cp *cp, struct rib_flow *fl, struct answer *a)
{
	const struct cp_link *l = fl->oif != 0 ? cp_link_get(cp, fl->oif) : NULL;
	int err;

	if (fl->src != 0 && (IN_MULTICAST(ntohl(fl->src)) || fl->src == INADDR_BROADCAST ||
		(ntohl(fl->src) >> 24) == 0))
		return -EINVAL;
	if (fl->src != 0 && cp_addr_owner(cp, fl->src) == NULL)
		return -ENETUNREACH;
	if (fl->oif != 0 && l == NULL)
		return -ENODEV;
	if (l != NULL && !(l->flags & IFF_UP))
		return -ENETUNREACH;
	if (fl->dst == 0)
		fl->dst = fl->src != 0 ? fl->src : htonl(INADDR_LOOPBACK);
	err = rib_lookup(cp, fl, &a->res);
	if (err < 0 && l == NULL)
		return err;
	if (err < 0) {
		memset(&a->res, 0, sizeof(a->res));
		a->on_link = true;
		a->type = IN_MULTICAST(ntohl(fl->dst)) ? RTN_MULTICAST : RTN_UNICAST;
		a->oif = fl->oif;
	} else {
		take_result(a);
	}
	if (a->type == RTN_LOCAL) {
		a->src = fl->src != 0 ? fl->src : a->res.route.fi->prefsrc != 0
			? a->res.route.fi->prefsrc : fl->dst;
		a->oif = CP_IFINDEX_LO;
		a->gw = 0;
		a->cache = RTCF_LOCAL;
		return 0;
	}
	a->src = fl->src != 0 ? fl->src : source_for(cp, a);
	if (a->type == RTN_BROADCAST || fl->dst == INADDR_BROADCAST) {
		a->type = RTN_BROADCAST;
		a->cache = RTCF_BROADCAST | RTCF_LOCAL;
		a->gw = 0;
	} else if (IN_MULTICAST(ntohl(fl->dst))) {
		a->type = RTN_MULTICAST;
		/* of groups, this host is in that of all systems only */
		a->cache = RTCF_MULTICAST | (fl->dst == htonl(INADDR_ALLHOSTS_GROUP) ? RTCF_LOCAL : 0);
		a->gw = 0;
	}
	return 0;
}

static int input(const struct cp *cp, struct rib_flow *fl, struct answer *a)
{
	const struct cp_link *l = cp_link_get(cp, fl->iif);
	uint8_t src_type = fl->src != 0 ? rib_addr_type(cp, fl->src, 0) : RTN_UNICAST;
	int err;

	if (l == NULL)
		return -ENODEV;
	if (src_type != RTN_UNICAST || (ntohl(fl->src) >> 24) == IN_LOOPBACKNET ||
		(ntohl(fl->dst) >> 24) == 0 || (ntohl(fl->dst) >> 24) == IN_LOOPBACKNET)
		return -EINVAL;
	if (IN_MULTICAST(ntohl(fl->dst)))
		return -EINVAL;
	err = rib_lookup(cp, fl, &a->res);
	if (err == -ENETUNREACH || err == -EAGAIN)
		return -EHOSTUNREACH;
	if (err < 0)
		return err;
	take_result(a);
	if (a->type == RTN_LOCAL)
		a->cache = RTCF_LOCAL;
	if (a->type == RTN_LOCAL) {
		a->oif = CP_IFINDEX_LO;
		a->gw = 0;
	}
	return 0;
}

static int put_answer(const struct cp *cp, struct nl_msg *m, const struct rib_flow *fl,
	const struct answer *a, const struct rtmsg *asked, const struct nlattr **tb)
{
	struct rtmsg *h = nl_msg_begin(m, RTM_NEWROUTE, 0, sizeof(*h));
	const uint32_t *metrics = a->res.route.fi != NULL ? rib_metrics(cp, a->res.route.fi) : NULL;
	/* merged with local, main is the table that was looked into */
	uint32_t table = (asked->rtm_flags & RTM_F_LOOKUP_TABLE) && a->res.route.table != 0 &&
		!cp->rules->merged ? a->res.route.table : RT_TABLE_MAIN;
	struct rta_cacheinfo ci = {0};
	size_t nest;

	if (h != NULL)
		*h = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = 32,
			.rtm_src_len = tb[RTA_SRC] != NULL && fl->src != 0 ? 32 : 0,
			.rtm_tos = fl->tos, .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = a->type,
			.rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_COMPAT,
			.rtm_flags = RTM_F_CLONED | (a->cache & ~(uint32_t)0x7fff)};
	nl_put_u32(m, RTA_TABLE, table);
	nl_put_u32(m, RTA_DST, rt_ip(tb[RTA_DST]));
	if (tb[RTA_SRC] != NULL && fl->src != 0)
		nl_put_u32(m, RTA_SRC, fl->src);
	if (a->oif != 0)
		nl_put_u32(m, RTA_OIF, a->oif);
	if (fl->iif == 0 && a->src != fl->src)
		nl_put_u32(m, RTA_PREFSRC, a->src);
	if (a->gw != 0)
		nl_put_u32(m, RTA_GATEWAY, a->gw);
	if (metrics != NULL) {
		nest = nl_nest_start_noflag(m, RTA_METRICS);
		for (uint16_t i = 1; i <= RTAX_MAX; i++)
			if (metrics[i] != 0)
				nl_put_u32(m, i, metrics[i]);
		nl_nest_end(m, nest);
	}
	if (fl->mark != 0)
		nl_put_u32(m, RTA_MARK, fl->mark);
	if (fl->iif == 0)
		nl_put_u32(m, RTA_UID, tb[RTA_UID] != NULL ? nl_u32(tb[RTA_UID]) : 0);
	if (fl->iif != 0)
		nl_put_u32(m, RTA_IIF, fl->iif);
	nl_put(m, RTA_CACHEINFO, &ci, sizeof(ci));
	return nl_msg_end(m);
}

static int check_strict(struct nl_req *rq, const struct rtmsg *h, const struct nlattr **tb)
{
	if (!nl_sock_strict(rq->sock))
		return 0;
	if ((h->rtm_src_len != 0 && h->rtm_src_len != 32) ||
		(h->rtm_dst_len != 0 && h->rtm_dst_len != 32) || h->rtm_table != 0 ||
		h->rtm_protocol != 0 || h->rtm_scope != 0 || h->rtm_type != 0)
		return nl_err(rq, EINVAL, "ipv4: Invalid values in header for route get request");
	if (h->rtm_flags & ~(uint32_t)(RTM_F_NOTIFY | RTM_F_LOOKUP_TABLE | RTM_F_MATCH))
		return nl_err(rq, EINVAL, "ipv4: Unsupported rtm_flags for route get request");
	if ((tb[RTA_SRC] != NULL && h->rtm_src_len == 0) ||
		(tb[RTA_DST] != NULL && h->rtm_dst_len == 0))
		return nl_err(rq, EINVAL, "ipv4: rtm_src_len and rtm_dst_len must be 32 for IPv4");
	return 0;
}

int rt_getroute(struct nl_req *rq)
{
	const struct rtmsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[RTA_MAX + 1];
	const struct cp *cp = rq->ctx;
	struct answer a = {0};
	struct rib_flow fl;
	struct nl_msg *m;
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, RTA_MAX);

	if (err == 0 && h->rtm_family != AF_INET)
		return rt_refuse_family(rq, h->rtm_family);
	if (err == 0)
		err = check_strict(rq, h, tb);
	if (err < 0)
		return err;
	fl = (struct rib_flow){
		.dst = rt_ip(tb[RTA_DST]), .src = rt_ip(tb[RTA_SRC]), .tos = h->rtm_tos & 0xfc,
		.iif = tb[RTA_IIF] != NULL ? nl_u32(tb[RTA_IIF]) : 0,
		.oif = tb[RTA_OIF] != NULL ? nl_u32(tb[RTA_OIF]) : 0,
		.mark = tb[RTA_MARK] != NULL ? nl_u32(tb[RTA_MARK]) : 0,
	};
	err = fl.iif != 0 ? input(cp, &fl, &a) : output(cp, &fl, &a);
	if (err < 0)
		return err;
	m = nl_reply(rq);
	if (h->rtm_flags & RTM_F_MATCH) {
		if (a.res.route.fi == NULL)
			return nl_err(rq, EHOSTUNREACH, "No fib_info found for route");
		err = rt_put_route(cp, m, &a.res.route, RTM_NEWROUTE, 0);
	} else {
		err = put_answer(cp, m, &fl, &a, h, tb);
	}
	return err < 0 ? err : nl_reply_send(rq, m);
}
