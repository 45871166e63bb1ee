/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface ioctls (netdevice(7)), which older programs use in place of netlink: answered
 * from skiff's links whatever socket they come on. What skiff does not serve is EOPNOTSUPP, never
 * the kernel's answer about an interface of the same name.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "libc.h"
#include "nlsock.h"
#include "rtnl.h"

static int fail(int err)
{
	errno = err;
	return -1;
}

/* The link's first IPv4 address, as these ioctls know one only. */
static int find_addr(int index, struct rtnl_addr *to)
{
	struct rtnl_addr *a;
	int n = rtnl_addrs(&a), found = -1;

	for (int i = 0; i < n && found < 0; i++)
		if (a[i].index == index && a[i].family == AF_INET &&
			!(a[i].flags & IFA_F_SECONDARY)) {
			*to = a[i];
			found = 0;
		}
	if (n >= 0)
		free(a);
	if (n >= 0 && found < 0)
		errno = EADDRNOTAVAIL;
	return found;
}

static void put_ip(struct sockaddr *to, const void *ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	memcpy(&in.sin_addr, ip, 4);
	memcpy(to, &in, sizeof(in));
}

static int get_address(unsigned long cmd, const struct rtnl_link *l, struct ifreq *r)
{
	struct rtnl_addr a;
	uint32_t mask;

	if (find_addr(l->index, &a) < 0)
		return -1;
	mask = a.plen == 0 ? 0 : htonl(UINT32_MAX << (32 - a.plen));
	put_ip(&r->ifr_addr, cmd == SIOCGIFADDR ? a.local : cmd == SIOCGIFNETMASK
		? (uint8_t *)&mask : cmd == SIOCGIFBRDADDR ? a.brd : a.address);
	return 0;
}

static int get(unsigned long cmd, const struct rtnl_link *l, struct ifreq *r)
{
	switch (cmd) {
	case SIOCGIFINDEX:
		r->ifr_ifindex = l->index;
		return 0;
	case SIOCGIFFLAGS:
		r->ifr_flags = l->flags & 0xffff;
		return 0;
	case SIOCGIFMTU:
		r->ifr_mtu = l->mtu;
		return 0;
	case SIOCGIFTXQLEN:
		r->ifr_qlen = l->txqlen;
		return 0;
	case SIOCGIFMETRIC:
		r->ifr_metric = 0;
		return 0;
	case SIOCGIFHWADDR:
		memset(&r->ifr_hwaddr, 0, sizeof(r->ifr_hwaddr));
		r->ifr_hwaddr.sa_family = l->type;
		memcpy(r->ifr_hwaddr.sa_data, l->addr, l->addr_len < 14 ? l->addr_len : 14);
		return 0;
	default:
		return get_address(cmd, l, r);
	}
}

static int set(unsigned long cmd, const struct rtnl_link *l, const struct ifreq *r)
{
	uint32_t v = cmd == SIOCSIFMTU ? (uint32_t)r->ifr_mtu : (uint32_t)r->ifr_qlen;
	uint32_t mask = IFF_UP | IFF_PROMISC | IFF_ALLMULTI;

	switch (cmd) {
	case SIOCSIFFLAGS:
		return rtnl_change(l->index, (uint16_t)r->ifr_flags & mask, mask, 0, NULL, 0);
	case SIOCSIFMTU:
		return rtnl_change(l->index, 0, 0, IFLA_MTU, &v, sizeof(v));
	case SIOCSIFTXQLEN:
		return rtnl_change(l->index, 0, 0, IFLA_TXQLEN, &v, sizeof(v));
	case SIOCSIFHWADDR:
		return rtnl_change(l->index, 0, 0, IFLA_ADDRESS, r->ifr_hwaddr.sa_data,
			l->addr_len < 14 ? l->addr_len : 14);
	default: /* SIOCSIFNAME */
		return rtnl_change(l->index, 0, 0, IFLA_IFNAME, r->ifr_newname,
			strnlen(r->ifr_newname, IFNAMSIZ - 1) + 1);
	}
}

static int list(struct ifconf *c)
{
	struct rtnl_addr *a = NULL;
	struct rtnl_link *l = NULL;
	int links = rtnl_links(&l), addrs = links < 0 ? -1 : rtnl_addrs(&a);
	int room = c->ifc_buf == NULL ? INT32_MAX : c->ifc_len, at = 0;

	for (int i = 0; i < addrs; i++)
		for (int k = 0; k < links; k++) {
			struct ifreq r = {0};

			if (a[i].family != AF_INET || l[k].index != a[i].index ||
				at + (int)sizeof(r) > room)
				continue;
			memcpy(r.ifr_name, a[i].label[0] != '\0' ? a[i].label : l[k].name, 16);
			put_ip(&r.ifr_addr, a[i].local);
			if (c->ifc_buf != NULL)
				memcpy(c->ifc_buf + at, &r, sizeof(r));
			at += sizeof(r);
		}
	int saved = errno;

	free(l);
	free(a);
	errno = saved;
	if (addrs < 0)
		return -1;
	c->ifc_len = at;
	return 0;
}

/* Is it about interfaces, neighbours or routes, rather than about the socket it is called on? */
static bool ours(unsigned long cmd)
{
	if (cmd == SIOCADDRT || cmd == SIOCDELRT || cmd == SIOCRTMSG)
		return true;
	return cmd >= SIOCGIFNAME && cmd <= 0x89ff && cmd != SIOCGPGRP;
}

static int answer(unsigned long cmd, void *arg)
{
	struct rtnl_link l;
	struct ifreq *r = arg;
	char name[IFNAMSIZ + 1] = "";

	switch (cmd) {
	case SIOCGIFCONF:
		return list(arg);
	case SIOCGIFNAME:
		if (rtnl_find(NULL, r->ifr_ifindex, &l) < 0)
			return -1;
		memcpy(r->ifr_name, l.name, IFNAMSIZ);
		return 0;
	case SIOCGIFINDEX:
	case SIOCGIFFLAGS:
	case SIOCGIFMTU:
	case SIOCGIFTXQLEN:
	case SIOCGIFMETRIC:
	case SIOCGIFHWADDR:
	case SIOCGIFADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFBRDADDR:
	case SIOCGIFDSTADDR:
		memcpy(name, r->ifr_name, IFNAMSIZ);
		return rtnl_find(name, 0, &l) < 0 ? -1 : get(cmd, &l, r);
	case SIOCSIFFLAGS:
	case SIOCSIFMTU:
	case SIOCSIFTXQLEN:
	case SIOCSIFHWADDR:
	case SIOCSIFNAME:
		memcpy(name, r->ifr_name, IFNAMSIZ);
		return rtnl_find(name, 0, &l) < 0 ? -1 : set(cmd, &l, r);
	case SIOCETHTOOL:
		memcpy(name, r->ifr_name, IFNAMSIZ);
		return rtnl_find(name, 0, &l) < 0 ? -1 : fail(EOPNOTSUPP);
	default:
		return fail(EOPNOTSUPP);
	}
}

SHIM_EXPORT int ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	void *arg = va_arg(ap, void *);

	va_end(ap);
	if ((cmd & ~0xfful) != 0x8900 || !ours(cmd))
		return real()->ioctl(fd, cmd, arg);
	int type;
	socklen_t len = sizeof(type);

	if (arg == NULL)
		return fail(EFAULT);
	/* EBADF and ENOTTY as ever. */
	if (real()->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return errno == ENOTSOCK ? fail(ENOTTY) : -1;
	return answer(cmd, arg);
}
