/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses of a link: primaries by descending scope width, then secondaries (those of a prefix
 * that a primary already has). Every change computes the routes that follow from the list before
 * and after it (addr_routes.c) and applies the difference. Called by rt_addr.c and link_set.c.
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addr_routes.h"
#include "neigh.h"
#include "nexthops.h"
#include "notify.h"

/* The primary before which a new primary of this scope goes in. */
static struct cp_addr **place_of(struct cp_link *l, const struct cp_addr *a)
{
	struct cp_addr **after_primary = &l->addrs, **p;

	for (p = &l->addrs; *p != NULL; p = &(*p)->next)
		if (!((*p)->flags & IFA_F_SECONDARY) && a->scope <= (*p)->scope)
			after_primary = &(*p)->next;
	return (a->flags & IFA_F_SECONDARY) ? p : after_primary;
}

struct cp_addr *cp_addr_find(const struct cp_link *l, in_addr_t local, in_addr_t address, int len)
{
	for (struct cp_addr *a = l->addrs; a != NULL; a = a->next)
		if (a->len == len && a->local == local && addr_in_prefix(address, a))
			return a;
	return NULL;
}

static void set_lifetime(struct cp *cp, struct cp_addr *a)
{
	a->flags &= ~(uint32_t)(IFA_F_PERMANENT | IFA_F_DEPRECATED);
	if (a->valid_s == UINT32_MAX)
		a->flags |= IFA_F_PERMANENT;
	if (a->preferred_s == 0)
		a->flags |= IFA_F_DEPRECATED;
	a->updated_ms = cp->now_ms;
	if (a->valid_s != UINT32_MAX || a->preferred_s != UINT32_MAX)
		cp->addr_timers = true;
}

static int check_new(struct cp *cp, struct cp_link *l, struct cp_addr *a)
{
	for (const struct cp_addr *x = l->addrs; x != NULL; x = x->next) {
		if (x->len != a->len || !addr_in_prefix(x->address, a))
			continue;
		if (x->local == a->local)
			return -EEXIST;
		if (x->scope != a->scope)
			return cp_fail(cp, EINVAL, "ipv4: Invalid scope value");
		a->flags |= IFA_F_SECONDARY;
	}
	return 0;
}

static int change_times(struct cp *cp, struct cp_addr *have, const struct cp_addr *want)
{
	struct addr_routes *before = NULL;

	if (have->metric != want->metric)
		before = addr_routes_of(cp, have->link);
	have->valid_s = want->valid_s;
	have->preferred_s = want->preferred_s;
	have->metric = want->metric;
	have->proto = want->proto;
	set_lifetime(cp, have);
	if (before != NULL)
		addr_routes_follow(cp, have->link, before);
	cp->gens.addrs++;
	cp_notify_addr(cp, have, RTM_NEWADDR);
	cp_changed(cp);
	return 0;
}

static void unlink_addr(struct cp_link *l, const struct cp_addr *a)
{
	struct cp_addr **p = &l->addrs;

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
}

static bool same_prefix(const struct cp_addr *a, const struct cp_addr *b)
{
	return a->len == b->len && addr_in_prefix(a->address, b);
}

/* Without promotion, the secondaries of a primary go before it does. */
static void drop_secondaries(struct cp *cp, const struct cp_addr *primary)
{
	struct addr_routes *before;
	struct cp_addr *next;

	for (struct cp_addr *a = primary->next; a != NULL; a = next) {
		next = a->next;
		if (!(a->flags & IFA_F_SECONDARY) || !same_prefix(primary, a))
			continue;
		before = addr_routes_of(cp, a->link);
		unlink_addr(a->link, a);
		cp_notify_addr(cp, a, RTM_DELADDR);
		if (before != NULL)
			addr_routes_follow(cp, a->link, before);
		rib_source_left(cp, a->local);
		free(a);
	}
}

static void promote(struct cp *cp, struct cp_link *l, struct cp_addr *a)
{
	struct cp_addr **at;

	unlink_addr(l, a);
	a->flags &= ~(uint32_t)IFA_F_SECONDARY;
	at = place_of(l, a);
	a->next = *at;
	*at = a;
	cp_notify_addr(cp, a, RTM_NEWADDR);
}

