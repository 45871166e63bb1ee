/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server end of the Linux interface with toy tables behind it, for the tests of shim and
 * netlink server: three links, and routes in a growing array, enough for `ip link`, `ip route
 * add`, `ip monitor` and `ip -batch`. No data plane, no EAL. Prints "ready" when it listens;
 * SIGTERM ends it. "-c CPU" pins it, for the measurements.
 */
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "netlink/nl_server.h"
#include "netlink/sock_diag.h"

struct link {
	int index;
	char name[IFNAMSIZ];
	uint32_t flags, mtu, txqlen;
	uint16_t type;
	uint8_t mac[6];
};

struct route {
	uint32_t dst, gateway, oif;
	uint8_t len;
};

struct state {
	struct link links[3];
	struct route *routes;
	size_t n_routes, cap_routes;
	uint32_t generation;
};

static const struct state pristine = {.links = {
	{1, "lo", IFF_LOOPBACK | IFF_UP | IFF_RUNNING, 65536, 1000, ARPHRD_LOOPBACK, {0}},
	{1 << 20, "wan", IFF_BROADCAST | IFF_MULTICAST | IFF_UP | IFF_RUNNING, 1500, 1000,
		ARPHRD_ETHER, {2, 0, 0, 0, 0, 1}},
	{(1 << 20) + 1, "lan", IFF_BROADCAST | IFF_MULTICAST, 9000, 500, ARPHRD_ETHER,
		{2, 0, 0, 0, 0, 2}},
}};

static struct state live, shadow;
static uint64_t shadow_token;
static bool stop;

static int put_link(struct nl_msg *m, const struct link *l)
{
	struct ifinfomsg *ifi = nl_msg_begin(m, RTM_NEWLINK, 0, sizeof(*ifi));

	if (ifi != NULL)
		*ifi = (struct ifinfomsg){.ifi_type = l->type, .ifi_index = l->index,
			.ifi_flags = l->flags | (l->flags & IFF_UP ? 0x10000 : 0)};
	nl_put_str(m, IFLA_IFNAME, l->name);
	nl_put_u32(m, IFLA_TXQLEN, l->txqlen);
	nl_put_u8(m, IFLA_OPERSTATE, l->flags & IFF_UP ? 6 : 2);
	nl_put_u32(m, IFLA_MTU, l->mtu);
	nl_put_str(m, IFLA_QDISC, "fifo");
	nl_put(m, IFLA_ADDRESS, l->mac, 6);
	nl_put(m, IFLA_BROADCAST, "\xff\xff\xff\xff\xff\xff", 6);
	return nl_msg_end(m);
}

static const struct nl_policy link_policy[] = {
	[IFLA_IFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
	[IFLA_MTU] = {.type = NL_U32},
	[IFLA_TXQLEN] = {.type = NL_U32},
	[IFLA_EXT_MASK] = {.type = NL_U32},
};

static struct link *find_link(struct nl_req *rq, const struct nlattr **tb)
{
	struct state *st = rq->ctx;
	const struct ifinfomsg *ifi = nl_req_header(rq, sizeof(*ifi));
	char name[IFNAMSIZ] = "";

	if (ifi == NULL || nl_req_parse(rq, sizeof(*ifi), link_policy, NL_N(link_policy), tb,
		IFLA_MAX) < 0)
		return NULL;
	if (tb[IFLA_IFNAME] != NULL)
		nl_str(tb[IFLA_IFNAME], name, sizeof(name));
	for (size_t i = 0; i < NL_N(st->links); i++) {
		struct link *l = &st->links[i];

		if (ifi->ifi_index != 0 ? l->index == ifi->ifi_index : strcmp(l->name, name) == 0)
			return l;
	}
	return NULL; /* without a sentence, as in Linux */
}

static int getlink(struct nl_req *rq)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	struct link *l = find_link(rq, tb);
	struct nl_msg *m = nl_reply(rq);

	if (l == NULL)
		return rq->ea->attr != NULL ? -EINVAL : -ENODEV;
	return put_link(m, l) < 0 ? -EMSGSIZE : nl_reply_send(rq, m);
}

static int getlink_dump(struct nl_dump *d, struct nl_msg *m)
{
	struct state *st = d->rq.ctx;

	for (; d->pos < NL_N(st->links); d->pos++)
		if (put_link(m, &st->links[d->pos]) < 0)
			return NL_MORE;
	return NL_DONE;
}

