/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * local, connected and broadcast routes of a link's addresses. Called by addrs.c; hands the routes
 * to rib.c. The rules are those of Linux: a local route for each address while the link exists,
 * the rest while it is up; of one prefix, all routes carry the primary's address as source.
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addr_routes.h"

struct want {
	in_addr_t dst, src;
	uint32_t metric;
	uint8_t len, type;
};

struct addr_routes {
	uint32_t n, cap;
	struct want want[];
};

struct addr_routes *addr_routes_none(void)
{
	return calloc(1, sizeof(struct addr_routes));
}

void addr_routes_free(struct addr_routes *s)
{
	free(s);
}

static bool has(const struct addr_routes *s, const struct want *w)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->want[i].dst == w->dst && s->want[i].src == w->src && s->want[i].len == w->len &&
			s->want[i].type == w->type && s->want[i].metric == w->metric)
			return true;
	return false;
}

static void put(struct addr_routes *s, uint8_t type, in_addr_t dst, uint8_t len, in_addr_t src,
	uint32_t metric)
{
	struct want w = {.dst = dst, .src = src, .metric = metric, .len = len, .type = type};

	if (!has(s, &w))
		s->want[s->n++] = w;
}

static const struct cp_addr *primary_of(const struct cp_link *l, const struct cp_addr *a)
{
	const struct cp_addr *p;

	if (!(a->flags & IFA_F_SECONDARY))
		return a;
	for (p = l->addrs; p != NULL; p = p->next)
		if (!(p->flags & IFA_F_SECONDARY) && p->len == a->len &&
			addr_in_prefix(p->address, a))
			break;
	return p;
}

static bool zeronet(in_addr_t ip)
{
	return (ip & htonl(0xff000000)) == 0;
}

static void put_address(struct addr_routes *s, const struct cp_link *l, const struct cp_addr *a)
{
	const struct cp_addr *p = primary_of(l, a);
	in_addr_t prefix = a->address & addr_mask(a->len);

	if (p == NULL)
		return;
	put(s, RTN_LOCAL, a->local, 32, p->local, 0);
	if (!(l->flags & IFF_UP))
		return;
	if (a->broadcast != 0 && a->broadcast != htonl(INADDR_BROADCAST))
		put(s, RTN_BROADCAST, a->broadcast, 32, p->local, 0);
	if (zeronet(prefix) || (a->flags & IFA_F_SECONDARY) ||
		(prefix == a->local && a->len == 32))
		return;
	if (!(a->flags & IFA_F_NOPREFIXROUTE))
		put(s, l->kind == CP_LINK_LO ? RTN_LOCAL : RTN_UNICAST, prefix, a->len, p->local,
			a->metric);
	if (a->len < 31)
		put(s, RTN_BROADCAST, prefix | ~addr_mask(a->len), 32, p->local, 0);
}

struct addr_routes *addr_routes_of(const struct cp *cp, const struct cp_link *l)
{
	uint32_t n = 0;
	struct addr_routes *s;

	for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
		n += 4;
	s = calloc(1, sizeof(*s) + n * sizeof(s->want[0]));
	if (s == NULL)
		return NULL;
	for (const struct cp_addr *a = l->addrs; a != NULL; a = a->next)
		put_address(s, l, a);
	return s;
}

static struct rib_cfg cfg_of(const struct cp_link *l, const struct want *w)
{
	return (struct rib_cfg){
		.dst = ntohl(w->dst), .len = w->len, .type = w->type, .protocol = RTPROT_KERNEL,
		.scope = w->type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
		.table = w->type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL,
		.prefsrc = w->src, .oif = l->ifindex, .priority = w->metric,
		.nlflags = NLM_F_CREATE | NLM_F_APPEND, .internal = true,
	};
}

/* Linux's order of removal: the prefix, broadcasts, at last the address itself. */
#define LAST_TO_GO 3

static unsigned int turn_of(const struct want *w)
{
	if (w->type == RTN_BROADCAST)
		return 1;
	return w->type == RTN_LOCAL && w->len == 32 ? 2 : 0;
}

static void take_away(struct cp *cp, struct cp_link *l, const struct addr_routes *before,
	const struct addr_routes *now, unsigned int turn)
{
	for (uint32_t i = 0; i < before->n; i++) {
		struct rib_cfg cfg = cfg_of(l, &before->want[i]);

		if (turn_of(&before->want[i]) == turn && !has(now, &before->want[i]))
			rib_del(cp, &cfg, NULL); /* the user may have been faster */
	}
}

int addr_routes_follow(struct cp *cp, struct cp_link *l, struct addr_routes *before)
{
	struct addr_routes *now = addr_routes_of(cp, l);
	int err = now == NULL ? -ENOMEM : 0;

	for (unsigned int turn = 0; now != NULL && turn < LAST_TO_GO; turn++)
		take_away(cp, l, before, now, turn);
	for (uint32_t i = 0; now != NULL && i < now->n; i++) {
		struct rib_cfg cfg = cfg_of(l, &now->want[i]);
		int e = has(before, &now->want[i]) ? 0 : rib_add(cp, &cfg, NULL, NULL);

		if (e < 0 && e != -EEXIST)
			err = e;
	}
	if (err < 0)
		cp_log(cp, "routes of the addresses of %s: %s", l->name, strerror(-err));
	cp->why = NULL;
	free(now);
	free(before);
	return err;
}
