/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Back to the state before a commit that failed: the differences between the live instance and its
 * picture are undone, links first, since addresses and routes hang on them. Called by journal.c.
 */
#include <linux/if.h>
#include <string.h>

#include "addrs.h"
#include "inet_conf.h"
#include "neigh.h"
#include "notify.h"
#include "restore.h"
#include "rib_store.h"
#include "rules.h"

static void check(struct cp *live, int err, const char *what, const char *name)
{
	if (err < 0)
		cp_log(live, "undo: %s %s: %s", what, name, strerror(-err));
}

static void drop_new_links(struct cp *live, const struct cp *before)
{
	uint32_t next;

	for (struct cp_link *l = cp_link_next(live, 0); l != NULL; l = cp_link_next(live, next)) {
		const struct cp_link *old = cp_link_get(before, l->ifindex);

		next = l->ifindex + 1; /* the one behind may go with it */
		if (l->kind != CP_LINK_VLAN && l->kind != CP_LINK_DUMMY)
			continue;
		if (old == NULL || old->kind != l->kind)
			check(live, cp_link_del(live, l), "delete", l->name);
	}
}

/* A link that is gone comes back with its old ifindex, so that what refers to it fits. */
static void bring_back_links(struct cp *live, const struct cp *before)
{
	for (const struct cp_link *o = cp_link_next(before, 0); o != NULL;
		o = cp_link_next(before, o->ifindex + 1)) {
		struct cp_link *lower;

		if (cp_link_get(live, o->ifindex) != NULL)
			continue;
		cp_link_next_ifindex(live, o->ifindex);
		if (o->kind == CP_LINK_DUMMY)
			check(live, cp_link_add_dummy(live, o->name, o->addr, NULL), "add", o->name);
		lower = o->kind == CP_LINK_VLAN ? cp_link_get(live, o->lower) : NULL;
		if (lower != NULL)
			check(live, cp_link_add_vlan(live, o->name, lower, o->vlan_proto, o->vlan_id,
				NULL), "add", o->name);
	}
	cp_link_next_ifindex(live, cp_link_cursor(before));
}

static void restore_link(struct cp *live, struct cp_link *l, const struct cp_link *o)
{
	const uint32_t user = IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST | IFF_UP;

	if (l->mtu != o->mtu)
		check(live, cp_link_set_mtu(live, l, o->mtu), "mtu", o->name);
	if (memcmp(l->addr, o->addr, sizeof(l->addr)) != 0)
		check(live, cp_link_set_addr(live, l, o->addr), "address", o->name);
	if (strcmp(l->name, o->name) != 0)
		check(live, cp_link_set_name(live, l, o->name), "name", o->name);
	if (strcmp(l->alias, o->alias) != 0)
		check(live, cp_link_set_alias(live, l, o->alias), "alias", o->name);
	if (l->txqlen != o->txqlen)
		check(live, cp_link_set_txqlen(live, l, o->txqlen), "txqueuelen", o->name);
	l->group = o->group;
	l->addr_set = o->addr_set;
	l->vlan_flags = o->vlan_flags;
	if ((l->flags ^ o->flags) & user)
		check(live, cp_link_set_flags(live, l, o->flags, user), "flags", o->name);
}

static void restore_addrs(struct cp *live, struct cp_link *l, const struct cp_link *o)
{
	struct cp_addr *next;

	for (struct cp_addr *a = l->addrs; a != NULL; a = next) {
		next = a->next;
		if (cp_addr_find(o, a->local, a->address, a->len) == NULL) {
			cp_addr_del(live, a);
			next = l->addrs; /* secondaries may have gone, too */
		}
	}
	for (const struct cp_addr *a = o->addrs; a != NULL; a = a->next) {
		struct cp_addr *have = cp_addr_find(l, a->local, a->address, a->len);

		if (have == NULL)
			check(live, cp_addr_add(live, l, a, false, false), "address on", o->name);
		else if (have->valid_s != a->valid_s || have->preferred_s != a->preferred_s ||
			have->metric != a->metric)
			check(live, cp_addr_add(live, l, a, true, false), "address on", o->name);
	}
}

static struct rib_cfg cfg_of(const struct cp *cp, const struct rib_route *r)
{
	const struct rib_nh *nh = rib_info_nh(r->fi);
	const uint32_t *metrics = rib_metrics(cp, r->fi);
	struct rib_cfg c = {
		.dst = r->dst, .len = r->len, .tos = r->tos, .type = r->type, .table = r->table,
		.protocol = r->fi->protocol, .scope = r->fi->scope, .priority = r->fi->priority,
		.prefsrc = r->fi->prefsrc, .has_metrics = metrics != NULL,
		.nlflags = NLM_F_CREATE | NLM_F_APPEND, .internal = true,
	};

