/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Emulated netlink sockets by descriptor: opening, names, the end. Called by the interposed
 * functions (hooks_*.c); sending and receiving is nlsock_io.c.
 */
#include "nlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adopt.h"
#include "conn.h"
#include "libc.h"

/* A directory of pages, so that programs with a million descriptors pay for what they use. */
#define LEAF 1024u
#define LEAVES 1024u

static _Atomic(struct nlsock *) *_Atomic leaves[LEAVES];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int in_use; /* most programs have none: one load tells them */

static_assert(2 * sizeof(pthread_mutex_t) <= sizeof(((struct skiff_nl_page *)0)->locks), "ABI");

/* Netlink protocols that skiff answers; nf_tables comes here when it does. */
static const int emulated[] = {NETLINK_ROUTE, NETLINK_SOCK_DIAG};

bool nlsock_emulates(int protocol)
{
	for (size_t i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++)
		if (emulated[i] == protocol)
			return true;
	return false;
}

static _Atomic(struct nlsock *) *slot(int fd, bool make)
{
	if (fd < 0 || (uint32_t)fd >= LEAF * LEAVES)
		return NULL;
	_Atomic(struct nlsock *) *leaf = atomic_load(&leaves[fd / LEAF]);

	if (leaf == NULL && make) {
		leaf = calloc(LEAF, sizeof(*leaf));
		atomic_store(&leaves[fd / LEAF], leaf);
	}
	return leaf == NULL ? NULL : &leaf[fd % LEAF];
}

struct nlsock *nlsock_get(int fd)
{
	if (atomic_load_explicit(&in_use, memory_order_relaxed) == 0)
		return NULL;
	_Atomic(struct nlsock *) *at = slot(fd, false);

	if (at == NULL || atomic_load_explicit(at, memory_order_relaxed) == NULL)
		return NULL;
	/* The lock keeps a close in another thread from freeing it between look and count. */
	pthread_mutex_lock(&table_lock);
	struct nlsock *s = atomic_load(at);

	if (s != NULL)
		atomic_fetch_add(&s->refs, 1);
	pthread_mutex_unlock(&table_lock);
	return s;
}

void nlsock_put(struct nlsock *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	munmap(s->page, s->map_len);
	free(s->whole);
	free(s);
}

/*
 * A vfork()ed child shares our memory but not our descriptors: what it closes before exec stays
 * open here. It is told by its process id, which fork()'s handler keeps up to date.
 */
static pid_t owner;

int nlsock_set(int fd, struct nlsock *s)
{
	if (s == NULL && atomic_load(&in_use) == 0)
		return 0;
	if (getpid() != owner)
		return 0;
	pthread_mutex_lock(&table_lock);
	_Atomic(struct nlsock *) *at = slot(fd, s != NULL);
	struct nlsock *old = at == NULL ? NULL : atomic_load(at);

	if (at != NULL) {
		if (s != NULL)
			atomic_fetch_add(&s->refs, 1);
		atomic_store(at, s);
		atomic_fetch_add(&in_use, (s != NULL) - (old != NULL));
	}
	pthread_mutex_unlock(&table_lock);
	nlsock_put(old);
	if (at == NULL && s != NULL) {
		errno = EMFILE;
		return -1;
	}
	return 0;
}

unsigned int nlsock_table_size(void)
{
	unsigned int last = 0;

	if (atomic_load(&in_use) == 0)
		return 0;
	for (unsigned int i = 0; i < LEAVES; i++)
		if (atomic_load(&leaves[i]) != NULL)
			last = (i + 1) * LEAF;
	return last;
}

static void renumber(struct nlsock *s, int with, bool keep)
{
	unsigned int end = nlsock_table_size();

	for (unsigned int fd = 0; fd < end; fd++) {
		_Atomic(struct nlsock *) *at = slot(fd, false);

		if (at == NULL || atomic_load(at) != s)
			continue;
		int cloexec = real()->fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;

		real()->dup3(with, fd, cloexec);
		if (!keep)
			nlsock_set(fd, NULL);
	}
}

void nlsock_replace(struct nlsock *s, int with)
{
	renumber(s, with, false);
}

