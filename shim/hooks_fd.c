/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors that come, go and double: the number is the kernel's own, so that libc does the
 * work and only our table follows.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libc.h"
#include "nlsock.h"
#include "proc_sys.h"

SHIM_EXPORT int close(int fd)
{
	struct nlsock *s = nlsock_get(fd);

	/* Off the table first: once closed, another thread may get the number. */
	if (s != NULL) {
		nlsock_set(fd, NULL);
		nlsock_put(s);
	}
	int err = real()->close(fd);

	return proc_sys_flush() < 0 ? -1 : err;
}

/* Numbers given up in bulk must not keep their sockets: the next file may get one of them. */
static void forget(unsigned int first, unsigned int last)
{
	unsigned int end = nlsock_table_size();

	for (unsigned int fd = first; fd <= last && fd < end; fd++) {
		struct nlsock *s = nlsock_get(fd);

		if (s != NULL)
			nlsock_set(fd, NULL);
		nlsock_put(s);
	}
}

SHIM_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	/* CLOSE_RANGE_CLOEXEC leaves them open, exec forgets them with all our memory. */
	if (!(flags & CLOSE_RANGE_CLOEXEC))
		forget(first, last);
	return syscall(SYS_close_range, first, last, flags);
}

SHIM_EXPORT void closefrom(int first)
{
	forget(first < 0 ? 0 : first, UINT_MAX);
	real()->closefrom(first);
}

static int follow(int from, int to)
{
	struct nlsock *s = nlsock_get(from);
	int err = 0;

	if (to >= 0 && to != from)
		err = nlsock_set(to, s);
	nlsock_put(s);
	if (err < 0) {
		real()->close(to);
		errno = EMFILE;
		return -1;
	}
	return to;
}

SHIM_EXPORT int dup(int fd)
{
	return follow(fd, real()->dup(fd));
}

SHIM_EXPORT int dup2(int fd, int to)
{
	int got = follow(fd, real()->dup2(fd, to));

	proc_sys_flush(); /* `to` may have been one that was written to */
	return got;
}

SHIM_EXPORT int dup3(int fd, int to, int flags)
{
	int got = follow(fd, real()->dup3(fd, to, flags));

	proc_sys_flush();
	return got;
}

static int do_fcntl(int fd, int cmd, void *arg)
{
	int r = real()->fcntl(fd, cmd, arg);

	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? follow(fd, r) : r;
}

SHIM_EXPORT int fcntl(int fd, int cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	void *arg = va_arg(ap, void *);

	va_end(ap);
	return do_fcntl(fd, cmd, arg);
}

int fcntl64(int fd, int cmd, ...);

SHIM_EXPORT int fcntl64(int fd, int cmd, ...)
{
	va_list ap;

	va_start(ap, cmd);
	void *arg = va_arg(ap, void *);

	va_end(ap);
	return do_fcntl(fd, cmd, arg);
}
