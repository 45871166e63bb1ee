/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip netconf` and `ip ntable`: RTM_GETNETCONF, RTM_GETNEIGHTBL, RTM_SETNEIGHTBL, and netconf
 * notifications; RTM_GETNSID.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "links.h"
#include "neigh_table.h"
#include "netlink/rtnl.h"
#include "notify.h"

static int put_netconf(struct nl_msg *m, int32_t ifindex, const struct cp_conf *c, uint16_t type)
{
	struct netconfmsg *h = nl_msg_begin(m, type, 0, sizeof(*h));

	if (h != NULL)
		h->ncm_family = AF_INET;
	nl_put_u32(m, NETCONFA_IFINDEX, (uint32_t)ifindex);
	if (type == RTM_DELNETCONF)
		return nl_msg_end(m);
	nl_put_u32(m, NETCONFA_FORWARDING, cp_conf_get(c, IPV4_DEVCONF_FORWARDING));
	nl_put_u32(m, NETCONFA_RP_FILTER, cp_conf_get(c, IPV4_DEVCONF_RP_FILTER));
	nl_put_u32(m, NETCONFA_MC_FORWARDING, cp_conf_get(c, IPV4_DEVCONF_MC_FORWARDING));
	nl_put_u32(m, NETCONFA_BC_FORWARDING, cp_conf_get(c, IPV4_DEVCONF_BC_FORWARDING));
	nl_put_u32(m, NETCONFA_PROXY_NEIGH, cp_conf_get(c, IPV4_DEVCONF_PROXY_ARP));
	nl_put_u32(m, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN,
		cp_conf_get(c, IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN));
	return nl_msg_end(m);
}

void cp_notify_netconf(struct cp *cp, const struct cp_link *l, uint16_t type)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_IPV4_NETCONF);

	if (m != NULL && put_netconf(m, (int32_t)l->ifindex, &l->conf, type) == 0)
		rt_notice_send(cp, m, RTNLGRP_IPV4_NETCONF);
}

void cp_notify_forwarding(struct cp *cp, int32_t ifindex, const struct cp_conf *c)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_IPV4_NETCONF);
	struct netconfmsg *h;

	if (m == NULL)
		return;
	h = nl_msg_begin(m, RTM_NEWNETCONF, 0, sizeof(*h));
	if (h != NULL)
		h->ncm_family = AF_INET;
	nl_put_u32(m, NETCONFA_IFINDEX, (uint32_t)ifindex);
	nl_put_u32(m, NETCONFA_FORWARDING, cp_conf_get(c, IPV4_DEVCONF_FORWARDING));
	if (nl_msg_end(m) == 0)
		rt_notice_send(cp, m, RTNLGRP_IPV4_NETCONF);
}

int rt_getnetconf(struct nl_req *rq)
{
	static const struct nl_policy policy[] = {[NETCONFA_IFINDEX] = {.type = NL_U32}};
	const struct netconfmsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[NETCONFA_MAX + 1];
	const struct cp *cp = rq->ctx;
	const struct cp_conf *c = NULL;
	struct nl_msg *m;
	int32_t ifindex;
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, NETCONFA_MAX);

	if (err < 0)
		return err;
	if (h->ncm_family != AF_INET)
		return rt_refuse_family(rq, h->ncm_family);
	if (tb[NETCONFA_IFINDEX] == NULL)
		return -EINVAL;
	ifindex = (int32_t)nl_u32(tb[NETCONFA_IFINDEX]);
	if (ifindex == NETCONFA_IFINDEX_ALL)
		c = &cp->conf_all;
	else if (ifindex == NETCONFA_IFINDEX_DEFAULT)
		c = &cp->conf_default;
	else if (cp_link_get(cp, (uint32_t)ifindex) != NULL)
		c = &cp_link_get(cp, (uint32_t)ifindex)->conf;
	if (c == NULL)
		return -ENODEV;
	m = nl_reply(rq);
	err = put_netconf(m, ifindex, c, RTM_NEWNETCONF);
	return err < 0 ? err : nl_reply_send(rq, m);
}

enum { W_NONE, W_ALL };

int rt_netconf_start(struct nl_dump *d)
{
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));

	d->words[W_NONE] = g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC;
	return 0;
}

int rt_netconf_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp *cp = d->rq.ctx;
	const struct cp_link *l;

	if (d->words[W_NONE])
		return NL_DONE;
	for (; (l = cp_link_next(cp, (uint32_t)d->pos)) != NULL; d->pos = l->ifindex + 1)
		if (put_netconf(m, (int32_t)l->ifindex, &l->conf, RTM_NEWNETCONF) < 0)
			return NL_MORE;
	for (; d->words[W_ALL] < 2; d->words[W_ALL]++)
		if (put_netconf(m, d->words[W_ALL] == 0 ? NETCONFA_IFINDEX_ALL
			: NETCONFA_IFINDEX_DEFAULT, d->words[W_ALL] == 0 ? &cp->conf_all
			: &cp->conf_default, RTM_NEWNETCONF) < 0)
			return NL_MORE;
	return NL_DONE;
}

static void put_parms(struct nl_msg *m, const struct cp_neigh_parms *p, uint32_t ifindex,
	uint32_t hold)
{
	size_t nest = nl_nest_start_noflag(m, NDTA_PARMS);

	if (ifindex != 0)
		nl_put_u32(m, NDTPA_IFINDEX, ifindex);
	nl_put_u32(m, NDTPA_REFCNT, 1);
	nl_put_u32(m, NDTPA_QUEUE_LENBYTES, p->queue_len_bytes);
	nl_put_u32(m, NDTPA_QUEUE_LEN, hold);
	nl_put_u32(m, NDTPA_PROXY_QLEN, p->proxy_qlen);
	nl_put_u32(m, NDTPA_APP_PROBES, p->app_probes);
	nl_put_u32(m, NDTPA_UCAST_PROBES, p->ucast_probes);
	nl_put_u32(m, NDTPA_MCAST_PROBES, p->mcast_probes);
	nl_put_u64(m, NDTPA_REACHABLE_TIME, p->reachable);
	nl_put_u64(m, NDTPA_BASE_REACHABLE_TIME, p->base_reachable);
	nl_put_u64(m, NDTPA_GC_STALETIME, p->gc_stale);
	nl_put_u64(m, NDTPA_DELAY_PROBE_TIME, p->delay_probe);
	nl_put_u64(m, NDTPA_RETRANS_TIME, p->retrans);
	nl_put_u64(m, NDTPA_ANYCAST_DELAY, p->anycast_delay);
	nl_put_u64(m, NDTPA_PROXY_DELAY, p->proxy_delay);
	nl_put_u64(m, NDTPA_LOCKTIME, p->locktime);
	nl_nest_end(m, nest);
}

static int put_table(const struct cp *cp, struct nl_msg *m)
{
	const struct cp_neighs *t = cp->neighs;
	struct ndtmsg *h = nl_msg_begin(m, RTM_NEWNEIGHTBL, 0, sizeof(*h));
	const struct ndt_config c = {.ndtc_key_len = 4, .ndtc_entry_size = sizeof(struct cp_neigh),
		.ndtc_entries = t->n, .ndtc_hash_mask = t->hash_size - 1};
	const struct ndt_stats s = {
		.ndts_allocs = t->stats.allocs, .ndts_destroys = t->stats.destroys,
		.ndts_hash_grows = t->stats.hash_grows, .ndts_res_failed = t->stats.res_failed,
		.ndts_lookups = t->stats.lookups, .ndts_hits = t->stats.hits,
		.ndts_periodic_gc_runs = t->stats.periodic_gc_runs,
		.ndts_forced_gc_runs = t->stats.forced_gc_runs,
		.ndts_table_fulls = t->stats.table_fulls,
	};

	if (h != NULL)
		h->ndtm_family = AF_INET;
	nl_put_str(m, NDTA_NAME, "arp_cache");
	nl_put_u64(m, NDTA_GC_INTERVAL, t->parms.base_reachable / 2);
	nl_put_u32(m, NDTA_THRESH1, cp_neigh_thresh(cp, 1));
	nl_put_u32(m, NDTA_THRESH2, cp_neigh_thresh(cp, 2));
	nl_put_u32(m, NDTA_THRESH3, cp_neigh_thresh(cp, 3));
	nl_put(m, NDTA_CONFIG, &c, sizeof(c));
	nl_put(m, NDTA_STATS, &s, sizeof(s));
	put_parms(m, &t->parms, 0, 101);
	return nl_msg_end(m);
}

static int put_link_parms(const struct cp *cp, struct nl_msg *m, const struct cp_link *l)
{
	struct ndtmsg *h = nl_msg_begin(m, RTM_NEWNEIGHTBL, 0, sizeof(*h));

	if (h != NULL)
		h->ndtm_family = AF_INET;
	nl_put_str(m, NDTA_NAME, "arp_cache");
	put_parms(m, cp_neigh_parms_of(cp, l), l->ifindex, 101);
	return nl_msg_end(m);
}

int rt_neightbl_start(struct nl_dump *d)
{
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));

	d->words[W_NONE] = g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC;
	return 0;
}

int rt_neightbl_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp *cp = d->rq.ctx;
	const struct cp_link *l;

	if (d->words[W_NONE])
		return NL_DONE;
	if (!d->words[W_ALL] && put_table(cp, m) < 0)
		return NL_MORE;
	d->words[W_ALL] = 1;
	for (; (l = cp_link_next(cp, (uint32_t)d->pos)) != NULL; d->pos = l->ifindex + 1)
		if (put_link_parms(cp, m, l) < 0)
			return NL_MORE;
	return NL_DONE;
}

/* `ip monitor` asks what its own namespace is called: it has no number. */
int rt_getnsid(struct nl_req *rq)
{
	struct nl_msg *m = nl_reply(rq);
	struct rtgenmsg *h = nl_msg_begin(m, RTM_NEWNSID, 0, sizeof(*h));

	if (h != NULL)
		h->rtgen_family = AF_UNSPEC;
	nl_put_u32(m, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	nl_msg_end(m);
	return nl_reply_send(rq, m);
}

int rt_setneightbl(struct cp *cp, struct nl_req *rq)
{
	return nl_err(rq, EOPNOTSUPP, "skiff: changing the neighbour table's timers is not served");
}
