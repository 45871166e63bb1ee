/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages through the shared rings, with the behaviour of the kernel's netlink_sendmsg and
 * netlink_recvmsg. Called by the interposed send and receive functions (hooks_io.c) and by
 * nlsock_opt.c for options.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "ahead.h"
#include "libc.h"
#include "nlsock.h"

struct cursor {
	const struct iovec *v;
	size_t n, off;
};

/* The next n bytes of the vectors to ring position pos. */
static void put_bytes(const struct skiff_ring *r, uint64_t pos, struct cursor *c, uint32_t n)
{
	while (n != 0) {
		uint32_t part = MIN(n, c->v->iov_len - c->off);

		skiff_ring_copy_in(r, pos, (const char *)c->v->iov_base + c->off, part);
		pos += part;
		n -= part;
		c->off += part;
		if (c->off == c->v->iov_len) {
			c->v++;
			c->off = 0;
		}
	}
}

/* Room for one frame of n bytes at pos; what was written before is published while waiting. */
static int wait_room(int fd, struct nlsock *s, uint64_t pos, uint32_t n)
{
	for (;;) {
		int64_t room = skiff_ring_room(&s->tx, pos);

		if (room < 0) {
			errno = EPROTO;
			return -1;
		}
		if (room >= (int64_t)skiff_frame_space(n))
			return 0;
		skiff_ring_publish(&s->tx, pos);
		nlsock_kick(fd, s);
		/* Half the ring: skiffd copies out while we copy in. */
		if (nlsock_wait_consumed(fd, s, pos - s->tx.size / 2) < 0)
			return -1;
	}
}

/* One message in as many frames as it takes, until skiffd has dealt with it. tx locked. */
static int transmit(int fd, struct nlsock *s, uint16_t kind, const struct iovec *v, size_t n_v,
	size_t len)
{
	uint64_t pos = atomic_load_explicit(s->tx.head, memory_order_relaxed);
	struct cursor c = {.v = v, .n = n_v};

	do {
		uint32_t n = MIN(len, SKIFF_FRAME_MAX);
		struct skiff_frame f = {.len = n, .kind = kind,
			.flags = n < len ? SKIFF_FRAME_MORE : 0};

		if (wait_room(fd, s, pos, n) < 0)
			return -1;
		skiff_ring_copy_in(&s->tx, pos, &f, sizeof(f));
		put_bytes(&s->tx, pos + sizeof(f), &c, n);
		pos += skiff_frame_space(n);
		len -= n;
	} while (len != 0);
	atomic_store_explicit(&s->page->cli_cpu, sched_getcpu(), memory_order_relaxed);
	skiff_ring_publish(&s->tx, pos);
	nlsock_kick(fd, s);
	if (nlsock_wait_consumed(fd, s, pos) < 0)
		return -1;
	skiff_ring_hint(&s->tx, pos); /* for the next one */
	atomic_store_explicit(&s->stirred, true, memory_order_relaxed);
	return 0;
}

static int check_to(const struct nlsock *s, const struct msghdr *m)
{
	struct sockaddr_nl n = {.nl_pid = s->dst_portid};

	if (m->msg_name != NULL && m->msg_namelen != 0) {
		if (m->msg_namelen < sizeof(n)) {
			errno = EINVAL;
			return -1;
		}
		memcpy(&n, m->msg_name, sizeof(n));
		if (n.nl_family != AF_NETLINK) {
			errno = EINVAL;
			return -1;
		}
	}
	if (n.nl_pid != 0) {
		errno = ECONNREFUSED; /* programs do not talk to each other through skiff */
		return -1;
	}
	return 0;
}

ssize_t nlsock_send(int fd, struct nlsock *s, const struct msghdr *m, int flags)
{
	size_t len = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	if (flags & MSG_OOB) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (len == 0) {
		errno = ENODATA;
		return -1;
	}
	if (check_to(s, m) < 0)
		return -1;
	if (s->gone) {
		errno = ECONNREFUSED;
		return -1;
	}
	if (!s->bound) {
		s->bound = true;
		nlsock_keep(s);
	}
	if (len > (size_t)s->sndbuf - 32) {
		errno = EMSGSIZE;
		return -1;
	}
	nlsock_lock_tx(s);
	int err = transmit(fd, s, SKIFF_NL_DATA, m->msg_iov, m->msg_iovlen, len);
	nlsock_unlock_tx(s);
	if (s->level)
		nlsock_level(fd, s);
	return err < 0 ? -1 : (ssize_t)len;
}

