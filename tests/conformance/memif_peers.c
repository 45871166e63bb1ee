/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers of a memif port that go: in the middle of a handshake, under traffic, with nonsense, over and
 * over, while a worker of skiff receives from it and sends what it received back. The driver's bursts
 * are made slow here and look whether the connection ended inside them: there DPDK's interrupt
 * thread has unmapped what they work on. None of them may, and no descriptor stays behind.
 *
 * The peer is this file's own: memif's protocol with sockets and a shared file, in a thread.
 */
#include <errno.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_ethdev.h>

#include "conformance.h"
#include "core/skb.h"
#include "dev/ptype.h"

#define PATH "/run/m.sock"
#define SLOTS_LOG2 8
#define SLOTS (1u << SLOTS_LOG2)
#define SLOT_SIZE 2048
#define RING_SIZE (128 + SLOTS * 16)
#define BUFFERS 16384
#define AREA (BUFFERS + 2 * SLOTS * SLOT_SIZE)
#define TYPE 0x88b6
#define FRAMES 300 /* back from skiff, before a life under traffic ends */

enum { ACK = 1, HELLO, INIT, ADD_REGION, ADD_RING, CONNECT, CONNECTED, DISCONNECT };

/* How a life ends; behind these: after so many messages of the handshake. */
enum ending { CLOSES, SAYS_BYE, BAD_TYPE, SHORT, TWO_FDS, ENDINGS };

struct message {
	uint16_t type;
	uint8_t bytes[126];
};

struct ring {
	uint32_t cookie;
	uint16_t flags, head;
	uint8_t pad[56];
	uint16_t tail;
	uint8_t pad2[62];
	struct {
		uint16_t flags, region;
		uint32_t length, offset, metadata;
	} desc[];
};

struct peer {
	int fd, listening;
	uint8_t *area;
	size_t size;
	int mem, event[2];
	bool server;
	struct ring *in, *out; /* seen from here */
	uint16_t seen, returned;
};

static struct put put;
static atomic_uint met, bursts, lives, incomplete;
static atomic_bool done;
static eth_rx_burst_t real_rx;
static eth_tx_burst_t real_tx;

static bool is_up(void)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(put.port.port_id, &link) == 0 &&
		link.link_status == RTE_ETH_LINK_UP;
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

static void slow_down(void)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[put.port.port_id];

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

/* -- the peer -- */

