/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taking a kernel interface and giving it back (see takeover.h). Called by ports.c around the life
 * of a port, and by the daemon's start for what dead processes left. The order is: look, journal,
 * silence, change; and back: restore, unsilence, forget the journal.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include "takeover_priv.h"

#define GEN_MODE_NONE IN6_ADDR_GEN_MODE_NONE

struct takeover {
	struct takeover_before before;
	struct takeover_messages kept;  /* all that must come back */
	struct takeover_messages moved; /* of it, what skiff is to have meanwhile */
	struct mnl_socket *rt;
	struct mnl_socket *nft; /* owns the table; NULL: tc it is */
	int tcx;                /* drops before the table; negative: the table alone */
	int journal;            /* holds the lock */
	char path[PATH_MAX];
	/* while looking */
	bool xdp_there, not_ether, found;
	int master;
	unsigned nb_global;
	char first_address[64];
};

static int say(struct takeover_why *why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return err;
}

/* Looking: each callback keeps what is about our interface. */

static void look_at_inet6(struct takeover *t, const struct nlattr *spec)
{
	const struct nlattr *family, *a;

	mnl_attr_for_each_nested(family, spec)
	{
		if (mnl_attr_get_type(family) != AF_INET6)
			continue;
		mnl_attr_for_each_nested(
			a, family) if (mnl_attr_get_type(a) == IFLA_INET6_ADDR_GEN_MODE)
			t->before.gen_mode = mnl_attr_get_u8(a);
	}
}

static int on_link(const struct nlmsghdr *n, void *arg)
{
	struct takeover *t = arg;
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(n);
	const struct nlattr *a, *x;

	if (i->ifi_index != t->before.ifindex)
		return MNL_CB_OK;
	t->found = true;
	t->before.was_up = i->ifi_flags & IFF_UP;
	t->not_ether = i->ifi_type != ARPHRD_ETHER;
	mnl_attr_for_each(a, n, sizeof(*i))
	{
		switch (mnl_attr_get_type(a)) {
		case IFLA_MASTER:
			t->master = mnl_attr_get_u32(a);
			break;
		case IFLA_AF_SPEC:
			look_at_inet6(t, a);
			break;
		case IFLA_XDP:
			mnl_attr_for_each_nested(
				x, a) if (mnl_attr_get_type(x) == IFLA_XDP_ATTACHED) t->xdp_there =
				mnl_attr_get_u8(x) != XDP_ATTACHED_NONE;
		}
	}
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *n, void *arg)
{
	struct takeover *t = arg;
	const struct ifaddrmsg *i = mnl_nlmsg_get_payload(n);
	const struct nlattr *a;
	char text[INET6_ADDRSTRLEN];

	if ((int)i->ifa_index != t->before.ifindex)
		return MNL_CB_OK;
	takeover_keep(&t->kept, n);
	/* Every interface that is up has a link-local address; it goes and comes silently. */
	if (i->ifa_family == AF_INET6 && i->ifa_scope == RT_SCOPE_LINK)
		return MNL_CB_OK;
	takeover_keep(&t->moved, n);
	mnl_attr_for_each(
		a, n, sizeof(*i)) if (mnl_attr_get_type(a) == IFA_ADDRESS && t->nb_global == 0 &&
				      inet_ntop(i->ifa_family, mnl_attr_get_payload(a), text,
					      sizeof(text))) snprintf(t->first_address,
		sizeof(t->first_address), "%s/%u", text, i->ifa_prefixlen);
	t->nb_global++;
	return MNL_CB_OK;
}

