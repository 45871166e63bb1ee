/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What changes of a link: up and down, carrier (RFC 2863 states), MTU, addresses, names. Each
 * change reaches the data plane first, which may refuse it, then what stands on the link
 * (addresses, routes, neighbours, VLANs), as Linux's notifier chain does.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/if.h>
#include <string.h>

#include "addrs.h"
#include "link_state.h"
#include "neigh.h"
#include "nexthops.h"
#include "notify.h"

#define USER_FLAGS (IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_MULTICAST | IFF_PORTSEL | \
	IFF_AUTOMEDIA | IFF_DYNAMIC)
#define MIN_IP_MTU 68u

static int program(struct cp *cp, struct cp_link *l, unsigned int what)
{
	return cp->be != NULL ? cp->be->link_set(cp->be_ctx, l, what) : 0;
}

static void touched(struct cp *cp, struct cp_link *l, uint32_t change)
{
	cp->gens.links++;
	cp_notify_link(cp, l, RTM_NEWLINK, change);
}

bool link_operates(const struct cp_link *l)
{
	return (l->flags & IFF_UP) && l->carrier;
}

bool cp_link_running(const struct cp_link *l)
{
	return (l->flags & IFF_UP) && (l->operstate == IF_OPER_UP || l->operstate == IF_OPER_UNKNOWN);
}

uint32_t cp_link_flags(const struct cp_link *l)
{
	uint32_t f = l->flags;

	if (l->promiscuity != 0)
		f |= IFF_PROMISC;
	if (l->allmulti != 0)
		f |= IFF_ALLMULTI;
	if (cp_link_running(l))
		f |= IFF_RUNNING;
	if (link_operates(l))
		f |= IFF_LOWER_UP;
	return f;
}

/* lo and dummies report no carrier events, so theirs stays unknown, as in Linux. */
static uint8_t operstate_of(const struct cp_link *l)
{
	if (l->kind == CP_LINK_LO || l->kind == CP_LINK_DUMMY)
		return IF_OPER_UNKNOWN;
	if (l->carrier)
		return IF_OPER_UP;
	return l->kind == CP_LINK_VLAN ? IF_OPER_LOWERLAYERDOWN : IF_OPER_DOWN;
}

void link_state_init(struct cp *cp, struct cp_link *l)
{
	l->operstate = operstate_of(l);
}

/* The carrier of a link that is up came or went. */
static void carrier_works(struct cp *cp, struct cp_link *l)
{
	l->operstate = operstate_of(l);
	if (!(l->flags & IFF_UP))
		return;
	program(cp, l, CP_WHAT_FLAGS);
	if (l->carrier)
		cp_neigh_link_up(cp, l);
	else
		cp_neigh_link_down(cp, l, CP_NEIGH_DYNAMIC);
	rib_link_carrier(cp, l, l->carrier);
	touched(cp, l, 0);
	if (l->carrier)
		for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			cp_arp_announce(cp, l, a->local);
}

static bool may_have_vlans(const struct cp_link *l)
{
	return l->kind == CP_LINK_PORT || l->kind == CP_LINK_VLAN;
}

static void vlans_follow(struct cp *cp, const struct cp_link *lower)
{
	bool up = link_operates(lower);

	if (!may_have_vlans(lower))
		return;
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1)) {
		if (l->kind != CP_LINK_VLAN || l->lower != lower->ifindex || l->carrier == up)
			continue;
		l->carrier = up;
		*(up ? &l->carrier_up : &l->carrier_down) += 1;
		carrier_works(cp, l);
		vlans_follow(cp, l);
	}
}

void cp_link_set_carrier(struct cp *cp, struct cp_link *l, bool up, uint32_t speed_mbps,
	bool full_duplex)
{
	l->speed_mbps = speed_mbps;
	l->full_duplex = full_duplex;
	if (l->carrier == up)
		return;
	l->carrier = up;
	*(up ? &l->carrier_up : &l->carrier_down) += 1;
	carrier_works(cp, l);
	vlans_follow(cp, l);
}

static int loopback_address(struct cp *cp, struct cp_link *l)
{
	struct cp_addr a = {
		.local = htonl(INADDR_LOOPBACK), .address = htonl(INADDR_LOOPBACK), .len = 8,
		.scope = RT_SCOPE_HOST, .flags = IFA_F_PERMANENT,
		.valid_s = UINT32_MAX, .preferred_s = UINT32_MAX,
	};

	if (l->kind != CP_LINK_LO || l->addrs != NULL)
		return 0;
	strcpy(a.label, l->name);
	return cp_addr_add(cp, l, &a, false, false);
}

