/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to skiffd: connect, greet, ask for a netlink socket, map its memory. Called by nlsock.c
 * for each socket(AF_NETLINK) of the program. Greeting and request go out together.
 */
#include "conn.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <skiff/netlink.h>
#include <skiff/path.h>

#include "libc.h"

/* Set-up answers within this, or skiffd counts as dead. */
#define SETUP_SECONDS 10

static int dial(struct sockaddr_un *a)
{
	static _Bool said;
	struct timeval patience = {.tv_sec = SETUP_SECONDS};
	int fd = real()->socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	a->sun_family = AF_UNIX;
	if (skiff_socket_path_client(NULL, a->sun_path, sizeof(a->sun_path)) < 0) {
		real()->close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	real()->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	real()->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (real()->connect(fd, (struct sockaddr *)a, sizeof(*a)) == 0)
		return fd;
	int err = errno;

	shim_say_once(&said, "no skiffd answers at %s (%s); start skiffd, or give its socket "
		"with skiff-run -s SOCKET", a->sun_path, strerror(err));
	real()->close(fd);
	errno = err == ENOENT ? ECONNREFUSED : err;
	return -1;
}

static int get(int fd, void *buf, size_t len, int *passed)
{
	size_t at = 0;

	while (at < len) {
		union {
			struct cmsghdr align;
			char buf[CMSG_SPACE(sizeof(int))];
		} u;
		struct iovec v = {(char *)buf + at, len - at};
		struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.buf,
			.msg_controllen = sizeof(u.buf)};
		ssize_t n = real()->recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ECONNREFUSED : errno == EAGAIN ? ETIMEDOUT : errno;
			return -1;
		}
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		if (c != NULL && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)) &&
			*passed < 0)
			memcpy(passed, CMSG_DATA(c), sizeof(int));
		at += n;
	}
	return 0;
}

static int refused(int fd, uint32_t len, int *passed)
{
	static _Bool said;
	char buf[sizeof(struct skiff_refused) + SKIFF_TEXT_MAX];
	struct skiff_refused r;

	if (len < sizeof(r) || len > sizeof(buf) || get(fd, buf, len, passed) < 0) {
		errno = EPROTO;
		return -1;
	}
	memcpy(&r, buf, sizeof(r));
	shim_say_once(&said, "%.*s", (int)(len - sizeof(r)), buf + sizeof(r));
	errno = r.err != 0 && r.err < 4096 ? (int)r.err : EPROTO;
	return -1;
}

/* The message that must come now: its payload into buf, or -1. */
static int expect(int fd, uint16_t type, void *buf, uint32_t len, int *passed)
{
	struct skiff_msg h;

	if (get(fd, &h, sizeof(h), passed) < 0)
		return -1;
	if (h.type == SKIFF_MSG_REFUSED)
		return refused(fd, h.len, passed);
	if (h.type != type || h.len != len) {
		errno = EPROTO;
		return -1;
	}
	return get(fd, buf, len, passed);
}

static void other_version(uint32_t abi)
{
	static _Bool said;

	shim_say_once(&said, "libskiff.so speaks version %u of skiff's interface, skiffd %u; "
		"install skiffd and libskiff.so of one release", SKIFF_ABI_VERSION, abi);
}

static bool ring_fits(uint64_t off, uint64_t size, uint64_t map_len)
{
	return size >= 2 * SKIFF_FRAME_MAX && size <= (1u << 30) && (size & (size - 1)) == 0 &&
	       off >= sizeof(struct skiff_nl_page) && off <= map_len && size <= map_len - off;
}

