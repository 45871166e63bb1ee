/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers of a memif port that go: in the middle of a handshake, under traffic, with nonsense, over and
 * over, while a worker of skiff receives from it and sends what it received back. The driver's bursts
 * are made slow here and look whether the connection ended inside them: there DPDK's interrupt
 * thread has unmapped what they work on. None of them may, and no descriptor stays behind.
 *
 * The peer is memif_peer.c's, in a thread.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_ethdev.h>

#include "core/skb.h"
#include "dev/ptype.h"
#include "memif_peer.h"

#define FRAMES 300 /* back from skiff, before a life under traffic ends */

static struct put put;
static atomic_uint met, bursts, lives, incomplete;
static atomic_bool done;
static eth_rx_burst_t real_rx;
static eth_tx_burst_t real_tx;

static bool is_up(void)
{
	return port_is(&put.port, RTE_ETH_LINK_UP);
}

static uint16_t slow_rx(void *queue, struct rte_mbuf **m, uint16_t n)
{
	bool up = is_up();

	if (up)
		usleep(50);
	if (up && !is_up())
		n = 0;
	n = n ? real_rx(queue, m, n) : 0;
	met += up && !is_up();
	bursts++;
	return n;
}

static uint16_t slow_tx(void *queue, struct rte_mbuf **m, uint16_t n)
{
	bool up = is_up();

	if (up)
		usleep(50);
	if (up && !is_up())
		n = 0;
	n = n ? real_tx(queue, m, n) : 0;
	met += up && !is_up();
	return n;
}

/* Also after skiff has started the port anew. */
static void slow_down(void)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[put.port.port_id];

	if (ops->rx_pkt_burst == slow_rx || port_turn_pending())
		return;
	real_rx = ops->rx_pkt_burst;
	real_tx = ops->tx_pkt_burst;
	ops->rx_pkt_burst = slow_rx;
	ops->tx_pkt_burst = slow_tx;
}

/* The worker: what comes goes back. */
static void reflect(struct worker *w, struct skb *skb, struct netdev *dev, void *priv)
{
	(void)priv;
	skb_push(skb, 14);
	skb->dev = dev;
	burst_to(w, STAGE_netdev_tx, skb);
}

static void live(int listening, unsigned steps, enum ending how)
{
	struct peer p;
	bool joined;

	peer_clear(&p, listening);
	joined = p.server ? join_client(&p, steps) : join_server(&p, steps);
	if (steps > 20 && !(joined && traffic(&p, FRAMES)))
		incomplete++;
	if (joined)
		finish(&p, how);
	leave(&p);
	lives++;
}

struct plan {
	int listening;
	unsigned n;
	bool whole; /* handshakes */
};

static void *peers(void *arg)
{
	const struct plan *plan = arg;

	for (unsigned i = 0; i < plan->n; i++)
		if (plan->whole)
			live(plan->listening, 100, i % ENDINGS);
		else
			live(plan->listening, i % 9, CLOSES);
	done = true;
	return NULL;
}

/* -- skiff's side -- */

static bool is_down(void)
{
	return !is_up();
}

static bool is_quiet(void)
{
	return !port_turn_pending();
}

static void turn_until(bool (*is)(void))
{
	if (!patiently(PATIENCE, is()))
		fail_msg("the port does not become %s", is == is_down ? "down" : "quiet");
}

static void up(void)
{
	skiff_up(&put);
	slow_down();
}

/* Nobody waits for a peer of the last play. */
static void down(const struct plan *plan)
{
	int fd;

	skiff_down(&put);
	for (unsigned i = 0; i < 10; i++)
		turn_until(is_quiet);
	while (plan->listening >= 0 && (fd = next_client(plan->listening, 0)) >= 0)
		close(fd);
}

static void play(struct plan *plan)
{
	unsigned seen = lives, last = seen + plan->n;
	pthread_t thread;

	done = false;
	up();
	assert_int_equal(pthread_create(&thread, NULL, peers, plan), 0);
	while (!done) {
		rig_turn();
		slow_down();
		/* A client comes again by itself, but not in no time where it was let in and sent away. */
		if (plan->listening >= 0 && !plan->whole && lives != seen && lives != last) {
			seen = lives;
			turn_until(is_down);
			skiff_down(&put);
			up();
		}
		usleep(50);
	}
	pthread_join(thread, NULL);
	turn_until(is_down);
	down(plan);
}

