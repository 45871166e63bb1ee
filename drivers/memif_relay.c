/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's memif driver maps and unmaps what it shares with a peer in DPDK's interrupt thread, when a
 * message or the end of the connection comes, without regard for a worker inside its bursts. So skiff
 * stands in between: it owns the user's socket, the driver has one of its own (memif_socket.c), and
 * what comes from a peer goes to the driver, as far as it is its turn (memif_talk.c), step by step, one at a
 * time in the process:
 *
 *   hold the ports of the socket (port_on_hold: no worker is in them any more), give the driver the
 *   message or the end, wait until its handler is through, let the ports go.
 *
 * Is it through? An eventfd's handler in the interrupt thread looks whether the message was read (or
 * the driver's end closed): if so, the handler that did it has returned, for they run one at a time.
 * What the driver says to the peer is passed on at any time.
 *
 * A client's driver connects when it is started, and at no other time: after its connection ended the
 * handler starts it anew (AGAIN). It is let in here at once; its server is tried by the timer.
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
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <ethdev_driver.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "memif_relay.h"
#include "memif_turn.h"

#define MAX_CONNS 64     /* of a socket */
#define MAX_KEPT 128     /* messages of them, with a descriptor each */
#define ASK_MS 1         /* between two questions whether the driver is through */
#define MAX_ASKED 5000   /* then it never will be: it does not look at this connection */
#define TRY_MS 200       /* between a client's tries to reach its server */
#define MAX_WAIT_MS 3200 /* where the server does not want it, the time doubles up to this */
#define MAX_EVENTS 64    /* a turn */

struct member {
	struct member *next;
	const struct port *p;
};

struct memif_group {
	struct memif_group *next;
	struct memif_socket socket;
	struct memif_source listener;
	struct member *members;
	struct conn *conns;
	unsigned users, nconns; /* users: ports, also on their way in or out */
	unsigned kept;
	bool deaf;              /* no descriptors were left to accept with */
	/* a client's */
	bool ended;             /* the driver is to be started anew */
	bool again;             /* it was, and has not come yet */
	unsigned wait_ms;
};

struct conn {
	struct conn *next;
	struct memif_group *g;
	/* A client's peer: -1 as long as its server is not there; a server's driver, until the handshake is complete. */
	struct memif_source peer, driver;
	struct memif_talk talk;
	uint64_t not_before; /* ms: when its server may be tried */
};

enum step { CONNECT, MESSAGE, END, AGAIN };

/* The step that is on its way; g NULL: none. Does not change while the interrupt thread is asked. */
static struct {
	struct memif_group *g;
	struct conn *conn; /* AGAIN: NULL */
	enum step step;
	unsigned answered;
	bool asked; /* the answer is to come */
	int fd;
	uint16_t port_id;
} flight;

static struct memif_group *groups;
static bool driver_listened; /* ever */
static port_hold_fn *on_hold;
static struct memif_source answers = {.fd = -1};
static int questions = -1;
static atomic_bool is_through, was_started;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void hold(const struct memif_group *g, bool on)
{
	for (const struct member *m = g->members; m && on_hold; m = m->next)
		on_hold(m->p->port_id, on);
}

static void free_unused(struct memif_group *g)
{
	struct memif_group **at = &groups;

	if (g->users || g->conns || flight.g == g)
		return;
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	memif_unwatch(MEMIF_PEERS, &g->listener);
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
	g->kept -= c->talk.nheld;
	g->ended |= g->socket.client;
	if (g->socket.client)
		g->wait_ms = memif_complete(&c->talk) || g->wait_ms == 0 ? TRY_MS
			: g->wait_ms < MAX_WAIT_MS ? 2 * g->wait_ms : MAX_WAIT_MS;
	memif_talk_drop(&c->talk);
	memif_unwatch_shut(MEMIF_PEERS, &c->peer);
	memif_unwatch_shut(MEMIF_ALWAYS, &c->driver);
	free(c);
	free_unused(g);
}

