/* SPDX-License-Identifier: BSD-3-Clause */
/* rtnetlink (rfc 3549): what its files share. rtnl.c has the table of messages. */
#pragma once

#include <linux/rtnetlink.h>

#include "cp.h"
#include "netlink/nl_server.h"

struct cp_link;

/* Carries out a journalled request on the live instance; nobody asks for the answer. */
int cp_rtnl_apply(struct cp *live, const struct nlmsghdr *nlh);

/* A handler of a change. rtnl.c wraps it: sentence of the model, echo, journal. */
typedef int rt_change_fn(struct cp *cp, struct nl_req *rq);

rt_change_fn rt_newlink, rt_setlink, rt_dellink;
rt_change_fn rt_newaddr, rt_deladdr;
rt_change_fn rt_newroute, rt_delroute;
rt_change_fn rt_newneigh, rt_delneigh, rt_setneightbl;
rt_change_fn rt_newrule, rt_delrule;

int rt_getlink(struct nl_req *rq);
int rt_getroute(struct nl_req *rq);
int rt_getneigh(struct nl_req *rq);
int rt_getnetconf(struct nl_req *rq);
int rt_getnsid(struct nl_req *rq);
typedef int rt_start_fn(struct nl_dump *d);
typedef int rt_next_fn(struct nl_dump *d, struct nl_msg *m);
rt_start_fn rt_link_start, rt_addr_start, rt_route_start, rt_neigh_start, rt_rule_start,
	rt_neightbl_start, rt_netconf_start;
rt_next_fn rt_link_next, rt_addr_next, rt_route_next, rt_neigh_next, rt_rule_next,
	rt_neightbl_next, rt_netconf_next;

/* "skiff: ..." for families other than IPv4, with Linux's errno. */
int rt_refuse_family(struct nl_req *rq, uint8_t family);
/* The link by index, or by a name attribute (NULL: none); NULL with ENODEV set. */
struct cp_link *rt_link_of(struct cp *cp, uint32_t ifindex, const struct nlattr *name);
in_addr_t rt_ip(const struct nlattr *a);
/* Bounds the work of one call of a dump's `next`. */
#define RT_DUMP_STEP 256

/* A notification under construction; NULL: nobody listens. */
struct nl_msg *rt_notice(struct cp *cp, uint32_t group);
void rt_notice_send(struct cp *cp, struct nl_msg *m, uint32_t group);