int nlsock_option(int fd, struct nlsock *s, uint32_t name, const void *arg, size_t len,
	uint32_t *value)
{
	struct skiff_nl_opt o = {.name = name};
	struct iovec v[2] = {{&o, sizeof(o)}, {(void *)arg, len}};
	int result = -1;

	if (s->gone) {
		errno = ECONNREFUSED;
		return -1;
	}
	nlsock_lock_tx(s);
	if (transmit(fd, s, SKIFF_NL_OPT, v, 2, sizeof(o) + len) == 0) {
		result = atomic_load(&s->page->opt_result);
		if (value != NULL)
			*value = atomic_load(&s->page->opt_value);
		if (result < 0) {
			errno = -result;
			result = -1;
		}
	}
	nlsock_unlock_tx(s);
	return result;
}

/* What is at the head of the queue, in the ring or put together from several frames. */
struct head {
	struct skiff_nl_from from;
	size_t len;
	uint64_t at;	      /* in the ring */
	const uint8_t *whole; /* or here */
};

/* One more frame of a big message. 1: it is whole; 0: wait; -1. */
static int collect(int fd, struct nlsock *s)
{
	struct skiff_frame f;
	int got;
	uint64_t pos = atomic_load_explicit(s->rx.tail, memory_order_relaxed);

	while ((got = skiff_ring_peek(&s->rx, pos, &f)) > 0) {
		if (s->whole_len + f.len > s->whole_cap) {
			size_t cap = 2 * (s->whole_len + f.len);
			uint8_t *p = realloc(s->whole, cap);

			if (p == NULL) {
				errno = ENOMEM;
				return -1;
			}
			s->whole = p;
			s->whole_cap = cap;
		}
		skiff_ring_copy_out(&s->rx, pos + sizeof(f), s->whole + s->whole_len, f.len);
		s->whole_len += f.len;
		pos += skiff_frame_space(f.len);
		s->page->own.partial = 1;
		skiff_ring_consumed(&s->rx, pos);
		if (!(f.flags & SKIFF_FRAME_MORE)) {
			s->whole_ready = true;
			return 1;
		}
	}
	if (got < 0) {
		errno = EPROTO;
		return -1;
	}
	nlsock_kick(fd, s);
	return 0;
}

/* rx locked. 1: *h is set; 0: nothing there; -1: ENOBUFS and its like. */
static int look(int fd, struct nlsock *s, struct head *h)
{
	uint32_t overruns = atomic_load_explicit(&s->page->overruns, memory_order_acquire);
	struct skiff_frame f;

	if (overruns != atomic_load_explicit(&s->page->overruns_seen, memory_order_relaxed)) {
		atomic_store(&s->page->overruns_seen, overruns);
		errno = ENOBUFS;
		return -1;
	}
	if (s->whole_len == 0) {
		h->at = atomic_load_explicit(s->rx.tail, memory_order_relaxed);
		int got = skiff_ring_peek(&s->rx, h->at, &f);

		if (got < 0 || (got > 0 && f.len < sizeof(h->from))) {
			errno = EPROTO;
			return -1;
		}
		if (got == 0)
			return 0;
		if (!(f.flags & SKIFF_FRAME_MORE)) {
			skiff_ring_copy_out(&s->rx, h->at + sizeof(f), &h->from, sizeof(h->from));
			h->len = f.len - sizeof(h->from);
			h->whole = NULL;
			return 1;
		}
	}
	int got = s->whole_ready ? 1 : collect(fd, s);

	if (got > 0) {
		memcpy(&h->from, s->whole, sizeof(h->from));
		h->whole = s->whole + sizeof(h->from);
		h->len = s->whole_len - sizeof(h->from);
	}
	return got;
}

static void consume(int fd, struct nlsock *s, const struct head *h)
{
	if (h->whole != NULL) {
		free(s->whole);
		s->whole = NULL;
		s->whole_len = s->whole_cap = 0;
		s->whole_ready = false;
		s->page->own.partial = 0;
	} else {
		skiff_ring_consumed(&s->rx, h->at + skiff_frame_space(h->len + sizeof(h->from)));
	}
	if (atomic_load(&s->page->srv_wants_room) &&
		skiff_ring_used(&s->rx, atomic_load(s->rx.tail)) <= s->rx.size / 2)
		nlsock_kick(fd, s);
}