static void vlans_up_down(struct cp *cp, const struct cp_link *lower, bool up)
{
	if (!may_have_vlans(lower))
		return;
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (l->kind == CP_LINK_VLAN && l->lower == lower->ifindex &&
			!(l->vlan_flags & VLAN_FLAG_LOOSE_BINDING))
			cp_link_set_up(cp, l, up);
}

static void came_up(struct cp *cp, struct cp_link *l)
{
	l->operstate = operstate_of(l);
	l->was_up = true;
	touched(cp, l, IFF_UP | IFF_RUNNING);
	loopback_address(cp, l);
	cp_addrs_link_up(cp, l);
	rib_link_up(cp, l);
	cp_nh_link_changed(cp, l->ifindex);
	vlans_follow(cp, l);
	vlans_up_down(cp, l, true);
}

static void went_down(struct cp *cp, struct cp_link *l)
{
	vlans_up_down(cp, l, false);
	vlans_follow(cp, l);
	cp_neigh_link_down(cp, l, CP_NEIGH_DYNAMIC);
	rib_link_down(cp, l, RIB_DOWN);
	cp_nh_link_changed(cp, l->ifindex);
	touched(cp, l, IFF_UP | IFF_RUNNING);
}

int cp_link_set_up(struct cp *cp, struct cp_link *l, bool up)
{
	const struct cp_link *lower;
	int err;

	if (up == !!(l->flags & IFF_UP))
		return 0;
	if (up && l->kind == CP_LINK_VLAN) {
		lower = cp_link_get(cp, l->lower);
		if (lower == NULL || (!(lower->flags & IFF_UP) &&
			!(l->vlan_flags & VLAN_FLAG_LOOSE_BINDING)))
			return -ENETDOWN;
		l->carrier = link_operates(lower);
	}
	l->flags ^= IFF_UP;
	err = program(cp, l, CP_WHAT_FLAGS);
	if (err < 0) {
		l->flags ^= IFF_UP;
		return err;
	}
	if (up)
		came_up(cp, l);
	else
		went_down(cp, l);
	cp_changed(cp);
	return 0;
}

/* The user's own share of promiscuity is kept apart from others' (taps): IFF_PROMISC in flags. */
static void set_counted(struct cp_link *l, uint32_t flag, bool on, uint32_t *users)
{
	if (on == !!(l->flags & flag))
		return;
	l->flags ^= flag;
	*users += on ? 1 : (uint32_t)-1;
}

int cp_link_set_flags(struct cp *cp, struct cp_link *l, uint32_t flags, uint32_t change)
{
	struct cp_link old = *l;
	uint32_t want = (l->flags & ~change) | (flags & change), diff;
	int err;

	l->flags = (l->flags & ~USER_FLAGS) | (want & USER_FLAGS);
	set_counted(l, IFF_PROMISC, want & IFF_PROMISC, &l->promiscuity);
	set_counted(l, IFF_ALLMULTI, want & IFF_ALLMULTI, &l->allmulti);
	diff = old.flags ^ l->flags;
	if (diff != 0) {
		err = program(cp, l, CP_WHAT_FLAGS);
		if (err < 0) {
			l->flags = old.flags;
			l->promiscuity = old.promiscuity;
			l->allmulti = old.allmulti;
			return err;
		}
		if (diff & IFF_NOARP)
			cp_neigh_link_down(cp, l, CP_NEIGH_DYNAMIC);
		cp_changed(cp);
		touched(cp, l, diff);
	}
	return (change & IFF_UP) ? cp_link_set_up(cp, l, flags & IFF_UP) : 0;
}

/* VLANs cannot carry more than their port. */
static void vlans_shrink(struct cp *cp, const struct cp_link *lower)
{
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (l->kind == CP_LINK_VLAN && l->lower == lower->ifindex &&
			l->mtu > cp_link_vlan_mtu(lower))
			cp_link_set_mtu(cp, l, cp_link_vlan_mtu(lower));
}

