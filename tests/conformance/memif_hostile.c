/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers of a memif port that mean ill, or are broken: messages out of turn, rings and memory that are not
 * there, descriptors where none belong, silence, storms. Each is sent away, the control thread never waits for it,
 * no descriptor stays, and the next peer that keeps to the protocol gets through. And what may happen to
 * the port meanwhile: it is removed, DPDK's interrupt thread is stuck.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "memif_peer.h"

#define SERVER "s memif socket " PATH " role server"
#define CLIENT "c memif socket " PATH " role client"
#define LET_S 5    /* who is not sent away by then is let */
#define TURN_S 0.5 /* what a turn of the control thread may take: far more than it does */

static struct rte_mempool *pool;
static struct port port;
static double longest; /* turn */

static void turn(void)
{
	double from = clock_s();

	port_turn();
	if (clock_s() - from > longest)
		longest = clock_s() - from;
}

static void turn_for(double s)
{
	for (double until = clock_s() + s; clock_s() < until; usleep(100))
		turn();
}

static void open_raw(const char *words, struct port *p)
{
	struct port_why why;

	if (rig_port(words, p, pool, &why))
		fail_msg("%s: %s", words, why.text);
}

/* -- a peer in a thread of its own, while the port's turns are taken here -- */

struct act {
	bool (*play)(struct peer *p, int arg);
	int listening, arg;
	bool ok;
	atomic_bool over;
};

static void *play(void *arg)
{
	struct act *a = arg;
	struct peer p;

	peer_clear(&p, a->listening);
	a->ok = a->play(&p, a->arg);
	leave(&p);
	a->over = true;
	return NULL;
}

static bool acts(bool (*fn)(struct peer *p, int arg), int arg, int listening)
{
	struct act a = {.play = fn, .arg = arg, .listening = listening};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, play, &a), 0);
	while (!a.over) {
		turn();
		usleep(50);
	}
	pthread_join(thread, NULL);
	return a.ok;
}

/* What comes is read, until the end comes. */
static bool is_sent_away(struct peer *p)
{
	struct pollfd wait = {p->fd, POLLIN, 0};
	struct message m;
	ssize_t n;

	do {
		if (poll(&wait, 1, LET_S * 1000) != 1)
			return false;
		n = recv(p->fd, &m, sizeof(m), 0); /* without room for descriptors */
	} while (n > 0);
	return true;
}

static bool is_proper(struct peer *p, int arg)
{
	(void)arg;
	return p->server ? join_client(p, 100) : join_server(p, 100);
}

/* -- a server's port -- */

static const struct peer_ring ring = {1, 0, 0, 0, 8, 0};
static const struct peer_region region = {0, AREA};

static bool says(struct peer *p, uint16_t type, const void *body, size_t len, int fd)
{
	return tell(p, type, body, len, fd) == 0 && is_sent_away(p);
}

static bool says_ring(struct peer *p, struct peer_ring r)
{
	return join_server(p, 3), says(p, ADD_RING, &r, sizeof(r), p->event[0]);
}

static bool says_region(struct peer *p, struct peer_region r, int fd)
{
	return join_server(p, 2), says(p, ADD_REGION, &r, sizeof(r), fd);
}

static bool floods(struct peer *p, unsigned steps, uint16_t type)
{
	join_server(p, steps);
	for (unsigned i = 0; i < 5000 && tell(p, type, "", 0, -1) == 0; i++)
		;
	return is_sent_away(p);
}

static bool many_fds(struct peer *p, unsigned n, uint16_t type)
{
	int fds[64];

	join_server(p, 3);
	for (unsigned i = 0; i < n; i++)
		fds[i] = p->event[0];
	return tell_fds(p, type, &ring, sizeof(ring), fds, n, 128) == 0 && is_sent_away(p);
}

static bool no_file(struct peer *p)
{
	int two[2];
	bool ok = pipe(two) == 0 && says_region(p, region, two[0]);

	close(two[0]);
	close(two[1]);
	return ok;
}

