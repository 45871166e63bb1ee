/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A netlink client in small, over an emulated socket that lives for one question: these are rare
 * questions, and a socket kept open would have to be told from the program's own after fork,
 * closefrom and exec. Called by hooks_if.c, hooks_ioctl.c and proc_text.c.
 */
#include "rtnl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"
#include "nlsock.h"

/* A growing array of `size`-byte entries, and what fills it from one message. */
struct list {
	void *at;
	size_t size, n, cap;
};

typedef int (*take_fn)(struct list *l, const struct nlmsghdr *h);

static void *add(struct list *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap * 2 + 16;
		void *p = realloc(l->at, cap * l->size);

		if (p == NULL) {
			errno = ENOMEM;
			return NULL;
		}
		l->at = p;
		l->cap = cap;
	}
	return memset((char *)l->at + l->n++ * l->size, 0, l->size);
}

static void attributes(const struct nlmsghdr *h, size_t hdr, const struct rtattr **tb, int max)
{
	const struct rtattr *a = (const void *)((const char *)h + NLMSG_SPACE(hdr));
	int len = (int)h->nlmsg_len - (int)NLMSG_SPACE(hdr);

	memset(tb, 0, sizeof(*tb) * (max + 1));
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) <= max)
			tb[a->rta_type & NLA_TYPE_MASK] = a;
}

/* At most `size` bytes of an attribute; the length it has. */
static size_t get(const struct rtattr *a, void *to, size_t size)
{
	size_t n = a == NULL ? 0 : RTA_PAYLOAD(a);

	if (n > size)
		n = size;
	if (n != 0)
		memcpy(to, RTA_DATA(a), n);
	return n;
}

static int take_link(struct list *l, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const struct rtattr *tb[IFLA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return 0;
	struct rtnl_link *k = add(l);

	if (k == NULL)
		return -1;
	attributes(h, sizeof(*i), tb, IFLA_MAX);
	k->index = i->ifi_index;
	k->flags = i->ifi_flags;
	k->type = i->ifi_type;
	get(tb[IFLA_IFNAME], k->name, sizeof(k->name) - 1);
	get(tb[IFLA_MTU], &k->mtu, 4);
	get(tb[IFLA_TXQLEN], &k->txqlen, 4);
	get(tb[IFLA_OPERSTATE], &k->operstate, 1);
	get(tb[IFLA_CARRIER], &k->carrier, 1);
	k->addr_len = get(tb[IFLA_ADDRESS], k->addr, sizeof(k->addr));
	get(tb[IFLA_BROADCAST], k->brd, sizeof(k->brd));
	get(tb[IFLA_STATS64], &k->stats, sizeof(k->stats));
	return 0;
}

static int take_addr(struct list *l, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *i = NLMSG_DATA(h);
	const struct rtattr *tb[IFA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return 0;
	struct rtnl_addr *k = add(l);

	if (k == NULL)
		return -1;
	attributes(h, sizeof(*i), tb, IFA_MAX);
	k->index = i->ifa_index;
	k->family = i->ifa_family;
	k->plen = i->ifa_prefixlen;
	k->scope = i->ifa_scope;
	k->flags = i->ifa_flags;
	get(tb[IFA_FLAGS], &k->flags, 4);
	get(tb[IFA_ADDRESS], k->address, 16);
	get(tb[IFA_LOCAL] != NULL ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], k->local, 16);
	k->has_brd = get(tb[IFA_BROADCAST], k->brd, 16) != 0;
	get(tb[IFA_LABEL], k->label, sizeof(k->label) - 1);
	return 0;
}

static int take_route(struct list *l, const struct nlmsghdr *h)
{
	const struct rtmsg *i = NLMSG_DATA(h);
	const struct rtattr *tb[RTA_MAX + 1];
	uint32_t table;

	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)) ||
		i->rtm_family != AF_INET)
		return 0;
	attributes(h, sizeof(*i), tb, RTA_MAX);
	table = i->rtm_table;
	get(tb[RTA_TABLE], &table, 4);
	if (table != RT_TABLE_MAIN)
		return 0;
	struct rtnl_route *k = add(l);

	if (k == NULL)
		return -1;
	k->plen = i->rtm_dst_len;
	k->type = i->rtm_type;
	k->scope = i->rtm_scope;
	get(tb[RTA_DST], &k->dst, 4);
	get(tb[RTA_GATEWAY], &k->gateway, 4);
	get(tb[RTA_OIF], &k->oif, 4);
	get(tb[RTA_PRIORITY], &k->prio, 4);
	if (tb[RTA_METRICS] != NULL) {
		const struct rtattr *a = RTA_DATA(tb[RTA_METRICS]);
		int len = RTA_PAYLOAD(tb[RTA_METRICS]);

		for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
			if (a->rta_type == RTAX_MTU)
				get(a, &k->mtu, 4);
	}
	return 0;
}

