/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ss` asks about all kinds of sockets by one protocol, sock_diag: Internet and packet sockets
 * are skiff's, UNIX, netlink, vsock and others the kernel's. A sock_diag socket begins as skiff's;
 * when a request for the other side is sent, a socket of that side takes its number. Called by
 * hooks_io.c before it sends.
 */
#include "diag.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

#include "libc.h"

atomic_bool diag_any_kernel; /* a socket of this process has become the kernel's */

/* The family that the first request asks about; -1: it says none, or is no such request. */
static int family_of(const struct msghdr *m)
{
	uint8_t head[NLMSG_HDRLEN + 1];
	struct nlmsghdr h;
	size_t at = 0;

	for (size_t i = 0; i < m->msg_iovlen && at < sizeof(head); i++) {
		size_t n = m->msg_iov[i].iov_len;

		n = n < sizeof(head) - at ? n : sizeof(head) - at;
		if (n != 0)
			memcpy(head + at, m->msg_iov[i].iov_base, n);
		at += n;
	}
	if (at < sizeof(head))
		return -1;
	memcpy(&h, head, sizeof(h));
	return h.nlmsg_type == SOCK_DIAG_BY_FAMILY || h.nlmsg_type == SOCK_DESTROY
		? head[NLMSG_HDRLEN] : -1;
}

static bool is_ours(int family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_PACKET;
}

/* The options that skiff's socket was given. What the kernel does not know it does not need. */
static void copy_options(const struct nlsock *s, int to)
{
	static const struct {
		uint32_t flag;
		int name;
	} flags[] = {
		{SKIFF_NLF_EXT_ACK, NETLINK_EXT_ACK}, {SKIFF_NLF_CAP_ACK, NETLINK_CAP_ACK},
		{SKIFF_NLF_STRICT, NETLINK_GET_STRICT_CHK},
		{SKIFF_NLF_NO_ENOBUFS, NETLINK_NO_ENOBUFS},
	};
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_pid = s->portid};
	int rcvbuf = s->rcvbuf / 2, sndbuf = s->sndbuf / 2, on = 1;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (s->flags & flags[i].flag)
			real()->setsockopt(to, SOL_NETLINK, flags[i].name, &on, sizeof(on));
	real()->setsockopt(to, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	real()->setsockopt(to, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	real()->setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &s->rcvtimeo, sizeof(s->rcvtimeo));
	real()->setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &s->sndtimeo, sizeof(s->sndtimeo));
	/* The number the program knows, if no socket of the kernel's has it. */
	if (s->bound)
		real()->bind(to, (struct sockaddr *)&a, sizeof(a));
}

int diag_to_kernel(int fd, struct nlsock *s, const struct msghdr *m)
{
	int family = family_of(m);

	if (family < 0 || is_ours(family))
		return 0;
	if (nlsock_readable(s) || s->level) {
		errno = s->level ? EOPNOTSUPP : EBUSY;
		return -1;
	}
	int flags = real()->fcntl(fd, F_GETFL) & O_NONBLOCK ? SOCK_NONBLOCK : 0;
	int to = real()->socket(AF_NETLINK, s->type | SOCK_CLOEXEC | flags, NETLINK_SOCK_DIAG);

	if (to < 0)
		return -1;
	copy_options(s, to);
	atomic_store(&diag_any_kernel, true);
	nlsock_replace(s, to);
	real()->close(to);
	return 1;
}

static bool is_diag(int fd)
{
	int domain = 0, protocol = -1, saved = errno;
	socklen_t len = sizeof(int);
	bool is = real()->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
		domain == AF_NETLINK &&
		real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
		protocol == NETLINK_SOCK_DIAG;

	errno = saved;
	return is;
}

int diag_to_skiff(int fd, const struct msghdr *m, struct nlsock **s)
{
	if (!is_ours(family_of(m)) || !is_diag(fd))
		return 0;
	int status = real()->fcntl(fd, F_GETFL) & O_NONBLOCK ? SOCK_NONBLOCK : 0;
	int cloexec = real()->fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	int ours = nlsock_open(SOCK_RAW | SOCK_CLOEXEC | status, NETLINK_SOCK_DIAG);

	if (ours < 0)
		return -1;
	*s = nlsock_get(ours);
	real()->dup3(ours, fd, cloexec);
	nlsock_set(fd, *s);
	nlsock_set(ours, NULL);
	real()->close(ours);
	return 1;
}