enum ill { HELLO_AFTER_REGION, INIT_TWICE, INIT_ANOTHER, CONNECTED_AFTER_INIT, BYE_AFTER_INIT, CONNECT_AT_ONCE, CONNECT_WITHOUT_RINGS,
	RING_WHEN_CONNECTED, REGION_WHEN_CONNECTED, HELLO_WHEN_CONNECTED, RING_OF_NO_REGION, RING_TOO_LONG, RING_BEYOND,
	RING_TWICE, REGION_TOO_LARGE, REGION_SKIPPED, REGION_OF_NOTHING, REGION_NO_FILE, REGION_WITHOUT, RING_WITHOUT,
	FD_WITH_INIT, TWO, TWENTY, LONG, EMPTY, FLOOD_AT_ONCE, FLOOD_WHEN_CONNECTED, ILLS };

static bool is_ill(struct peer *p, int arg)
{
	struct peer_init init = {.version = 0x200, .id = 1};
	char big[256] = {0};
	struct iovec iov = {big, sizeof(big)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	switch (arg) {
	case HELLO_AFTER_REGION: return join_server(p, 3), says(p, HELLO, "", 0, -1);
	case INIT_TWICE: init.id = 0; /* fall through */
	case INIT_ANOTHER: return join_server(p, 2), says(p, INIT, &init, sizeof(init), -1);
	case CONNECTED_AFTER_INIT: return join_server(p, 2), says(p, CONNECTED, "", 0, -1);
	case BYE_AFTER_INIT: return join_server(p, 2), says(p, DISCONNECT, "", 0, -1);
	case CONNECT_AT_ONCE: return join_server(p, 1), says(p, CONNECT, "", 0, -1);
	case CONNECT_WITHOUT_RINGS: return join_server(p, 3), says(p, CONNECT, "", 0, -1);
	case RING_WHEN_CONNECTED:
		return join_server(p, 100) && says(p, ADD_RING, &ring, sizeof(ring), p->event[0]);
	case REGION_WHEN_CONNECTED:
		return join_server(p, 100) && says(p, ADD_REGION, &region, sizeof(region), p->mem);
	case HELLO_WHEN_CONNECTED: return join_server(p, 100) && says(p, HELLO, "", 0, -1);
	case RING_OF_NO_REGION: return says_ring(p, (struct peer_ring){1, 0, 1, 0, 8, 0});
	case RING_TOO_LONG: return says_ring(p, (struct peer_ring){1, 0, 0, 0, 200, 0});
	case RING_BEYOND: return says_ring(p, (struct peer_ring){1, 0, 0, AREA - 128, 8, 0});
	case RING_TWICE: return join_server(p, 4), says(p, ADD_RING, &ring, sizeof(ring), p->event[0]);
	case REGION_TOO_LARGE: return says_region(p, (struct peer_region){0, AREA + 4096}, p->mem);
	case REGION_SKIPPED: return says_region(p, (struct peer_region){3, AREA}, p->mem);
	case REGION_OF_NOTHING: return says_region(p, (struct peer_region){0, 0}, p->mem);
	case REGION_NO_FILE: return no_file(p);
	case REGION_WITHOUT: return says_region(p, region, -1);
	case RING_WITHOUT: return join_server(p, 3), says(p, ADD_RING, &ring, sizeof(ring), -1);
	case FD_WITH_INIT: return join_server(p, 1), says(p, INIT, &init, sizeof(init), p->mem);
	case TWO: return many_fds(p, 2, ADD_RING);
	case TWENTY: return many_fds(p, 20, ACK);
	case LONG: return join_server(p, 1), sendmsg(p->fd, &mh, 0) == sizeof(big) && is_sent_away(p);
	case EMPTY: return join_server(p, 1), send(p->fd, "", 0, 0) == 0 && is_sent_away(p);
	case FLOOD_AT_ONCE: return floods(p, 1, ACK);
	default: return floods(p, 100, ACK);
	}
}

static void out_of_turn_to_a_server(void **state)
{
	unsigned fds;
	struct port second;

	(void)state;
	open_raw(SERVER, &port);
	open_raw("t memif socket " PATH " role server id 1", &second);
	fds = open_fds();
	assert_true(acts(is_proper, 0, -1));
	for (int i = 0; i < ILLS; i++) {
		if (!acts(is_ill, i, -1))
			fail_msg("ill %d was not sent away", i);
		if (!acts(is_proper, 0, -1))
			fail_msg("nobody gets through after ill %d", i);
		if (!patiently(PATIENCE, open_fds() == fds))
			fail_msg("ill %d leaves %d descriptors", i, (int)(open_fds() - fds));
	}
	rig_port_close(&second);
	rig_port_close(&port);
}

static bool second_one(struct peer *p, int arg)
{
	(void)arg;
	return !join_server(p, 100) && is_sent_away(p);
}

static void second_client(void **state)
{
	struct port first;

	(void)state;
	open_raw(SERVER, &port);
	open_raw(CLIENT, &first);
	for (double until = clock_s() + PATIENCE; !port_is(&port, RTE_ETH_LINK_UP) && clock_s() < until;)
		turn_for(0.01);
	assert_true(acts(second_one, 0, -1));
	turn_for(0.05);
	assert_true(port_is(&port, RTE_ETH_LINK_UP) && port_is(&first, RTE_ETH_LINK_UP));
	rig_port_close(&first);
	rig_port_close(&port);
}

/* 200 who say nothing, or stop in the middle, and stay. */
static void silence(void **state)
{
	struct peer_init init = {.version = 0x200};
	int fd[200];

	(void)state;
	open_raw(SERVER, &port);
	for (unsigned i = 0; i < RTE_DIM(fd); i++) {
		struct peer p = {.fd = peer_connect()};

		fd[i] = p.fd;
		assert_true(fd[i] >= 0);
		if (i % 2)
			assert_int_equal(tell(&p, INIT, &init, sizeof(init), -1), 0);
		turn();
		turn();
	}
	assert_true(acts(is_proper, 0, -1));
	for (unsigned i = 0; i < RTE_DIM(fd); i++)
		close(fd[i]);
	turn_for(0.1);
	rig_port_close(&port);
}

/* One after the other, without a moment for anybody to look; then removed with what waits. */
static void storm(void **state)
{
	unsigned fds = open_fds();

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		open_raw(SERVER, &port);
		for (unsigned i = 0; i < 3000; i++) {
			int s = peer_connect();

			assert_true(s >= 0);
			close(s);
			if (i % 32 == 31)
				turn();
		}
		if (round == 0)
			assert_true(acts(is_proper, 0, -1));
		else
			close(peer_connect());
		rig_port_close(&port);
	}
	assert_true(open_fds() <= fds + 2); /* the driver's listening sockets */
}

