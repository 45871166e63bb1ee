/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Netlink requests of the takeover: one question, one answer, or a dump. Called by takeover.c and
 * takeover_silence.c in the control thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "takeover_priv.h"

#define ANSWER 32768

struct mnl_socket *takeover_socket(int bus)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int err;

	if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return NULL;
}

static int receive(struct mnl_socket *nl, unsigned seq, mnl_cb_t cb, void *arg)
{
	uint8_t *buf = malloc(ANSWER);
	int err = buf ? MNL_CB_OK : MNL_CB_ERROR;

	while (err > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(nl, buf, ANSWER);
		err = len < 0 ? MNL_CB_ERROR
			      : mnl_cb_run(buf, len, seq, mnl_socket_get_portid(nl), cb, arg);
		if (err == MNL_CB_ERROR && errno == EINTR)
			err = MNL_CB_OK;
	}
	err = err < 0 ? -errno : 0;
	free(buf);
	return err;
}

int takeover_ask(struct mnl_socket *nl, struct nlmsghdr *n)
{
	static unsigned seq;

	n->nlmsg_seq = ++seq;
	n->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (mnl_socket_sendto(nl, n, n->nlmsg_len) < 0)
		return -errno;
	return receive(nl, seq, NULL, NULL);
}

static size_t body_size(int type)
{
	switch (type) {
	case RTM_GETLINK:
		return sizeof(struct ifinfomsg);
	case RTM_GETADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_GETROUTE:
		return sizeof(struct rtmsg);
	default:
		return sizeof(struct ndmsg);
	}
}

/* All bodies begin with the family and are zero otherwise. */
int takeover_dump(struct mnl_socket *nl, int type, int family, mnl_cb_t cb, void *arg)
{
	static unsigned seq = 1u << 30;
	uint8_t buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	uint8_t *body;

	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	n->nlmsg_seq = ++seq;
	body = mnl_nlmsg_put_extra_header(n, body_size(type));
	body[0] = family;
	if (mnl_socket_sendto(nl, n, n->nlmsg_len) < 0)
		return -errno;
	return receive(nl, seq, cb, arg);
}

void takeover_keep(struct takeover_messages *m, const struct nlmsghdr *n)
{
	size_t len = MNL_ALIGN(n->nlmsg_len);

	if (m->len + len > m->room) {
		size_t room = m->room * 2 + len + 1024;
		uint8_t *data = realloc(m->data, room);
		if (data == NULL) {
			m->failed = true;
			return;
		}
		m->data = data;
		m->room = room;
	}
	memset(m->data + m->len, 0, len);
	memcpy(m->data + m->len, n, n->nlmsg_len);
	m->len += len;
}
