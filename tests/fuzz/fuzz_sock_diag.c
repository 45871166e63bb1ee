/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sock_diag against hostile requests: the input is a list of datagrams, each two bytes of length and
 * its bytes. The first byte: 1 strict checking, 2 a reader, who may not destroy sockets. Each dump
 * must end, and each request that asks for an ACK be answered.
 */
#include <sys/socket.h>

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "netlink/nl_internal.h"
#include "netlink/sock_diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	struct event_base *base;
	struct nl_server *ns;
	struct nl_sock *s;
	int fd[2], memfd;
	struct skiff_netlink_opened o;
	struct skiff_nl_page *page;
};

static void open_end(struct end *e, uint8_t how)
{
	struct nl_peer peer = {.uid = 1000, .pid = 1,
		.role = how & 2 ? SKIFF_ROLE_READ : SKIFF_ROLE_ADMIN};
	struct skiff_netlink_open open = {.protocol = NETLINK_SOCK_DIAG, .type = SOCK_RAW};

	e->base = event_base_new();
	e->ns = nl_server_new(e->base);
	nl_server_register(e->ns, &sock_diag);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, e->fd) < 0 ||
		nl_server_open(e->ns, e->fd[0], &peer, &open, &e->o, &e->memfd) < 0)
		abort();
	e->page = mmap(NULL, e->o.map_len, PROT_READ | PROT_WRITE, MAP_SHARED, e->memfd, 0);
	e->s = TAILQ_FIRST(&e->ns->socks);
	if (how & 1)
		e->s->flags |= SKIFF_NLF_STRICT;
}

static void close_end(struct end *e)
{
	munmap(e->page, e->o.map_len);
	close(e->memfd);
	close(e->fd[1]);
	nl_server_free(e->ns);
	event_base_free(e->base);
}

/* The first message, whole, with a type that is served and an ACK wanted, has an answer. */
static bool must_answer(const uint8_t *bytes, size_t len)
{
	struct nlmsghdr h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	return h.nlmsg_len >= sizeof(h) && h.nlmsg_len <= len && (h.nlmsg_flags & NLM_F_ACK);
}

/* An exact copy, so that a read beyond is seen; then the program takes all answers. */
static void datagram(struct end *e, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + !len);
	uint64_t before = e->page->rx_head;

	memcpy(copy, bytes, len);
	nl_request_datagram(e->s, copy, len);
	if (must_answer(copy, len) && e->page->rx_head == before)
		abort();
	for (unsigned int i = 0; i < 16; i++) {
		e->page->rx_tail = e->page->rx_head;
		nl_sock_service(e->s);
	}
	if (e->s->dead || e->s->dump != NULL)
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end e;

	open_end(&e, size > 0 ? data[0] : 0);
	for (size_t i = 1; i + 2 <= size;) {
		size_t len = data[i] | (size_t)data[i + 1] << 8;

		i += 2;
		if (len > size - i)
			len = size - i;
		datagram(&e, data + i, len);
		i += len;
	}
	close_end(&e);
	return 0;
}