/* Single next hops out of our interface that somebody set; the kernel makes its own again. */
static int on_route(const struct nlmsghdr *n, void *arg)
{
	struct takeover *t = arg;
	const struct rtmsg *r = mnl_nlmsg_get_payload(n);
	const struct nlattr *a;
	int oif = 0;

	if (r->rtm_protocol == RTPROT_KERNEL || (r->rtm_flags & RTM_F_CLONED) ||
		r->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(a, n, sizeof(*r)) if (mnl_attr_get_type(a) == RTA_OIF) oif =
		mnl_attr_get_u32(a);
	if (oif != t->before.ifindex)
		return MNL_CB_OK;
	takeover_keep(&t->kept, n);
	takeover_keep(&t->moved, n);
	return MNL_CB_OK;
}

static int on_neighbour(const struct nlmsghdr *n, void *arg)
{
	struct takeover *t = arg;
	const struct ndmsg *d = mnl_nlmsg_get_payload(n);

	if (d->ndm_ifindex != t->before.ifindex || (d->ndm_state & NUD_NOARP) ||
		!(d->ndm_state &
			(NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)))
		return MNL_CB_OK;
	/* What the kernel learnt it will learn again. */
	if (d->ndm_state & NUD_PERMANENT)
		takeover_keep(&t->kept, n);
	takeover_keep(&t->moved, n);
	return MNL_CB_OK;
}

static int look(struct takeover *t)
{
	int err = takeover_dump(t->rt, RTM_GETLINK, AF_UNSPEC, on_link, t);

	if (err == 0)
		err = takeover_dump(t->rt, RTM_GETADDR, AF_INET, on_address, t);
	if (err == 0)
		err = takeover_dump(t->rt, RTM_GETADDR, AF_INET6, on_address, t);
	if (err == 0)
		err = takeover_dump(t->rt, RTM_GETROUTE, AF_INET, on_route, t);
	if (err == 0)
		err = takeover_dump(t->rt, RTM_GETROUTE, AF_INET6, on_route, t);
	if (err == 0)
		err = takeover_dump(t->rt, RTM_GETNEIGH, AF_UNSPEC, on_neighbour, t);
	if (err == 0 && (t->kept.failed || t->moved.failed))
		err = -ENOMEM;
	return err;
}

static int refuse(const struct takeover *t, unsigned flags, struct takeover_why *why)
{
	const char *iface = t->before.iface;

	if (!t->found)
		return say(why, -ENODEV, "there is no interface %s; `ip link` lists them", iface);
	if (t->not_ether)
		return say(why, -EAFNOSUPPORT, "%s is not an Ethernet interface", iface);
	if (t->master) {
		char name[IF_NAMESIZE] = "?";
		if_indextoname(t->master, name);
		return say(why, -EBUSY,
			"%s belongs to %s; take it out first: ip link set %s nomaster", iface, name,
			iface);
	}
	if ((flags & TAKEOVER_XDP) && t->xdp_there)
		return say(why, -EBUSY,
			"%s has an XDP program; detach it first: ip link set %s xdp off", iface,
			iface);
	if (t->nb_global && !(flags & TAKEOVER_ADDRESSES))
		return say(why, -EADDRINUSE,
			"%s has addresses in the kernel (%s%s); add `takeover yes` to move them to "
			"skiff, "
			"or remove them first: ip addr flush dev %s",
			iface, t->first_address, t->nb_global > 1 ? ", ..." : "", iface);
	return 0;
}

/* Changing. */

static int set_link(struct takeover *t, unsigned flags, unsigned change, int gen_mode)
{
	uint8_t buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *i;
	struct nlattr *spec, *inet6;

	n->nlmsg_type = RTM_NEWLINK;
	i = mnl_nlmsg_put_extra_header(n, sizeof(*i));
	i->ifi_index = t->before.ifindex;
	i->ifi_flags = flags;
	i->ifi_change = change;
	if (gen_mode >= 0) {
		spec = mnl_attr_nest_start(n, IFLA_AF_SPEC);
		inet6 = mnl_attr_nest_start(n, AF_INET6);
		mnl_attr_put_u8(n, IFLA_INET6_ADDR_GEN_MODE, gen_mode);
		mnl_attr_nest_end(n, inet6);
		mnl_attr_nest_end(n, spec);
	}
	return takeover_ask(t->rt, n);
}

static int detach_xdp(struct takeover *t)
{
	uint8_t buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *i;
	struct nlattr *nest;

	n->nlmsg_type = RTM_SETLINK;
	i = mnl_nlmsg_put_extra_header(n, sizeof(*i));
	i->ifi_index = t->before.ifindex;
	nest = mnl_attr_nest_start(n, IFLA_XDP);
	mnl_attr_put_u32(n, IFLA_XDP_FD, (uint32_t)-1);
	mnl_attr_nest_end(n, nest);
	return takeover_ask(t->rt, n);
}

/* The request that takes away what a dumped message describes, or brings it back. */
static int replay(struct takeover *t, const struct nlmsghdr *m, bool add)
{
	uint8_t *copy = malloc(m->nlmsg_len);
	struct nlmsghdr *n = (void *)copy;
	int err;

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, m, m->nlmsg_len);
	n->nlmsg_flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	n->nlmsg_pid = 0;
	n->nlmsg_type = add ? m->nlmsg_type : m->nlmsg_type + 1; /* RTM_DEL* follow RTM_NEW* */
	if (m->nlmsg_type == RTM_NEWROUTE) {
		struct rtmsg *r = mnl_nlmsg_get_payload(n);
		r->rtm_flags &= RTNH_F_ONLINK; /* the others are the kernel's to set */
	}
	err = takeover_ask(t->rt, n);
	free(copy);
	return err;
}

