/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip addr`: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR dumps and notifications, with the kernel's
 * checks and sentences (devinet.c). addrs.c does the work.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "addr_routes.h"
#include "netlink/rtnl.h"
#include "notify.h"

#define IFA_ATTR_PROTO 11 /* IFA_PROTO, younger than Debian's header */
#define IFA_ATTR_MAX 11

static const struct nl_policy policy[] = {
	[IFA_ADDRESS] = {.type = NL_U32},
	[IFA_LOCAL] = {.type = NL_U32},
	[IFA_LABEL] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[IFA_BROADCAST] = {.type = NL_U32},
	[IFA_CACHEINFO] = {.type = NL_BINARY, .min = sizeof(struct ifa_cacheinfo)},
	[IFA_FLAGS] = {.type = NL_U32},
	[IFA_RT_PRIORITY] = {.type = NL_U32},
	[IFA_TARGET_NETNSID] = {.type = NL_REJECT},
	[IFA_ATTR_PROTO] = {.type = NL_U8},
};

static int parse(struct nl_req *rq, const struct nlattr **tb)
{
	const struct ifaddrmsg *h = nl_req_header(rq, sizeof(*h));
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, IFA_ATTR_MAX);

	if (err < 0)
		return err;
	return h->ifa_family == AF_INET ? 0 : rt_refuse_family(rq, h->ifa_family);
}

static int take_times(struct nl_req *rq, const struct nlattr *a, struct cp_addr *out)
{
	const struct ifa_cacheinfo *ci = nl_data(a);

	if (ci->ifa_valid == 0 || ci->ifa_prefered > ci->ifa_valid)
		return nl_err(rq, EINVAL, "ipv4: address lifetime invalid");
	out->valid_s = ci->ifa_valid;
	out->preferred_s = ci->ifa_prefered;
	return 0;
}

static int take_addr(struct cp *cp, struct nl_req *rq, const struct nlattr **tb,
	struct cp_link **link, struct cp_addr *a)
{
	const struct ifaddrmsg *h = nl_req_header(rq, sizeof(*h));

	if (h->ifa_prefixlen > 32)
		return nl_err(rq, EINVAL, "ipv4: Invalid prefix length");
	if (tb[IFA_LOCAL] == NULL)
		return nl_err(rq, EINVAL, "ipv4: Local address is not supplied");
	*link = cp_link_get(cp, h->ifa_index);
	if (*link == NULL)
		return nl_err(rq, ENODEV, "ipv4: Device not found");
	*a = (struct cp_addr){
		.local = rt_ip(tb[IFA_LOCAL]), .len = h->ifa_prefixlen, .scope = h->ifa_scope,
		.address = rt_ip(tb[IFA_ADDRESS] != NULL ? tb[IFA_ADDRESS] : tb[IFA_LOCAL]),
		.broadcast = rt_ip(tb[IFA_BROADCAST]),
		.flags = tb[IFA_FLAGS] != NULL ? nl_u32(tb[IFA_FLAGS]) : h->ifa_flags,
		.metric = tb[IFA_RT_PRIORITY] != NULL ? nl_u32(tb[IFA_RT_PRIORITY]) : 0,
		.proto = tb[IFA_ATTR_PROTO] != NULL ? nl_u8(tb[IFA_ATTR_PROTO]) : 0,
		.valid_s = UINT32_MAX, .preferred_s = UINT32_MAX,
	};
	if (a->flags & IFA_F_MCAUTOJOIN)
		return nl_err(rq, EOPNOTSUPP, "skiff: autojoin is not served");
	if (tb[IFA_LABEL] != NULL)
		nl_str(tb[IFA_LABEL], a->label, sizeof(a->label));
	else
		memcpy(a->label, (*link)->name, sizeof(a->label));
	return tb[IFA_CACHEINFO] != NULL ? take_times(rq, tb[IFA_CACHEINFO], a) : 0;
}

int rt_newaddr(struct cp *cp, struct nl_req *rq)
{
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	struct cp_link *l = NULL;
	struct cp_addr a;
	int err = parse(rq, tb);

	if (err == 0)
		err = take_addr(cp, rq, tb, &l, &a);
	return err < 0 ? err : cp_addr_add(cp, l, &a, rq->nlh->nlmsg_flags & NLM_F_REPLACE,
		rq->nlh->nlmsg_flags & NLM_F_EXCL);
}

int rt_deladdr(struct cp *cp, struct nl_req *rq)
{
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	const struct ifaddrmsg *h = nl_req_header(rq, sizeof(*h));
	char label[IFNAMSIZ];
	struct cp_link *l;
	int err = parse(rq, tb);

	if (err < 0)
		return err;
	l = cp_link_get(cp, h->ifa_index);
	if (l == NULL)
		return nl_err(rq, ENODEV, "ipv4: Device not found");
	for (struct cp_addr *a = l->addrs; a != NULL; a = a->next) {
		if (tb[IFA_LOCAL] != NULL && a->local != rt_ip(tb[IFA_LOCAL]))
			continue;
		if (tb[IFA_LABEL] != NULL &&
			strcmp(a->label, nl_str(tb[IFA_LABEL], label, sizeof(label))) != 0)
			continue;
		if (tb[IFA_ADDRESS] != NULL && (h->ifa_prefixlen != a->len ||
			!addr_in_prefix(rt_ip(tb[IFA_ADDRESS]), a)))
			continue;
		return cp_addr_del(cp, a);
	}
	return nl_err(rq, EADDRNOTAVAIL, "ipv4: Address not found");
}

/* Seconds that are left of a lifetime. */
static uint32_t left(const struct cp *cp, const struct cp_addr *a, uint32_t total)
{
	uint64_t gone = (cp->now_ms - a->updated_ms) / 1000;

	if (total == UINT32_MAX)
		return total;
	return total > gone ? (uint32_t)(total - gone) : 0;
}

static int put_addr(const struct cp *cp, struct nl_msg *m, const struct cp_addr *a, uint16_t type)
{
	struct ifaddrmsg *h = nl_msg_begin(m, type, 0, sizeof(*h));
	bool forever = a->flags & IFA_F_PERMANENT; /* then Linux does not show the other time */
	const struct ifa_cacheinfo ci = {
		.ifa_prefered = forever ? UINT32_MAX : left(cp, a, a->preferred_s), .ifa_valid = left(cp, a, a->valid_s),
		.cstamp = (uint32_t)(a->created_ms / 10), .tstamp = (uint32_t)(a->updated_ms / 10),
	};

	if (h != NULL)
		*h = (struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = a->len,
			.ifa_flags = (uint8_t)a->flags, .ifa_scope = a->scope,
			.ifa_index = a->link->ifindex};
	if (a->address != 0)
		nl_put(m, IFA_ADDRESS, &a->address, 4);
	if (a->local != 0)
		nl_put(m, IFA_LOCAL, &a->local, 4);
	if (a->broadcast != 0)
		nl_put(m, IFA_BROADCAST, &a->broadcast, 4);
	if (a->label[0] != 0)
		nl_put_str(m, IFA_LABEL, a->label);
	if (a->proto != 0)
		nl_put_u8(m, IFA_ATTR_PROTO, a->proto);
	nl_put_u32(m, IFA_FLAGS, a->flags);
	if (a->metric != 0)
		nl_put_u32(m, IFA_RT_PRIORITY, a->metric);
	nl_put(m, IFA_CACHEINFO, &ci, sizeof(ci));
	return nl_msg_end(m);
}

void cp_notify_addr(struct cp *cp, const struct cp_addr *a, uint16_t type)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_IPV4_IFADDR);

	if (m != NULL && put_addr(cp, m, a, type) == 0)
		rt_notice_send(cp, m, RTNLGRP_IPV4_IFADDR);
}

enum { W_IFINDEX, W_NTH, W_NONE };

int rt_addr_start(struct nl_dump *d)
{
	const struct nlattr *tb[IFA_ATTR_MAX + 1];
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));
	const struct ifaddrmsg *h;
	int err;

	d->words[W_NONE] = g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC;
	if (!nl_sock_strict(d->rq.sock))
		return 0;
	h = nl_req_header(&d->rq, sizeof(*h));
	if (h == NULL)
		return nl_err(&d->rq, EINVAL, "ipv4: Invalid header for address dump request");
	if (h->ifa_prefixlen || h->ifa_flags || h->ifa_scope)
		return nl_err(&d->rq, EINVAL,
			"ipv4: Invalid values in header for address dump request");
	err = nl_req_parse(&d->rq, sizeof(*h), policy, NL_N(policy), tb, IFA_ATTR_MAX);
	if (err < 0)
		return err;
	if (h->ifa_index != 0) {
		d->words[W_IFINDEX] = h->ifa_index;
		d->filtered = true;
		if (cp_link_get(d->rq.ctx, h->ifa_index) == NULL)
			return -ENODEV;
	}
	return 0;
}

static int dump_link(struct nl_dump *d, struct nl_msg *m, const struct cp_link *l)
{
	uint64_t at = 0;

	for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next, at++) {
		if (at < d->words[W_NTH])
			continue;
		if (put_addr(d->rq.ctx, m, a, RTM_NEWADDR) < 0)
			return NL_MORE;
		d->words[W_NTH] = at + 1;
	}
	d->words[W_NTH] = 0;
	return NL_DONE;
}

int rt_addr_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp_link *l;

	if (d->words[W_NONE])
		return NL_DONE;
	for (; (l = cp_link_next(d->rq.ctx, (uint32_t)d->pos)) != NULL; d->pos = l->ifindex + 1) {
		if (d->words[W_IFINDEX] != 0 && l->ifindex != d->words[W_IFINDEX])
			continue;
		if (dump_link(d, m, l) == NL_MORE)
			return NL_MORE;
	}
	return NL_DONE;
}
