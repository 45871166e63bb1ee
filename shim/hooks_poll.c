/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll, select and epoll over emulated netlink sockets together with any other descriptors.
 * Readiness is in the rings, so poll and select look there, arm the sockets and let the kernel
 * wait on their streams with the rest; a socket in an epoll set has its stream kept readable
 * exactly while its ring is not empty, so that epoll_wait needs no help.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"
#include "nlsock.h"

#define FEW 64

/* The netlink sockets among the polled ones; NULL entries are others'. */
struct watch {
	struct nlsock *few[FEW], **of;
	bool any;
};

static bool watch_start(struct watch *w, const struct pollfd *p, nfds_t n)
{
	w->any = false;
	w->of = n <= FEW ? w->few : calloc(n, sizeof(*w->of));
	if (w->of == NULL) {
		errno = ENOMEM;
		return false;
	}
	for (nfds_t i = 0; i < n; i++) {
		w->of[i] = nlsock_get(p[i].fd);
		w->any |= w->of[i] != NULL;
	}
	return true;
}

static void watch_end(struct watch *w, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		nlsock_put(w->of[i]);
	if (w->of != w->few)
		free(w->of);
}

/* Ready by the rings alone; sets revents of the netlink sockets. */
static int look(const struct watch *w, struct pollfd *p, nfds_t n, bool spin)
{
	int ready = 0;

	for (nfds_t i = 0; i < n; i++) {
		struct nlsock *s = w->of[i];

		if (s == NULL)
			continue;
		p[i].revents = p[i].events & (POLLOUT | POLLWRNORM);
		if ((p[i].events & (POLLIN | POLLRDNORM)) &&
			(spin ? nlsock_spin_readable(s) : nlsock_readable(s)))
			p[i].revents |= p[i].events & (POLLIN | POLLRDNORM);
		ready += p[i].revents != 0;
	}
	return ready;
}

/* A dump of which the reader has seen only a part: the rest is on its way, the kernel had it. */
static bool due(const struct watch *w, const struct pollfd *p, nfds_t n)
{
	bool any = false;

	for (nfds_t i = 0; i < n; i++)
		if (w->of[i] != NULL && (p[i].events & POLLIN) &&
			atomic_load(&w->of[i]->page->srv_wants_room)) {
			nlsock_kick(p[i].fd, w->of[i]);
			any = true;
		}
	return any;
}

static int sum(const struct watch *w, struct pollfd *p, nfds_t n)
{
	int ready = 0;

	look(w, p, n, false);
	for (nfds_t i = 0; i < n; i++)
		ready += p[i].revents != 0;
	return ready;
}

/*
 * What the kernel said of the streams is about wake-ups: they are eaten, unless an epoll set
 * watches the stream, too. A stream at its end stays readable, as its socket is.
 */