/* Addresses last: the kernel would take the routes with them, and not tell which. */
static void remove_kept(struct takeover *t)
{
	for (int pass = 0; pass < 2; pass++) {
		int left = t->kept.len;
		for (const struct nlmsghdr *n = (void *)t->kept.data;
			left > 0 && mnl_nlmsg_ok(n, left); n = mnl_nlmsg_next(n, &left))
			if ((n->nlmsg_type == RTM_NEWADDR) == (pass == 1))
				replay(t, n, false);
	}
}

/* In the order of the dump, twice: a route may need one that comes after it. */
static void restore_kept(struct takeover *t)
{
	for (int pass = 0; pass < 2; pass++) {
		int left = t->kept.len;
		for (const struct nlmsghdr *n = (void *)t->kept.data;
			left > 0 && mnl_nlmsg_ok(n, left); n = mnl_nlmsg_next(n, &left))
			if (pass == 0 || n->nlmsg_type == RTM_NEWROUTE)
				replay(t, n, true);
	}
}

static int silence(struct takeover *t, unsigned flags, struct takeover_why *why)
{
	int err;

	t->nft = takeover_socket(NETLINK_NETFILTER);
	if (flags & TAKEOVER_BY_TC)
		err = -EOPNOTSUPP;
	else if (t->nft)
		err = takeover_nft(t->nft, t->before.iface, flags & TAKEOVER_OWN_EGRESS);
	else
		err = -errno;
	if (err == 0) {
		t->tcx = takeover_tcx(t->before.ifindex);
		return 0;
	}
	if (t->nft)
		mnl_socket_close(t->nft);
	t->nft = NULL;
	if (err == -EBUSY)
		return say(why, err, "%s is in the hands of another skiffd; stop that one first",
			t->before.iface);
	if (err == -EPERM || err == -EACCES)
		return say(why, err, "taking %s needs CAP_NET_ADMIN; run as root", t->before.iface);
	/* No nf_tables here, or not for netdev. */
	close(t->journal);
	t->before.tc = true;
	t->journal = -1;
	return -EAGAIN;
}

static int silence_by_tc(struct takeover *t, unsigned flags, struct takeover_why *why)
{
	int err = takeover_tc(t->rt, t->before.ifindex, true, flags & TAKEOVER_OWN_EGRESS);

	if (err == 0)
		return 0;
	t->before.tc = false;
	if (err == -EEXIST)
		return say(why, -EBUSY, "%s has an ingress queue discipline that skiff would need",
			t->before.iface);
	return say(why, err,
		"cannot silence the kernel on %s: neither nf_tables (netdev) nor tc clsact works "
		"(%s)",
		t->before.iface, strerror(-err));
}

static int journal(struct takeover *t, const char *dir, struct takeover_why *why)
{
	t->journal = takeover_journal_write(dir, &t->before, &t->kept);
	if (t->journal >= 0)
		return 0;
	return say(why, t->journal, "cannot write the takeover journal in %s: %s", dir,
		strerror(-t->journal));
}

static void drop(struct takeover *t)
{
	if (t->tcx >= 0)
		close(t->tcx);
	if (t->nft)
		mnl_socket_close(t->nft);
	if (t->rt)
		mnl_socket_close(t->rt);
	if (t->journal >= 0)
		close(t->journal);
	free(t->kept.data);
	free(t->moved.data);
	free(t);
}