static int tell_fds(struct peer *p, uint16_t type, const void *bytes, size_t len, const int *fds, unsigned n,
	size_t size)
{
	struct message m = {.type = type};
	char control[64] __attribute__((aligned(8))) = {0};
	struct iovec iov = {&m, size};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(m.bytes, bytes, len);
	if (n) {
		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return sendmsg(p->fd, &mh, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static int tell(struct peer *p, uint16_t type, const void *bytes, size_t len, int fd)
{
	return tell_fds(p, type, bytes, len, &fd, fd >= 0, sizeof(struct message));
}

/* The next message, and its descriptor; -1: the end. */
static int hear(struct peer *p, struct message *m, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control)};
	struct pollfd wait = {p->fd, POLLIN, 0};

	*fd = -1;
	if (poll(&wait, 1, PATIENCE * 1000) != 1 || recvmsg(p->fd, &mh, MSG_CMSG_CLOEXEC) != sizeof(*m))
		return -1;
	if (CMSG_FIRSTHDR(&mh) && CMSG_FIRSTHDR(&mh)->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(int));
	return m->type;
}

static bool acked(struct peer *p)
{
	struct message m;
	int fd;

	return hear(p, &m, &fd) == ACK;
}

struct __attribute__((packed)) add_ring {
	uint16_t flags, index, region;
	uint32_t offset;
	uint8_t log2;
	uint16_t private_size;
};

static void make_area(struct peer *p)
{
	p->mem = memfd_create("peer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	p->size = AREA;
	assert_int_equal(ftruncate(p->mem, AREA), 0);
	p->area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED, p->mem, 0);
	assert_true(p->area != MAP_FAILED);
	p->out = (struct ring *)p->area;
	p->in = (struct ring *)(p->area + RING_SIZE);
	for (unsigned r = 0; r < 2; r++) {
		struct ring *ring = (struct ring *)(p->area + r * RING_SIZE);

		ring->cookie = 0x3e31f20;
		for (unsigned i = 0; i < SLOTS; i++) {
			ring->desc[i].offset = BUFFERS + (r * SLOTS + i) * SLOT_SIZE;
			ring->desc[i].length = SLOT_SIZE;
		}
		p->event[r] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
}

/* As memif's client, which brings the memory. `steps` messages of it; true: all. */
static bool join_server(struct peer *p, unsigned steps)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	struct __attribute__((packed)) {
		uint16_t version;
		uint32_t id;
		uint8_t mode, secret[24], name[32];
	} init = {.version = 0x200, .name = "peer"};
	struct __attribute__((packed)) {
		uint16_t index;
		uint64_t size;
	} region = {0, AREA};
	struct add_ring c2s = {1, 0, 0, 0, SLOTS_LOG2, 0}, s2c = {0, 0, 0, RING_SIZE, SLOTS_LOG2, 0};
	struct message m;
	int fd;

	p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(p->fd, (struct sockaddr *)&un, sizeof(un)) < 0 || steps-- == 0)
		return false;
	make_area(p);
	if (hear(p, &m, &fd) != HELLO || steps-- == 0)
		return false;
	if (tell(p, INIT, &init, sizeof(init), -1) < 0 || steps-- == 0 || !acked(p))
		return false;
	if (tell(p, ADD_REGION, &region, sizeof(region), p->mem) < 0 || steps-- == 0 || !acked(p))
		return false;
	if (tell(p, ADD_RING, &c2s, sizeof(c2s), p->event[0]) < 0 || steps-- == 0 || !acked(p))
		return false;
	if (tell(p, ADD_RING, &s2c, sizeof(s2c), p->event[1]) < 0 || steps-- == 0 || !acked(p))
		return false;
	if (tell(p, CONNECT, "peer", 5, -1) < 0 || steps-- == 0)
		return false;
	return hear(p, &m, &fd) == CONNECTED;
}

static bool take_ring(struct peer *p, const struct message *m, int fd)
{
	struct add_ring a;

	memcpy(&a, m->bytes, sizeof(a));
	if (fd >= 0)
		close(fd);
	if (a.flags & 1)
		p->in = (struct ring *)(p->area + a.offset);
	else
		p->out = (struct ring *)(p->area + a.offset);
	return true;
}

static bool take_region(struct peer *p, const struct message *m, int fd)
{
	uint64_t size;

	memcpy(&size, m->bytes + 2, sizeof(size));
	p->size = size;
	p->area = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p->mem = fd;
	return p->area != MAP_FAILED;
}

static int next_client(int listening, int ms)
{
	struct pollfd wait = {listening, POLLIN, 0};

	return poll(&wait, 1, ms) == 1 ? accept4(listening, NULL, NULL, SOCK_CLOEXEC) : -1;
}

/* As memif's server. */
static bool join_client(struct peer *p, unsigned steps)
{
	struct __attribute__((packed)) {
		uint8_t name[32];
		uint16_t min, max, region, s2c, c2s;
		uint8_t log2;
	} hello = {"peer", 0x200, 0x200, 255, 0, 0, SLOTS_LOG2};
	struct message m;
	int fd, type;

	p->fd = next_client(p->listening, PATIENCE * 1000);
	if (p->fd < 0 || steps-- == 0 || tell(p, HELLO, &hello, sizeof(hello), -1) < 0)
		return false;
	while ((type = hear(p, &m, &fd)) > 0 && steps--) {
		if (type == ADD_REGION && !take_region(p, &m, fd))
			return false;
		if (type == ADD_RING)
			take_ring(p, &m, fd);
		if (type == CONNECT)
			return p->area && p->in && p->out && tell(p, CONNECTED, "peer", 5, -1) == 0;
		if (tell(p, ACK, "", 0, -1) < 0)
			return false;
	}
	return false;
}