int cp_link_set_mtu(struct cp *cp, struct cp_link *l, uint32_t mtu)
{
	const struct cp_link *lower = l->kind == CP_LINK_VLAN ? cp_link_get(cp, l->lower) : NULL;
	uint32_t old = l->mtu;
	int err;

	if (mtu == old)
		return 0;
	if (mtu > INT32_MAX || mtu < l->min_mtu)
		return cp_fail(cp, EINVAL, "mtu less than device minimum");
	if (l->max_mtu != 0 && mtu > l->max_mtu)
		return cp_fail(cp, EINVAL, "mtu greater than device maximum");
	if (lower != NULL && mtu > cp_link_vlan_mtu(lower))
		return -ERANGE;
	l->mtu = mtu;
	err = program(cp, l, CP_WHAT_MTU);
	if (err < 0) {
		l->mtu = old;
		return err;
	}
	vlans_shrink(cp, l);
	if (mtu < MIN_IP_MTU && old >= MIN_IP_MTU)
		cp_addrs_link_gone(cp, l);
	cp_nh_link_changed(cp, l->ifindex);
	cp_changed(cp);
	touched(cp, l, 0);
	return 0;
}

int cp_link_set_addr(struct cp *cp, struct cp_link *l, const uint8_t mac[6])
{
	static const uint8_t zero[6];
	uint8_t old[6];
	int err;

	if ((mac[0] & 1) || memcmp(mac, zero, 6) == 0)
		return -EADDRNOTAVAIL;
	memcpy(old, l->addr, 6);
	memcpy(l->addr, mac, 6);
	err = program(cp, l, CP_WHAT_ADDR);
	if (err < 0) {
		memcpy(l->addr, old, 6);
		return err;
	}
	l->addr_set = true;
	cp_neigh_link_down(cp, l, CP_NEIGH_DYNAMIC);
	cp_nh_link_changed(cp, l->ifindex);
	cp_changed(cp);
	touched(cp, l, 0);
	if (link_operates(l))
		for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
			cp_arp_announce(cp, l, a->local);
	return 0;
}

int cp_link_set_brd(struct cp *cp, struct cp_link *l, const uint8_t mac[6])
{
	memcpy(l->brd, mac, 6);
	cp_changed(cp);
	touched(cp, l, 0);
	return 0;
}

int cp_link_set_name(struct cp *cp, struct cp_link *l, const char *name)
{
	char old[IFNAMSIZ];
	int err;

	if (strcmp(l->name, name) == 0)
		return 0;
	if (!cp_link_name_valid(name))
		return -EINVAL;
	if (cp_link_by_name(cp, name) != NULL)
		return -EEXIST;
	memcpy(old, l->name, IFNAMSIZ);
	strcpy(l->name, name);
	err = program(cp, l, CP_WHAT_NAME);
	if (err < 0) {
		memcpy(l->name, old, IFNAMSIZ);
		return err;
	}
	cp_addrs_renamed(cp, l, old);
	cp_rules_changed(cp);
	cp_changed(cp);
	touched(cp, l, 0);
	return 0;
}

int cp_link_set_txqlen(struct cp *cp, struct cp_link *l, uint32_t len)
{
	uint32_t old = l->txqlen;
	int err;

	l->txqlen = len;
	err = program(cp, l, CP_WHAT_TXQLEN);
	if (err < 0) {
		l->txqlen = old;
		return err;
	}
	cp_changed(cp);
	touched(cp, l, 0);
	return 0;
}

int cp_link_set_alias(struct cp *cp, struct cp_link *l, const char *alias)
{
	if (strlen(alias) >= sizeof(l->alias))
		return -EINVAL;
	strcpy(l->alias, alias);
	cp_changed(cp);
	if (l->flags & IFF_UP) /* Linux is silent about such changes of a link that is down */
		touched(cp, l, 0);
	return program(cp, l, CP_WHAT_ALIAS);
}

int cp_link_set_group(struct cp *cp, struct cp_link *l, uint32_t group)
{
	l->group = group;
	cp_changed(cp);
	if (l->flags & IFF_UP)
		touched(cp, l, 0);
	return 0;
}

void cp_link_stats(const struct cp *cp, const struct cp_link *l, struct rtnl_link_stats64 *st)
{
	memset(st, 0, sizeof(*st));
	if (cp->be != NULL)
		cp->be->link_stats(cp->be_ctx, l, st);
}
