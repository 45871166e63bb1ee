/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip link add|set|del`: RTM_NEWLINK, RTM_SETLINK, RTM_DELLINK. A request's changes are made in
 * Linux's order; links.c and link_set.c make them. What is not served is refused by name before
 * anything is changed.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/if.h>
#include <string.h>

#include "links.h"
#include "netlink/rtnl.h"

static const struct nl_policy policy[] = {
	[IFLA_IFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[IFLA_ADDRESS] = {.type = NL_BINARY, .max = 32},
	[IFLA_BROADCAST] = {.type = NL_BINARY, .max = 32},
	[IFLA_MTU] = {.type = NL_U32},
	[IFLA_LINK] = {.type = NL_U32},
	[IFLA_TXQLEN] = {.type = NL_U32},
	[IFLA_IFALIAS] = {.type = NL_STRING, .max = 255},
	[IFLA_GROUP] = {.type = NL_U32},
	[IFLA_LINKINFO] = {.type = NL_NESTED},
	[IFLA_EXT_MASK] = {.type = NL_U32},
	[IFLA_ALT_IFNAME] = {.type = NL_STRING, .max = 127},
	[IFLA_PROP_LIST] = {.type = NL_NESTED},
};

/* Attributes that Linux would act on and skiff does not. */
static const struct {
	uint16_t type;
	const char *what;
} refused[] = {
	{IFLA_NET_NS_PID, "moving a link to a network namespace"},
	{IFLA_NET_NS_FD, "moving a link to a network namespace"},
	{IFLA_TARGET_NETNSID, "links of other network namespaces"},
	{IFLA_LINK_NETNSID, "links of other network namespaces"},
	{IFLA_MASTER, "a master of a link"},
	{IFLA_MAP, "a device map"},
	{IFLA_XDP, "XDP on a link"},
	{IFLA_VFINFO_LIST, "virtual functions"},
	{IFLA_VF_PORTS, "virtual functions"},
	{IFLA_PORT_SELF, "virtual functions"},
	{IFLA_PROTO_DOWN, "protodown"},
	{IFLA_PROTO_DOWN_REASON, "protodown"},
	{IFLA_LINKMODE, "a link mode"},
	{IFLA_OPERSTATE, "setting the operational state"},
	{IFLA_CARRIER, "setting the carrier"},
	{IFLA_AF_SPEC, "per-family settings of a link (addrgenmode and the like)"},
	{IFLA_GSO_MAX_SIZE, "gso_max_size"},
	{IFLA_GSO_MAX_SEGS, "gso_max_segs"},
	{IFLA_GRO_MAX_SIZE, "gro_max_size"},
	{IFLA_NUM_TX_QUEUES, "choosing the number of queues"},
	{IFLA_NUM_RX_QUEUES, "choosing the number of queues"},
	{IFLA_PROP_LIST, "alternative names"},
	{IFLA_EVENT, "link events"},
	{IFLA_NEW_IFINDEX, "choosing the ifindex"},
};

static int check_refused(struct nl_req *rq, const struct nlattr **tb)
{
	for (size_t i = 0; i < NL_N(refused); i++)
		if (tb[refused[i].type] != NULL)
			return nl_err_attr(rq, tb[refused[i].type], EOPNOTSUPP,
				"skiff: not served: %s", refused[i].what);
	return 0;
}

static int check_lladdr(const struct nlattr *a)
{
	return a != NULL && nl_len(a) < ETH_ALEN ? -EINVAL : 0;
}

/* The changes that follow a name or address: those that a new link takes, too. */
static int set_rest(struct cp *cp, struct cp_link *l, const struct ifinfomsg *h,
	const struct nlattr **tb)
{
	char alias[257];
	int err = 0;

	if (tb[IFLA_IFALIAS] != NULL)
		err = cp_link_set_alias(cp, l, nl_str(tb[IFLA_IFALIAS], alias, sizeof(alias)));
	if (err == 0 && tb[IFLA_BROADCAST] != NULL)
		err = cp_link_set_brd(cp, l, nl_data(tb[IFLA_BROADCAST]));
	if (err == 0 && (h->ifi_flags != 0 || h->ifi_change != 0))
		err = cp_link_set_flags(cp, l, h->ifi_flags,
			h->ifi_change != 0 ? h->ifi_change : UINT32_MAX);
	if (err == 0 && tb[IFLA_TXQLEN] != NULL && nl_u32(tb[IFLA_TXQLEN]) != l->txqlen)
		err = cp_link_set_txqlen(cp, l, nl_u32(tb[IFLA_TXQLEN]));
	return err;
}

static int set_link(struct cp *cp, struct nl_req *rq, struct cp_link *l, const struct ifinfomsg *h,
	const struct nlattr **tb)
{
	char name[IFNAMSIZ];
	int err = check_lladdr(tb[IFLA_ADDRESS]);

	if (err == 0)
		err = check_lladdr(tb[IFLA_BROADCAST]);
	if (err == 0 && tb[IFLA_ADDRESS] != NULL)
		err = cp_link_set_addr(cp, l, nl_data(tb[IFLA_ADDRESS]));
	if (err == 0 && tb[IFLA_MTU] != NULL)
		err = cp_link_set_mtu(cp, l, nl_u32(tb[IFLA_MTU]));
	if (err == 0 && tb[IFLA_GROUP] != NULL)
		err = cp_link_set_group(cp, l, nl_u32(tb[IFLA_GROUP]));
	if (err == 0 && h->ifi_index > 0 && tb[IFLA_IFNAME] != NULL &&
		((const char *)nl_data(tb[IFLA_IFNAME]))[0] != 0)
		err = cp_link_set_name(cp, l, nl_str(tb[IFLA_IFNAME], name, sizeof(name)));
	return err < 0 ? err : set_rest(cp, l, h, tb);
}

static const struct nl_policy vlan_policy[] = {
	[IFLA_VLAN_ID] = {.type = NL_U16},
	[IFLA_VLAN_FLAGS] = {.type = NL_EXACT, .max = sizeof(struct ifla_vlan_flags)},
	[IFLA_VLAN_PROTOCOL] = {.type = NL_U16},
};

static int add_vlan(struct cp *cp, struct nl_req *rq, const struct nlattr **tb,
	const struct nlattr *data, const char *name, struct cp_link **out)
{
	const struct nlattr *v[IFLA_VLAN_MAX + 1] = {0};
	const struct ifla_vlan_flags *f;
	uint16_t proto = ETH_P_8021Q;
	struct cp_link *lower;
	int err = data == NULL ? 0
		: nl_nest_parse(rq, data, vlan_policy, NL_N(vlan_policy), v, IFLA_VLAN_MAX);

	if (err < 0)
		return err;
	if (v[IFLA_VLAN_ID] == NULL)
		return nl_err(rq, EINVAL, "VLAN id not specified");
	if (tb[IFLA_LINK] == NULL)
		return nl_err(rq, EINVAL, "link not specified");
	lower = cp_link_get(cp, nl_u32(tb[IFLA_LINK]));
	if (lower == NULL)
		return nl_err(rq, ENODEV, "link does not exist");
	if (v[IFLA_VLAN_PROTOCOL] != NULL)
		proto = ntohs(nl_u16(v[IFLA_VLAN_PROTOCOL]));
	if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
		return nl_err(rq, EPROTONOSUPPORT, "Invalid VLAN protocol");
	if (v[IFLA_VLAN_INGRESS_QOS] != NULL || v[IFLA_VLAN_EGRESS_QOS] != NULL)
		return nl_err(rq, EOPNOTSUPP, "skiff: priority maps of VLANs are not served");
	f = v[IFLA_VLAN_FLAGS] != NULL ? nl_data(v[IFLA_VLAN_FLAGS]) : NULL;
	if (f != NULL && (f->flags & f->mask & ~(uint32_t)(VLAN_FLAG_REORDER_HDR |
		VLAN_FLAG_LOOSE_BINDING)))
		return nl_err(rq, EOPNOTSUPP, "skiff: of VLAN flags, reorder_hdr and "
			"loose_binding are served");
	if (f != NULL && (f->mask & VLAN_FLAG_REORDER_HDR) && !(f->flags & VLAN_FLAG_REORDER_HDR))
		return nl_err(rq, EOPNOTSUPP, "skiff: reorder_hdr off is not served");
	err = cp_link_add_vlan(cp, name, lower, proto, nl_u16(v[IFLA_VLAN_ID]) , out);
	if (err == 0 && f != NULL)
		(*out)->vlan_flags = ((*out)->vlan_flags & ~f->mask) | (f->flags & f->mask);
	return err;
}

static int add_link(struct cp *cp, struct nl_req *rq, const struct ifinfomsg *h,
	const struct nlattr **tb, const struct nlattr **info)
{
	const uint8_t *mac = tb[IFLA_ADDRESS] != NULL ? nl_data(tb[IFLA_ADDRESS]) : NULL;
	char name[IFNAMSIZ] = "", kind[32] = "";
	struct cp_link *l = NULL;
	int err = check_lladdr(tb[IFLA_ADDRESS]);

	if (err < 0)
		return err;
	if (info[IFLA_INFO_KIND] != NULL)
		nl_str(info[IFLA_INFO_KIND], kind, sizeof(kind));
	if (h->ifi_index != 0)
		return nl_err(rq, EOPNOTSUPP, "skiff: choosing the ifindex is not served");
	if (tb[IFLA_IFNAME] != NULL)
		nl_str(tb[IFLA_IFNAME], name, sizeof(name));
	if (strcmp(kind, "dummy") == 0)
		err = cp_link_add_dummy(cp, name[0] ? name : "dummy%d", mac, &l);
	else if (strcmp(kind, "vlan") == 0)
		err = add_vlan(cp, rq, tb, info[IFLA_INFO_DATA], name[0] ? name : "vlan%d", &l);
	else
		return nl_err(rq, EOPNOTSUPP, "skiff: links of type \"%s\" are not served, "
			"vlan and dummy are", kind);
	if (err == 0 && l->kind == CP_LINK_VLAN && mac != NULL)
		err = cp_link_set_addr(cp, l, mac);
	if (err == 0 && tb[IFLA_MTU] != NULL)
		err = cp_link_set_mtu(cp, l, nl_u32(tb[IFLA_MTU]));
	if (err == 0 && tb[IFLA_GROUP] != NULL)
		err = cp_link_set_group(cp, l, nl_u32(tb[IFLA_GROUP]));
	if (err == 0)
		err = set_rest(cp, l, h, tb);
	if (err < 0 && l != NULL)
		cp_link_del(cp, l);
	return err;
}

static int parse(struct nl_req *rq, const struct nlattr **tb, const struct nlattr **info)
{
	static const struct nl_policy info_policy[] = {
		[IFLA_INFO_KIND] = {.type = NL_STRING, .max = 31},
		[IFLA_INFO_DATA] = {.type = NL_NESTED},
	};
	int err = nl_req_parse(rq, sizeof(struct ifinfomsg), policy, NL_N(policy), tb, IFLA_MAX);

	memset(info, 0, sizeof(*info) * (IFLA_INFO_MAX + 1));
	if (err == 0)
		err = check_refused(rq, tb);
	if (err == 0 && tb[IFLA_LINKINFO] != NULL)
		err = nl_nest_parse(rq, tb[IFLA_LINKINFO], info_policy, NL_N(info_policy), info,
			IFLA_INFO_MAX);
	return err;
}

int rt_newlink(struct cp *cp, struct nl_req *rq)
{
	const struct ifinfomsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct cp_link *l;
	int err = parse(rq, tb, info);

	if (err < 0)
		return err;
	if (h->ifi_index < 0)
		return nl_err(rq, EINVAL, "ifindex can't be negative");
	l = rt_link_of(cp, (uint32_t)h->ifi_index,
		tb[IFLA_IFNAME] != NULL ? tb[IFLA_IFNAME] : tb[IFLA_ALT_IFNAME]);
	if (l == NULL && !(rq->nlh->nlmsg_flags & NLM_F_CREATE))
		return -ENODEV;
	if (l == NULL)
		return add_link(cp, rq, h, tb, info);
	if (rq->nlh->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (rq->nlh->nlmsg_flags & NLM_F_REPLACE)
		return -EOPNOTSUPP;
	if (info[IFLA_INFO_DATA] != NULL)
		return nl_err(rq, EOPNOTSUPP, "skiff: changing a link's type data is not served");
	return set_link(cp, rq, l, h, tb);
}

int rt_setlink(struct cp *cp, struct nl_req *rq)
{
	const struct ifinfomsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct cp_link *l;
	int err = parse(rq, tb, info);

	if (err < 0)
		return err;
	if (h->ifi_index <= 0 && tb[IFLA_IFNAME] == NULL && tb[IFLA_ALT_IFNAME] == NULL)
		return -EINVAL;
	l = rt_link_of(cp, h->ifi_index > 0 ? (uint32_t)h->ifi_index : 0,
		tb[IFLA_IFNAME] != NULL ? tb[IFLA_IFNAME] : tb[IFLA_ALT_IFNAME]);
	return l == NULL ? -ENODEV : set_link(cp, rq, l, h, tb);
}

int rt_dellink(struct cp *cp, struct nl_req *rq)
{
	const struct ifinfomsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[IFLA_MAX + 1];
	struct cp_link *l;
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, IFLA_MAX);

	if (err < 0)
		return err;
	if (h->ifi_index <= 0 && tb[IFLA_IFNAME] == NULL && tb[IFLA_ALT_IFNAME] == NULL) {
		if (tb[IFLA_GROUP] != NULL)
			return nl_err(rq, EOPNOTSUPP, "skiff: deleting a group is not served");
		return -EINVAL;
	}
	l = rt_link_of(cp, h->ifi_index > 0 ? (uint32_t)h->ifi_index : 0,
		tb[IFLA_IFNAME] != NULL ? tb[IFLA_IFNAME] : tb[IFLA_ALT_IFNAME]);
	if (l == NULL)
		return -ENODEV;
	if (l->kind == CP_LINK_PORT)
		return nl_err(rq, EOPNOTSUPP, "skiff: %s is a port: use \"skiff port del %s\"",
			l->name, l->name);
	return cp_link_del(cp, l);
}