static void after(const struct watch *w, struct pollfd *p, nfds_t n, bool *dead)
{
	for (nfds_t i = 0; i < n; i++) {
		if (w->of[i] == NULL || !(p[i].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		if (w->of[i]->level)
			*dead |= nlsock_dead(p[i].fd);
		else
			*dead |= !nlsock_drain(p[i].fd);
	}
}

static int mark_dead(const struct watch *w, struct pollfd *p, nfds_t n)
{
	int ready = sum(w, p, n);

	for (nfds_t i = 0; i < n; i++)
		if (w->of[i] != NULL && p[i].revents == 0 && nlsock_dead(p[i].fd)) {
			p[i].revents = POLLERR | (p[i].events & POLLIN);
			ready++;
		}
	return ready;
}

static struct timespec left(uint64_t end)
{
	uint64_t now = nlsock_now();
	uint64_t ns = end > now ? end - now : 0;

	return (struct timespec){.tv_sec = ns / 1000000000u, .tv_nsec = ns % 1000000000u};
}

/* One wait. 1: *result is the answer; 0: a wake-up that meant nothing, wait on. */
static int wait_once(const struct watch *w, struct pollfd *p, nfds_t n, const struct timespec *limit,
	const sigset_t *mask, int *result)
{
	static const struct timespec zero, brief = {.tv_nsec = 1000000};
	const struct timespec *t = limit;
	bool dead = false;
	int ready = look(w, p, n, limit == NULL || limit->tv_sec != 0 || limit->tv_nsec != 0);

	if (ready == 0) {
		for (nfds_t i = 0; i < n; i++)
			if (w->of[i] != NULL && !w->of[i]->level && (p[i].events & POLLIN))
				nlsock_arm(w->of[i]);
		ready = look(w, p, n, false);
	}
	bool expected = ready == 0 && due(w, p, n);

	if (ready != 0)
		t = &zero;
	else if (expected && limit != NULL && limit->tv_sec == 0 && limit->tv_nsec < brief.tv_nsec)
		t = &brief;
	*result = real()->ppoll(p, n, t, mask);
	if (*result < 0)
		return 1;
	after(w, p, n, &dead);
	*result = dead ? mark_dead(w, p, n) : sum(w, p, n);
	return *result != 0 || (!expected && limit != NULL && limit->tv_sec == 0 &&
		limit->tv_nsec == 0);
}

static int do_poll(struct pollfd *p, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct watch w;
	int result = 0;

	if (!watch_start(&w, p, n))
		return -1;
	if (!w.any) {
		watch_end(&w, n);
		return real()->ppoll(p, n, timeout, mask);
	}
	uint64_t end = timeout == NULL ? 0
		: nlsock_now() + timeout->tv_sec * 1000000000ull + timeout->tv_nsec;

	for (;;) {
		struct timespec t = left(end);

		if (wait_once(&w, p, n, timeout == NULL ? NULL : &t, mask, &result))
			break;
	}
	int saved = errno;

	watch_end(&w, n);
	errno = saved;
	return result;
}

SHIM_EXPORT int ppoll(struct pollfd *p, nfds_t n, const struct timespec *timeout,
	const sigset_t *mask)
{
	return do_poll(p, n, timeout, mask);
}

SHIM_EXPORT int poll(struct pollfd *p, nfds_t n, int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	return do_poll(p, n, ms < 0 ? NULL : &t, NULL);
}

int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room);
int __ppoll_chk(struct pollfd *p, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
	size_t room);

SHIM_EXPORT int __poll_chk(struct pollfd *p, nfds_t n, int ms, size_t room)
{
	if (room / sizeof(*p) < n)
		abort();
	return poll(p, n, ms);
}

SHIM_EXPORT int __ppoll_chk(struct pollfd *p, nfds_t n, const struct timespec *timeout,
	const sigset_t *mask, size_t room)
{
	if (room / sizeof(*p) < n)
		abort();
	return do_poll(p, n, timeout, mask);
}

static bool has(const fd_set *set, int fd)
{
	return set != NULL && FD_ISSET(fd, set);
}

static bool any_netlink(int n, const fd_set *r, const fd_set *w, const fd_set *e)
{
	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++) {
		if (!has(r, fd) && !has(w, fd) && !has(e, fd))
			continue;
		struct nlsock *s = nlsock_get(fd);

		nlsock_put(s);
		if (s != NULL)
			return true;
	}
	return false;
}

static int to_polls(int n, const fd_set *r, const fd_set *w, const fd_set *e, struct pollfd *p)
{
	int count = 0;

	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++) {
		short events = (has(r, fd) ? POLLIN : 0) | (has(w, fd) ? POLLOUT : 0) |
			       (has(e, fd) ? POLLPRI : 0);

		if (events != 0)
			p[count++] = (struct pollfd){.fd = fd, .events = events};
	}
	return count;
}

static int keep(fd_set *set, int fd, bool on)
{
	if (!has(set, fd))
		return 0;
	if (!on)
		FD_CLR(fd, set);
	return on;
}

static int from_polls(const struct pollfd *p, int count, fd_set *r, fd_set *w, fd_set *e)
{
	int bits = 0;

	for (int i = 0; i < count; i++) {
		if (p[i].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
	}
	for (int i = 0; i < count; i++) {
		bits += keep(r, p[i].fd, p[i].revents & (POLLIN | POLLHUP | POLLERR));
		bits += keep(w, p[i].fd, p[i].revents & (POLLOUT | POLLERR));
		bits += keep(e, p[i].fd, p[i].revents & POLLPRI);
	}
	return bits;
}

SHIM_EXPORT int pselect(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	struct pollfd p[FD_SETSIZE];

	if (!any_netlink(n, r, w, e))
		return real()->pselect(n, r, w, e, timeout, mask);
	int count = to_polls(n, r, w, e, p);
	int ready = do_poll(p, count, timeout, mask);

	return ready < 0 ? -1 : from_polls(p, count, r, w, e);
}

SHIM_EXPORT int select(int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
	struct timeval *restrict tv)
{
	if (!any_netlink(n, r, w, e))
		return real()->select(n, r, w, e, tv);
	if (tv == NULL)
		return pselect(n, r, w, e, NULL, NULL);
	uint64_t end = nlsock_now() + tv->tv_sec * 1000000000ull + tv->tv_usec * 1000ull;
	struct timespec t = {.tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * 1000};
	int ready = pselect(n, r, w, e, &t, NULL);

	/* Linux leaves the time that was not slept. */
	t = left(end);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return ready;
}

SHIM_EXPORT int epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	struct nlsock *s = nlsock_get(fd);
	int r = real()->epoll_ctl(ep, op, fd, ev);

	if (s != NULL && r == 0 && op != EPOLL_CTL_DEL) {
		s->level = true;
		nlsock_level(fd, s);
	}
	nlsock_put(s);
	return r;
}
