/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control plane behind its socket and nothing else: no EAL, no data plane but one that accepts
 * everything. `skiff-run ip ...` works on it, so that transcripts of the real tools can be
 * compared with the kernel's. Ports eth0 and eth1 exist, with carrier. Lines on standard input:
 * `carrier NAME on|off`, `save`, `memory`. Prints "ready" when it listens; SIGTERM ends it.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "cp.h"
#include "links.h"
#include "netlink/nl_server.h"
#include "netlink/sock_diag.h"
#include "proc_net.h"
#include "rib.h"

struct server {
	struct cp *live, *shadow;
	struct nl_server *ns;
	uint64_t token;
	struct event *timer, *input;
};

static bool stop;
static uint32_t next_id;

static int link_add(void *ctx, struct cp_link *l)
{
	return 0;
}

static void link_del(void *ctx, struct cp_link *l)
{
}

static int link_set(void *ctx, struct cp_link *l, unsigned int what)
{
	return 0;
}

static void link_stats(void *ctx, const struct cp_link *l, struct rtnl_link_stats64 *st)
{
}

static int fib_new(void *ctx, uint32_t fib)
{
	return 0;
}

static void fib_free(void *ctx, uint32_t fib)
{
}

static int fib_set(void *ctx, uint32_t fib, uint32_t prefix, uint8_t len, uint32_t nh)
{
	return 0;
}

static int rules(void *ctx, const struct cp_rules *r)
{
	return 0;
}

static int64_t nh_alloc(void *ctx)
{
	return ++next_id;
}

static int nh_publish(void *ctx, const struct cp_nh *nh, const struct cp_neigh *via)
{
	return 0;
}

static void nh_release(void *ctx, uint32_t id)
{
}

static int neigh_publish(void *ctx, const struct cp_neigh *n)
{
	return 0;
}

static void neigh_none(void *ctx, const struct cp_neigh *n)
{
}

static void send_frame(void *ctx, const struct cp_link *l, const void *frame, size_t len)
{
}

