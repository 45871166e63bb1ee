/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket calls that libskiff stands before: netlink sockets that skiff answers are its own,
 * all else goes on to libc.
 */
#include <errno.h>
#include <linux/netlink.h>

#include "libc.h"
#include "nlsock.h"

static const struct {
	int protocol;
	const char *what;
} refused[] = {
	{NETLINK_NETFILTER, "packet filters (nfnetlink)"},
};

/* Passing these to the kernel would show or change the kernel's state in skiff's name. */
static int refuse(int protocol)
{
	static _Bool said;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (refused[i].protocol != protocol)
			continue;
		shim_say_once(&said, "skiff does not serve %s yet; without skiff-run the program "
			"talks to the kernel", refused[i].what);
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return 0;
}

SHIM_EXPORT int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK) {
		if (nlsock_emulates(protocol))
			return nlsock_open(type, protocol);
		if (refuse(protocol) < 0)
			return -1;
	}
	return real()->socket(domain, type, protocol);
}

SHIM_EXPORT int bind(int fd, const struct sockaddr *a, socklen_t len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->bind(fd, a, len);
	int r = nlsock_bind(fd, s, a, len);

	nlsock_put(s);
	return r;
}

SHIM_EXPORT int connect(int fd, const struct sockaddr *a, socklen_t len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->connect(fd, a, len);
	int r = nlsock_connect(fd, s, a, len);

	nlsock_put(s);
	return r;
}

SHIM_EXPORT int getsockname(int fd, struct sockaddr *restrict a, socklen_t *restrict len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->getsockname(fd, a, len);
	nlsock_name(s, a, len, false);
	nlsock_put(s);
	return 0;
}

SHIM_EXPORT int getpeername(int fd, struct sockaddr *restrict a, socklen_t *restrict len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->getpeername(fd, a, len);
	nlsock_name(s, a, len, true);
	nlsock_put(s);
	return 0;
}

SHIM_EXPORT int getsockopt(int fd, int level, int name, void *restrict val, socklen_t *restrict len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->getsockopt(fd, level, name, val, len);
	int r = nlsock_getsockopt(fd, s, level, name, val, len);

	nlsock_put(s);
	return r;
}

SHIM_EXPORT int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	struct nlsock *s = nlsock_get(fd);

	if (s == NULL)
		return real()->setsockopt(fd, level, name, val, len);
	int r = nlsock_setsockopt(fd, s, level, name, val, len);

	nlsock_keep(s);
	nlsock_put(s);
	return r;
}

/* What netlink sockets do not know, they refuse as the kernel's do. */
static int unknown(struct nlsock *s)
{
	nlsock_put(s);
	errno = EOPNOTSUPP;
	return -1;
}

SHIM_EXPORT int listen(int fd, int backlog)
{
	struct nlsock *s = nlsock_get(fd);

	return s != NULL ? unknown(s) : real()->listen(fd, backlog);
}

SHIM_EXPORT int accept(int fd, struct sockaddr *restrict a, socklen_t *restrict len)
{
	struct nlsock *s = nlsock_get(fd);

	return s != NULL ? unknown(s) : real()->accept(fd, a, len);
}

SHIM_EXPORT int accept4(int fd, struct sockaddr *restrict a, socklen_t *restrict len, int flags)
{
	struct nlsock *s = nlsock_get(fd);

	return s != NULL ? unknown(s) : real()->accept4(fd, a, len, flags);
}

SHIM_EXPORT int shutdown(int fd, int how)
{
	struct nlsock *s = nlsock_get(fd);

	return s != NULL ? unknown(s) : real()->shutdown(fd, how);
}
