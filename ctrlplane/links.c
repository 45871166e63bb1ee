/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of links, how they come and go. What can be changed of one is in link_set.c. Called by
 * the daemon (ports), by rt_link.c (the rest).
 */
#include <ctype.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addrs.h"
#include "inet_conf.h"
#include "link_state.h"
#include "neigh.h"
#include "notify.h"

/* Slot n has ifindex BASE + n; 0 is never used. They are given in a circle, so that an ifindex is
 * not soon given again, and a shadow gives the same ones as the live instance will. */
struct cp_links {
	struct cp_link *lo;
	struct cp_link *slot[CP_LINK_MAX];
	uint32_t next;
	uint32_t n;
};

struct cp_link *cp_link_get(const struct cp *cp, uint32_t ifindex)
{
	uint32_t slot = ifindex - CP_IFINDEX_BASE;

	if (ifindex == CP_IFINDEX_LO)
		return cp->links->lo;
	return slot < CP_LINK_MAX ? cp->links->slot[slot] : NULL;
}

struct cp_link *cp_link_next(const struct cp *cp, uint32_t from)
{
	if (from <= CP_IFINDEX_LO)
		return cp->links->lo;
	for (uint32_t s = from < CP_IFINDEX_BASE ? 0 : from - CP_IFINDEX_BASE; s < CP_LINK_MAX; s++)
		if (cp->links->slot[s] != NULL)
			return cp->links->slot[s];
	return NULL;
}

struct cp_link *cp_link_by_name(const struct cp *cp, const char *name)
{
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

void cp_link_next_ifindex(struct cp *cp, uint32_t ifindex)
{
	cp->links->next = ifindex - CP_IFINDEX_BASE;
}

uint32_t cp_link_cursor(const struct cp *cp)
{
	return cp->links->next + CP_IFINDEX_BASE;
}

uint32_t cp_link_count(const struct cp *cp)
{
	return cp->links->n;
}

bool cp_link_name_valid(const char *name)
{
	size_t n = strnlen(name, IFNAMSIZ);

	if (n == 0 || n >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]))
			return false;
	return true;
}

/* "dummy%d" and the like: the first free number. A plain name must be free. */
static int pick_name(struct cp *cp, const char *want, char out[IFNAMSIZ])
{
	const char *percent = strchr(want, '%');
	char buf[2 * IFNAMSIZ];

	if (!cp_link_name_valid(want))
		return cp_fail(cp, EINVAL, "\"%s\" is not a valid interface name", want);
	if (percent == NULL) {
		if (cp_link_by_name(cp, want) != NULL)
			return -EEXIST;
		memcpy(out, want, strlen(want) + 1);
		return 0;
	}
	if (percent[1] != 'd' || strchr(percent + 1, '%') != NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < CP_LINK_MAX; i++) {
		int n = snprintf(buf, sizeof(buf), "%.*s%u%s", (int)(percent - want), want, i,
			percent + 2);

		if (n >= IFNAMSIZ)
			return -EINVAL;
		if (cp_link_by_name(cp, buf) == NULL) {
			memcpy(out, buf, (size_t)n + 1);
			return 0;
		}
	}
	return -ENFILE;
}

static int take_slot(struct cp *cp, struct cp_link *l)
{
	struct cp_links *t = cp->links;

	for (uint32_t i = 0; i < CP_LINK_MAX; i++) {
		uint32_t s = (t->next + i) % CP_LINK_MAX;

		if (s < CP_LINK_SLOT_MIN || s > CP_LINK_SLOT_MAX || t->slot[s] != NULL)
			continue;
		t->slot[s] = l;
		t->next = s + 1;
		l->ifindex = CP_IFINDEX_BASE + s;
		return 0;
	}
	return -ENFILE;
}

/* A link of this kind as Linux's ether_setup leaves it. */
static struct cp_link *link_new(struct cp *cp, uint8_t kind)
{
	struct cp_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->kind = kind;
	l->flags = IFF_BROADCAST | IFF_MULTICAST;
	l->arphrd = ARPHRD_ETHER;
	l->mtu = ETH_DATA_LEN;
	l->min_mtu = ETH_MIN_MTU;
	l->max_mtu = ETH_DATA_LEN;
	l->txqlen = 1000;
	l->port_id = UINT16_MAX;
	l->vlan_proto = ETH_P_8021Q;
	l->conf = cp->conf_default;
	l->conf.set = 0;
	memset(l->brd, 0xff, sizeof(l->brd));
	return l;
}

