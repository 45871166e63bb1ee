/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RTM_NEWLINK messages: what `ip link show` reads, and notifications. The order of attributes and
 * their values are the kernel's (rtnl_fill_ifinfo). Requests that change a link: rt_link_set.c.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "links.h"
#include "netlink/rtnl.h"
#include "notify.h"

/* if_link.h of Debian 12 ends before these. */
#define GSO_MAX_SIZE 65536u
#define GSO_MAX_SEGS 65535u

static const char *qdisc_of(const struct cp_link *l)
{
	if (l->operstate == IF_OPER_UNKNOWN || l->kind == CP_LINK_VLAN)
		return l->was_up ? "noqueue" : "noop";
	return l->was_up ? "pfifo" : "noop";
}

static void put_stats(const struct cp *cp, struct nl_msg *m, const struct cp_link *l)
{
	struct rtnl_link_stats64 st;
	struct rtnl_link_stats *old;
	const uint64_t *from = (const uint64_t *)&st;

	cp_link_stats(cp, l, &st);
	nl_put(m, IFLA_STATS64, &st, sizeof(st));
	old = nl_reserve(m, IFLA_STATS, sizeof(*old));
	for (size_t i = 0; old != NULL && i < sizeof(*old) / 4; i++)
		((uint32_t *)old)[i] = (uint32_t)from[i];
}

static void put_kind(struct nl_msg *m, const struct cp_link *l)
{
	const struct ifla_vlan_flags flags = {.flags = l->vlan_flags, .mask = UINT32_MAX};
	size_t info, data;

	if (l->kind != CP_LINK_VLAN && l->kind != CP_LINK_DUMMY)
		return;
	info = nl_nest_start_noflag(m, IFLA_LINKINFO);
	nl_put_str(m, IFLA_INFO_KIND, l->kind == CP_LINK_VLAN ? "vlan" : "dummy");
	if (l->kind == CP_LINK_VLAN) {
		data = nl_nest_start_noflag(m, IFLA_INFO_DATA);
		nl_put_u16(m, IFLA_VLAN_PROTOCOL, htons(l->vlan_proto));
		nl_put_u16(m, IFLA_VLAN_ID, l->vlan_id);
		nl_put(m, IFLA_VLAN_FLAGS, &flags, sizeof(flags));
		nl_nest_end(m, data);
	}
	nl_nest_end(m, info);
}

static void put_af(struct nl_msg *m, const struct cp_link *l)
{
	size_t spec = nl_nest_start_noflag(m, IFLA_AF_SPEC);
	size_t inet = nl_nest_start_noflag(m, AF_INET);

	nl_put(m, IFLA_INET_CONF, l->conf.v, sizeof(l->conf.v));
	nl_nest_end(m, inet);
	nl_nest_end(m, spec);
}

static void put_counts(struct nl_msg *m, const struct cp_link *l)
{
	nl_put_u32(m, IFLA_CARRIER_CHANGES, l->carrier_up + l->carrier_down);
	nl_put_u32(m, IFLA_CARRIER_UP_COUNT, l->carrier_up);
	nl_put_u32(m, IFLA_CARRIER_DOWN_COUNT, l->carrier_down);
	nl_put_u8(m, IFLA_PROTO_DOWN, 0);
}

static void put_limits(struct nl_msg *m, const struct cp_link *l)
{
	nl_put_u32(m, IFLA_MTU, l->mtu);
	nl_put_u32(m, IFLA_MIN_MTU, l->min_mtu);
	nl_put_u32(m, IFLA_MAX_MTU, l->max_mtu);
	nl_put_u32(m, IFLA_GROUP, l->group);
	nl_put_u32(m, IFLA_PROMISCUITY, l->promiscuity);
	nl_put_u32(m, IFLA_ALLMULTI, l->allmulti);
	nl_put_u32(m, IFLA_NUM_TX_QUEUES, 1);
	nl_put_u32(m, IFLA_GSO_MAX_SEGS, GSO_MAX_SEGS);
	nl_put_u32(m, IFLA_GSO_MAX_SIZE, GSO_MAX_SIZE);
	nl_put_u32(m, IFLA_NUM_RX_QUEUES, 1);
}

static int put_link(const struct cp *cp, struct nl_msg *m, const struct cp_link *l, uint16_t type,
	uint32_t change, uint32_t ext_mask)
{
	struct ifinfomsg *h = nl_msg_begin(m, type, 0, sizeof(*h));

	if (h != NULL)
		*h = (struct ifinfomsg){.ifi_family = AF_UNSPEC, .ifi_type = l->arphrd,
			.ifi_index = (int)l->ifindex, .ifi_flags = cp_link_flags(l),
			.ifi_change = change};
	nl_put_str(m, IFLA_IFNAME, l->name);
	nl_put_u32(m, IFLA_TXQLEN, l->txqlen);
	nl_put_u8(m, IFLA_OPERSTATE, l->flags & IFF_UP ? l->operstate : IF_OPER_DOWN);
	nl_put_u8(m, IFLA_LINKMODE, l->linkmode);
	put_limits(m, l);
	if (l->kind == CP_LINK_VLAN)
		nl_put_u32(m, IFLA_LINK, l->lower);
	nl_put_u8(m, IFLA_CARRIER, l->carrier);
	nl_put_str(m, IFLA_QDISC, qdisc_of(l));
	if (l->alias[0] != 0)
		nl_put_str(m, IFLA_IFALIAS, l->alias);
	put_counts(m, l);
	nl_put(m, IFLA_ADDRESS, l->addr, sizeof(l->addr));
	nl_put(m, IFLA_BROADCAST, l->brd, sizeof(l->brd));
	if (!(ext_mask & RTEXT_FILTER_SKIP_STATS))
		put_stats(cp, m, l);
	put_kind(m, l);
	put_af(m, l);
	if (l->kind == CP_LINK_PORT) {
		nl_put(m, IFLA_PERM_ADDRESS, l->perm_addr, sizeof(l->perm_addr));
		nl_put_str(m, IFLA_PARENT_DEV_NAME, l->driver);
		nl_put_str(m, IFLA_PARENT_DEV_BUS_NAME, "dpdk");
	}
	return nl_msg_end(m);
}

