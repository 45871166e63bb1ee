/* SPDX-License-Identifier: BSD-3-Clause */
/* See memif_peer.h. Called by memif_peers.c and memif_hostile.c, in threads of theirs. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_ethdev.h>

#include "memif_peer.h"

#define SLOTS_LOG2 8
#define SLOTS (1u << SLOTS_LOG2)
#define SLOT_SIZE 2048
#define RING_SIZE (128 + SLOTS * 16)
#define BUFFERS 16384

_Static_assert(AREA == BUFFERS + 2 * SLOTS * SLOT_SIZE, "all buffers");

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

void peer_clear(struct peer *p, int listening)
{
	*p = (struct peer){.fd = -1, .listening = listening, .mem = -1, .event = {-1, -1},
		.server = listening >= 0};
}

int tell_fds(struct peer *p, uint16_t type, const void *bytes, size_t len, const int *fds, unsigned n,
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

int tell(struct peer *p, uint16_t type, const void *bytes, size_t len, int fd)
{
	return tell_fds(p, type, bytes, len, &fd, fd >= 0, sizeof(struct message));
}

int hear(struct peer *p, struct message *m, int *fd)
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

void peer_area(struct peer *p)
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

int peer_connect(void)
{
	struct sockaddr_un un = {AF_UNIX, PATH};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* As memif's client, which brings the memory. */
bool join_server(struct peer *p, unsigned steps)
{
	struct peer_init init = {.version = 0x200, .name = "peer"};
	struct peer_region region = {0, AREA};
	struct peer_ring c2s = {1, 0, 0, 0, SLOTS_LOG2, 0}, s2c = {0, 0, 0, RING_SIZE, SLOTS_LOG2, 0};
	struct message m;
	int fd;

	p->fd = peer_connect();
	if (p->fd < 0 || steps-- == 0)
		return false;
	peer_area(p);
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
	struct peer_ring a;

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

int next_client(int listening, int ms)
{
	struct pollfd wait = {listening, POLLIN, 0};

	return poll(&wait, 1, ms) == 1 ? accept4(listening, NULL, NULL, SOCK_CLOEXEC) : -1;
}

/* As memif's server. */
bool join_client(struct peer *p, unsigned steps)
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
	while ((type = hear(p, &m, &fd)) > 0) {
		if (steps-- == 0) {
			if (fd >= 0)
				close(fd);
			return false;
		}
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

bool traffic(struct peer *p, unsigned frames)
{
	double until = clock_s() + PATIENCE;
	unsigned back = 0;

	while (back < frames && clock_s() < until) {
		send_some(p);
		back += read_some(p);
		usleep(100);
	}
	return back >= frames;
}

void finish(struct peer *p, enum ending how)
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

void leave(struct peer *p)
{
	int fds[] = {p->fd, p->mem, p->event[0], p->event[1]};

	for (unsigned i = 0; i < RTE_DIM(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (p->area)
		munmap(p->area, p->size);
}

unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

bool port_is(const struct port *p, int status)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(p->port_id, &link) == 0 && link.link_status == status;
}
