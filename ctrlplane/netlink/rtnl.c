/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtnetlink's messages and their handlers. A change goes through change(): the model's sentence
 * becomes the extended error, notifications echo the asker, a shadow notes it in its journal.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "journal.h"
#include "links.h"
#include "netlink/rtnl.h"

static const struct {
	uint16_t type;
	rt_change_fn *fn;
} changes[] = {
	{RTM_NEWLINK, rt_newlink}, {RTM_SETLINK, rt_setlink}, {RTM_DELLINK, rt_dellink},
	{RTM_NEWADDR, rt_newaddr}, {RTM_DELADDR, rt_deladdr},
	{RTM_NEWROUTE, rt_newroute}, {RTM_DELROUTE, rt_delroute},
	{RTM_NEWNEIGH, rt_newneigh}, {RTM_DELNEIGH, rt_delneigh},
	{RTM_SETNEIGHTBL, rt_setneightbl},
	{RTM_NEWRULE, rt_newrule}, {RTM_DELRULE, rt_delrule},
};

static int change(struct nl_req *rq)
{
	struct cp *cp = rq->ctx;
	uint64_t generation = cp->generation;
	int err = -EOPNOTSUPP;

	cp->why = NULL;
	cp->rq = rq->sock != NULL ? rq : NULL;
	for (size_t i = 0; i < NL_N(changes); i++)
		if (changes[i].type == rq->nlh->nlmsg_type)
			err = changes[i].fn(cp, rq);
	cp->rq = NULL;
	if (err < 0 && cp->why != NULL && rq->ea->msg[0] == 0)
		nl_err(rq, -err, "%s", cp->why);
	if (err == 0 && generation != cp->generation)
		err = cp_journal_request(cp, rq->nlh);
	return err;
}

int cp_rtnl_apply(struct cp *live, const struct nlmsghdr *nlh)
{
	struct nl_extack ea = {0};
	struct nl_req rq = {.server = live->ns, .ctx = live, .nlh = nlh, .ea = &ea};
	int err = change(&rq);

	if (err < 0 && ea.msg[0] != 0)
		cp_fail(live, -err, "%s", ea.msg);
	return err;
}

int rt_refuse_family(struct nl_req *rq, uint8_t family)
{
	if (family == AF_INET6)
		return nl_err(rq, EAFNOSUPPORT, "skiff: IPv6 is not served yet");
	return nl_err(rq, EOPNOTSUPP, "skiff: address family %u is not served", family);
}

struct cp_link *rt_link_of(struct cp *cp, uint32_t ifindex, const struct nlattr *name)
{
	char buf[IFNAMSIZ];

	if (ifindex != 0)
		return cp_link_get(cp, ifindex);
	return name != NULL ? cp_link_by_name(cp, nl_str(name, buf, sizeof(buf))) : NULL;
}

in_addr_t rt_ip(const struct nlattr *a)
{
	in_addr_t ip = 0;

	if (a != NULL)
		memcpy(&ip, nl_data(a), sizeof(ip));
	return ip;
}

struct nl_msg *rt_notice(struct cp *cp, uint32_t group)
{
	bool echo = cp->rq != NULL && (cp->rq->nlh->nlmsg_flags & NLM_F_ECHO);

	if (cp->ns == NULL || cp->journal != NULL)
		return NULL;
	if (!echo && !nl_has_listeners(cp->ns, NETLINK_ROUTE, cp, group))
		return NULL;
	return cp->rq != NULL ? nl_notice(cp->rq) : nl_notice_new(cp->ns);
}

void rt_notice_send(struct cp *cp, struct nl_msg *m, uint32_t group)
{
	if (cp->rq != NULL)
		nl_notice_send(cp->rq, m, group);
	else
		nl_notice_send_new(cp->ns, NETLINK_ROUTE, cp, m, group);
}

static int empty_next(struct nl_dump *d, struct nl_msg *m)
{
	return NL_DONE;
}

/* Linux finds an error of a dump when the dump runs, so it comes in its end, not as an ACK. */
#define W_ERROR (NL_DUMP_WORDS - 1)

