/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes follow their links and source addresses: a next hop through a link that goes down is
 * dead, a route without living next hop goes; carrier loss only marks. As Linux, the removal that
 * a link's going down causes is not announced route by route. Called by link_set.c and addrs.c.
 */
#include <linux/if.h>

#include "links.h"
#include "nexthops.h"
#include "rib_store.h"

static struct rib_nh *nhs_of(struct rib_info *fi)
{
	return fi->n_nh > 1 ? fi->many : &fi->one;
}

static bool is_dead(const struct rib_route *r, void *arg)
{
	return r->fi->flags & RTNH_F_DEAD;
}

/* Marks next hops through the link; returns how many of the info's can no longer be used. */
static unsigned int mark(struct rib_info *fi, uint32_t oif, enum rib_down how, uint8_t flags)
{
	struct rib_nh *nh = nhs_of(fi);
	bool force = how == RIB_IP_OFF || how == RIB_GONE;
	unsigned int n = 0;

	for (unsigned int i = 0; i < fi->n_nh; i++) {
		if (nh[i].flags & RTNH_F_DEAD) {
			n++;
		} else if (nh[i].oif == oif && (force || nh[i].scope != RT_SCOPE_NOWHERE)) {
			nh[i].flags |= flags;
			n++;
		}
		if (how == RIB_GONE && nh[i].oif == oif)
			return fi->n_nh;
	}
	return n;
}

static bool uses(const struct rib_info *fi, uint32_t oif)
{
	const struct rib_nh *nh = rib_info_nh(fi);

	for (unsigned int i = 0; i < fi->n_nh; i++)
		if (nh[i].oif == oif)
			return true;
	return false;
}

void rib_link_down(struct cp *cp, struct cp_link *l, enum rib_down how)
{
	struct rib *r = cp->rib;
	bool flush = false;

	for (uint32_t i = 1; i < r->infos.n; i++) {
		struct rib_info *fi = rib_info(r, i);

		if (fi->n_nh == 0 || !uses(fi, l->ifindex))
			continue;
		if (mark(fi, l->ifindex, how, RTNH_F_DEAD | RTNH_F_LINKDOWN) == fi->n_nh) {
			fi->flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
			flush = true;
		} else if (fi->n_nh > 1) {
			cp_nh_members_changed(cp, fi);
		}
	}
	if (flush)
		rib_flush(cp, 0, RIB_FLUSH_QUIET, is_dead, NULL);
	cp->gens.routes++;
}

void rib_link_carrier(struct cp *cp, struct cp_link *l, bool up)
{
	struct rib *r = cp->rib;

	if (up) {
		rib_link_alive(cp, l, RTNH_F_LINKDOWN);
		return;
	}
	for (uint32_t i = 1; i < r->infos.n; i++) {
		struct rib_info *fi = rib_info(r, i);

		if (fi->n_nh != 0 && uses(fi, l->ifindex) &&
			mark(fi, l->ifindex, RIB_DOWN, RTNH_F_LINKDOWN) == fi->n_nh)
			fi->flags |= RTNH_F_LINKDOWN;
	}
	cp->gens.routes++;
}

void rib_link_alive(struct cp *cp, struct cp_link *l, uint8_t flags)
{
	struct rib *r = cp->rib;

	if (l->carrier)
		flags |= RTNH_F_LINKDOWN;
	for (uint32_t i = 1; i < r->infos.n; i++) {
		struct rib_info *fi = rib_info(r, i);
		struct rib_nh *nh;
		bool woke = false;

		if (fi->n_nh == 0 || !uses(fi, l->ifindex))
			continue;
		nh = nhs_of(fi);
		for (unsigned int k = 0; k < fi->n_nh; k++) {
			if (nh[k].oif != l->ifindex || !(nh[k].flags & flags))
				continue;
			nh[k].flags &= (uint8_t)~flags;
			woke = true;
		}
		if (!woke)
			continue;
		fi->flags &= (uint8_t)~flags;
		if (fi->n_nh > 1)
			cp_nh_members_changed(cp, fi);
	}
	cp->gens.routes++;
}

void rib_link_up(struct cp *cp, struct cp_link *l)
{
	rib_link_alive(cp, l, RTNH_F_DEAD);
}

void rib_source_left(struct cp *cp, in_addr_t src)
{
	struct rib *r = cp->rib;
	bool flush = false;

	if (rib_addr_type(cp, src, 0) == RTN_LOCAL)
		return;
	for (uint32_t i = 1; i < r->infos.n; i++) {
		struct rib_info *fi = rib_info(r, i);

		if (fi->n_nh == 0 || fi->prefsrc != src)
			continue;
		fi->flags |= RTNH_F_DEAD;
		flush = true;
	}
	if (flush)
		rib_flush(cp, 0, RIB_FLUSH_TOLD, is_dead, NULL);
}
