/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip rule`: RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE (fib_rules.c, fib_rules of IPv4). Selectors are
 * from, to, iif, oif, fwmark, tos, not; actions lookup, blackhole, unreachable, prohibit.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "links.h"
#include "netlink/rtnl.h"
#include "notify.h"
#include "rules.h"

static const struct nl_policy policy[] = {
	[FRA_DST] = {.type = NL_U32}, [FRA_SRC] = {.type = NL_U32},
	[FRA_IIFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[FRA_OIFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[FRA_PRIORITY] = {.type = NL_U32}, [FRA_FWMARK] = {.type = NL_U32},
	[FRA_FWMASK] = {.type = NL_U32}, [FRA_TABLE] = {.type = NL_U32},
	[FRA_SUPPRESS_PREFIXLEN] = {.type = NL_U32}, [FRA_PROTOCOL] = {.type = NL_U8},
};

static const struct {
	uint16_t type;
	const char *what;
} refused[] = {
	{FRA_GOTO, "goto"}, {FRA_FLOW, "realms"}, {FRA_TUN_ID, "tun_id"},
	{FRA_SUPPRESS_IFGROUP, "suppress_ifgroup"}, {FRA_L3MDEV, "l3mdev"},
	{FRA_UID_RANGE, "uidrange"}, {FRA_IP_PROTO, "ipproto"}, {FRA_SPORT_RANGE, "sport"},
	{FRA_DPORT_RANGE, "dport"},
};

static int check(struct nl_req *rq, const struct fib_rule_hdr *h, const struct nlattr **tb)
{
	for (size_t i = 0; i < NL_N(refused); i++)
		if (tb[refused[i].type] != NULL)
			return nl_err_attr(rq, tb[refused[i].type], EOPNOTSUPP,
				"skiff: \"%s\" of a rule is not served", refused[i].what);
	if (tb[FRA_SUPPRESS_PREFIXLEN] != NULL && nl_u32(tb[FRA_SUPPRESS_PREFIXLEN]) != UINT32_MAX)
		return nl_err_attr(rq, tb[FRA_SUPPRESS_PREFIXLEN], EOPNOTSUPP,
			"skiff: \"suppress_prefixlength\" of a rule is not served");
	if (h->src_len > 32 || (h->src_len != 0 && tb[FRA_SRC] == NULL))
		return nl_err(rq, EINVAL, "Invalid src length");
	if (h->dst_len > 32 || (h->dst_len != 0 && tb[FRA_DST] == NULL))
		return nl_err(rq, EINVAL, "Invalid dst length");
	if (h->tos & ~0x1cu)
		return nl_err(rq, EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	return 0;
}

static int take(struct nl_req *rq, struct cp_rule *r, uint64_t *given)
{
	const struct fib_rule_hdr *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[FRA_MAX + 1];
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, FRA_MAX);

	if (err < 0)
		return err;
	if (h->family != AF_INET)
		return rt_refuse_family(rq, h->family);
	err = check(rq, h, tb);
	if (err < 0)
		return err;
	memset(r, 0, sizeof(*r)); /* padding, too: rules are compared as bytes */
	r->action = h->action;
	r->tos = h->tos;
	r->src_len = h->src_len;
	r->dst_len = h->dst_len;
	r->invert = h->flags & FIB_RULE_INVERT;
	r->src = rt_ip(tb[FRA_SRC]);
	r->dst = rt_ip(tb[FRA_DST]);
	r->table = tb[FRA_TABLE] != NULL ? nl_u32(tb[FRA_TABLE]) : h->table;
	r->priority = tb[FRA_PRIORITY] != NULL ? nl_u32(tb[FRA_PRIORITY]) : 0;
	r->protocol = tb[FRA_PROTOCOL] != NULL ? nl_u8(tb[FRA_PROTOCOL]) : 0;
	r->suppress_prefixlen = -1;
	if (tb[FRA_FWMARK] != NULL)
		r->mark = nl_u32(tb[FRA_FWMARK]);
	r->mark_mask = tb[FRA_FWMASK] != NULL ? nl_u32(tb[FRA_FWMASK]) : r->mark != 0 ? UINT32_MAX : 0;
	if (tb[FRA_IIFNAME] != NULL)
		nl_str(tb[FRA_IIFNAME], r->iif, sizeof(r->iif));
	if (tb[FRA_OIFNAME] != NULL)
		nl_str(tb[FRA_OIFNAME], r->oif, sizeof(r->oif));
	*given = 0;
	for (unsigned int i = 0; i <= FRA_MAX; i++)
		*given |= tb[i] != NULL ? 1ull << i : 0;
	return 0;
}

/* Without a priority: just before the second rule. */
static uint32_t default_priority(const struct cp *cp)
{
	return cp->rules->n > 1 && cp->rules->rule[1].priority != 0
		? cp->rules->rule[1].priority - 1 : 0;
}

int rt_newrule(struct cp *cp, struct nl_req *rq)
{
	struct cp_rule r;
	uint64_t given;
	int err = take(rq, &r, &given);

	if (err < 0)
		return err;
	if (r.action == FR_ACT_GOTO || r.action == FR_ACT_NOP)
		return nl_err(rq, EOPNOTSUPP, "skiff: goto and nop rules are not served");
	if (r.action == FR_ACT_UNSPEC || r.action > FR_ACT_PROHIBIT)
		return nl_err(rq, EINVAL, "Invalid rule action");
	if (r.action == FR_ACT_TO_TBL && r.table == 0)
		return nl_err(rq, EOPNOTSUPP, "skiff: a rule needs a table");
	if (!(given & 1ull << FRA_PRIORITY))
		r.priority = default_priority(cp);
	return cp_rule_add(cp, &r, rq->nlh->nlmsg_flags & NLM_F_EXCL);
}

int rt_delrule(struct cp *cp, struct nl_req *rq)
{
	struct cp_rule r;
	uint64_t given;
	int err = take(rq, &r, &given);

	return err < 0 ? err : cp_rule_del(cp, &r, given, NULL);
}

static int put_rule(const struct cp *cp, struct nl_msg *m, const struct cp_rule *r, uint16_t type)
{
	struct fib_rule_hdr *h = nl_msg_begin(m, type, 0, sizeof(*h));
	uint32_t flags = r->invert ? FIB_RULE_INVERT : 0;

	if (r->iif[0] != 0 && cp_link_by_name(cp, r->iif) == NULL)
		flags |= FIB_RULE_IIF_DETACHED;
	if (r->oif[0] != 0 && cp_link_by_name(cp, r->oif) == NULL)
		flags |= FIB_RULE_OIF_DETACHED;
	if (h != NULL)
		*h = (struct fib_rule_hdr){.family = AF_INET, .dst_len = r->dst_len,
			.src_len = r->src_len, .tos = r->tos, .action = r->action, .flags = flags,
			.table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT};
	nl_put_u32(m, FRA_TABLE, r->table);
	nl_put_u32(m, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	nl_put_u8(m, FRA_PROTOCOL, r->protocol);
	if (r->iif[0] != 0)
		nl_put_str(m, FRA_IIFNAME, r->iif);
	if (r->oif[0] != 0)
		nl_put_str(m, FRA_OIFNAME, r->oif);
	if (r->priority != 0)
		nl_put_u32(m, FRA_PRIORITY, r->priority);
	if (r->mark != 0)
		nl_put_u32(m, FRA_FWMARK, r->mark);
	if (r->mark != 0 || r->mark_mask != 0)
		nl_put_u32(m, FRA_FWMASK, r->mark_mask);
	if (r->dst_len != 0)
		nl_put_u32(m, FRA_DST, r->dst);
	if (r->src_len != 0)
		nl_put_u32(m, FRA_SRC, r->src);
	return nl_msg_end(m);
}

void cp_notify_rule(struct cp *cp, const struct cp_rule *r, uint16_t type)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_IPV4_RULE);

	if (m != NULL && put_rule(cp, m, r, type) == 0)
		rt_notice_send(cp, m, RTNLGRP_IPV4_RULE);
}

int rt_rule_start(struct nl_dump *d)
{
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));

	d->words[0] = g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC;
	if (nl_sock_strict(d->rq.sock) && d->rq.nlh->nlmsg_len < NLMSG_HDRLEN +
		sizeof(struct fib_rule_hdr))
		return nl_err(&d->rq, EINVAL, "Invalid header for fib rule dump request");
	return 0;
}

int rt_rule_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp *cp = d->rq.ctx;

	for (; !d->words[0] && d->pos < cp->rules->n; d->pos++)
		if (put_rule(cp, m, &cp->rules->rule[d->pos], RTM_NEWRULE) < 0)
			return NL_MORE;
	return NL_DONE;
}