static int newlink(struct nl_req *rq)
{
	const struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *ifi;
	struct state *st = rq->ctx;

	if (rq->nlh->nlmsg_flags & NLM_F_CREATE)
		return nl_err(rq, EOPNOTSUPP, "the test server makes no links");
	struct link *l = find_link(rq, tb);

	if (l == NULL)
		return nl_err(rq, ENODEV, "no such link");
	ifi = nl_req_header(rq, sizeof(*ifi));
	if (tb[IFLA_MTU] != NULL && nl_u32(tb[IFLA_MTU]) < 68)
		return nl_err_attr(rq, tb[IFLA_MTU], EINVAL, "mtu less than device minimum");
	if (tb[IFLA_MTU] != NULL)
		l->mtu = nl_u32(tb[IFLA_MTU]);
	if (tb[IFLA_TXQLEN] != NULL)
		l->txqlen = nl_u32(tb[IFLA_TXQLEN]);
	l->flags = (l->flags & ~ifi->ifi_change) | (ifi->ifi_flags & ifi->ifi_change);
	st->generation++;
	struct nl_msg *m = nl_notice(rq);

	put_link(m, l);
	nl_notice_send(rq, m, RTNLGRP_LINK);
	return 0;
}

static const struct nl_policy route_policy[] = {
	[RTA_DST] = {.type = NL_U32},
	[RTA_GATEWAY] = {.type = NL_U32},
	[RTA_OIF] = {.type = NL_U32},
};

static int put_route(struct nl_msg *m, uint16_t type, const struct route *r)
{
	struct rtmsg *rt = nl_msg_begin(m, type, 0, sizeof(*rt));

	if (rt != NULL)
		*rt = (struct rtmsg){.rtm_family = AF_INET, .rtm_dst_len = r->len,
			.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
			.rtm_type = RTN_UNICAST};
	nl_put_u32(m, RTA_TABLE, RT_TABLE_MAIN);
	if (r->len != 0)
		nl_put_u32(m, RTA_DST, r->dst);
	if (r->gateway != 0)
		nl_put_u32(m, RTA_GATEWAY, r->gateway);
	nl_put_u32(m, RTA_OIF, r->oif);
	return nl_msg_end(m);
}

