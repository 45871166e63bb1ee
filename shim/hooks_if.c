/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libc's questions about interfaces. glibc asks them with sockets of its own that a preload
 * cannot reach, so the functions themselves are answered here, from skiff's links.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"
#include "rtnl.h"

SHIM_EXPORT unsigned int if_nametoindex(const char *name)
{
	struct rtnl_link l;

	return rtnl_find(name, 0, &l) < 0 ? 0 : l.index;
}

SHIM_EXPORT char *if_indextoname(unsigned int index, char name[IF_NAMESIZE])
{
	struct rtnl_link l;

	if (rtnl_find(NULL, index, &l) < 0) {
		if (errno == ENODEV)
			errno = ENXIO;
		return NULL;
	}
	return memcpy(name, l.name, IF_NAMESIZE);
}

SHIM_EXPORT struct if_nameindex *if_nameindex(void)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l);

	if (n < 0)
		return NULL;
	struct if_nameindex *x = calloc(1, (n + 1) * sizeof(*x) + n * IF_NAMESIZE);
	char *names = x == NULL ? NULL : (char *)(x + n + 1);

	for (int i = 0; i < n && x != NULL; i++) {
		x[i].if_index = l[i].index;
		x[i].if_name = memcpy(names + i * IF_NAMESIZE, l[i].name, IF_NAMESIZE);
	}
	free(l);
	return x;
}

SHIM_EXPORT void if_freenameindex(struct if_nameindex *x)
{
	free(x);
}

/* One entry with all that it points to. */
struct entry {
	struct ifaddrs ifa;
	char name[16];
	union {
		struct sockaddr_storage any;
		struct sockaddr_ll ll;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr, mask, brd;
	struct rtnl_link_stats stats;
};

static struct entry *entry(struct ifaddrs ***tail, const char *name, unsigned int flags)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	memcpy(e->name, name, sizeof(e->name));
	e->ifa.ifa_name = e->name;
	e->ifa.ifa_flags = flags;
	**tail = &e->ifa;
	*tail = &e->ifa.ifa_next;
	return e;
}

static void set_ll(struct sockaddr_ll *ll, const struct rtnl_link *l, const uint8_t *addr)
{
	ll->sll_family = AF_PACKET;
	ll->sll_ifindex = l->index;
	ll->sll_hatype = l->type;
	ll->sll_halen = l->addr_len < 8 ? l->addr_len : 8;
	memcpy(ll->sll_addr, addr, ll->sll_halen);
}

static bool add_link(struct ifaddrs ***tail, const struct rtnl_link *l)
{
	struct entry *e = entry(tail, l->name, l->flags);

	if (e == NULL)
		return false;
	set_ll(&e->addr.ll, l, l->addr);
	set_ll(&e->brd.ll, l, l->brd);
	e->ifa.ifa_addr = (struct sockaddr *)&e->addr;
	if (l->flags & IFF_BROADCAST)
		e->ifa.ifa_broadaddr = (struct sockaddr *)&e->brd;
	e->stats = (struct rtnl_link_stats){
		.rx_packets = l->stats.rx_packets, .tx_packets = l->stats.tx_packets,
		.rx_bytes = l->stats.rx_bytes, .tx_bytes = l->stats.tx_bytes,
		.rx_errors = l->stats.rx_errors, .tx_errors = l->stats.tx_errors,
		.rx_dropped = l->stats.rx_dropped, .tx_dropped = l->stats.tx_dropped};
	e->ifa.ifa_data = &e->stats;
	return true;
}

static struct sockaddr *set_ip(struct sockaddr_storage *to, const struct rtnl_addr *a,
	const uint8_t *ip)
{
	if (a->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, ip, 4);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, ip, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			in6->sin6_scope_id = a->index;
	}
	return (struct sockaddr *)to;
}

static bool add_addr(struct ifaddrs ***tail, const struct rtnl_addr *a, const struct rtnl_link *l)
{
	struct entry *e = entry(tail, a->label[0] != '\0' ? a->label : l->name, l->flags);
	uint8_t mask[16] = {0};

	if (e == NULL)
		return false;
	for (int bit = 0; bit < a->plen && bit < 128; bit++)
		mask[bit / 8] |= 0x80 >> bit % 8;
	e->ifa.ifa_addr = set_ip(&e->addr.any, a, a->local);
	e->ifa.ifa_netmask = set_ip(&e->mask.any, a, mask);
	if (a->has_brd)
		e->ifa.ifa_broadaddr = set_ip(&e->brd.any, a, a->brd);
	else if (memcmp(a->local, a->address, 16) != 0)
		e->ifa.ifa_dstaddr = set_ip(&e->brd.any, a, a->address);
	return true;
}

SHIM_EXPORT void freeifaddrs(struct ifaddrs *list)
{
	while (list != NULL) {
		struct ifaddrs *next = list->ifa_next;

		free(list); /* the first member of its struct entry */
		list = next;
	}
}

SHIM_EXPORT int getifaddrs(struct ifaddrs **list)
{
	struct rtnl_link *l = NULL;
	struct rtnl_addr *a = NULL;
	int links = rtnl_links(&l), addrs = links < 0 ? -1 : rtnl_addrs(&a);
	struct ifaddrs **tail = list;
	bool ok = addrs >= 0;

	*list = NULL;
	for (int i = 0; i < links && ok; i++)
		ok = add_link(&tail, &l[i]);
	for (int i = 0; i < addrs && ok; i++)
		for (int k = 0; k < links && ok; k++)
			if (l[k].index == a[i].index &&
				(a[i].family == AF_INET || a[i].family == AF_INET6))
				ok = add_addr(&tail, &a[i], &l[k]);
	int saved = errno;

	free(l);
	free(a);
	if (!ok) {
		freeifaddrs(*list);
		*list = NULL;
		errno = saved;
	}
	return ok ? 0 : -1;
}