void nlsock_quiet(int fd, struct nlsock *s)
{
	int saved = errno;

	if (!atomic_exchange(&s->gone, true)) {
		int flags = real()->fcntl(fd, F_GETFL) & O_NONBLOCK ? SOCK_NONBLOCK : 0;
		/* Never readable: nobody knows its name. */
		int quiet = real()->socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | flags, 0);

		if (quiet >= 0) {
			renumber(s, quiet, true);
			real()->close(quiet);
		}
	}
	errno = saved;
}

/* fork in another thread must not leave the table locked in the child. */
static void before_fork(void)
{
	pthread_mutex_lock(&table_lock);
}

static void after_fork(void)
{
	owner = getpid();
	pthread_mutex_unlock(&table_lock);
}

__attribute__((constructor)) static void at_start(void)
{
	owner = getpid();
	pthread_atfork(before_fork, after_fork, after_fork);
	adopt_inherited();
}

/* In the page: threads share it, and processes that fork() made. Robust: a killed one frees it. */
static pthread_mutex_t *lock_at(struct nlsock *s, int i)
{
	return (pthread_mutex_t *)s->page->locks + i;
}

static void init_locks(struct nlsock *s)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(lock_at(s, 0), &a);
	pthread_mutex_init(lock_at(s, 1), &a);
	pthread_mutexattr_destroy(&a);
}

static void lock(pthread_mutex_t *m)
{
	if (pthread_mutex_lock(m) == EOWNERDEAD)
		pthread_mutex_consistent(m);
}

void nlsock_lock_tx(struct nlsock *s)
{
	lock(lock_at(s, 0));
}

void nlsock_unlock_tx(struct nlsock *s)
{
	pthread_mutex_unlock(lock_at(s, 0));
}

void nlsock_lock_rx(struct nlsock *s)
{
	lock(lock_at(s, 1));
}

void nlsock_unlock_rx(struct nlsock *s)
{
	pthread_mutex_unlock(lock_at(s, 1));
}

void nlsock_keep(struct nlsock *s)
{
	struct skiff_nl_own *k = &s->page->own;

	*k = (struct skiff_nl_own){.type = s->type, .flags = s->flags, .rcvbuf = s->rcvbuf,
		.sndbuf = s->sndbuf, .dst_portid = s->dst_portid, .dst_groups = s->dst_groups,
		.bound = s->bound, .pktinfo = s->pktinfo, .passcred = s->passcred,
		.partial = s->whole_len != 0,
		.rcvtimeo = {s->rcvtimeo.tv_sec, s->rcvtimeo.tv_usec},
		.sndtimeo = {s->sndtimeo.tv_sec, s->sndtimeo.tv_usec}};
	memcpy(k->groups, s->groups, sizeof(k->groups));
}

static void recall(struct nlsock *s)
{
	const struct skiff_nl_own *k = &s->page->own;

	s->flags = k->flags;
	s->rcvbuf = k->rcvbuf;
	s->sndbuf = k->sndbuf;
	memcpy(s->groups, k->groups, sizeof(s->groups));
	s->dst_portid = k->dst_portid;
	s->dst_groups = k->dst_groups;
	s->bound = k->bound;
	s->pktinfo = k->pktinfo;
	s->passcred = k->passcred;
	s->rcvtimeo = (struct timeval){k->rcvtimeo[0], k->rcvtimeo[1]};
	s->sndtimeo = (struct timeval){k->sndtimeo[0], k->sndtimeo[1]};
}

/* heir: the page is in use, what it holds is left as it is. */
static struct nlsock *make(int type, int protocol, const struct skiff_netlink_opened *o, void *map,
	bool heir)
{
	struct nlsock *s = calloc(1, sizeof(*s));
	uint8_t *base = map;

	if (s == NULL)
		return NULL;
	s->protocol = protocol;
	s->type = type;
	s->portid = o->portid;
	s->page = map;
	s->map_len = o->map_len;
	s->rcvbuf = s->sndbuf = 212992;
	s->tx = (struct skiff_ring){.data = base + o->tx_off, .size = o->tx_size,
		.head = &s->page->tx_head, .tail = &s->page->tx_tail};
	s->rx = (struct skiff_ring){.data = base + o->rx_off, .size = o->rx_size,
		.head = &s->page->rx_head, .tail = &s->page->rx_tail};
	if (heir) {
		recall(s);
	} else {
		init_locks(s);
		nlsock_keep(s);
	}
	return s;
}

