/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plays what takeover_begin() moved off a kernel interface into the model, as the requests that
 * `ip` would send. Called when a port is open and, for a file, after all its lines: what the file
 * says comes first.
 */
#include "port_table.h" /* <net/if.h> before <linux/if.h> */

#include "port_adopt.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "cp.h"
#include "daemon.h"
#include "links.h"
#include "log.h"
#include "netlink/rtnl.h"

#define REQUEST_MAX 4096u

struct adoption {
	struct skiffd *d;
	uint32_t ifindex;
	const char *name;
	unsigned int taken;
};

struct copying {
	struct nlmsghdr *to;
	const uint16_t *types; /* attributes that are copied, ended by 0 */
	uint16_t oif;          /* the one that names the interface, 0: none */
	uint32_t ifindex;
};

/* What configures; counters, time stamps and the kernel's name of the interface stay behind. */
static const uint16_t addr_attrs[] = {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, 0};
static const uint16_t route_attrs[] = {RTA_DST, RTA_GATEWAY, RTA_OIF, RTA_PRIORITY, RTA_PREFSRC,
	RTA_TABLE, RTA_METRICS, 0};
static const uint16_t neigh_attrs[] = {NDA_DST, NDA_LLADDR, 0};

static int copy(const struct nlattr *a, void *arg)
{
	const struct copying *c = arg;
	uint16_t type = mnl_attr_get_type(a);

	for (const uint16_t *t = c->types; *t != 0; t++) {
		if (*t != type)
			continue;
		if (type == c->oif)
			mnl_attr_put_u32(c->to, type, c->ifindex);
		else
			mnl_attr_put(c->to, a->nla_type, mnl_attr_get_payload_len(a),
				mnl_attr_get_payload(a));
	}
	return MNL_CB_OK;
}

/* The family header with our interface in it. */
static size_t header(struct nlmsghdr *to, const struct nlmsghdr *from, struct copying *c)
{
	const void *h = mnl_nlmsg_get_payload(from);

	if (from->nlmsg_type == RTM_NEWADDR) {
		struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(to, sizeof(*a));

		memcpy(a, h, sizeof(*a));
		a->ifa_index = c->ifindex;
		a->ifa_flags = 0;
		c->types = addr_attrs;
		return sizeof(*a);
	}
	if (from->nlmsg_type == RTM_NEWROUTE) {
		struct rtmsg *r = mnl_nlmsg_put_extra_header(to, sizeof(*r));

		memcpy(r, h, sizeof(*r));
		r->rtm_flags &= RTNH_F_ONLINK;
		c->types = route_attrs;
		c->oif = RTA_OIF;
		return sizeof(*r);
	}
	if (from->nlmsg_type == RTM_NEWNEIGH) {
		struct ndmsg *n = mnl_nlmsg_put_extra_header(to, sizeof(*n));

		memcpy(n, h, sizeof(*n));
		n->ndm_ifindex = (int)c->ifindex;
		c->types = neigh_attrs;
		return sizeof(*n);
	}
	return 0;
}

static bool is_ipv4(const struct nlmsghdr *n)
{
	const struct rtgenmsg *g = mnl_nlmsg_get_payload(n);

	return mnl_nlmsg_get_payload_len(n) >= sizeof(*g) && g->rtgen_family == AF_INET;
}

static int any(const struct nlmsghdr *from, void *arg)
{
	return is_ipv4(from);
}

static int adopt(const struct nlmsghdr *from, void *arg)
{
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *to = mnl_nlmsg_put_header(buf);
	struct adoption *a = arg;
	struct copying c = {.to = to, .ifindex = a->ifindex};
	size_t len;
	int err;

	/* IPv6 goes back with the interface; skiff does not serve it. */
	if (!is_ipv4(from) || from->nlmsg_len > REQUEST_MAX / 2)
		return 0;
	to->nlmsg_type = from->nlmsg_type;
	to->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
	len = header(to, from, &c);
	if (len == 0)
		return 0;
	mnl_attr_parse(from, (unsigned int)len, copy, &c);
	err = cp_rtnl_apply(a->d->cp, to);
	if (err == 0) {
		a->taken++;
	} else if (err != -EEXIST) {
		log_warn("port %s: something of the kernel's interface is not taken over: %s", a->name,
			a->d->cp->why ? a->d->cp->why : strerror(-err));
	}
	return 0;
}

void port_adopt(struct skiffd *d, struct port_entry *e)
{
	struct cp_link *l = cp_link_get(d->cp, e->ifindex);
	struct adoption a = {.d = d, .ifindex = e->ifindex, .name = port_table_name(d, e)};

	e->adopted = true;
	if (e->port.taken == NULL || l == NULL)
		return;
	/* Nothing moved: nothing changes, the link stays down as Linux's new links are. */
	if (takeover_moved(e->port.taken, any, NULL) == 0)
		return;
	cp_link_set_up(d->cp, l, true);
	takeover_moved(e->port.taken, adopt, &a);
	log_info("port %s: %u addresses, routes and neighbours taken over", a.name, a.taken);
}

void port_adopt_new(struct skiffd *d)
{
	for (struct port_entry *e = d->ports; e != NULL; e = e->next)
		if (!e->adopted)
			port_adopt(d, e);
}