/* Into the table and the data plane; frees l on an error. */
static int link_add(struct cp *cp, struct cp_link *l, const char *name, struct cp_link **out)
{
	int err = pick_name(cp, name, l->name);

	if (err == 0)
		err = take_slot(cp, l);
	if (err < 0) {
		free(l);
		return err;
	}
	memcpy(l->perm_addr, l->addr, sizeof(l->addr));
	if (cp->be != NULL)
		err = cp->be->link_add(cp->be_ctx, l);
	if (err < 0) {
		cp->links->slot[l->ifindex - CP_IFINDEX_BASE] = NULL;
		free(l);
		return err;
	}
	cp->links->n++;
	link_state_init(cp, l);
	cp_conf_program(cp);
	cp_changed(cp);
	cp->gens.links++;
	cp_notify_netconf(cp, l, RTM_NEWNETCONF);
	cp_notify_link(cp, l, RTM_NEWLINK, UINT32_MAX);
	if (out != NULL)
		*out = l;
	return 0;
}

int cp_link_add_port(struct cp *cp, const struct cp_port *p, struct cp_link **out)
{
	struct cp_link *l = link_new(cp, CP_LINK_PORT);

	if (l == NULL)
		return -ENOMEM;
	memcpy(l->addr, p->mac, sizeof(l->addr));
	snprintf(l->driver, sizeof(l->driver), "%s", p->driver);
	l->mtu = p->mtu != 0 ? p->mtu : l->mtu;
	l->min_mtu = p->min_mtu != 0 ? p->min_mtu : l->min_mtu;
	l->max_mtu = p->max_mtu != 0 ? p->max_mtu : l->max_mtu;
	l->port_id = p->port_id;
	l->carrier = p->carrier;
	l->speed_mbps = p->speed_mbps;
	l->full_duplex = p->full_duplex;
	l->ops = p->ops;
	l->priv = p->priv;
	return link_add(cp, l, p->name, out);
}

static void random_mac(struct cp *cp, uint8_t mac[6])
{
	uint32_t a = cp_random(cp), b = cp_random(cp);

	memcpy(mac, &a, 4);
	memcpy(mac + 4, &b, 2);
	mac[0] = (uint8_t)((mac[0] & ~1) | 2); /* unicast, locally administered */
}

int cp_link_add_dummy(struct cp *cp, const char *name, const uint8_t *mac, struct cp_link **out)
{
	struct cp_link *l = link_new(cp, CP_LINK_DUMMY);

	if (l == NULL)
		return -ENOMEM;
	l->flags = IFF_BROADCAST | IFF_NOARP;
	l->min_mtu = l->max_mtu = 0;
	l->carrier = true;
	l->addr_set = mac != NULL;
	if (mac != NULL)
		memcpy(l->addr, mac, sizeof(l->addr));
	else
		random_mac(cp, l->addr);
	return link_add(cp, l, name, out);
}

/* Two tags at most. */
static bool takes_vlans(struct cp *cp, const struct cp_link *lower)
{
	if (lower->kind == CP_LINK_VLAN)
		lower = cp_link_get(cp, lower->lower);
	return lower != NULL && lower->kind == CP_LINK_PORT;
}

uint32_t cp_link_vlan_mtu(const struct cp_link *lower)
{
	const uint32_t tag = 4;

	if (lower->kind != CP_LINK_VLAN)
		return lower->mtu;
	return lower->mtu > tag ? lower->mtu - tag : 0;
}

int cp_link_add_vlan(struct cp *cp, const char *name, struct cp_link *lower, uint16_t proto,
	uint16_t vid, struct cp_link **out)
{
	struct cp_link *l;

	if (!takes_vlans(cp, lower))
		return cp_fail(cp, EOPNOTSUPP, "skiff: VLANs are served on ports and on their VLANs only");
	if (vid >= 4095)
		return cp_fail(cp, ERANGE, "Invalid VLAN id");
	for (l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (l->kind == CP_LINK_VLAN && l->lower == lower->ifindex && l->vlan_id == vid &&
			l->vlan_proto == proto)
			return cp_fail(cp, EEXIST, "VLAN device already exists");
	l = link_new(cp, CP_LINK_VLAN);
	if (l == NULL)
		return -ENOMEM;
	l->lower = lower->ifindex;
	l->vlan_id = vid;
	l->vlan_proto = proto;
	l->vlan_flags = 1; /* VLAN_FLAG_REORDER_HDR */
	l->mtu = cp_link_vlan_mtu(lower);
	l->min_mtu = 0;
	l->max_mtu = UINT16_MAX;
	l->carrier = link_operates(lower);
	memcpy(l->addr, lower->addr, sizeof(l->addr));
	return link_add(cp, l, name, out);
}

static void del_vlans_of(struct cp *cp, uint32_t lower)
{
	uint32_t next;

	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, next)) {
		next = l->ifindex + 1; /* the one behind may go with it */
		if (l->kind == CP_LINK_VLAN && l->lower == lower)
			cp_link_del(cp, l);
	}
}