static uint64_t transaction(void)
{
	const char *token = getenv(SKIFF_TXN_ENV);

	return token == NULL ? 0 : strtoull(token, NULL, 0);
}

int nlsock_open(int type, int protocol)
{
	int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct skiff_netlink_open req = {.protocol = protocol, .type = type & ~flags,
		.portid = getpid(), .txn = transaction()};
	struct skiff_netlink_opened o;
	void *map;

	if (req.type != SOCK_RAW && req.type != SOCK_DGRAM) {
		errno = ESOCKTNOSUPPORT;
		return -1;
	}
	int fd = conn_netlink(&req, &o, &map);

	if (fd < 0)
		return -1;
	if (owner == 0)
		owner = getpid(); /* another library's constructor, before ours */
	struct nlsock *s = make(req.type, protocol, &o, map, false);

	if (s == NULL || nlsock_set(fd, s) < 0) {
		if (s == NULL)
			munmap(map, o.map_len);
		free(s);
		real()->close(fd);
		errno = s == NULL ? ENOMEM : EMFILE;
		return -1;
	}
	if (!(flags & SOCK_CLOEXEC))
		real()->fcntl(fd, F_SETFD, 0);
	if (flags & SOCK_NONBLOCK)
		real()->fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return fd;
}

int nlsock_adopt(int fd, const struct skiff_netlink_opened *o, void *map)
{
	const struct skiff_nl_page *page = map;
	struct nlsock *s = NULL;

	if (page->own.type == 0 || page->own.partial)
		errno = EPROTO;
	else
		s = make(page->own.type, page->protocol, o, map, true);
	if (s != NULL && nlsock_set(fd, s) == 0)
		return 0;
	munmap(map, o->map_len);
	free(s);
	return -1;
}

static int check_address(const struct sockaddr *a, socklen_t len, struct sockaddr_nl *n)
{
	if (len < sizeof(*n)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(n, a, sizeof(*n));
	if (n->nl_family != AF_NETLINK) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int nlsock_bind(int fd, struct nlsock *s, const struct sockaddr *a, socklen_t len)
{
	struct sockaddr_nl n;

	if (check_address(a, len, &n) < 0)
		return -1;
	if (s->bound && n.nl_pid != s->portid) {
		errno = EINVAL;
		return -1;
	}
	if (n.nl_pid != 0 && n.nl_pid != s->portid) {
		if (nlsock_option(fd, s, SKIFF_NLO_PORTID, &n.nl_pid, sizeof(uint32_t), NULL) < 0)
			return -1;
		s->portid = n.nl_pid;
	}
	if ((n.nl_groups != 0 || s->groups[0] != 0) &&
		nlsock_option(fd, s, SKIFF_NLO_GROUPS, &n.nl_groups, sizeof(uint32_t), NULL) < 0)
		return -1;
	/* groups[] counts from group 0, the mask from group 1 */
	s->groups[0] = n.nl_groups << 1;
	s->groups[1] = (s->groups[1] & ~1u) | n.nl_groups >> 31;
	s->bound = true;
	nlsock_keep(s);
	return 0;
}

int nlsock_connect(int fd, struct nlsock *s, const struct sockaddr *a, socklen_t len)
{
	struct sockaddr_nl n;

	if (len >= sizeof(a->sa_family) && a->sa_family == AF_UNSPEC) {
		s->dst_portid = s->dst_groups = 0;
		nlsock_keep(s);
		return 0;
	}
	if (check_address(a, len, &n) < 0)
		return -1;
	s->dst_portid = n.nl_pid;
	s->dst_groups = n.nl_groups;
	s->bound = true;
	nlsock_keep(s);
	return 0;
}

void nlsock_name(const struct nlsock *s, struct sockaddr *a, socklen_t *len, bool peer)
{
	struct sockaddr_nl n = {.nl_family = AF_NETLINK};

	if (peer) {
		n.nl_pid = s->dst_portid;
		n.nl_groups = s->dst_groups;
	} else {
		n.nl_pid = s->bound ? s->portid : 0;
		n.nl_groups = s->groups[0] >> 1 | s->groups[1] << 31;
	}
	memcpy(a, &n, *len < sizeof(n) ? *len : sizeof(n));
	*len = sizeof(n);
}