static bool promotes(const struct cp *cp, const struct cp_link *l)
{
	return cp_conf_get(&cp->conf_all, IPV4_DEVCONF_PROMOTE_SECONDARIES) ||
		cp_conf_get(&l->conf, IPV4_DEVCONF_PROMOTE_SECONDARIES);
}

/* The list without `a`, and the routes after it. Frees a. */
static void remove_addr(struct cp *cp, struct cp_addr *a)
{
	struct cp_link *l = a->link;
	struct cp_addr *heir = NULL;
	struct addr_routes *before;

	if (!(a->flags & IFA_F_SECONDARY) && promotes(cp, l) && !l->ip_dead)
		for (heir = a->next; heir != NULL; heir = heir->next)
			if ((heir->flags & IFA_F_SECONDARY) && same_prefix(a, heir))
				break;
	if (!(a->flags & IFA_F_SECONDARY) && heir == NULL)
		drop_secondaries(cp, a);
	before = addr_routes_of(cp, l);
	unlink_addr(l, a);
	cp_notify_addr(cp, a, RTM_DELADDR);
	if (heir != NULL)
		promote(cp, l, heir);
	cp->gens.addrs++;
	if (before != NULL)
		addr_routes_follow(cp, l, before);
	rib_source_left(cp, a->local);
	free(a);
}

/* Linux gives IP up on a link (and its routes) with the last address. */
static void last_gone(struct cp *cp, struct cp_link *l)
{
	if (l->addrs == NULL)
		rib_link_down(cp, l, RIB_IP_OFF);
}

int cp_addr_add(struct cp *cp, struct cp_link *l, const struct cp_addr *want, bool replace, bool excl)
{
	struct cp_addr *have = cp_addr_find(l, want->local, want->address, want->len), **at, *a;
	struct addr_routes *before;
	int err;

	if (have != NULL) {
		if (excl || !replace)
			return cp_fail(cp, EEXIST, "ipv4: Address already assigned");
		return change_times(cp, have, want);
	}
	if (l->ip_dead || l->mtu < 68)
		return -ENOBUFS;
	a = malloc(sizeof(*a));
	before = addr_routes_of(cp, l);
	if (a == NULL || before == NULL) {
		free(a);
		addr_routes_free(before);
		return -ENOBUFS;
	}
	*a = *want;
	a->flags &= ~(uint32_t)IFA_F_SECONDARY;
	err = check_new(cp, l, a);
	if (err < 0) {
		free(a);
		addr_routes_free(before);
		return err;
	}
	a->link = l;
	a->created_ms = cp->now_ms;
	set_lifetime(cp, a);
	at = place_of(l, a);
	a->next = *at;
	*at = a;
	cp->gens.addrs++;
	cp_notify_addr(cp, a, RTM_NEWADDR);
	err = addr_routes_follow(cp, l, before);
	if (err < 0) {
		remove_addr(cp, a);
		return err;
	}
	if (l->flags & IFF_UP)
		rib_link_up(cp, l);
	cp_nh_link_changed(cp, l->ifindex);
	if (cp_link_flags(l) & IFF_LOWER_UP)
		cp_arp_announce(cp, l, a->local);
	cp_changed(cp);
	return 0;
}

int cp_addr_del(struct cp *cp, struct cp_addr *a)
{
	struct cp_link *l = a->link;

	remove_addr(cp, a);
	last_gone(cp, l);
	cp_nh_link_changed(cp, l->ifindex);
	cp_changed(cp);
	return 0;
}

void cp_addrs_link_gone(struct cp *cp, struct cp_link *l)
{
	bool dead = l->ip_dead;

	l->ip_dead = true;
	while (l->addrs != NULL)
		remove_addr(cp, l->addrs);
	rib_link_down(cp, l, RIB_IP_OFF);
	l->ip_dead = dead;
}

void cp_addrs_link_up(struct cp *cp, struct cp_link *l)
{
	struct addr_routes *none = addr_routes_none();

	if (none == NULL)
		return;
	/* those that survived (local ones) are there already: adding them again changes nothing */
	addr_routes_follow(cp, l, none);
	if (cp_link_flags(l) & IFF_LOWER_UP)
		for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			cp_arp_announce(cp, l, a->local);
}