int cp_link_del(struct cp *cp, struct cp_link *l)
{
	if (l->kind == CP_LINK_LO)
		return -EOPNOTSUPP;
	del_vlans_of(cp, l->ifindex);
	if (l->flags & IFF_UP)
		cp_link_set_up(cp, l, false);
	l->ip_dead = true;
	cp_addrs_link_gone(cp, l);
	cp_neigh_link_down(cp, l, CP_NEIGH_ALL);
	rib_link_down(cp, l, RIB_GONE);
	cp_notify_netconf(cp, l, RTM_DELNETCONF);
	cp_notify_link(cp, l, RTM_DELLINK, UINT32_MAX);
	cp->links->slot[l->ifindex - CP_IFINDEX_BASE] = NULL;
	cp->links->n--;
	if (cp->be != NULL)
		cp->be->link_del(cp->be_ctx, l);
	cp->gens.links++;
	cp_changed(cp);
	free(l->parms);
	free(l);
	return 0;
}

static struct cp_link *loopback_new(struct cp *cp)
{
	struct cp_link *l = link_new(cp, CP_LINK_LO);

	if (l == NULL)
		return NULL;
	l->ifindex = CP_IFINDEX_LO;
	strcpy(l->name, "lo");
	l->flags = IFF_LOOPBACK;
	l->arphrd = ARPHRD_LOOPBACK;
	l->mtu = 65536;
	l->min_mtu = l->max_mtu = 0;
	l->carrier = true;
	memset(l->brd, 0, sizeof(l->brd));
	return l;
}

int cp_links_init(struct cp *cp)
{
	struct cp_links *t = calloc(1, sizeof(*t));
	struct cp_link *lo = t != NULL ? loopback_new(cp) : NULL;
	int err = 0;

	if (lo != NULL && cp->be != NULL)
		err = cp->be->link_add(cp->be_ctx, lo);
	if (lo == NULL || err < 0) {
		free(lo);
		free(t);
		return err < 0 ? err : -ENOMEM;
	}
	t->lo = lo;
	t->n = 1;
	t->next = CP_LINK_SLOT_MIN;
	cp->links = t;
	return 0;
}

static void link_free(struct cp *cp, struct cp_link *l)
{
	while (l->addrs != NULL) {
		struct cp_addr *a = l->addrs;

		l->addrs = a->next;
		free(a);
	}
	if (cp->be != NULL)
		cp->be->link_del(cp->be_ctx, l);
	free(l->parms);
	free(l);
}

void cp_links_fini(struct cp *cp)
{
	for (uint32_t s = CP_LINK_MAX; s-- > 0;)
		if (cp->links->slot[s] != NULL && cp->links->slot[s]->kind == CP_LINK_VLAN)
			link_free(cp, cp->links->slot[s]), cp->links->slot[s] = NULL;
	for (uint32_t s = CP_LINK_MAX; s-- > 0;)
		if (cp->links->slot[s] != NULL)
			link_free(cp, cp->links->slot[s]);
	link_free(cp, cp->links->lo);
	free(cp->links);
	cp->links = NULL;
}

static struct cp_link *link_copy(const struct cp_link *from)
{
	struct cp_link *l = malloc(sizeof(*l));
	struct cp_addr **tail;

	if (l == NULL)
		return NULL;
	*l = *from;
	l->dev = NULL;
	l->addrs = NULL;
	tail = &l->addrs;
	for (const struct cp_addr *a = from->addrs; a != NULL; a = a->next) {
		*tail = malloc(sizeof(*a));
		if (*tail == NULL)
			break;
		**tail = *a;
		(*tail)->link = l;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
	}
	if (from->parms != NULL) {
		l->parms = malloc(sizeof(*l->parms));
		if (l->parms != NULL)
			*l->parms = *from->parms;
	}
	return l;
}

int cp_links_clone(struct cp *to, const struct cp *from)
{
	const struct cp_links *f = from->links;
	struct cp_links *t = to->links;

	link_free(to, t->lo);
	t->lo = link_copy(f->lo);
	if (t->lo == NULL)
		return -ENOMEM;
	for (uint32_t s = 0; s < CP_LINK_MAX; s++) {
		if (f->slot[s] == NULL)
			continue;
		t->slot[s] = link_copy(f->slot[s]);
		if (t->slot[s] == NULL)
			return -ENOMEM;
	}
	t->next = f->next;
	t->n = f->n;
	return 0;
}
