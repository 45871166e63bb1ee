/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's memif driver maps and unmaps what it shares with a peer in DPDK's interrupt thread, when a
 * message or the end of the connection comes, without regard for a worker inside its bursts. So skiff
 * stands in between: it owns the user's socket, the driver has one of its own (memif_socket.c), and
 * what comes from a peer goes to the driver step by step, one at a time in the process:
 *
 *   hold the ports of the socket (port_on_hold: no worker is in them any more), give the driver the
 *   message or the end, wait until its handler is through, let the ports go.
 *
 * Is it through? An eventfd's handler in the interrupt thread looks whether the message was read (or
 * the driver's end closed): if so, the handler that did it has returned, for they run one at a time.
 * What the driver says to the peer is passed on at any time.
 *
 * All of it runs in the control thread and never waits, but for memif_relay_leave(), at most as long
 * as port_call(). So nothing can wait in a circle: the interrupt thread never waits for this
 * thread, as connecting to a client's socket, which port_turn() empties before each start, does not
 * block, nor does sending an answer to what is passed on one at a time. While the interrupt thread is
 * stuck (virtio's peer that says nothing), ports stay held, and nothing else does.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <rte_interrupts.h>

#include "memif_relay.h"

#define MAX_CONNS 64     /* of a socket; the next one is closed at once */
#define ASK_MS 1         /* between two questions whether the driver is through */
#define MAX_ASKED 5000   /* then it never will be: it does not look at this connection */
#define TRY_MS 200       /* between a client's tries to reach its server */
#define MAX_EVENTS 64    /* a turn */

/* What an epoll event names. */
struct source {
	void (*ready)(struct source *s);
	int fd;
	bool watched;
};

struct member {
	struct member *next;
	const struct port *p;
};

struct memif_group {
	struct memif_group *next;
	struct memif_socket socket;
	struct source listener;
	struct member *members;
	struct conn *conns;
	unsigned users, nconns; /* users: ports, also on their way in or out */
	bool deaf;              /* no descriptors were left to accept with */
};

struct conn {
	struct conn *next;
	struct memif_group *g;
	struct source peer, driver; /* a client's peer: -1 as long as its server is not there */
};

enum step { CONNECT, MESSAGE, END };

/* The step that is on its way; conn NULL: none. Does not change while the interrupt thread is asked. */
static struct {
	struct conn *conn;
	enum step step;
	unsigned asked;
} flight;

static struct memif_group *groups;
static bool driver_listened; /* ever */
static port_hold_fn *on_hold;
/* outer holds what is always looked at, and peers, but for the time of a step. */
static int outer = -1, peers = -1;
static struct source tick = {.fd = -1}, answers = {.fd = -1};
static int questions = -1;
static atomic_bool is_through;

static int watch(int epoll, struct source *s)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

	if (!s->watched && s->fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e) < 0)
		return -errno;
	s->watched = s->fd >= 0;
	return 0;
}

static void unwatch(int epoll, struct source *s)
{
	if (s->watched)
		epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->watched = false;
}

static void shut(int epoll, struct source *s)
{
	unwatch(epoll, s);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void hear_peers(bool on)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

	epoll_ctl(outer, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, peers, &e);
}

/* Or sooner, where it is to come sooner. */
static void tick_in(unsigned ms)
{
	const struct itimerspec t = {.it_value.tv_nsec = ms * 1000000L};
	struct itimerspec is;

	if (timerfd_gettime(tick.fd, &is) == 0 && is.it_value.tv_nsec > 0 &&
		is.it_value.tv_nsec < t.it_value.tv_nsec)
		return;
	timerfd_settime(tick.fd, 0, &t, NULL);
}

static void hold(const struct memif_group *g, bool on)
{
	for (const struct member *m = g->members; m && on_hold; m = m->next)
		on_hold(m->p->port_id, on);
}

static void group_free(struct memif_group *g)
{
	struct memif_group **at = &groups;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	unwatch(peers, &g->listener);
	memif_socket_close(&g->socket);
	free(g);
}

static void conn_free(struct conn *c)
{
	struct memif_group *g = c->g;
	struct conn **at = &g->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	g->nconns--;
	shut(peers, &c->peer);
	shut(outer, &c->driver);
	free(c);
	if (g->users == 0 && g->conns == NULL)
		group_free(g);
}

/* DPDK's interrupt thread. */
static bool driver_is_through(void)
{
	struct pollfd p = {.fd = flight.conn->driver.fd, .events = POLLIN};
	int unread = 0;

	poll(&p, 1, 0);
	switch (flight.step) {
	case CONNECT: /* it greets whom it has accepted */
		return p.revents != 0;
	case MESSAGE:
		return ioctl(p.fd, SIOCOUTQ, &unread) == 0 && unread == 0;
	default:
		return p.revents & POLLHUP;
	}
}