/* DPDK's interrupt thread. A port that was stopped meanwhile stays so. */
static bool start_again(uint16_t port_id)
{
	bool started = rte_eth_devices[port_id].data->dev_started;

	if (started && rte_eth_dev_stop(port_id) == 0)
		rte_eth_dev_start(port_id);
	atomic_store(&was_started, started);
	return true;
}

/* DPDK's interrupt thread. */
static bool driver_is_through(void)
{
	struct pollfd p = {.fd = flight.fd, .events = POLLIN};
	int unread = 0;

	if (flight.step == AGAIN)
		return start_again(flight.port_id);
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

/* Never two questions at a time: what the second is about may be gone when it is heard. */
static void ask(void)
{
	uint64_t one = 1;

	if (flight.asked)
		return;
	flight.asked = true;
	while (write(questions, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void begin(struct memif_group *g, struct conn *c, enum step step)
{
	flight.g = g;
	flight.conn = c;
	flight.step = step;
	flight.answered = 0;
	flight.fd = c ? c->driver.fd : -1;
	memif_hear_peers(false);
	if (step != CONNECT) /* the driver knows of no port yet */
		hold(g, true);
}

/* False: the driver has closed its end, or said nothing more. */
static bool pass_to_peer(struct conn *c, int *err)
{
	struct memif_message m;

	*err = memif_message_receive(c->driver.fd, &m);
	if (*err < 0)
		return false;
	/* One that reads nothing, or is gone: its end comes as any end. */
	if (memif_said(&c->talk, &m) && memif_message_send(c->peer.fd, &m) < 0)
		shutdown(c->peer.fd, SHUT_RDWR);
	memif_message_drop(&m);
	return true;
}

static void pass_the_rest(struct conn *c)
{
	int err;

	while (c->peer.fd >= 0 && c->driver.fd >= 0 && pass_to_peer(c, &err))
		;
}

static void on_driver(struct memif_source *s)
{
	struct conn *c = (struct conn *)((char *)s - offsetof(struct conn, driver));
	int err;

	if (pass_to_peer(c, &err) || err == -EAGAIN)
		return;
	if (flight.conn == c)
		memif_unwatch(MEMIF_ALWAYS, s); /* the step's end looks again */
	else
		conn_free(c);
}

/* Of one that the driver does not know of there is nothing to be told. */
static void end(struct conn *c)
{
	if (c->driver.fd < 0) {
		conn_free(c);
		return;
	}
	begin(c->g, c, END);
	shutdown(c->driver.fd, SHUT_WR);
	ask();
}

/* Where it fails, the driver has closed its end. */
static void give(struct conn *c, struct memif_message *m)
{
	begin(c->g, c, MESSAGE);
	memif_message_send(c->driver.fd, m);
	memif_message_drop(m);
	ask();
}

static void to_driver(struct conn *c)
{
	c->driver.fd = memif_socket_connect(&c->g->socket);
	if (c->driver.fd < 0) {
		conn_free(c);
		return;
	}
	begin(c->g, c, CONNECT);
	ask();
}

/* The one that has been at its handshake for the longest time goes, if there is one. */
static bool make_room(struct memif_group *g, const struct conn *but)
{
	struct conn *oldest = NULL;

	for (struct conn *c = g->conns; c; c = c->next)
		if (c->driver.fd < 0 && c != but)
			oldest = c;
	if (oldest)
		conn_free(oldest);
	return oldest != NULL;
}

static bool say(struct conn *c, struct memif_message m)
{
	return memif_message_send(c->peer.fd, &m) == 0;
}

static void on_peer(struct memif_source *s)
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
	switch (memif_heard(&c->talk, &m)) {
	case MEMIF_PASS:
		give(c, &m);
		return;
	case MEMIF_KEPT:
		if (++c->g->kept > MAX_KEPT)
			make_room(c->g, c);
		if (!say(c, memif_ack()))
			end(c);
		return;
	case MEMIF_READY:
		c->g->kept++;
		to_driver(c);
		return;
	case MEMIF_WRONG:
		memif_message_drop(&m);
		say(c, memif_goodbye("not what memif says here"));
		end(c);
	}
}

static void go_on(struct conn *c)
{
	struct memif_message *m = memif_next_held(&c->talk);

	if (m) {
		give(c, m);
		return;
	}
	c->g->kept -= c->talk.nheld;
	memif_talk_drop(&c->talk);
}

static void finish(void)
{
	struct memif_group *g = flight.g;
	struct conn *c = flight.conn;
	enum step step = flight.step;

	flight.g = NULL;
	flight.conn = NULL;
	if (step != CONNECT)
		hold(g, false);
	memif_hear_peers(true);
	if (step == AGAIN) {
		g->again = atomic_load(&was_started);
		free_unused(g);
		return;
	}
	if (step != END && g->users && memif_watch(MEMIF_ALWAYS, &c->driver) == 0 &&
		memif_watch(MEMIF_PEERS, &c->peer) == 0) {
		go_on(c);
		return;
	}
	pass_the_rest(c);
	conn_free(c);
}

/* Whom it has not accepted yet it will: its backlog does not forget, and must be empty when it is closed. */
static void on_answer(struct memif_source *s)
{
	uint64_t n;

	if (read(s->fd, &n, sizeof(n)) != sizeof(n) || !flight.asked)
		return;
	flight.asked = false;
	flight.answered++;
	if (atomic_load(&is_through) || (flight.answered >= MAX_ASKED && flight.step != CONNECT))
		finish();
	else
		memif_tick_in(ASK_MS);
}

static struct conn *conn_new(struct memif_group *g, int peer, int driver)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->g = g;
	c->talk.of_server = g->socket.client;
	c->peer = (struct memif_source){.ready = on_peer, .fd = peer};
	c->driver = (struct memif_source){.ready = on_driver, .fd = driver};
	c->next = g->conns;
	g->conns = c;
	g->nconns++;
	return c;
}

static void of_peer(struct memif_group *g, int fd)
{
	struct conn *c = g->nconns < MAX_CONNS && g->members ? conn_new(g, fd, -1) : NULL;

	if (c == NULL)
		close(fd);
	else if (memif_watch(MEMIF_PEERS, &c->peer) < 0 || !say(c, memif_hello()))
		conn_free(c);
}

static void try_server(struct conn *c)
{
	int fd = now_ms() < c->not_before ? -EAGAIN : memif_socket_connect(&c->g->socket);

	if (fd < 0) {
		memif_tick_in(TRY_MS);
		return;
	}
	c->peer.fd = fd;
	if (memif_watch(MEMIF_PEERS, &c->peer) < 0)
		conn_free(c);
}

/* At once where the user has started it, or else after a while. */
static void of_driver(struct memif_group *g, int fd)
{
	struct conn *c = conn_new(g, -1, fd);

	if (!g->again)
		g->wait_ms = 0;
	g->again = g->ended = false;
	if (c == NULL) {
		close(fd);
		return;
	}
	c->not_before = now_ms() + g->wait_ms;
	if (memif_watch(MEMIF_ALWAYS, &c->driver) < 0)
		conn_free(c);
	else
		try_server(c);
}

static void on_listener(struct memif_source *s)
{
	struct memif_group *g = (struct memif_group *)((char *)s -
		offsetof(struct memif_group, listener));
	int fd;

	if (g->nconns >= MAX_CONNS)
		make_room(g, NULL);
	fd = memif_socket_accept(&g->socket);
	if (fd >= 0 && g->socket.client) {
		of_driver(g, fd);
	} else if (fd >= 0) {
		of_peer(g, fd);
	} else if (fd != -EAGAIN) {
		memif_unwatch(MEMIF_PEERS, s);
		g->deaf = true;
		memif_tick_in(TRY_MS);
	}
}

static void look_again(struct memif_group *g)
{
	struct conn *c, *next;

	if (g->deaf) {
		g->deaf = false;
		memif_watch(MEMIF_PEERS, &g->listener);
	}
	for (c = g->socket.client ? g->conns : NULL; c; c = next) {
		next = c->next;
		if (c->peer.fd < 0)
			try_server(c);
	}
}

static void on_tick(void)
{
	if (flight.g)
		ask();
	for (struct memif_group *g = groups; g; g = g->next)
		look_again(g);
}

/* A client whose connection ended, and that the user has not started anew himself. */
static void begin_again(void)
{
	struct memif_group *g = groups;

	while (g && !(g->ended && g->members && g->conns == NULL))
		g = g->next;
	if (flight.g || g == NULL)
		return;
	g->ended = false;
	flight.port_id = g->members->p->port_id;
	begin(g, NULL, AGAIN);
	ask();
}

bool port_pins_eal(void)
{
	return driver_listened;
}

void port_on_hold(port_hold_fn *fn)
{
	on_hold = fn;
}

bool port_turn_pending(void)
{
	return flight.g != NULL;
}

void port_turn(void)
{
	begin_again();
	for (unsigned i = 0; i < MAX_EVENTS && memif_turn_one(); i++)
		begin_again();
}

/* What is there as long as the process is; with the first port, as it needs the EAL. */
static int set_up(void)
{
	static struct rte_intr_handle *handle;
	static bool turns;

	if (handle)
		return 0;
	if (!turns && memif_turn_set_up(on_tick) < 0)
		return -ENOMEM;
	turns = true;
	answers = (struct memif_source){.ready = on_answer, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	questions = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	if (handle && questions >= 0 && answers.fd >= 0 && memif_watch(MEMIF_ALWAYS, &answers) == 0 &&
		rte_intr_fd_set(handle, questions) == 0 &&
		rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 &&
		rte_intr_callback_register(handle, answer, NULL) == 0)
		return 0;
	memif_unwatch_shut(MEMIF_ALWAYS, &answers);
	memif_shut(&questions);
	rte_intr_instance_free(handle);
	handle = NULL;
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
	g->listener = (struct memif_source){.ready = on_listener, .fd = g->socket.listening};
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
		err = memif_watch(MEMIF_PEERS, &g->listener);
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
int memif_relay_leave(struct memif_group *g, const struct port *p)
{
	struct pollfd wait = {.fd = port_turn_fd(), .events = POLLIN};
	struct timespec from;

	(void)p;
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (flight.g == g && !too_late(&from))
		if (poll(&wait, 1, 100) > 0)
			memif_turn_one();
	if (flight.g == g)
		return -ETIMEDOUT;
	if (g->users > 1)
		return 0;
	memif_unwatch(MEMIF_PEERS, &g->listener);
	memif_socket_unhide(&g->socket);
	return 0;
}

static void forget(struct memif_group *g, const struct port *p)
{
	for (struct member **at = &g->members; *at; at = &(*at)->next) {
		struct member *m = *at;

		if (m->p != p)
			continue;
		*at = m->next;
		free(m);
		break;
	}
}

void memif_relay_left(struct memif_group *g, const struct port *p)
{
	struct conn *next;

	forget(g, p);
	memif_socket_unhidden(&g->socket);
	if (g->users > 1) {
		g->users--;
		return;
	}
	memif_unwatch(MEMIF_PEERS, &g->listener);
	memif_socket_close(&g->socket);
	g->listener.fd = -1;
	g->deaf = false;
	/* Of one that is on its way the end of the step frees the group. */
	for (struct conn *c = g->conns; c; c = next) {
		next = c->next;
		if (c == flight.conn)
			continue;
		pass_the_rest(c);
		conn_free(c);
	}
	g->users = 0;
	free_unused(g);
}