/* "eth0" and "eth0:1" follow the link's name where the new one leaves room for the rest. */
void cp_addrs_renamed(struct cp *cp, struct cp_link *l, const char *old)
{
	size_t n = strlen(old), name = strlen(l->name);

	for (struct cp_addr *a = l->addrs; a != NULL; a = a->next) {
		size_t rest = strlen(a->label) - n;

		if (strncmp(a->label, old, n) != 0 || (a->label[n] != 0 && a->label[n] != ':'))
			continue;
		if (name + rest >= sizeof(a->label))
			rest = 0;
		memmove(a->label + name, a->label + n, rest);
		memcpy(a->label, l->name, name);
		a->label[name + rest] = 0;
		cp_notify_addr(cp, a, RTM_NEWADDR);
	}
}

struct cp_addr *cp_addr_owner(const struct cp *cp, in_addr_t local)
{
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		for (struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			if (a->local == local)
				return a;
	return NULL;
}

static in_addr_t select_on(const struct cp_link *l, in_addr_t dst, int scope)
{
	in_addr_t first = 0;

	for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next) {
		if ((a->flags & IFA_F_SECONDARY) || a->scope > (scope < RT_SCOPE_LINK ? scope : RT_SCOPE_LINK))
			continue;
		if (dst == 0 || addr_in_prefix(dst, a))
			return a->local;
		if (first == 0)
			first = a->local;
	}
	return first;
}

in_addr_t cp_addr_select(const struct cp *cp, const struct cp_link *l, in_addr_t dst, int scope)
{
	in_addr_t src = l != NULL ? select_on(l, dst, scope) : 0;

	/* any other link's first one of that scope, link scope excepted */
	for (const struct cp_link *o = cp_link_next(cp, 0); src == 0 && o != NULL;
		o = cp_link_next(cp, o->ifindex + 1))
		for (const struct cp_addr *a = o->addrs; a != NULL && src == 0; a = a->next)
			if (o != l && !(a->flags & IFA_F_SECONDARY) && a->scope != RT_SCOPE_LINK &&
				a->scope <= scope)
				src = a->local;
	return src;
}

/* Times run in whole seconds since the last change of the address. */
static uint64_t address_tick(struct cp *cp, struct cp_addr *a)
{
	uint64_t age = cp->now_ms - a->updated_ms, due = UINT64_MAX;

	if (a->flags & IFA_F_PERMANENT && a->preferred_s == UINT32_MAX)
		return UINT64_MAX;
	if (a->valid_s != UINT32_MAX) {
		if (age >= a->valid_s * 1000ull) {
			cp_addr_del(cp, a);
			return 0;
		}
		due = a->updated_ms + a->valid_s * 1000ull;
	}
	if (a->preferred_s == UINT32_MAX || (a->flags & IFA_F_DEPRECATED))
		return due;
	if (age >= a->preferred_s * 1000ull) {
		a->flags |= IFA_F_DEPRECATED;
		cp_notify_addr(cp, a, RTM_NEWADDR);
		return due;
	}
	return a->updated_ms + a->preferred_s * 1000ull < due
		? a->updated_ms + a->preferred_s * 1000ull : due;
}

static uint64_t link_tick(struct cp *cp, struct cp_link *l)
{
	uint64_t due = UINT64_MAX, d;
	struct cp_addr *a = l->addrs;

	while (a != NULL) {
		d = address_tick(cp, a);
		if (d == 0) { /* expired; its secondaries may have gone with it: begin again */
			due = UINT64_MAX;
			a = l->addrs;
			continue;
		}
		due = d < due ? d : due;
		a = a->next;
	}
	return due;
}

uint64_t cp_addrs_tick(struct cp *cp)
{
	uint64_t due = UINT64_MAX, d;

	if (!cp->addr_timers)
		return UINT64_MAX;
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1)) {
		d = link_tick(cp, l);
		due = d < due ? d : due;
	}
	cp->addr_timers = due != UINT64_MAX;
	return due;
}
