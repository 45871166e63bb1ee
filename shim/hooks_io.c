/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sending and receiving in all its spellings, the checked ones of _FORTIFY_SOURCE included: each
 * becomes one msghdr for nlsock_io.c, or goes on to libc.
 */
#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "diag.h"
#include "libc.h"
#include "nlsock.h"
#include "proc_sys.h"

/* True: it was skiff's to send, *n is the answer; false: libc's. */
static bool sent(int fd, const struct msghdr *m, int flags, ssize_t *n)
{
	struct nlsock *s = nlsock_get(fd);
	int other = 0;

	*n = -1;
	if (s == NULL) {
		if (!atomic_load_explicit(&diag_any_kernel, memory_order_relaxed))
			return false;
		other = diag_to_skiff(fd, m, &s);
		if (other == 0)
			return false;
	} else if (s->protocol == NETLINK_SOCK_DIAG) {
		other = diag_to_kernel(fd, s, m);
		if (other > 0) {
			nlsock_put(s);
			return false;
		}
	}
	if (other >= 0)
		*n = nlsock_send(fd, s, m, flags);
	nlsock_put(s);
	return true;
}

static bool sent_buf(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	socklen_t tolen, ssize_t *n)
{
	struct iovec v = {(void *)buf, len};
	struct msghdr m = {.msg_name = (void *)to, .msg_namelen = tolen, .msg_iov = &v,
		.msg_iovlen = 1};

	return sent(fd, &m, flags, n);
}

static ssize_t recv_buf(int fd, struct nlsock *s, void *buf, size_t len, int flags,
	struct sockaddr *from, socklen_t *fromlen)
{
	struct iovec v = {buf, len};
	struct msghdr m = {.msg_name = from, .msg_namelen = fromlen != NULL ? *fromlen : 0,
		.msg_iov = &v, .msg_iovlen = 1};
	ssize_t n = nlsock_recv(fd, s, &m, flags);

	if (n >= 0 && from != NULL && fromlen != NULL)
		*fromlen = m.msg_namelen;
	nlsock_put(s);
	return n;
}

SHIM_EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t n;

	return sent_buf(fd, buf, len, flags, NULL, 0, &n) ? n : real()->send(fd, buf, len, flags);
}

SHIM_EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
	const struct sockaddr *to, socklen_t tolen)
{
	ssize_t n;

	return sent_buf(fd, buf, len, flags, to, tolen, &n) ? n
		: real()->sendto(fd, buf, len, flags, to, tolen);
}

SHIM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t n;

	return sent(fd, m, flags, &n) ? n : real()->sendmsg(fd, m, flags);
}

SHIM_EXPORT int sendmmsg(int fd, struct mmsghdr *m, unsigned int n, int flags)
{
	unsigned int i;
	ssize_t one;

	for (i = 0; i < n && i < IOV_MAX; i++) {
		/* The kernel's socket takes the rest at once. */
		if (!sent(fd, &m[i].msg_hdr, flags, &one)) {
			int more = real()->sendmmsg(fd, m + i, n - i, flags);

			return more < 0 ? (i > 0 ? (int)i : -1) : (int)i + more;
		}
		if (one < 0)
			break;
		m[i].msg_len = one;
	}
	return i > 0 || n == 0 ? (int)i : -1;
}

SHIM_EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t n;

	if (sent_buf(fd, buf, len, 0, NULL, 0, &n))
		return n;
	n = real()->write(fd, buf, len);
	return proc_sys_flush() < 0 ? -1 : n;
}

SHIM_EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
	struct msghdr m = {.msg_iov = (struct iovec *)v, .msg_iovlen = n};
	ssize_t done;

	if (n < 0 || n > IOV_MAX)
		return real()->writev(fd, v, n);
	if (sent(fd, &m, 0, &done))
		return done;
	done = real()->writev(fd, v, n);
	return proc_sys_flush() < 0 ? -1 : done;
}

SHIM_EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->recv(fd, buf, len, flags);
	return recv_buf(fd, s, buf, len, flags, NULL, NULL);
}

SHIM_EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags,
	struct sockaddr *restrict from, socklen_t *restrict fromlen)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->recvfrom(fd, buf, len, flags, from, fromlen);
	return recv_buf(fd, s, buf, len, flags, from, fromlen);
}

SHIM_EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->recvmsg(fd, m, flags);
	ssize_t n = nlsock_recv(fd, s, m, flags);

	nlsock_put(s);
	return n;
}

SHIM_EXPORT int recvmmsg(int fd, struct mmsghdr *m, unsigned int n, int flags, struct timespec *t)
{
	struct nlsock *s = nlsock_get(fd);
	unsigned int i;

	if (s == NULL)
		return real()->recvmmsg(fd, m, n, flags, t);
	uint64_t end = t == NULL ? UINT64_MAX
		: nlsock_now() + t->tv_sec * 1000000000ull + t->tv_nsec;

	for (i = 0; i < n; i++) {
		ssize_t got = nlsock_recv(fd, s, &m[i].msg_hdr, flags & ~MSG_WAITFORONE);

		if (got < 0)
			break;
		m[i].msg_len = got;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		/* As in Linux, the time limit is looked at after each message only. */
		if (nlsock_now() >= end) {
			i++;
			break;
		}
	}
	nlsock_put(s);
	return i > 0 || n == 0 ? (int)i : -1;
}

SHIM_EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->read(fd, buf, len);
	return recv_buf(fd, s, buf, len, 0, NULL, NULL);
}

SHIM_EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
	struct nlsock *s = nlsock_get(fd);
	struct msghdr m = {.msg_iov = (struct iovec *)v, .msg_iovlen = n};

	if (s == NULL || n < 0 || n > IOV_MAX) {
		nlsock_put(s);
		return real()->readv(fd, v, n);
	}
	ssize_t got = nlsock_recv(fd, s, &m, 0);

	nlsock_put(s);
	return got;
}

/* _FORTIFY_SOURCE: the compiler knows the room and libc aborts when it is too small. */
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t len, size_t room, int flags,
	struct sockaddr *restrict from, socklen_t *restrict fromlen);

SHIM_EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		abort();
	return read(fd, buf, len);
}

SHIM_EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags)
{
	if (len > room)
		abort();
	return recv(fd, buf, len, flags);
}

SHIM_EXPORT ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t len, size_t room, int flags,
	struct sockaddr *restrict from, socklen_t *restrict fromlen)
{
	if (len > room)
		abort();
	return recvfrom(fd, buf, len, flags, from, fromlen);
}