static void play_all(const char *words, int listening)
{
	static const struct peer_ops nobody;
	static struct put_type type = {.ops = &nobody};
	const struct ptype pt = {TYPE, NULL, reflect, NULL};
	struct plan warm = {listening, 10, true}, whole = {listening, listening < 0 ? 100 : 50, true},
		partly = {listening, 90, false};
	unsigned fds;

	type.words = words;
	met = bursts = incomplete = 0;
	rig_init(&put, &type);
	rig_open(&put, false);
	assert_int_equal(ptype_add(put.dp, &pt), 0);
	skiff_thread_start(&put);
	down(&warm);
	play(&warm);
	fds = open_fds();
	play(&whole);
	assert_int_equal(open_fds(), fds);
	play(&partly);
	assert_int_equal(open_fds(), fds);
	print_message("%u peers, %u bursts, %u met the end of a connection\n", (unsigned)lives,
		(unsigned)bursts, (unsigned)met);
	assert_int_equal(incomplete, 0);
	assert_int_equal(met, 0);
	skiff_thread_stop(&put);
	ptype_remove(put.dp, &pt);
	rig_close(&put);
}

static void server_port(void **state)
{
	(void)state;
	play_all("put memif socket " PATH " role server", -1);
	assert_int_equal(access(PATH, F_OK), -1);
}

static void client_port(void **state)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(listening, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(listening, 8), 0);
	play_all("put memif socket " PATH " role client", listening);
	close(listening);
	unlink(PATH);
}

static struct rte_mempool *pool;

static void open_raw(const char *words, struct port *p)
{
	struct port_why why;

	if (rig_port(words, p, pool, &why))
		fail_msg("%s: %s", words, why.text);
}

/* Two ports of one socket, each with its client; one goes, strangers come and say nothing. */
static void ports_of_a_socket(void **state)
{
	struct port s[2], c[2];
	int silent[100];
	uint16_t more = 0;

	(void)state;
	open_raw("s1 memif socket " PATH " role server id 1", &s[0]);
	open_raw("s2 memif socket " PATH " role server id 2", &s[1]);
	open_raw("c1 memif socket " PATH " role client id 1", &c[0]);
	open_raw("c2 memif socket " PATH " role client id 2", &c[1]);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(patiently(PATIENCE, port_is(&s[i], RTE_ETH_LINK_UP)));
		assert_true(patiently(PATIENCE, port_is(&c[i], RTE_ETH_LINK_UP)));
	}
	for (unsigned i = 0; i < RTE_DIM(silent); i++) {
		silent[i] = peer_connect();
		for (unsigned k = 0; k < 3; k++)
			turn_until(is_quiet);
		if (silent[i] >= 0)
			more++;
	}
	assert_true(more > 50);
	rig_port_close(&s[0]);
	assert_true(patiently(PATIENCE, port_is(&c[0], RTE_ETH_LINK_DOWN)));
	assert_true(port_is(&s[1], RTE_ETH_LINK_UP) && port_is(&c[1], RTE_ETH_LINK_UP));
	for (unsigned i = 0; i < RTE_DIM(silent); i++)
		if (silent[i] >= 0)
			close(silent[i]);
	for (unsigned i = 0; i < 4 * RTE_DIM(silent); i++)
		turn_until(is_quiet);
	/* The first one may come again beside the second. */
	open_raw("s1 memif socket " PATH " role server id 1", &s[0]);
	assert_true(patiently(PATIENCE, port_is(&c[0], RTE_ETH_LINK_UP)));
	for (unsigned i = 0; i < 2; i++) {
		rig_port_close(&c[i]);
		rig_port_close(&s[i]);
	}
	assert_int_equal(access(PATH, F_OK), -1);
}

static unsigned entries_of(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void names_of_sockets(void **state)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	unsigned before = entries_of("/run");
	struct port_why why;
	struct port s;
	int fd;

	(void)state;
	/* what a killed one left */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	open_raw("s memif socket " PATH " role server", &s);
	assert_int_equal(entries_of("/run"), before + 1); /* the driver's own is nowhere */
	rig_port_close(&s);
	assert_int_equal(entries_of("/run"), before);
	/* what is somebody's */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(rig_port("s memif socket " PATH " role server", &s, NULL, &why), -EADDRINUSE);
	assert_non_null(strstr(why.text, "is there already"));
	close(fd);
	unlink(PATH);
	assert_int_equal(entries_of("/run"), before);
}

static bool is_called(void)
{
	int fd = next_client(put.sock, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A client that is there before its server listens. */
static void server_comes_later(void **state)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	struct port c;

	(void)state;
	put.sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(put.sock, (struct sockaddr *)&un, sizeof(un)), 0);
	open_raw("c memif socket " PATH " role client", &c);
	assert_false(patiently(0.3, port_is(&c, RTE_ETH_LINK_UP)));
	assert_int_equal(listen(put.sock, 1), 0);
	assert_true(patiently(PATIENCE, is_called()));
	rig_port_close(&c);
	close(put.sock);
	unlink(PATH);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(server_port), cmocka_unit_test(client_port),
		cmocka_unit_test(ports_of_a_socket), cmocka_unit_test(names_of_sockets),
		cmocka_unit_test(server_comes_later)};

	(void)argc;
	rig_eal(argv[0]);
	pool = rte_pktmbuf_pool_create("raw", 8192, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