#define DUMP(name) \
	static int name##_start(struct nl_dump *d) \
	{ \
		int err = rt_##name##_start(d); \
		d->words[W_ERROR] = (uint64_t)-err; \
		return 0; \
	} \
	static int name##_next(struct nl_dump *d, struct nl_msg *m) \
	{ \
		int err = -(int)d->words[W_ERROR]; \
		return err < 0 ? err : rt_##name##_next(d, m); \
	}

DUMP(link)
DUMP(addr)
DUMP(route)
DUMP(neigh)
DUMP(rule)
DUMP(neightbl)
DUMP(netconf)

/* NEW, DEL, SET change, GET does not: the low two bits, as in Linux. */
static bool is_change(uint16_t type)
{
	return (type & 3) != 2;
}

static bool is_get(uint16_t type)
{
	return (type & 3) == 2;
}

static uint32_t generation(void *ctx, uint16_t type)
{
	const struct cp *cp = ctx;

	switch (type) {
	case RTM_GETADDR:
		return cp->gens.addrs;
	case RTM_GETROUTE:
		return cp->gens.routes;
	case RTM_GETNEIGH:
		return cp->gens.neighs;
	case RTM_GETRULE:
		return cp->gens.rules;
	default:
		return cp->gens.links;
	}
}

#define CHANGE(t) {.type = t, .name = #t, .flags = NL_OP_ADMIN, .request = change}

static const struct nl_op ops[] = {
	CHANGE(RTM_NEWLINK), CHANGE(RTM_DELLINK), CHANGE(RTM_SETLINK),
	{.type = RTM_GETLINK, .name = "RTM_GETLINK", .request = rt_getlink, .dump = {link_start, link_next, NULL}},
	CHANGE(RTM_NEWADDR), CHANGE(RTM_DELADDR),
	{.type = RTM_GETADDR, .name = "RTM_GETADDR", .dump = {addr_start, addr_next, NULL}},
	CHANGE(RTM_NEWROUTE), CHANGE(RTM_DELROUTE),
	{.type = RTM_GETROUTE, .name = "RTM_GETROUTE", .request = rt_getroute, .dump = {route_start, route_next, NULL}},
	CHANGE(RTM_NEWNEIGH), CHANGE(RTM_DELNEIGH),
	{.type = RTM_GETNEIGH, .name = "RTM_GETNEIGH", .request = rt_getneigh, .dump = {neigh_start, neigh_next, NULL}},
	CHANGE(RTM_NEWRULE), CHANGE(RTM_DELRULE),
	{.type = RTM_GETRULE, .name = "RTM_GETRULE", .dump = {rule_start, rule_next, NULL}},
	CHANGE(RTM_SETNEIGHTBL),
	{.type = RTM_GETNEIGHTBL, .name = "RTM_GETNEIGHTBL", .dump = {neightbl_start, neightbl_next, NULL}},
	{.type = RTM_GETNETCONF, .name = "RTM_GETNETCONF", .request = rt_getnetconf,
	 .dump = {netconf_start, netconf_next, NULL}},
	/* not served, but programs list them: there are none */
	{.type = RTM_GETNEXTHOP, .name = "RTM_GETNEXTHOP", .dump = {NULL, empty_next, NULL}},
	{.type = RTM_GETADDRLABEL, .name = "RTM_GETADDRLABEL", .dump = {NULL, empty_next, NULL}},
	{.type = RTM_GETMULTICAST, .name = "RTM_GETMULTICAST", .dump = {NULL, empty_next, NULL}},
	{.type = RTM_GETANYCAST, .name = "RTM_GETANYCAST", .dump = {NULL, empty_next, NULL}},
	{.type = RTM_GETNSID, .name = "RTM_GETNSID", .request = rt_getnsid, .dump = {NULL, empty_next, NULL}},
	{.type = RTM_GETQDISC, .name = "RTM_GETQDISC", .dump = {NULL, empty_next, NULL}},
};

const struct nl_family cp_rtnetlink = {
	.protocol = NETLINK_ROUTE, .name = "rtnetlink", .ops = ops, .n_ops = NL_N(ops),
	.max_group = RTNLGRP_MAX, .min_len = sizeof(struct rtgenmsg),
	.is_change = is_change, .is_get = is_get, .generation = generation,
};