static int newroute(struct nl_req *rq)
{
	const struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rt = nl_req_header(rq, sizeof(*rt));
	struct state *st = rq->ctx;
	int err = nl_req_parse(rq, sizeof(*rt), route_policy, NL_N(route_policy), tb, RTA_MAX);

	if (rt == NULL || err < 0)
		return rt == NULL ? -EINVAL : err;
	if (rt->rtm_dst_len > 32)
		return nl_err(rq, EINVAL, "Invalid prefix length");
	if (st->n_routes == st->cap_routes) {
		size_t cap = st->cap_routes * 2 + 1024;
		struct route *more = realloc(st->routes, cap * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		st->routes = more;
		st->cap_routes = cap;
	}
	struct route *r = &st->routes[st->n_routes++];

	*r = (struct route){.len = rt->rtm_dst_len, .dst = tb[RTA_DST] ? nl_u32(tb[RTA_DST]) : 0,
		.gateway = tb[RTA_GATEWAY] ? nl_u32(tb[RTA_GATEWAY]) : 0,
		.oif = tb[RTA_OIF] ? nl_u32(tb[RTA_OIF]) : 1 << 20};
	st->generation++;
	if (nl_has_listeners(rq->server, NETLINK_ROUTE, rq->ctx, RTNLGRP_IPV4_ROUTE) ||
		(rq->nlh->nlmsg_flags & NLM_F_ECHO)) {
		struct nl_msg *m = nl_notice(rq);

		put_route(m, RTM_NEWROUTE, r);
		nl_notice_send(rq, m, RTNLGRP_IPV4_ROUTE);
	}
	return 0;
}

static int getroute_dump(struct nl_dump *d, struct nl_msg *m)
{
	struct state *st = d->rq.ctx;

	for (; d->pos < st->n_routes; d->pos++)
		if (put_route(m, RTM_NEWROUTE, &st->routes[d->pos]) < 0)
			return NL_MORE;
	return NL_DONE;
}

static int getroute_start(struct nl_dump *d)
{
	const struct nlattr *tb[RTA_MAX + 1];

	if (nl_req_parse(&d->rq, sizeof(struct rtmsg), route_policy, NL_N(route_policy), tb,
		RTA_MAX) < 0)
		return -EINVAL;
	d->filtered = nl_sock_strict(d->rq.sock);
	return 0;
}

static const struct nl_op ops[] = {
	{.type = RTM_GETLINK, .name = "RTM_GETLINK", .request = getlink,
		.dump = {.next = getlink_dump}},
	{.type = RTM_NEWLINK, .name = "RTM_NEWLINK", .flags = NL_OP_ADMIN, .request = newlink},
	{.type = RTM_NEWROUTE, .name = "RTM_NEWROUTE", .flags = NL_OP_ADMIN, .request = newroute},
	{.type = RTM_GETROUTE, .name = "RTM_GETROUTE",
		.dump = {.start = getroute_start, .next = getroute_dump}},
};

static bool is_change(uint16_t type)
{
	return (type & 3) != 2;
}

static bool is_get(uint16_t type)
{
	return (type & 3) == 2;
}

static uint32_t generation(void *ctx, uint16_t type)
{
	return ((struct state *)ctx)->generation;
}

static const struct nl_family rtnetlink = {
	.protocol = NETLINK_ROUTE, .name = "rtnetlink", .ops = ops, .n_ops = NL_N(ops),
	.max_group = RTNLGRP_MAX, .min_len = 1, .is_change = is_change, .is_get = is_get,
	.generation = generation,
};

static void *context(void *arg, uint64_t token)
{
	if (token == 0)
		return &live;
	return token == shadow_token ? &shadow : NULL;
}

/* "echo WORDS" prints its words, "fail N" ends with status N at word 1, "big N" prints N bytes. */
static void command(void *arg, struct api_cmd *c)
{
	if (strcmp(c->argv[0], "echo") == 0) {
		for (int i = 1; i < c->argc; i++)
			api_cmd_printf(c, "%s%s", c->argv[i], i + 1 < c->argc ? " " : "\n");
		api_cmd_exit(c, 0, SKIFF_NO_WORD, "%s", "");
	} else if (strcmp(c->argv[0], "big") == 0 && c->argc == 2) {
		size_t n = strtoul(c->argv[1], NULL, 10);
		char *text = malloc(n + 1);

		memset(text, 'x', n);
		api_cmd_out(c, text, n);
		free(text);
		api_cmd_exit(c, 0, SKIFF_NO_WORD, "%s", "");
	} else {
		api_cmd_exit(c, 2, 0, "unknown command %s; try echo or big", c->argv[0]);
	}
}

static int txn_begin(void *arg, uint64_t token, char *text, size_t size)
{
	if (shadow_token != 0) {
		snprintf(text, size, "another transaction is open");
		return -EBUSY;
	}
	shadow = live;
	shadow.routes = NULL;
	shadow.n_routes = shadow.cap_routes = 0;
	shadow_token = token;
	return 0;
}

static int txn_end(void *arg, uint64_t token, bool commit, char *text, size_t size)
{
	shadow_token = 0;
	nl_server_drop_ctx(arg, &shadow);
	if (commit)
		memcpy(live.links, shadow.links, sizeof(live.links));
	free(shadow.routes);
	shadow.routes = NULL;
	return 0;
}

static const struct api_ops api_ops = {
	.command = command, .txn_begin = txn_begin, .txn_end = txn_end, .context = context,
};

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	stop = true;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		perror("sched_setaffinity");
}

int main(int argc, char **argv)
{
	char err[SKIFF_TEXT_MAX] = "";
	int at = 1;

	if (argc > 2 && strcmp(argv[at], "-c") == 0) {
		pin(atoi(argv[at + 1]));
		at += 2;
	}
	if (at + 1 != argc) {
		fprintf(stderr, "usage: %s [-c CPU] SOCKET\n", argv[0]);
		return 2;
	}
	live = pristine;
	struct event_base *base = event_base_new();
	struct event *term = evsignal_new(base, SIGTERM, on_term, NULL);

	event_add(term, NULL);
	struct nl_server *ns = nl_server_new(base);

	nl_server_register(ns, &rtnetlink);
	nl_server_register(ns, &sock_diag);
	struct api *api = api_open(base, ns, argv[at], &api_ops, ns, err, sizeof(err));

	if (api == NULL) {
		fprintf(stderr, "nl_testserver: %s\n", err);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (!stop)
		event_base_loop(base, EVLOOP_ONCE | (nl_server_poll(ns) ? EVLOOP_NONBLOCK : 0));
	api_close(api);
	nl_server_free(ns);
	event_free(term);
	event_base_free(base);
	free(live.routes);
	return 0;
}