static const struct cp_backend accepting = {
	.link_add = link_add, .link_del = link_del, .link_set = link_set, .link_stats = link_stats,
	.fib_new = fib_new, .fib_free = fib_free, .fib_set = fib_set, .rules = rules,
	.nh_alloc = nh_alloc, .nh_publish = nh_publish, .nh_release = nh_release,
	.neigh_publish = neigh_publish, .neigh_withdraw = neigh_none, .neigh_ready = neigh_none,
	.send = send_frame,
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int add_port(struct cp *cp, const char *name)
{
	static uint8_t last;
	struct cp_port p = {
		.name = name, .driver = "null", .port_id = UINT16_MAX, .carrier = true,
		.mac = {2, 0, 0, 0, 0, ++last}, .min_mtu = 68, .max_mtu = 65535,
	};

	return cp_link_add_port(cp, &p, NULL);
}

/* The commands of the test: `save` and `memory` by the socket, `carrier` by standard input. */
static void command(void *arg, struct api_cmd *c)
{
	struct cp *cp = c->ctx;
	char *text = NULL;
	size_t size = 0;
	FILE *f;
	int err = 0;

	if (c->argc == 3 && strcmp(c->argv[0], "port") == 0) {
		err = add_port(cp, c->argv[2]);
	} else if (c->argc == 1 && strcmp(c->argv[0], "save") == 0) {
		f = open_memstream(&text, &size);
		cp_save(cp, f);
		fclose(f);
		api_cmd_out(c, text, size);
		free(text);
	} else if (c->argc == 3 && strcmp(c->argv[1], "proc") == 0 && proc_net_has(c->argv[2])) {
		f = open_memstream(&text, &size);
		proc_net_print(f, c->argv[2], &(struct ip4_counters){0}, &(struct proc_net_conf){0});
		fclose(f);
		api_cmd_out(c, text, size);
		free(text);
	} else {
		api_cmd_exit(c, 2, 0, "unknown command %s", c->argv[0]);
		return;
	}
	api_cmd_exit(c, err < 0, SKIFF_NO_WORD, "%s", err < 0 ? strerror(-err) : "");
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	char line[128] = "", name[IFNAMSIZ], state[4];
	struct cp_memory m;
	struct cp_link *l;

	if (read(fd, line, sizeof(line) - 1) <= 0) {
		event_del(s->input);
		return;
	}
	if (sscanf(line, "carrier %15s %3s", name, state) == 2) {
		l = cp_link_by_name(s->live, name);
		if (l != NULL)
			cp_link_set_carrier(s->live, l, strcmp(state, "on") == 0, 10000, true);
		puts("done");
	} else if (strcmp(line, "save\n") == 0) {
		cp_save(s->live, stdout);
		puts("done");
	} else if (strcmp(line, "memory\n") == 0) {
		cp_memory(s->live, &m);
		printf("routes %lu infos %lu rib_bytes %zu\n", (unsigned long)m.routes,
			(unsigned long)m.fib_infos, m.rib_bytes);
	} else {
		puts("unknown");
	}
	fflush(stdout);
}

static int txn_begin(void *arg, uint64_t token, char *text, size_t size)
{
	struct server *s = arg;

	if (s->shadow != NULL) {
		snprintf(text, size, "another transaction is open");
		return -EBUSY;
	}
	s->shadow = cp_clone(s->live);
	s->token = token;
	return s->shadow != NULL ? 0 : -ENOMEM;
}

static int txn_end(void *arg, uint64_t token, bool commit, char *text, size_t size)
{
	struct server *s = arg;
	int err = 0;

	nl_server_drop_ctx(s->ns, s->shadow);
	if (commit)
		err = cp_commit(s->live, s->shadow);
	snprintf(text, size, "%s", err == 0 ? "" : s->live->why != NULL ? s->live->why
		: strerror(-err));
	cp_free(s->shadow);
	s->shadow = NULL;
	return err;
}

static void *context(void *arg, uint64_t token)
{
	struct server *s = arg;

	return token == 0 ? s->live : token == s->token ? s->shadow : NULL;
}

static const struct api_ops api_ops = {
	.command = command, .txn_begin = txn_begin, .txn_end = txn_end, .context = context,
};

static void on_term(evutil_socket_t sig, short what, void *arg)
{
	stop = true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
}

/* Runs what is due and sets the alarm for what is next. */
static void tick(struct server *s)
{
	uint64_t now = now_ms(), due = cp_tick(s->live, now), wait = due > now ? due - now : 1;

	if (wait > 1000)
		wait = 1000;
	struct timeval tv = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000) * 1000};

	evtimer_add(s->timer, &tv);
}

static void loop(struct server *s, struct event_base *base)
{
	while (!stop) {
		bool again = nl_server_poll(s->ns);

		tick(s);
		event_base_loop(base, EVLOOP_ONCE | (again ? EVLOOP_NONBLOCK : 0));
	}
}

int main(int argc, char **argv)
{
	char err[SKIFF_TEXT_MAX] = "";
	struct event_base *base = event_base_new();
	struct event *term = evsignal_new(base, SIGTERM, on_term, NULL);
	struct server s = {.live = cp_new(&accepting, NULL), .ns = nl_server_new(base)};
	struct api *api;

	if (argc != 2 || s.live == NULL || s.ns == NULL) {
		fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
		return 2;
	}
	event_add(term, NULL);
	s.timer = evtimer_new(base, on_timer, NULL);
	s.input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, &s);
	event_add(s.input, NULL);
	s.live->ns = s.ns;
	cp_tick(s.live, now_ms());
	nl_server_register(s.ns, &cp_rtnetlink);
	nl_server_register(s.ns, &sock_diag);
	add_port(s.live, "eth0");
	add_port(s.live, "eth1");
	api = api_open(base, s.ns, argv[1], &api_ops, &s, err, sizeof(err));
	if (api == NULL) {
		fprintf(stderr, "%s: %s\n", argv[0], err);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	loop(&s, base);
	api_close(api);
	nl_server_free(s.ns);
	cp_free(s.shadow);
	cp_free(s.live);
	event_free(s.timer);
	event_free(s.input);
	event_free(term);
	event_base_free(base);
	return 0;
}