struct wander {
	atomic_bool over;
	unsigned steps;
};

static void *wander(void *arg)
{
	struct wander *w = arg;
	struct peer p;

	peer_clear(&p, -1);
	join_server(&p, w->steps);
	if (p.fd >= 0)
		is_sent_away(&p);
	leave(&p);
	w->over = true;
	return NULL;
}

/* The port is removed while somebody is in any place of its handshake. */
static void removed_in_a_handshake(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct wander w = {.steps = i % 8 == 7 ? 100 : i % 8};
		pthread_t thread;

		open_raw(SERVER, &port);
		assert_int_equal(pthread_create(&thread, NULL, wander, &w), 0);
		for (unsigned k = 0; k < i; k++)
			turn();
		if (w.steps == 0)
			turn_for(0.01);
		rig_port_close(&port);
		pthread_join(thread, NULL);
	}
}

/* -- a client's port -- */

enum ill_server { CLOSES_AT_ONCE, HELLO_TWICE, CONNECTED_AT_ONCE, ACKS_NOTHING, ACK_FLOOD, INIT_TO_CLIENT, BYE_AT_ONCE,
	ILL_SERVERS };

static bool is_ill_server(struct peer *p, int arg)
{
	struct __attribute__((packed)) {
		uint8_t name[32];
		uint16_t version[2], region, s2c, c2s;
		uint8_t log2;
	} hello = {"peer", {0x200, 0x200}, 255, 0, 0, 8};

	p->fd = next_client(p->listening, PATIENCE * 1000);
	if (p->fd < 0)
		return false;
	switch (arg) {
	case CLOSES_AT_ONCE: return true;
	case HELLO_TWICE: tell(p, HELLO, &hello, sizeof(hello), -1);
		return says(p, HELLO, &hello, sizeof(hello), -1);
	case CONNECTED_AT_ONCE: return says(p, CONNECTED, "", 0, -1);
	case ACKS_NOTHING: return says(p, ACK, "", 0, -1);
	case ACK_FLOOD: tell(p, HELLO, &hello, sizeof(hello), -1);
		for (unsigned i = 0; i < 5000 && tell(p, ACK, "", 0, -1) == 0; i++)
			;
		return is_sent_away(p);
	case INIT_TO_CLIENT: return says(p, INIT, "", 0, -1);
	default: return says(p, DISCONNECT, "", 0, -1);
	}
}

