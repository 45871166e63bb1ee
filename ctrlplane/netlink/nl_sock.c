/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiffd's side of one emulated netlink socket: its shared memory, the frames that come in, and
 * who wakes whom. nl_server.c calls it in turn for every socket that is awake; whole requests go
 * to nl_request.c, options to nl_option.c. Nothing that the program writes into the shared memory
 * is believed: our ring positions are private, each frame is copied before it is looked at.
 */
#include <endian.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlink/nl_internal.h"

#define PAGE 4096u

#define SOCKETS_ADMIN 4096u
#define SOCKETS_READER 64u
#define BYTES_ADMIN ((size_t)2 << 30)
#define BYTES_READER ((size_t)64 << 20)

static struct nl_account *account_of(struct nl_server *ns, uint32_t uid)
{
	struct nl_account *a;

	LIST_FOREACH (a, &ns->accounts, link)
		if (a->uid == uid)
			return a;
	a = calloc(1, sizeof(*a));
	if (a != NULL) {
		a->uid = uid;
		LIST_INSERT_HEAD(&ns->accounts, a, link);
	}
	return a;
}

static int charge(struct nl_sock *s, size_t bytes)
{
	bool admin = s->peer.role == SKIFF_ROLE_ADMIN;
	struct nl_account *a = account_of(s->ns, s->peer.uid);

	if (a == NULL)
		return -ENOMEM;
	if (a->sockets >= (admin ? SOCKETS_ADMIN : SOCKETS_READER) ||
		a->bytes + bytes > (admin ? BYTES_ADMIN : BYTES_READER)) {
		if (a->sockets == 0) {
			LIST_REMOVE(a, link);
			free(a);
		}
		return -EDQUOT;
	}
	a->sockets++;
	a->bytes += bytes;
	s->account = a;
	return 0;
}

static void discharge(struct nl_sock *s)
{
	struct nl_account *a = s->account;

	if (a == NULL)
		return;
	a->bytes -= s->map_len;
	if (--a->sockets == 0) {
		LIST_REMOVE(a, link);
		free(a);
	}
}