static void answer(void *arg)
{
	uint64_t n = 1;

	(void)arg;
	if (read(questions, &n, sizeof(n)) != sizeof(n))
		return;
	atomic_store(&is_through, driver_is_through());
	n = 1;
	while (write(answers.fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

static void ask(void)
{
	uint64_t one = 1;

	flight.asked++;
	while (write(questions, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void begin(struct conn *c, enum step step)
{
	flight.conn = c;
	flight.step = step;
	flight.asked = 0;
	hear_peers(false);
	if (step != CONNECT) /* the driver knows of no port yet */
		hold(c->g, true);
}

/* False: the driver has closed its end, or said nothing more. */
static bool pass_to_peer(struct conn *c, int *err)
{
	struct memif_message m;

	*err = memif_message_receive(c->driver.fd, &m);
	if (*err < 0)
		return false;
	/* One that reads nothing, or is gone: its end comes as any end. */
	if (memif_message_send(c->peer.fd, &m) < 0)
		shutdown(c->peer.fd, SHUT_RDWR);
	memif_message_drop(&m);
	return true;
}

static void on_driver(struct source *s)
{
	struct conn *c = (struct conn *)((char *)s - offsetof(struct conn, driver));
	int err;

	if (pass_to_peer(c, &err) || err == -EAGAIN)
		return;
	if (flight.conn == c)
		unwatch(outer, s); /* the step's end looks again */
	else
		conn_free(c);
}

static void end(struct conn *c)
{
	begin(c, END);
	shutdown(c->driver.fd, SHUT_WR);
	ask();
}

static void on_peer(struct source *s)
{
	struct conn *c = (struct conn *)((char *)s - offsetof(struct conn, peer));
	struct memif_message m;
	int err = memif_message_receive(s->fd, &m);

	if (err == -EAGAIN)
		return;
	if (err < 0) {
		end(c);
		return;
	}
	begin(c, MESSAGE);
	memif_message_send(c->driver.fd, &m); /* where it fails, the driver has closed its end */
	memif_message_drop(&m);
	ask();
}

static void finish(void)
{
	struct conn *c = flight.conn;
	enum step step = flight.step;
	int err;

	flight.conn = NULL;
	if (step != CONNECT)
		hold(c->g, false);
	hear_peers(true);
	if (step != END && c->g->users && watch(outer, &c->driver) == 0 &&
		watch(peers, &c->peer) == 0)
		return;
	while (c->peer.fd >= 0 && pass_to_peer(c, &err))
		;
	conn_free(c);
}

static void on_answer(struct source *s)
{
	uint64_t n;

	if (read(s->fd, &n, sizeof(n)) != sizeof(n) || flight.conn == NULL)
		return;
	if (atomic_load(&is_through) || flight.asked >= MAX_ASKED)
		finish();
	else
		tick_in(ASK_MS);
}

static struct conn *conn_new(struct memif_group *g, int peer, int driver)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->g = g;
	c->peer = (struct source){.ready = on_peer, .fd = peer};
	c->driver = (struct source){.ready = on_driver, .fd = driver};
	c->next = g->conns;
	g->conns = c;
	g->nconns++;
	return c;
}

static void of_peer(struct memif_group *g, int fd)
{
	int driver = g->nconns < MAX_CONNS && g->members ? memif_socket_connect(&g->socket) : -1;
	struct conn *c = driver < 0 ? NULL : conn_new(g, fd, driver);

	if (c == NULL) {
		if (driver >= 0)
			close(driver);
		close(fd);
		return;
	}
	begin(c, CONNECT);
	ask();
}

static void try_server(struct conn *c)
{
	int fd = memif_socket_connect(&c->g->socket);

	if (fd < 0) {
		tick_in(TRY_MS);
		return;
	}
	c->peer.fd = fd;
	if (watch(peers, &c->peer) < 0)
		conn_free(c);
}

static void of_driver(struct memif_group *g, int fd)
{
	struct conn *c = conn_new(g, -1, fd);

	if (c == NULL)
		close(fd);
	else if (watch(outer, &c->driver) < 0)
		conn_free(c);
	else
		try_server(c);
}

static void on_listener(struct source *s)
{
	struct memif_group *g = (struct memif_group *)((char *)s -
		offsetof(struct memif_group, listener));
	int fd = memif_socket_accept(&g->socket);

	if (fd >= 0 && g->socket.client) {
		of_driver(g, fd);
	} else if (fd >= 0) {
		of_peer(g, fd);
	} else if (fd != -EAGAIN) {
		unwatch(peers, s);
		g->deaf = true;
		tick_in(TRY_MS);
	}
}

static void look_again(struct memif_group *g)
{
	struct conn *c, *next;

	if (g->deaf) {
		g->deaf = false;
		watch(peers, &g->listener);
	}
	for (c = g->socket.client ? g->conns : NULL; c; c = next) {
		next = c->next;
		if (c->peer.fd < 0)
			try_server(c);
	}
}

static void on_tick(struct source *s)
{
	uint64_t n;

	if (read(s->fd, &n, sizeof(n)) != sizeof(n))
		return;
	if (flight.conn)
		ask();
	for (struct memif_group *g = groups; g; g = g->next)
		look_again(g);
}

bool port_pins_eal(void)
{
	return driver_listened;
}

int port_turn_fd(void)
{
	if (outer < 0)
		outer = epoll_create1(EPOLL_CLOEXEC);
	return outer < 0 ? -errno : outer;
}

void port_on_hold(port_hold_fn *fn)
{
	on_hold = fn;
}

bool port_turn_pending(void)
{
	return flight.conn != NULL;
}

/* One at a time: what an event's source was may be gone after another. */
static bool turn_one(int epoll)
{
	struct epoll_event e;

	if (epoll_wait(epoll, &e, 1, 0) != 1)
		return false;
	if (e.data.ptr == NULL)
		return turn_one(peers);
	((struct source *)e.data.ptr)->ready(e.data.ptr);
	return true;
}

void port_turn(void)
{
	for (unsigned i = 0; outer >= 0 && i < MAX_EVENTS && turn_one(outer); i++)
		;
}

/* What is there as long as the process is; with the first port, as it needs the EAL. */
static int set_up(void)
{
	static struct rte_intr_handle *handle;

	if (handle)
		return 0;
	if (port_turn_fd() < 0)
		return -errno;
	tick = (struct source){.ready = on_tick,
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
	answers = (struct source){.ready = on_answer, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	questions = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	peers = epoll_create1(EPOLL_CLOEXEC);
	handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (handle && questions >= 0 && peers >= 0 && tick.fd >= 0 && answers.fd >= 0 &&
		watch(outer, &tick) == 0 && watch(outer, &answers) == 0 &&
		rte_intr_fd_set(handle, questions) == 0 &&
		rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 &&
		rte_intr_callback_register(handle, answer, NULL) == 0) {
		hear_peers(true);
		return 0;
	}
	shut(outer, &tick);
	shut(outer, &answers);
	if (questions >= 0)
		close(questions);
	if (peers >= 0)
		close(peers);
	rte_intr_instance_free(handle);
	handle = NULL;
	questions = peers = -1;
	return -ENOMEM;
}

static struct memif_group *find_server(const char *path)
{
	struct memif_group *g = groups;

	while (g && (g->socket.client || g->users == 0 || strcmp(g->socket.path, path) != 0))
		g = g->next;
	return g;
}

struct memif_group *memif_relay_group(const char *path, bool client, int *err, char *why, size_t len)
{
	struct memif_group *g = client ? NULL : find_server(path);

	if (g) {
		g->users++;
		memif_socket_unhide(&g->socket); /* the driver looks whether the folder is there */
		return g;
	}
	*err = set_up();
	g = *err < 0 ? NULL : calloc(1, sizeof(*g));
	if (g == NULL) {
		*err = -ENOMEM;
		snprintf(why, len, "no memory or descriptors for a memif socket");
		return NULL;
	}
	driver_listened |= !client;
	*err = memif_socket_open(&g->socket, path, client, why, len);
	if (*err < 0) {
		free(g);
		return NULL;
	}
	g->listener = (struct source){.ready = on_listener, .fd = g->socket.listening};
	g->users = 1;
	g->next = groups;
	groups = g;
	return g;
}

const char *memif_relay_name(const struct memif_group *g)
{
	return g->socket.name;
}

int memif_relay_join(struct memif_group *g, const struct port *p)
{
	struct member *m = calloc(1, sizeof(*m));
	int err = m ? 0 : -ENOMEM;

	if (g->members)
		memif_socket_unhidden(&g->socket);
	else if (!err)
		err = memif_socket_hide(&g->socket);
	if (!err)
		err = watch(peers, &g->listener);
	if (err < 0) {
		free(m);
		return err;
	}
	m->p = p;
	m->next = g->members;
	g->members = m;
	return 0;
}

static bool too_late(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - from->tv_sec > PORT_CALL_SECONDS;
}

/* The driver must not meet a connection that waits for it when the socket goes. */
void memif_relay_leave(struct memif_group *g, const struct port *p)
{
	struct pollfd wait = {.fd = outer, .events = POLLIN};
	struct timespec from;

	(void)p;
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (flight.conn && flight.conn->g == g && !too_late(&from))
		if (poll(&wait, 1, 100) > 0)
			turn_one(outer);
	if (g->users > 1)
		return;
	unwatch(peers, &g->listener);
	memif_socket_unhide(&g->socket);
}

void memif_relay_left(struct memif_group *g, const struct port *p)
{
	struct conn *next;
	int err;

	for (struct member **at = &g->members; *at; at = &(*at)->next) {
		struct member *m = *at;

		if (m->p != p)
			continue;
		*at = m->next;
		free(m);
		break;
	}
	memif_socket_unhidden(&g->socket);
	if (--g->users)
		return;
	memif_socket_close(&g->socket);
	g->listener.fd = -1;
	g->deaf = false;
	if (g->conns == NULL) {
		group_free(g);
		return;
	}
	/* The last one frees the group; one that is on its way does when it is through. */
	for (struct conn *c = g->conns; c; c = next) {
		next = c->next;
		if (c == flight.conn)
			continue;
		while (c->peer.fd >= 0 && pass_to_peer(c, &err))
			;
		conn_free(c);
	}
}
