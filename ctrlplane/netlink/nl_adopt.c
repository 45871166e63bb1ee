/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stream of an emulated socket, read: wake-ups, and the question of a program that inherited
 * the socket over exec and has lost its mapping. It sends one byte and a socket of its own, which
 * gets the answer: the layout and the memory. Whoever holds the stream is entitled to both.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/nl_internal.h"

static void answer(struct nl_sock *s, int to)
{
	struct skiff_netlink_opened o = s->opened;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u = {.align = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS}};
	struct iovec v = {&o, sizeof(o)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.buf,
		.msg_controllen = sizeof(u.buf)};

	o.portid = s->portid;
	if (s->memfd < 0)
		return;
	memcpy(CMSG_DATA(&u.align), &s->memfd, sizeof(int));
	/* If it fails, the end of its socket tells the program. */
	if (sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

ssize_t nl_adopt_recv(struct nl_sock *s)
{
	char bytes[64];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u;
	struct iovec v = {bytes, sizeof(bytes)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.buf,
		.msg_controllen = sizeof(u.buf)};
	ssize_t n = recvmsg(s->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
	int passed;

	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		c->cmsg_len != CMSG_LEN(sizeof(int)))
		return n;
	memcpy(&passed, CMSG_DATA(c), sizeof(passed));
	answer(s, passed);
	close(passed);
	return n;
}
