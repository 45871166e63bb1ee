/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exec keeps descriptors, not memory: a netlink socket without close-on-exec arrives as a bare
 * stream to skiffd. It is known by its peer's name; skiffd is asked for its memory again, and
 * the options are found there. Called by nlsock.c's constructor.
 */
#include "adopt.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <skiff/path.h>

#include "conn.h"
#include "libc.h"
#include "nlsock.h"

#define ANSWER_MS 10000 /* or skiffd counts as dead */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
		x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* Is fd a stream to the skiffd of this program? `path`: that one's socket. */
static bool is_stream(int fd, const char *path)
{
	struct sockaddr_un a = {0};
	socklen_t len = sizeof(a) - 1;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       real()->getpeername(fd, (struct sockaddr *)&a, &len) == 0 &&
	       a.sun_family == AF_UNIX && a.sun_path[0] == '/' && same_file(a.sun_path, path);
}

/* A byte down the stream, and with it the socket that the answer is to come on. */
static int ask(int fd, int answer)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u = {.align = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS}};
	struct iovec v = {"", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.buf,
		.msg_controllen = sizeof(u.buf)};

	memcpy(CMSG_DATA(&u.align), &answer, sizeof(int));
	return real()->sendmsg(fd, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int await(int from, struct skiff_netlink_opened *o, void **map)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	struct timespec limit = {.tv_sec = ANSWER_MS / 1000};

	if (real()->ppoll(&p, 1, &limit, NULL) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	return conn_memory(from, o, map);
}

static int adopt(int fd)
{
	struct skiff_netlink_opened o;
	void *map;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	int err = ask(fd, pair[1]);

	real()->close(pair[1]);
	if (err == 0)
		err = await(pair[0], &o, &map);
	int saved = errno;

	real()->close(pair[0]);
	errno = saved;
	return err < 0 ? -1 : nlsock_adopt(fd, &o, map);
}

static void one(int fd, const char *path)
{
	static _Bool said;

	if (is_stream(fd, path) && adopt(fd) < 0)
		shim_say_once(&said, "the netlink socket %d, kept over exec, is lost: skiffd at %s "
			"does not know it any more (%s); open a new one", fd, path, strerror(errno));
}

void adopt_inherited(void)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int saved = errno;
	DIR *d = real()->opendir("/proc/self/fd");

	if (d == NULL || skiff_socket_path_client(NULL, path, sizeof(path)) < 0)
		path[0] = '\0';
	for (struct dirent *e; d != NULL && path[0] != '\0' && (e = readdir(d)) != NULL;) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);

		if (*end == '\0' && end != e->d_name && fd != dirfd(d))
			one(fd, path);
	}
	if (d != NULL)
		closedir(d);
	errno = saved;
}