static int server_at(const char *path)
{
	struct sockaddr_un un = {AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* It comes again by itself after each, at most so soon after one that it did not want. */
static void out_of_turn_to_a_client(void **state)
{
	int listening = server_at(PATH);
	unsigned fds;

	(void)state;
	open_raw(CLIENT, &port);
	assert_true(acts(is_proper, 0, listening));
	turn_for(0.05);
	fds = open_fds();
	for (int i = 0; i < ILL_SERVERS; i++) {
		if (!acts(is_ill_server, i, listening))
			fail_msg("ill server %d was not sent away", i);
		if (!acts(is_proper, 0, listening))
			fail_msg("nobody gets through after ill server %d", i);
		if (!patiently(PATIENCE, open_fds() == fds))
			fail_msg("ill server %d leaves %d descriptors", i, (int)(open_fds() - fds));
	}
	rig_port_close(&port);
	close(listening);
	unlink(PATH);
}

/* How often a server is tried that takes whoever comes and sends him away: with a growing pause. */
static void backs_off(void **state)
{
	double until = clock_s() + 2;
	int listening = server_at(PATH);
	unsigned n = 0;

	(void)state;
	open_raw(CLIENT, &port);
	while (clock_s() < until) {
		int fd = next_client(listening, 0);

		if (fd >= 0) {
			close(fd);
			n++;
		}
		turn_for(0.001);
	}
	if (n < 2 || n > 6) /* at 0, 0.2, 0.6, 1.4 s */
		fail_msg("it came %u times in 2 s", n);
	rig_port_close(&port);
	close(listening);
	unlink(PATH);
}

/* A link that is down stays so, and the port behind it stopped. */
static void stays_down(void **state)
{
	int listening = server_at(PATH), fd;

	(void)state;
	open_raw(CLIENT, &port);
	assert_true(acts(is_proper, 0, listening));
	rig_dev_stop(&port);
	turn_for(0.05);
	while ((fd = next_client(listening, 0)) >= 0)
		close(fd);
	turn_for(1);
	assert_int_equal(next_client(listening, 0), -1);
	rig_dev_start(&port);
	assert_true(acts(is_proper, 0, listening));
	rig_port_close(&port);
	close(listening);
	unlink(PATH);
}

/* -- DPDK's interrupt thread is stuck -- */

static atomic_bool is_stuck, let_go;

static void stuck(void *fd)
{
	uint64_t n;

	if (read(*(int *)fd, &n, sizeof(n)) != sizeof(n))
		return;
	is_stuck = true;
	while (!let_go)
		usleep(1000);
	is_stuck = false;
}

static struct rte_intr_handle *trap(int *fd)
{
	struct rte_intr_handle *h = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);

	*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rte_intr_fd_set(h, *fd);
	rte_intr_type_set(h, RTE_INTR_HANDLE_EXT);
	assert_int_equal(rte_intr_callback_register(h, stuck, fd), 0);
	return h;
}

static void spring(int fd)
{
	uint64_t one = 1;

	let_go = false;
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	while (!is_stuck)
		usleep(100);
}

static void set_free(void)
{
	let_go = true;
	while (is_stuck)
		usleep(100);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static unsigned held;

static void count_held(uint16_t port_id, bool on)
{
	(void)port_id;
	held = on ? held + 1 : held - 1;
}

static bool joins_and_waits(struct peer *p, int arg)
{
	bool ok = join_server(p, 100);

	while (ok && arg && !let_go)
		usleep(1000);
	return ok;
}

/* Peers come and go meanwhile, and nobody waits for them; the timer's tick asks no second question. */
static void stuck_thread(void **state)
{
	struct rte_intr_handle *h;
	struct port other;
	int fd, late[4], server = server_at("/run/o.sock");
	double from;

	(void)state;
	/* A client whose server does not answer: it makes the timer tick. */
	open_raw("o memif socket /run/o.sock role client", &other);
	close(server);
	turn_for(0.05);
	unlink("/run/o.sock");
	open_raw(SERVER, &port);
	h = trap(&fd);
	for (unsigned round = 0; round < 5; round++) {
		struct act a = {.play = joins_and_waits, .listening = -1};
		pthread_t thread;

		spring(fd);
		assert_int_equal(pthread_create(&thread, NULL, play, &a), 0);
		for (from = clock_s(); !port_turn_pending() && clock_s() < from + PATIENCE;)
			turn_for(0.001);
		assert_true(port_turn_pending());
		for (unsigned i = 0; i < RTE_DIM(late); i++) {
			late[i] = peer_connect();
			turn();
		}
		turn_for(0.1);
		assert_true(port_turn_pending());
		usleep(300000); /* the tick is due before the answer */
		set_free();
		assert_int_equal(port_call(&port, nothing, NULL), 0);
		while (!a.over)
			turn_for(0.001);
		pthread_join(thread, NULL);
		assert_true(a.ok);
		for (unsigned i = 0; i < RTE_DIM(late); i++)
			close(late[i]);
		assert_true(patiently(PATIENCE, held == 0 && !port_is(&port, RTE_ETH_LINK_UP)));
	}
	rig_port_close(&other);
	/* And a port is removed meanwhile: in the end, it stays with DPDK, and nothing else. */
	spring(fd);
	late[0] = peer_connect();
	late[1] = peer_connect();
	{
		struct act a = {.play = joins_and_waits, .listening = -1, .arg = 1};
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, play, &a), 0);
		for (from = clock_s(); !port_turn_pending() && clock_s() < from + PATIENCE;)
			turn_for(0.001);
		from = clock_s();
		port_close(&port);
		assert_true(clock_s() - from < 3 * PORT_CALL_SECONDS);
		set_free();
		while (!a.over)
			turn_for(0.001);
		pthread_join(thread, NULL);
	}
	turn_for(0.1);
	assert_false(port_turn_pending());
	assert_int_equal(access(PATH, F_OK), -1);
	open_raw("n memif socket " PATH " role server", &port);
	assert_true(acts(is_proper, 0, -1));
	rig_port_close(&port);
	close(late[0]);
	close(late[1]);
	assert_int_equal(rte_intr_callback_unregister_sync(h, stuck, &fd), 1);
	rte_intr_instance_free(h);
	close(fd);
}

static int turns_were_short(void **state)
{
	(void)state;
	if (longest > TURN_S) {
		print_error("a turn of the control thread took %.3f s\n", longest);
		return -1;
	}
	longest = 0;
	return 0;
}

#define CASE(fn) cmocka_unit_test_teardown(fn, turns_were_short)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {CASE(out_of_turn_to_a_server), CASE(second_client), CASE(silence), CASE(storm),
		CASE(removed_in_a_handshake), CASE(out_of_turn_to_a_client), CASE(backs_off), CASE(stays_down),
		CASE(stuck_thread)};

	(void)argc;
	rig_eal(argv[0]);
	port_on_hold(count_held);
	pool = rte_pktmbuf_pool_create("raw", 8192, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
