/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtnetlink against hostile requests: the input is a list of datagrams, each two bytes of length
 * and its bytes, for an instance with two ports. The first byte: 1 strict checking, 2 against a
 * shadow that is committed at the end. Whatever the requests do, all must be freed after.
 */
#include <sys/socket.h>

#include <event2/event.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cp.h"
#include "ctrlplane/fake_backend.h"
#include "links.h"
#include "netlink/nl_internal.h"
#include "rib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	struct event_base *base;
	struct nl_server *ns;
	struct nl_sock *s;
	int fd[2], memfd;
	struct skiff_netlink_opened o;
	struct skiff_nl_page *page;
};

static void open_end(struct end *e, void *ctx)
{
	struct nl_peer peer = {.uid = 1000, .pid = 1, .role = SKIFF_ROLE_ADMIN, .ctx = ctx};
	struct skiff_netlink_open open = {.protocol = NETLINK_ROUTE, .type = SOCK_RAW};

	e->base = event_base_new();
	e->ns = nl_server_new(e->base);
	nl_server_register(e->ns, &cp_rtnetlink);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, e->fd) < 0 ||
		nl_server_open(e->ns, e->fd[0], &peer, &open, &e->o, &e->memfd) < 0)
		abort();
	e->page = mmap(NULL, e->o.map_len, PROT_READ | PROT_WRITE, MAP_SHARED, e->memfd, 0);
	e->s = TAILQ_FIRST(&e->ns->socks);
	for (unsigned int g = 1; g < RTNLGRP_MAX; g++)
		e->s->groups[g / 32] |= 1u << g % 32;
}

static void close_end(struct end *e)
{
	munmap(e->page, e->o.map_len);
	close(e->memfd);
	close(e->fd[1]);
	nl_server_free(e->ns);
	event_base_free(e->base);
}

/* An exact copy, so that a read beyond is seen; then the program takes all answers. */
static void datagram(struct end *e, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + !len);

	memcpy(copy, bytes, len);
	nl_request_datagram(e->s, copy, len);
	for (unsigned int i = 0; i < 64; i++) {
		e->page->rx_tail = e->page->rx_head;
		nl_server_poll(e->ns);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fake f;
	struct cp *live = fake_router(&f);
	struct cp *shadow = size > 0 && (data[0] & 2) ? cp_clone(live) : NULL;
	struct cp *at = shadow != NULL ? shadow : live;
	struct end e;

	open_end(&e, at);
	at->ns = e.ns;
	if (size > 0 && (data[0] & 1))
		e.s->flags |= SKIFF_NLF_STRICT;
	for (size_t i = 1; i + 2 <= size;) {
		size_t len = data[i] | (size_t)data[i + 1] << 8;

		i += 2;
		if (len > size - i)
			len = size - i;
		datagram(&e, data + i, len);
		i += len;
		cp_tick(at, at->now_ms + 700);
	}
	at->ns = NULL;
	if (shadow != NULL && cp_commit(live, shadow) == 0 &&
		rib_count(live, 0) != rib_count(shadow, 0))
		abort();
	cp_free(shadow);
	close_end(&e);
	live->ns = NULL;
	cp_free(live);
	fake_free(&f);
	return 0;
}
