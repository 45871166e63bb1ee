/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lookups in the control plane: for gateways of new routes and for `ip route get`. Workers have
 * their own (fib/). The order of tables is the rules'; as long as only the default ones exist,
 * local and main are one trie for the longest match, as in Linux and in the merged FIB.
 */
#include <errno.h>
#include <linux/if.h>
#include <string.h>

#include "rib_store.h"
#include "links.h"
#include "rules.h"

/* What a type answers, and the widest scope its routes may have. */
const struct rib_prop rib_props[RTN_MAX + 1] = {
	[RTN_UNSPEC] = {0, RT_SCOPE_NOWHERE},
	[RTN_UNICAST] = {0, RT_SCOPE_UNIVERSE},
	[RTN_LOCAL] = {0, RT_SCOPE_HOST},
	[RTN_BROADCAST] = {0, RT_SCOPE_LINK},
	[RTN_ANYCAST] = {0, RT_SCOPE_LINK},
	[RTN_MULTICAST] = {0, RT_SCOPE_UNIVERSE},
	[RTN_BLACKHOLE] = {-EINVAL, RT_SCOPE_UNIVERSE},
	[RTN_UNREACHABLE] = {-EHOSTUNREACH, RT_SCOPE_UNIVERSE},
	[RTN_PROHIBIT] = {-EACCES, RT_SCOPE_UNIVERSE},
	[RTN_THROW] = {-EAGAIN, RT_SCOPE_UNIVERSE},
	[RTN_NAT] = {-EINVAL, RT_SCOPE_NOWHERE},
	[RTN_XRESOLVE] = {-EINVAL, RT_SCOPE_NOWHERE},
};

static bool nh_good(const struct rib_nh *nh, const struct rib_flow *fl)
{
	if (nh->flags & RTNH_F_DEAD)
		return false;
	if (fl->ignore_linkdown && (nh->flags & RTNH_F_LINKDOWN))
		return false;
	return fl->oif == 0 || fl->oif == nh->oif;
}

/* One of the good ones, by the flow's hash and the weights. */
static int pick_nh(const struct rib_info *fi, const struct rib_flow *fl, unsigned int *which)
{
	const struct rib_nh *nh = rib_info_nh(fi);
	uint32_t sum = 0, at;

	for (unsigned int i = 0; i < fi->n_nh; i++)
		if (nh_good(&nh[i], fl))
			sum += nh[i].weight;
	if (sum == 0)
		return -ENOENT;
	at = (uint32_t)((uint64_t)fl->hash * sum >> 32);
	for (unsigned int i = 0; i < fi->n_nh; i++) {
		if (!nh_good(&nh[i], fl))
			continue;
		if (at < nh[i].weight) {
			*which = i;
			return 0;
		}
		at -= nh[i].weight;
	}
	return -ENOENT;
}

/* The routes of one prefix: 0, the error its type stands for, or -ENOENT: go on. */
static int node_lookup(const struct rib *r, const struct rib_table *t, uint32_t at,
	const struct rib_flow *fl, struct rib_result *res)
{
	const struct rib_node *n = rib_node(r, at);

	for (uint32_t i = n->route; i != 0; i = rib_alias(r, i)->next) {
		const struct rib_alias *a = rib_alias(r, i);
		const struct rib_info *fi = rib_info(r, a->info);

		if ((a->tos != 0 && a->tos != fl->tos) || fi->scope < fl->scope)
			continue;
		if (rib_props[a->type].err == 0 && ((fi->flags & RTNH_F_DEAD) ||
			pick_nh(fi, fl, &res->nh_index) < 0))
			continue;
		rib_route_of(r, t, n, a, &res->route);
		if (rib_props[a->type].err != 0)
			return rib_props[a->type].err;
		res->nh = rib_info_nh(fi) + res->nh_index;
		return 0;
	}
	return -ENOENT;
}

int rib_table_lookup(const struct cp *cp, uint32_t table, const struct rib_flow *fl,
	struct rib_result *res)
{
	const struct rib_table *t = rib_table_find(cp->rib, table);
	uint32_t i = t != NULL ? rib_trie_longest(cp->rib, &t->trie, ntohl(fl->dst)) : 0;
	int err;

	for (; i != 0; i = rib_trie_shorter(cp->rib, i)) {
		err = node_lookup(cp->rib, t, i, fl, res);
		if (err != -ENOENT)
			return err;
	}
	return -EAGAIN; /* no route here: on to the next rule */
}

