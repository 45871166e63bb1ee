/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net.ipv4.conf as Linux's devinet_conf_proc and inet_forward_change have it: `all` of forwarding
 * sets every link and the default, other keys are combined when they are asked for; a new default
 * reaches the links whose value nobody has set. Called by cmd_sysctl.c, links.c and restore.c.
 */
#include "inet_conf.h"

#include <errno.h>
#include <linux/netconf.h>
#include <string.h>

#include "neigh.h"
#include "notify.h"

const struct cp_conf_key cp_conf_keys[] = {
	{"forwarding", IPV4_DEVCONF_FORWARDING, INT32_MAX, NULL},
	{"send_redirects", IPV4_DEVCONF_SEND_REDIRECTS, INT32_MAX, NULL},
	{"accept_source_route", IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, INT32_MAX, NULL},
	{"log_martians", IPV4_DEVCONF_LOG_MARTIANS, INT32_MAX, NULL},
	{"accept_redirects", IPV4_DEVCONF_ACCEPT_REDIRECTS, 0,
	 "skiff follows its routing tables, never a redirect (RFC 1812 5.2.7.2)"},
	{NULL, 0, 0, NULL},
};

const struct cp_conf_key *cp_conf_key(const char *name)
{
	for (const struct cp_conf_key *k = cp_conf_keys; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

struct cp_conf *cp_conf_of(struct cp *cp, int64_t who)
{
	struct cp_link *l;

	if (who == CP_CONF_ALL)
		return &cp->conf_all;
	if (who == CP_CONF_DEFAULT)
		return &cp->conf_default;
	l = cp_link_get(cp, (uint32_t)who);
	return l != NULL ? &l->conf : NULL;
}

void cp_conf_program(struct cp *cp)
{
	if (cp->be == NULL || cp->be->conf == NULL)
		return;
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		cp->be->link_conf(cp->be_ctx, l);
	cp->be->conf(cp->be_ctx, cp);
}

static void put(struct cp_conf *c, int devconf, uint32_t value)
{
	c->v[devconf - 1] = value;
	c->set |= UINT64_C(1) << (devconf - 1);
}

/* Every link and the default follow; each tells so. */
static void forward_change(struct cp *cp, uint32_t on)
{
	cp->conf_default.v[IPV4_DEVCONF_FORWARDING - 1] = on;
	cp_notify_forwarding(cp, NETCONFA_IFINDEX_ALL, &cp->conf_all);
	cp_notify_forwarding(cp, NETCONFA_IFINDEX_DEFAULT, &cp->conf_default);
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1)) {
		put(&l->conf, IPV4_DEVCONF_FORWARDING, on);
		cp_notify_forwarding(cp, (int32_t)l->ifindex, &l->conf);
	}
}

static void default_change(struct cp *cp, int devconf, uint32_t value)
{
	for (struct cp_link *l = cp_link_next(cp, 0); l != NULL; l = cp_link_next(cp, l->ifindex + 1))
		if (!(l->conf.set & UINT64_C(1) << (devconf - 1)))
			l->conf.v[devconf - 1] = value;
}

int cp_conf_set(struct cp *cp, int64_t who, const struct cp_conf_key *k, uint32_t value)
{
	struct cp_conf *c = cp_conf_of(cp, who);
	uint32_t old;

	if (c == NULL)
		return -ENODEV;
	if (value > k->max)
		return cp_fail(cp, EINVAL, "%s", k->only != NULL ? k->only : "the value is too large");
	old = cp_conf_get(c, k->devconf);
	put(c, k->devconf, value);
	if (k->devconf == IPV4_DEVCONF_FORWARDING && value != old) {
		if (who == CP_CONF_ALL)
			forward_change(cp, value);
		else
			cp_notify_forwarding(cp, (int32_t)(who == CP_CONF_DEFAULT
				? NETCONFA_IFINDEX_DEFAULT : who), c);
	} else if (k->devconf != IPV4_DEVCONF_FORWARDING && who == CP_CONF_DEFAULT) {
		default_change(cp, k->devconf, value);
	}
	cp_conf_program(cp);
	cp_changed(cp);
	return 0;
}

void cp_conf_restore(struct cp *live, const struct cp *before)
{
	live->conf_all = before->conf_all;
	live->conf_default = before->conf_default;
	for (unsigned int nr = 1; nr <= 3; nr++)
		cp_neigh_set_thresh(live, nr, cp_neigh_thresh(before, nr));
	for (const struct cp_link *o = cp_link_next(before, 0); o != NULL;
		o = cp_link_next(before, o->ifindex + 1)) {
		struct cp_link *l = cp_link_get(live, o->ifindex);

		if (l != NULL)
			l->conf = o->conf;
	}
	cp_conf_program(live);
}