/* Whose turn with a slot it is: a ring's writer owns head where it is the client's, else tail. */
static void send_some(struct peer *p)
{
	uint16_t *mine = p->server ? &p->out->tail : &p->out->head;
	uint16_t other = __atomic_load_n(p->server ? &p->out->head : &p->out->tail, __ATOMIC_ACQUIRE);
	uint16_t at = *mine, room = other - at + (p->server ? 0 : SLOTS);
	static const uint8_t frame[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1,
		TYPE >> 8, TYPE & 0xff};

	for (unsigned i = 0; i < room && i < 32; i++, at++) {
		memcpy(p->area + p->out->desc[at % SLOTS].offset, frame, sizeof(frame));
		p->out->desc[at % SLOTS].length = sizeof(frame);
		p->out->desc[at % SLOTS].flags = 0;
	}
	__atomic_store_n(mine, at, __ATOMIC_RELEASE);
}

static unsigned read_some(struct peer *p)
{
	uint16_t n;

	if (p->server) { /* the client writes, head; what is read is given back by tail */
		uint16_t head = __atomic_load_n(&p->in->head, __ATOMIC_ACQUIRE);

		n = head - p->in->tail;
		__atomic_store_n(&p->in->tail, head, __ATOMIC_RELEASE);
	} else { /* the server writes, tail; room for it is lent by head */
		uint16_t tail = __atomic_load_n(&p->in->tail, __ATOMIC_ACQUIRE);

		n = tail - p->seen;
		p->seen = tail;
		for (uint16_t at = p->in->head; at != (uint16_t)(tail + SLOTS); at++)
			p->in->desc[at % SLOTS].length = SLOT_SIZE;
		__atomic_store_n(&p->in->head, tail + SLOTS, __ATOMIC_RELEASE);
	}
	return n;
}

static bool traffic(struct peer *p)
{
	double until = clock_s() + PATIENCE;
	unsigned back = 0;

	while (back < FRAMES && clock_s() < until) {
		send_some(p);
		back += read_some(p);
		usleep(100);
	}
	return back >= FRAMES;
}

static void finish(struct peer *p, enum ending how)
{
	struct message m;
	uint32_t code = 0;
	int two[2] = {p->event[0], p->event[1]}, fd;

	if (how == SAYS_BYE)
		tell(p, DISCONNECT, &code, sizeof(code), -1);
	if (how == BAD_TYPE)
		tell(p, 99, "", 0, -1);
	if (how == SHORT)
		tell_fds(p, ACK, "", 0, NULL, 0, 60);
	if (how == TWO_FDS && !p->server)
		tell_fds(p, ADD_RING, "", 0, two, 2, sizeof(m));
	while (how != CLOSES && how != TWO_FDS && hear(p, &m, &fd) > 0)
		; /* skiff's end closes */
}

static void leave(struct peer *p)
{
	int fds[] = {p->fd, p->mem, p->event[0], p->event[1]};

	for (unsigned i = 0; i < RTE_DIM(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (p->area)
		munmap(p->area, p->size);
}

static void live(int listening, unsigned steps, enum ending how)
{
	struct peer p = {.fd = -1, .listening = listening, .mem = -1, .event = {-1, -1},
		.server = listening >= 0};
	bool joined = p.server ? join_client(&p, steps) : join_server(&p, steps);

	if (steps > 20 && !(joined && traffic(&p)))
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

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

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
		/* What a client needs once its server went. */
		if (plan->listening >= 0 && lives != seen && lives != last) {
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
	struct plan warm = {listening, 10, true}, whole = {listening, 100, true},
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

static bool port_is(const struct port *p, int status)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(p->port_id, &link) == 0 && link.link_status == status;
}

static int stranger(void)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
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
		silent[i] = stranger();
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
	rig_dev_stop(&c[0]);
	rig_dev_start(&c[0]);
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
