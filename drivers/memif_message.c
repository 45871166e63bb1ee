/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One message of memif's control channel: 128 bytes in a packet of its own, with a descriptor where it
 * announces memory or a ring. Read from one end and written to the other by memif_relay.c; what is
 * not such a message never reaches the driver.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "memif_relay.h"

#define MOST_FDS 8 /* of one packet that are taken over, to be closed */

static bool brings_fd(const struct memif_message *m)
{
	uint16_t type = memif_message_type(m);

	return type == MEMIF_ADD_REGION || type == MEMIF_ADD_RING;
}

/* The first one is the message's; how many there were. */
static unsigned take_fds(struct msghdr *mh, struct memif_message *m)
{
	unsigned n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= len; at += sizeof(int), n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (n == 0)
				m->fd = fd;
			else
				close(fd);
		}
	}
	return n;
}

int memif_message_receive(int fd, struct memif_message *m)
{
	char control[CMSG_SPACE(MOST_FDS * sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {m->bytes, sizeof(m->bytes)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t n;
	unsigned fds;

	m->fd = -1;
	do
		n = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	fds = take_fds(&mh, m);
	if (n == sizeof(m->bytes) && !(mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && fds <= 1 &&
		(fds == 0 || brings_fd(m)))
		return 0;
	memif_message_drop(m);
	return n == 0 ? -EPIPE : -EBADMSG;
}

int memif_message_send(int fd, const struct memif_message *m)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
	struct iovec iov = {(void *)(uintptr_t)m->bytes, sizeof(m->bytes)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (m->fd >= 0) {
		mh.msg_control = control;
		mh.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), &m->fd, sizeof(int));
	}
	do
		n = sendmsg(fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(m->bytes) ? 0 : -EPIPE;
}

void memif_shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void memif_message_drop(struct memif_message *m)
{
	memif_shut(&m->fd);
}