/* Longest match over local and main together, local first at the same length. */
static int merged_lookup(const struct cp *cp, const struct rib_flow *fl, struct rib_result *res)
{
	const struct rib *r = cp->rib;
	const struct rib_table *local = rib_table_find(r, RT_TABLE_LOCAL);
	const struct rib_table *main_t = rib_table_find(r, RT_TABLE_MAIN);
	uint32_t l = rib_trie_longest(r, &local->trie, ntohl(fl->dst));
	uint32_t m = rib_trie_longest(r, &main_t->trie, ntohl(fl->dst));
	int err;

	while (l != 0 || m != 0) {
		bool from_local = l != 0 && (m == 0 || rib_node(r, l)->len >= rib_node(r, m)->len);
		uint32_t *at = from_local ? &l : &m;

		err = node_lookup(r, from_local ? local : main_t, *at, fl, res);
		if (err != -ENOENT)
			return err;
		*at = rib_trie_shorter(r, *at);
	}
	return -EAGAIN;
}

static bool iface_is(const struct cp *cp, const char *name, uint32_t ifindex)
{
	const struct cp_link *l = cp_link_by_name(cp, name);

	return l != NULL && l->ifindex == ifindex;
}

static bool rule_matches(const struct cp *cp, const struct cp_rule *u, const struct rib_flow *fl)
{
	bool yes = ((fl->src ^ u->src) & htonl(rib_mask(u->src_len))) == 0 &&
		((fl->dst ^ u->dst) & htonl(rib_mask(u->dst_len))) == 0 &&
		(u->tos == 0 || u->tos == fl->tos) &&
		((fl->mark ^ u->mark) & u->mark_mask) == 0 &&
		(u->iif[0] == 0 || iface_is(cp, u->iif, fl->iif)) &&
		(u->oif[0] == 0 || iface_is(cp, u->oif, fl->oif));

	return yes != u->invert;
}

static int rule_result(const struct cp *cp, const struct cp_rule *u, const struct rib_flow *fl,
	struct rib_result *res)
{
	int err;

	switch (u->action) {
	case FR_ACT_TO_TBL:
		err = rib_table_lookup(cp, u->table, fl, res);
		if (err == 0 && u->suppress_prefixlen >= 0 &&
			res->route.len <= u->suppress_prefixlen)
			return -EAGAIN;
		return err;
	case FR_ACT_UNREACHABLE:
		return -ENETUNREACH;
	case FR_ACT_PROHIBIT:
		return -EACCES;
	case FR_ACT_BLACKHOLE:
		return -EINVAL;
	default: /* FR_ACT_NOP */
		return -EAGAIN;
	}
}

static int rules_lookup(const struct cp *cp, const struct rib_flow *fl, struct rib_result *res)
{
	const struct cp_rules *rules = cp->rules;
	uint32_t i = 0;
	int err;

	while (i < rules->n) {
		const struct cp_rule *u = &rules->rule[i++];

		if (!rule_matches(cp, u, fl))
			continue;
		if (u->action == FR_ACT_GOTO) { /* forward only: there is no loop */
			while (i < rules->n && rules->rule[i].priority < u->target)
				i++;
			continue;
		}
		err = rule_result(cp, u, fl, res);
		if (err != -EAGAIN)
			return err;
	}
	return -ENETUNREACH;
}

int rib_lookup(const struct cp *cp, const struct rib_flow *fl, struct rib_result *res)
{
	int err;

	memset(res, 0, sizeof(*res));
	if (fl->table != 0) {
		err = rib_table_lookup(cp, fl->table, fl, res);
		return err == -EAGAIN ? -ENETUNREACH : err;
	}
	if (!cp->rules->merged)
		return rules_lookup(cp, fl, res);
	err = merged_lookup(cp, fl, res);
	return err == -EAGAIN ? -ENETUNREACH : err;
}

uint8_t rib_addr_type(const struct cp *cp, in_addr_t addr, uint32_t oif)
{
	struct rib_flow fl = {.dst = addr};
	struct rib_result res = {0};
	uint32_t host = ntohl(addr);

	if (host == 0 || (host >> 24) == 0 || host == INADDR_BROADCAST)
		return RTN_BROADCAST;
	if (IN_MULTICAST(host))
		return RTN_MULTICAST;
	if (rib_table_lookup(cp, RT_TABLE_LOCAL, &fl, &res) < 0)
		return RTN_UNICAST;
	return oif == 0 || res.nh->oif == oif ? res.route.type : RTN_UNICAST;
}