static int map_memory(int memfd, const struct skiff_netlink_opened *o, void **map)
{
	struct stat st;

	if (memfd < 0 || fstat(memfd, &st) < 0 || (uint64_t)st.st_size != o->map_len ||
		!ring_fits(o->tx_off, o->tx_size, o->map_len) ||
		!ring_fits(o->rx_off, o->rx_size, o->map_len)) {
		errno = EPROTO;
		return -1;
	}
	*map = mmap(NULL, o->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (*map == MAP_FAILED)
		return -1;
	const struct skiff_nl_page *page = *map;

	/* A socket from before an exec comes without a greeting. */
	if (page->magic == SKIFF_NL_MAGIC && page->abi == SKIFF_ABI_VERSION)
		return 0;
	other_version(page->abi);
	munmap(*map, o->map_len);
	errno = EPROTO;
	return -1;
}

int conn_memory(int from, struct skiff_netlink_opened *o, void **map)
{
	int memfd = -1, err = get(from, o, sizeof(*o), &memfd);

	if (err == 0)
		err = map_memory(memfd, o, map);
	if (memfd >= 0) {
		int saved = errno;

		real()->close(memfd);
		errno = saved;
	}
	return err;
}

static int talk(int fd, const struct skiff_netlink_open *req, struct skiff_netlink_opened *o,
	void **map)
{
	struct {
		struct skiff_msg h1;
		struct skiff_hello hello;
		struct skiff_msg h2;
		struct skiff_netlink_open open;
	} out = {
		.h1 = {.len = sizeof(out.hello), .type = SKIFF_MSG_HELLO},
		.hello = {.magic = SKIFF_ABI_MAGIC, .abi = SKIFF_ABI_VERSION,
			.kind = SKIFF_PEER_NETLINK},
		.h2 = {.len = sizeof(out.open), .type = SKIFF_MSG_NETLINK_OPEN},
		.open = *req,
	};
	struct skiff_welcome w;
	int memfd = -1;

	/* A refusal may be there before the request is out: it is read all the same. */
	real()->send(fd, &out, sizeof(out), MSG_NOSIGNAL);
	int err = expect(fd, SKIFF_MSG_WELCOME, &w, sizeof(w), &memfd);

	if (err == 0 && w.abi != SKIFF_ABI_VERSION) {
		other_version(w.abi);
		errno = EPROTO;
		err = -1;
	}
	if (err == 0)
		err = expect(fd, SKIFF_MSG_NETLINK_OPENED, o, sizeof(*o), &memfd);
	if (err == 0)
		err = map_memory(memfd, o, map);
	if (memfd >= 0) {
		int saved = errno;

		real()->close(memfd);
		errno = saved;
	}
	return err;
}

int conn_netlink(const struct skiff_netlink_open *req, struct skiff_netlink_opened *o, void **map)
{
	struct sockaddr_un a;
	int fd = dial(&a);

	if (fd < 0)
		return -1;
	if (talk(fd, req, o, map) < 0) {
		int saved = errno;

		real()->close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Greeting and command, in one. 0 or -1. */
static int send_command(int fd, const char *const *words)
{
	struct {
		struct skiff_msg h1;
		struct skiff_hello hello;
		struct skiff_msg h2;
		struct skiff_command command;
		char text[SKIFF_TEXT_MAX];
	} q = {
		.h1 = {.len = sizeof(q.hello), .type = SKIFF_MSG_HELLO},
		.hello = {.magic = SKIFF_ABI_MAGIC, .abi = SKIFF_ABI_VERSION,
			.kind = SKIFF_PEER_COMMAND},
		.h2 = {.type = SKIFF_MSG_COMMAND},
	};
	size_t len = 0;

	for (; words[q.command.argc] != NULL; q.command.argc++) {
		size_t n = strlen(words[q.command.argc]) + 1;

		if (n > sizeof(q.text) - len) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(q.text + len, words[q.command.argc], n);
		len += n;
	}
	q.h2.len = sizeof(q.command) + len;
	len += offsetof(typeof(q), text);
	/* As in talk(): a refusal is read all the same. */
	real()->send(fd, &q, len, MSG_NOSIGNAL);
	return 0;
}

static int take_output(int fd, uint32_t len, FILE *out, int *passed)
{
	char buf[4096];
	uint32_t skip = sizeof(struct skiff_output);

	if (len < skip || get(fd, buf, skip, passed) < 0) {
		errno = EPROTO;
		return -1;
	}
	for (len -= skip; len > 0;) {
		uint32_t n = len < sizeof(buf) ? len : (uint32_t)sizeof(buf);

		if (get(fd, buf, n, passed) < 0)
			return -1;
		fwrite(buf, 1, n, out);
		len -= n;
	}
	return 0;
}

static int take_exit(int fd, uint32_t len, char *why, size_t size, int *passed)
{
	char buf[sizeof(struct skiff_exit) + SKIFF_TEXT_MAX];
	struct skiff_exit e;

	if (len < sizeof(e) || len > sizeof(buf) || get(fd, buf, len, passed) < 0) {
		errno = EPROTO;
		return -1;
	}
	memcpy(&e, buf, sizeof(e));
	snprintf(why, size, "%.*s", (int)(len - sizeof(e)), buf + sizeof(e));
	return e.status < 0 || e.status > 255 ? 255 : e.status;
}

static int take_answer(int fd, FILE *out, char *why, size_t size)
{
	struct skiff_welcome w;
	struct skiff_msg h;
	int passed = -1, err = expect(fd, SKIFF_MSG_WELCOME, &w, sizeof(w), &passed);

	while (err == 0 && (err = get(fd, &h, sizeof(h), &passed)) == 0) {
		if (h.type == SKIFF_MSG_EXIT)
			return take_exit(fd, h.len, why, size, &passed);
		if (h.type == SKIFF_MSG_REFUSED)
			return refused(fd, h.len, &passed);
		if (h.type == SKIFF_MSG_OUTPUT) {
			err = take_output(fd, h.len, out, &passed);
			continue;
		}
		errno = EPROTO;
		err = -1;
	}
	return err;
}

int conn_command(const char *const *words, FILE *out, char *why, size_t size)
{
	struct sockaddr_un a;
	int fd = dial(&a);

	why[0] = '\0';
	if (fd < 0)
		return -1;
	int err = send_command(fd, words) < 0 ? -1 : take_answer(fd, out, why, size);
	int saved = errno;

	real()->close(fd);
	errno = saved;
	return err;
}