void cp_notify_link(struct cp *cp, const struct cp_link *l, uint16_t type, uint32_t change)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_LINK);

	if (m != NULL && put_link(cp, m, l, type, change, 0) == 0)
		rt_notice_send(cp, m, RTNLGRP_LINK);
}

static const struct nl_policy get_policy[] = {
	[IFLA_IFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[IFLA_MASTER] = {.type = NL_U32},
	[IFLA_LINKINFO] = {.type = NL_NESTED},
	[IFLA_EXT_MASK] = {.type = NL_U32},
	[IFLA_TARGET_NETNSID] = {.type = NL_REJECT},
	[IFLA_ALT_IFNAME] = {.type = NL_STRING, .max = 127},
};

int rt_getlink(struct nl_req *rq)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *h = nl_req_header(rq, sizeof(*h));
	int err = nl_req_parse(rq, sizeof(*h), get_policy, NL_N(get_policy), tb, IFLA_MAX);
	const struct cp_link *l;
	struct nl_msg *m;

	if (err < 0)
		return err;
	if (nl_sock_strict(rq->sock) && (h->__ifi_pad || h->ifi_type || h->ifi_flags || h->ifi_change))
		return nl_err(rq, EINVAL, "Invalid values in header for get link request");
	if (h->ifi_index <= 0 && tb[IFLA_IFNAME] == NULL && tb[IFLA_ALT_IFNAME] == NULL)
		return -EINVAL;
	l = rt_link_of(rq->ctx, h->ifi_index > 0 ? (uint32_t)h->ifi_index : 0,
		tb[IFLA_IFNAME] != NULL ? tb[IFLA_IFNAME] : tb[IFLA_ALT_IFNAME]);
	if (l == NULL)
		return -ENODEV;
	m = nl_reply(rq);
	err = put_link(rq->ctx, m, l, RTM_NEWLINK, 0,
		tb[IFLA_EXT_MASK] != NULL ? nl_u32(tb[IFLA_EXT_MASK]) : 0);
	return err < 0 ? err : nl_reply_send(rq, m);
}

/* words of the dump: EXT_MASK, the kind asked for (0: any), nothing at all. */
enum { W_EXT, W_KIND, W_NONE };

static int start_kind(struct nl_dump *d, const struct nlattr *info)
{
	static const struct nl_policy policy[] = {[IFLA_INFO_KIND] = {.type = NL_STRING}};
	const struct nlattr *tb[IFLA_INFO_MAX + 1];
	int err = nl_nest_parse(&d->rq, info, policy, NL_N(policy), tb, IFLA_INFO_MAX);
	char kind[32];

	if (err < 0 || tb[IFLA_INFO_KIND] == NULL)
		return err;
	nl_str(tb[IFLA_INFO_KIND], kind, sizeof(kind));
	d->filtered = true;
	if (strcmp(kind, "vlan") == 0)
		d->words[W_KIND] = CP_LINK_VLAN;
	else if (strcmp(kind, "dummy") == 0)
		d->words[W_KIND] = CP_LINK_DUMMY;
	else
		d->words[W_NONE] = 1;
	return 0;
}

int rt_link_start(struct nl_dump *d)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *h;
	bool strict = nl_sock_strict(d->rq.sock);
	int err;

	/* old programs send a struct rtgenmsg: no attributes, the family only */
	if (!strict && d->rq.nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*h))
		return 0;
	h = nl_req_header(&d->rq, sizeof(*h));
	if (h == NULL)
		return -EINVAL;
	if (strict && (h->__ifi_pad || h->ifi_type || h->ifi_flags || h->ifi_change))
		return nl_err(&d->rq, EINVAL, "Invalid values in header for link dump");
	if (strict && h->ifi_index != 0)
		return nl_err(&d->rq, EINVAL, "Filter by device index not supported for link dumps");
	err = nl_req_parse(&d->rq, sizeof(*h), get_policy, NL_N(get_policy), tb, IFLA_MAX);
	if (err < 0)
		return err;
	d->words[W_EXT] = tb[IFLA_EXT_MASK] != NULL ? nl_u32(tb[IFLA_EXT_MASK]) : 0;
	if (tb[IFLA_MASTER] != NULL) { /* nothing is enslaved */
		d->filtered = true;
		d->words[W_NONE] = 1;
	}
	if (h->ifi_family != AF_UNSPEC && h->ifi_family != AF_INET && h->ifi_family != AF_PACKET)
		d->words[W_NONE] = 1; /* AF_INET6, AF_BRIDGE: no link has such a side */
	return tb[IFLA_LINKINFO] != NULL ? start_kind(d, tb[IFLA_LINKINFO]) : 0;
}

int rt_link_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp *cp = d->rq.ctx;
	const struct cp_link *l;

	if (d->words[W_NONE])
		return NL_DONE;
	for (; (l = cp_link_next(cp, (uint32_t)d->pos)) != NULL; d->pos = l->ifindex + 1) {
		if (d->words[W_KIND] != 0 && l->kind != d->words[W_KIND])
			continue;
		if (put_link(cp, m, l, RTM_NEWLINK, 0, (uint32_t)d->words[W_EXT]) < 0)
			return NL_MORE;
	}
	return NL_DONE;
}