static size_t copy_to(struct nlsock *s, const struct head *h, const struct msghdr *m)
{
	uint64_t at = h->at + sizeof(struct skiff_frame) + sizeof(h->from);
	size_t done = 0;

	for (size_t i = 0; i < m->msg_iovlen && done < h->len; i++) {
		size_t n = MIN(m->msg_iov[i].iov_len, h->len - done);

		if (h->whole != NULL && n != 0)
			memcpy(m->msg_iov[i].iov_base, h->whole + done, n);
		else
			skiff_ring_copy_out(&s->rx, at + done, m->msg_iov[i].iov_base, n);
		done += n;
	}
	return done;
}

static void put_cmsg(struct msghdr *m, size_t *used, int level, int type, const void *v, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + *used);

	if (m->msg_control == NULL || m->msg_controllen < *used + CMSG_LEN(len)) {
		m->msg_flags |= MSG_CTRUNC;
		return;
	}
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), v, len);
	*used += MIN(CMSG_SPACE(len), m->msg_controllen - *used);
}

static void describe(struct nlsock *s, const struct head *h, struct msghdr *m)
{
	struct sockaddr_nl from = {.nl_family = AF_NETLINK, .nl_pid = h->from.portid,
		.nl_groups = h->from.group - 1 < 32 ? 1u << (h->from.group - 1) : 0};
	struct nl_pktinfo info = {.group = h->from.group};
	struct ucred cred = {0};
	size_t used = 0;

	if (m->msg_name != NULL)
		memcpy(m->msg_name, &from, MIN(m->msg_namelen, sizeof(from)));
	m->msg_namelen = sizeof(from);
	if (s->passcred)
		put_cmsg(m, &used, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred));
	if (s->pktinfo)
		put_cmsg(m, &used, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
	m->msg_controllen = used;
}

/* A dump goes on as the reader makes room: until it ends, an empty ring is not "nothing there". */
static bool more_is_due(struct nlsock *s)
{
	return atomic_load(&s->page->srv_wants_room) != 0;
}

static int wait_more(int fd, struct nlsock *s, int flags)
{
	struct timespec brief = {.tv_nsec = 20000000}, limit, *t = NULL;

	if ((flags & MSG_DONTWAIT) || (real()->fcntl(fd, F_GETFL) & O_NONBLOCK)) {
		if (!more_is_due(s)) {
			if (nlsock_readable(s))
				return 0;
			errno = nlsock_dead(fd) ? ENETDOWN : EAGAIN;
			return -1;
		}
		t = &brief;
	} else if (s->rcvtimeo.tv_sec != 0 || s->rcvtimeo.tv_usec != 0) {
		limit = (struct timespec){s->rcvtimeo.tv_sec, s->rcvtimeo.tv_usec * 1000};
		t = &limit;
	}
	int err = nlsock_wait_readable(fd, s, t);

	return err < 0 && errno == EAGAIN && t == &brief ? 0 : err;
}

static void note_buffer(struct nlsock *s, const struct msghdr *m)
{
	size_t room = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		room += m->msg_iov[i].iov_len;
	if (room > atomic_load_explicit(&s->page->recv_max, memory_order_relaxed))
		atomic_store_explicit(&s->page->recv_max, MIN(room, 1u << 20), memory_order_relaxed);
}

static ssize_t deliver(int fd, struct nlsock *s, const struct head *h, struct msghdr *m, int flags)
{
	size_t done = copy_to(s, h, m);

	m->msg_flags = done < h->len ? MSG_TRUNC : 0;
	describe(s, h, m);
	size_t len = h->len;

	if (!(flags & MSG_PEEK))
		consume(fd, s, h);
	return flags & MSG_TRUNC ? (ssize_t)len : (ssize_t)done;
}

ssize_t nlsock_recv(int fd, struct nlsock *s, struct msghdr *m, int flags)
{
	struct head h;
	ssize_t n;

	if (flags & MSG_OOB) {
		errno = EOPNOTSUPP;
		return -1;
	}
	note_buffer(s, m);
	for (;;) {
		nlsock_lock_rx(s);
		int got = look(fd, s, &h);

		n = got > 0 ? deliver(fd, s, &h, m, flags) : -1;
		nlsock_unlock_rx(s);
		if (got != 0)
			break;
		if (s->gone) {
			errno = ENETDOWN;
			break;
		}
		if (wait_more(fd, s, flags) < 0) {
			if (errno == ENETDOWN)
				nlsock_quiet(fd, s);
			break;
		}
	}
	if (n >= 0)
		atomic_store_explicit(&s->stirred, true, memory_order_relaxed);
	if (n >= 0 && !(flags & MSG_PEEK) && m->msg_iovlen != 0)
		ahead_received(m->msg_iov[0].iov_base);
	if (s->level) {
		int saved = errno;

		nlsock_level(fd, s);
		errno = saved;
	}
	return n;
}