/* A memfd of fixed size that the program can neither shrink nor grow, all of it in memory. */
static int make_memory(struct nl_sock *s, int *memfd)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = memfd_create("skiff-netlink", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (fallocate(fd, 0, 0, s->map_len) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		goto failed;
	void *at = mmap(NULL, s->map_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (at == MAP_FAILED)
		goto failed;
	s->page = at;
	*memfd = fd;
	return 0;
failed:;
	int err = -errno;

	close(fd);
	return err;
}

static void lay_out(struct nl_sock *s, struct skiff_netlink_opened *o)
{
	uint8_t *base = (uint8_t *)s->page;

	*o = (struct skiff_netlink_opened){.portid = s->portid, .map_len = s->map_len,
		.tx_off = PAGE, .tx_size = SKIFF_NL_TX_SIZE,
		.rx_off = PAGE + SKIFF_NL_TX_SIZE, .rx_size = SKIFF_NL_RX_SIZE};
	s->tx = (struct skiff_ring){.data = base + o->tx_off, .size = o->tx_size,
		.head = &s->page->tx_head, .tail = &s->page->tx_tail};
	s->rx = (struct skiff_ring){.data = base + o->rx_off, .size = o->rx_size,
		.head = &s->page->rx_head, .tail = &s->page->rx_tail};
	s->page->magic = SKIFF_NL_MAGIC;
	s->page->abi = SKIFF_ABI_VERSION;
	s->page->protocol = s->family->protocol;
	atomic_store(&s->page->srv_asleep, 1);
}

static bool portid_taken(const struct nl_sock *s, uint32_t portid)
{
	const struct nl_sock *o;

	TAILQ_FOREACH (o, &s->ns->socks, link)
		if (o->family == s->family && o->portid == portid)
			return true;
	return false;
}

/* As netlink_autobind: the process id for its first socket, then numbers from -4097 downwards. */
static void choose_portid(struct nl_sock *s, uint32_t wish)
{
	s->portid = wish != 0 ? wish : (uint32_t)s->peer.pid;
	while (s->portid == 0 || portid_taken(s, s->portid)) {
		if (s->ns->portid_rover < 0x80000000u)
			s->ns->portid_rover = (uint32_t)-4096;
		s->portid = --s->ns->portid_rover;
	}
}

static void on_stream(evutil_socket_t fd, short what, void *arg)
{
	struct nl_sock *s = arg;
	ssize_t n = nl_adopt_recv(s);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		nl_sock_free(s);
		return;
	}
	nl_sock_wake(s);
}

int nl_server_open(struct nl_server *ns, int fd, const struct nl_peer *peer,
	const struct skiff_netlink_open *open, struct skiff_netlink_opened *opened, int *memfd)
{
	int index = nl_family_index(ns, open->protocol);
	struct nl_sock *s = calloc(1, sizeof(*s));
	int err = -EPROTONOSUPPORT;

	if (s == NULL || index < 0) {
		err = s == NULL ? -ENOMEM : err;
		goto no_memory;
	}
	s->ns = ns;
	s->fd = fd;
	s->peer = *peer;
	s->family = ns->families[index];
	s->rcvbuf = NL_RCVBUF_DEFAULT;
	s->map_len = PAGE + SKIFF_NL_TX_SIZE + SKIFF_NL_RX_SIZE;
	STAILQ_INIT(&s->backlog);
	err = charge(s, s->map_len);
	if (err < 0)
		goto no_memory;
	err = make_memory(s, memfd);
	if (err < 0)
		goto charged;
	s->event = event_new(ns->base, fd, EV_READ | EV_PERSIST, on_stream, s);
	if (s->event == NULL || event_add(s->event, NULL) < 0) {
		err = -ENOMEM;
		goto mapped;
	}
	choose_portid(s, open->portid);
	lay_out(s, opened);
	s->opened = *opened;
	s->memfd = fcntl(*memfd, F_DUPFD_CLOEXEC, 0);
	TAILQ_INSERT_TAIL(&ns->socks, s, link);
	return 0;
mapped:
	if (s->event != NULL)
		event_free(s->event);
	munmap(s->page, s->map_len);
	close(*memfd);
charged:
	discharge(s);
no_memory:
	free(s);
	close(fd);
	return err;
}

void nl_sock_free(struct nl_sock *s)
{
	nl_dump_end(s);
	nl_sock_drop_output(s);
	nl_sock_leave_all(s);
	TAILQ_REMOVE(&s->ns->socks, s, link);
	if (s->active)
		TAILQ_REMOVE(&s->ns->active, s, active_link);
	event_free(s->event);
	munmap(s->page, s->map_len);
	discharge(s);
	close(s->fd);
	if (s->memfd >= 0)
		close(s->memfd);
	free(s->filter);
	free(s->in);
	free(s);
}

static int grow_in(struct nl_sock *s, size_t need)
{
	size_t max = s->peer.role == SKIFF_ROLE_ADMIN ? NL_REQUEST_MAX : NL_REQUEST_MAX_READER;
	size_t cap = s->in_cap != 0 ? s->in_cap : 4096;

	if (need > max)
		return -EMSGSIZE;
	while (cap < need)
		cap *= 2;
	uint8_t *in = realloc(s->in, cap);

	if (in == NULL)
		return -ENOMEM;
	s->in = in;
	s->in_cap = cap;
	return 0;
}

static void consumed(struct nl_sock *s)
{
	skiff_ring_consumed(&s->tx, s->tx_pos);
	if (atomic_load(&s->page->tx_waiting)) {
		uint32_t *word = (uint32_t *)&s->page->tx_tail + (__BYTE_ORDER == __BIG_ENDIAN);

		syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	}
}

/* A whole datagram or option is in s->in. */
static void complete(struct nl_sock *s, uint16_t kind)
{
	if (kind == SKIFF_NL_DATA)
		nl_request_datagram(s, s->in, s->in_len);
	else if (kind == SKIFF_NL_OPT)
		atomic_store(&s->page->opt_result, nl_sock_option(s, s->in, s->in_len));
	else
		s->dead = true;
	s->in_len = 0;
	/* One huge batch must not keep its memory for the life of the socket. */
	if (s->in_cap > (1u << 20)) {
		free(s->in);
		s->in = NULL;
		s->in_cap = 0;
	}
}

static bool take_frame(struct nl_sock *s)
{
	struct skiff_frame f;
	int got = skiff_ring_peek(&s->tx, s->tx_pos, &f);

	if (got <= 0) {
		s->dead |= got < 0;
		return false;
	}
	if ((s->in == NULL || s->in_len + f.len > s->in_cap) && grow_in(s, s->in_len + f.len) < 0) {
		s->dead = true;
		return false;
	}
	skiff_ring_hint(&s->rx, s->rx_pos); /* for the answer */
	skiff_ring_copy_out(&s->tx, s->tx_pos + sizeof(f), s->in + s->in_len, f.len);
	s->in_len += f.len;
	s->tx_pos += skiff_frame_space(f.len);
	if (!(f.flags & SKIFF_FRAME_MORE))
		complete(s, f.kind);
	consumed(s);
	return true;
}

static bool wants_room(const struct nl_sock *s)
{
	return s->dump != NULL || !STAILQ_EMPTY(&s->backlog);
}

bool nl_sock_service(struct nl_sock *s)
{
	bool moved = false;

	for (int n = 0; n < NL_FRAMES_A_TURN && !s->dead && take_frame(s); n++)
		moved = true;
	if (wants_room(s) && !s->dead) {
		moved |= nl_sock_flush(s);
		moved |= nl_dump_continue(s);
	}
	/* The reader may have armed after we published: it then asked by a byte, which woke us. */
	if (nl_sock_unread(s) != 0)
		nl_sock_ring(s);
	if (atomic_load_explicit(&s->page->srv_wants_room, memory_order_relaxed) != wants_room(s))
		atomic_store(&s->page->srv_wants_room, wants_room(s));
	return moved;
}

bool nl_sock_sleep(struct nl_sock *s)
{
	atomic_store(&s->page->srv_asleep, 1);
	if (skiff_ring_used(&s->tx, s->tx_pos) == 0 &&
		!(wants_room(s) && nl_sock_unread(s) <= s->rx.size / 2))
		return true;
	atomic_store(&s->page->srv_asleep, 0);
	return false;
}

void nl_sock_wake(struct nl_sock *s)
{
	s->last_ns = nl_now_ns();
	if (s->active)
		return;
	atomic_store(&s->page->srv_asleep, 0);
	s->active = true;
	TAILQ_INSERT_TAIL(&s->ns->active, s, active_link);
}

uint32_t nl_sock_portid(const struct nl_sock *s)
{
	return s->portid;
}

enum skiff_role nl_sock_role(const struct nl_sock *s)
{
	return s->peer.role;
}

bool nl_sock_strict(const struct nl_sock *s)
{
	return s->flags & SKIFF_NLF_STRICT;
}