static int take_neigh(struct list *l, const struct nlmsghdr *h)
{
	const struct ndmsg *i = NLMSG_DATA(h);
	const struct rtattr *tb[NDA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWNEIGH || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)) ||
		i->ndm_family != AF_INET)
		return 0;
	struct rtnl_neigh *k = add(l);

	if (k == NULL)
		return -1;
	attributes(h, sizeof(*i), tb, NDA_MAX);
	k->index = i->ndm_ifindex;
	k->state = i->ndm_state;
	get(tb[NDA_DST], &k->ip, 4);
	k->mac_len = get(tb[NDA_LLADDR], k->mac, sizeof(k->mac));
	return 0;
}

/* All messages of one datagram. 1: the answer is complete; 0: more comes; -1. */
static int take_all(struct list *l, take_fn take, const void *buf, ssize_t n)
{
	size_t len = n;

	for (const struct nlmsghdr *h = buf; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		const struct nlmsgerr *e = NLMSG_DATA(h);

		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error == 0)
				return 1;
			errno = -e->error;
			return -1;
		}
		if (take != NULL && take(l, h) < 0)
			return -1;
	}
	return 0;
}

/* One request and all of its answer. 0 or -1. */
static int ask(const struct nlmsghdr *req, struct list *l, take_fn take)
{
	int fd = nlsock_open(SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), got = -1;
	struct nlsock *s = fd < 0 ? NULL : nlsock_get(fd);
	struct iovec out = {(void *)req, req->nlmsg_len}, in = {malloc(32768), 32768};
	struct msghdr m = {.msg_iov = &out, .msg_iovlen = 1};

	if (s != NULL && in.iov_base != NULL && nlsock_send(fd, s, &m, 0) > 0) {
		m.msg_iov = &in;
		do {
			ssize_t n = nlsock_recv(fd, s, &m, 0);

			got = n < 0 ? -1 : take_all(l, take, in.iov_base, n);
		} while (got == 0);
	}
	int saved = errno;

	nlsock_put(s);
	if (fd >= 0) {
		nlsock_set(fd, NULL);
		real()->close(fd);
	}
	free(in.iov_base);
	errno = saved;
	return got < 0 ? -1 : 0;
}

static int dump(uint16_t type, size_t hdr, uint8_t family, size_t size, take_fn take, void **to)
{
	struct {
		struct nlmsghdr h;
		uint8_t body[16];
	} q = {.h = {.nlmsg_len = NLMSG_LENGTH(hdr), .nlmsg_type = type, .nlmsg_seq = 1,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	struct list l = {.size = size};

	q.body[0] = family;
	if (ask(&q.h, &l, take) < 0) {
		free(l.at);
		return -1;
	}
	*to = l.at;
	return l.n;
}

int rtnl_links(struct rtnl_link **l)
{
	return dump(RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, sizeof(**l), take_link,
		(void **)l);
}

int rtnl_addrs(struct rtnl_addr **a)
{
	return dump(RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, sizeof(**a), take_addr,
		(void **)a);
}

int rtnl_routes(struct rtnl_route **r)
{
	return dump(RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, sizeof(**r), take_route,
		(void **)r);
}

int rtnl_neighs(struct rtnl_neigh **n)
{
	return dump(RTM_GETNEIGH, sizeof(struct ndmsg), AF_INET, sizeof(**n), take_neigh,
		(void **)n);
}

int rtnl_find(const char *name, int index, struct rtnl_link *k)
{
	struct rtnl_link *l;
	int n = rtnl_links(&l), found = -1;

	if (n < 0)
		return -1;
	for (int i = 0; i < n && found < 0; i++)
		if (name != NULL ? strcmp(l[i].name, name) == 0 : l[i].index == index) {
			*k = l[i];
			found = 0;
		}
	free(l);
	if (found < 0)
		errno = ENODEV;
	return found;
}

int rtnl_change(int index, uint32_t flags, uint32_t mask, uint16_t attr, const void *v, size_t len)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		struct rtattr a;
		uint8_t data[32];
	} q = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(q.i)), .nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 1},
		.i = {.ifi_index = index, .ifi_flags = flags, .ifi_change = mask},
		.a = {.rta_len = RTA_LENGTH(len), .rta_type = attr},
	};

	if (attr != 0) {
		memcpy(q.data, v, len < sizeof(q.data) ? len : sizeof(q.data));
		q.h.nlmsg_len += RTA_SPACE(len);
	}
	return ask(&q.h, &(struct list){.size = 1}, NULL);
}