	if (metrics != NULL)
		memcpy(c.metrics, metrics, sizeof(c.metrics));
	if (r->fi->n_nh > 1) {
		c.n_mp = r->fi->n_nh;
		c.mp = r->fi->many;
	} else {
		c.oif = nh->oif;
		c.gw = nh->gw;
		c.flags = nh->flags & RTNH_F_ONLINK;
	}
	return c;
}

/* Does `in` have this very route? */
static bool has_route(const struct cp *in, const struct cp *of, const struct rib_route *r)
{
	const struct rib_table *t = rib_table_find(in->rib, r->table);
	uint32_t node = t != NULL ? rib_trie_find(in->rib, &t->trie, r->dst, r->len) : 0;
	struct rib_cfg c = cfg_of(of, r);

	for (uint32_t i = node != 0 ? rib_node(in->rib, node)->route : 0; i != 0;
		i = rib_alias(in->rib, i)->next) {
		const struct rib_alias *a = rib_alias(in->rib, i);
		const struct rib_info *fi = rib_info(in->rib, a->info);

		if (a->tos == r->tos && a->type == r->type && fi->priority == r->fi->priority &&
			fi->n_nh == r->fi->n_nh && rib_info_matches(in, &c, fi))
			return true;
	}
	return false;
}

struct pair {
	const struct cp *live, *before;
};

static bool is_new(const struct rib_route *r, void *arg)
{
	const struct pair *p = arg;

	return !has_route(p->before, p->live, r);
}

/* Gateways need their connected routes first: as long as a pass brings one back, another follows. */
static void restore_routes(struct cp *live, const struct cp *before)
{
	struct pair p = {live, before};
	uint64_t missing, last = UINT64_MAX;

	rib_flush(live, 0, RIB_FLUSH_TOLD, is_new, &p);
	do {
		struct rib_cursor c = {0};
		struct rib_route r;

		missing = 0;
		while (rib_next(before, &c, &r)) {
			struct rib_cfg cfg = cfg_of(before, &r);

			if (!has_route(live, before, &r) && rib_add(live, &cfg, NULL, NULL) < 0)
				missing++;
		}
		if (missing == last) {
			cp_log(live, "undo: %llu routes could not be brought back",
				(unsigned long long)missing);
			return;
		}
		last = missing;
	} while (missing != 0);
}

static bool rule_in(const struct cp_rules *t, const struct cp_rule *r)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (memcmp(&t->rule[i], r, sizeof(*r)) == 0)
			return true;
	return false;
}

static void restore_rules(struct cp *live, const struct cp *before)
{
	const uint64_t all = 1ull << FRA_PRIORITY | 1ull << FRA_FWMARK | 1ull << FRA_FWMASK |
		1ull << FRA_IIFNAME | 1ull << FRA_OIFNAME | 1ull << FRA_PROTOCOL;

	for (uint32_t i = live->rules->n; i-- > 0;) {
		struct cp_rule r = live->rules->rule[i];

		if (!rule_in(before->rules, &r))
			check(live, cp_rule_del(live, &r, all, NULL), "delete", "rule");
	}
	for (uint32_t i = 0; i < before->rules->n; i++)
		if (!rule_in(live->rules, &before->rules->rule[i]))
			check(live, cp_rule_add(live, &before->rules->rule[i], false), "add", "rule");
}

static void restore_neighs(struct cp *live, const struct cp *before)
{
	const uint8_t set = NUD_PERMANENT | NUD_NOARP;
	uint32_t bucket = 0, nth = 0;
	struct cp_neigh *n, *o;

	for (n = live->neighs != NULL ? cp_neigh_next(live, &bucket, &nth) : NULL; n != NULL;
		n = cp_neigh_next(live, &bucket, &nth)) {
		o = cp_neigh_find(before, n->ifindex, n->ip);
		if (!(n->state & set) || (o != NULL && (o->state & set)))
			continue;
		cp_neigh_del(live, n);
		bucket = nth = 0;
	}
	bucket = nth = 0;
	while ((o = cp_neigh_next(before, &bucket, &nth)) != NULL) {
		struct cp_link *l = cp_link_get(live, o->ifindex);

		n = l != NULL && (o->state & set) ? cp_neigh_make_for(live, l, o->ip, true)
			: NULL;
		if (n != NULL)
			check(live, cp_neigh_update(live, n, o->has_lladdr ? o->lladdr : NULL, o->state,
				CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE), "neighbour on", l->name);
	}
}

void cp_restore(struct cp *live, const struct cp *before)
{
	drop_new_links(live, before);
	bring_back_links(live, before);
	for (const struct cp_link *o = cp_link_next(before, 0); o != NULL;
		o = cp_link_next(before, o->ifindex + 1)) {
		struct cp_link *l = cp_link_get(live, o->ifindex);

		if (l == NULL)
			continue;
		restore_link(live, l, o);
		restore_addrs(live, l, o);
	}
	restore_rules(live, before);
	restore_routes(live, before);
	restore_neighs(live, before);
	cp_conf_restore(live, before);
	live->generation = before->generation;
}