static int examine(
	const char *iface, unsigned flags, struct takeover **out, struct takeover_why *why)
{
	struct takeover *t = calloc(1, sizeof(*t));
	int err;

	if (t == NULL)
		return say(why, -ENOMEM, "no memory to take %s", iface);
	t->journal = t->tcx = -1;
	t->before.gen_mode = -1;
	snprintf(t->before.iface, sizeof(t->before.iface), "%s", iface);
	t->before.ifindex = if_nametoindex(iface);
	t->rt = takeover_socket(NETLINK_ROUTE);
	if (t->rt == NULL)
		err = say(
			why, -errno, "cannot ask the kernel about %s: %s", iface, strerror(errno));
	else if (t->before.ifindex == 0)
		err = refuse(t, flags, why);
	else if ((err = look(t)) < 0)
		say(why, err, "cannot ask the kernel about %s: %s", iface, strerror(-err));
	else
		err = refuse(t, flags, why);
	if (err < 0)
		drop(t);
	else
		*out = t;
	return err;
}

int takeover_check(const char *iface, unsigned flags, struct takeover_why *why)
{
	struct takeover *t;
	int err = examine(iface, flags, &t, why);

	if (err == 0)
		drop(t);
	return err;
}

static int recover(int dir, const char *path);

int takeover_begin(const char *iface, unsigned flags, const char *state_dir, struct takeover **out,
	struct takeover_why *why)
{
	struct takeover *t;
	char path[PATH_MAX];
	int err;

	/* What a dead process left is put right first; what a living one has is not ours. */
	takeover_journal_path(path, sizeof(path), state_dir, iface);
	if (recover(AT_FDCWD, path) == -EBUSY)
		return say(why, -EBUSY, "%s is taken already", iface);
	err = examine(iface, flags, &t, why);
	if (err < 0)
		return err;
	t->before.xdp = flags & TAKEOVER_XDP;
	snprintf(t->path, sizeof(t->path), "%s", path);
	err = journal(t, state_dir, why);
	if (err == 0) {
		err = silence(t, flags, why);
		if (err == -EAGAIN) {
			err = journal(t, state_dir, why);
			if (err == 0)
				err = silence_by_tc(t, flags, why);
		}
		if (err < 0)
			unlink(t->path);
	}
	if (err < 0) {
		drop(t);
		return err;
	}
	if (t->before.gen_mode >= 0)
		set_link(t, 0, 0, GEN_MODE_NONE);
	remove_kept(t);
	*out = t;
	return 0;
}

static void give_back(struct takeover *t)
{
	if (t->before.xdp)
		detach_xdp(t);
	if (t->before.tc)
		takeover_tc(t->rt, t->before.ifindex, false, false);
	if (t->before.gen_mode >= 0)
		set_link(t, 0, 0, t->before.gen_mode);
	set_link(t, t->before.was_up ? IFF_UP : 0, IFF_UP, -1);
	restore_kept(t);
}

void takeover_end(struct takeover *t)
{
	give_back(t);
	unlink(t->path);
	drop(t);
}

int takeover_moved(const struct takeover *t, takeover_moved_fn fn, void *arg)
{
	int left = t->moved.len, r = 0;

	for (const struct nlmsghdr *n = (void *)t->moved.data;
		r == 0 && left > 0 && mnl_nlmsg_ok(n, left); n = mnl_nlmsg_next(n, &left))
		r = fn(n, arg);
	return r;
}

const char *takeover_means(const struct takeover *t)
{
	return t->nft ? "nft" : "tc";
}

/* 1: restored; 0: nothing was to be done, or not by us; -EBUSY: its process lives. */
static int recover(int dir, const char *name)
{
	struct takeover *t;
	int restored = 0, err, fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char now[IF_NAMESIZE];

	if (fd < 0)
		return 0;
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		close(fd);
		return 0;
	}
	t->journal = fd;
	t->tcx = -1;
	err = takeover_journal_read(fd, &t->before, &t->kept);
	if (err == 0)
		t->rt = takeover_socket(NETLINK_ROUTE);
	/* An interface that went took all of it along. */
	if (t->rt && if_indextoname(t->before.ifindex, now)) {
		give_back(t);
		restored = 1;
	}
	if (t->rt || err == -EINVAL)
		unlinkat(dir, name, 0);
	drop(t);
	return err == -EBUSY ? err : restored;
}

int takeover_recover(const char *state_dir)
{
	DIR *d = opendir(state_dir);
	const struct dirent *e;
	int n = 0;

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "takeover-", 9) != 0)
			continue;
		n += recover(dirfd(d), e->d_name) == 1;
	}
	closedir(d);
	return n;
}
