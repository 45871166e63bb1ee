/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sock_diag: listings of Internet and packet sockets (inet_diag, packet_diag). skiff's stack has
 * none yet, so a dump ends at once and a search finds nothing. libskiff asks the kernel for all
 * other families. Requests are judged by shape as Linux does; sock_diag(7).
 */
#include "netlink/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

static bool is_protocol(uint8_t p)
{
	return p == IPPROTO_TCP || p == IPPROTO_UDP || p == IPPROTO_UDPLITE || p == IPPROTO_RAW ||
	       p == IPPROTO_DCCP || p == IPPROTO_SCTP || p == (IPPROTO_MPTCP & 0xff);
}

/* 0: a request for a family that is ours and well formed. */
static int check(struct nl_req *rq)
{
	const struct sock_diag_req *q = nl_req_header(rq, sizeof(*q));

	if (q == NULL)
		return -EINVAL;
	switch (q->sdiag_family) {
	case AF_INET:
	case AF_INET6:
		if (nl_req_header(rq, sizeof(struct inet_diag_req_v2)) == NULL)
			return -EINVAL;
		return is_protocol(q->sdiag_protocol) ? 0 : -ENOENT;
	case AF_PACKET:
		return nl_req_header(rq, sizeof(struct packet_diag_req)) == NULL ? -EINVAL : 0;
	default:
		return nl_err(rq, ENOENT, "skiff lists Internet and packet sockets only");
	}
}

static int find(struct nl_req *rq)
{
	const struct sock_diag_req *q = nl_req_header(rq, sizeof(*q));
	int err = check(rq);

	if (err < 0)
		return err;
	if (q->sdiag_family == AF_PACKET)
		return nl_err(rq, EOPNOTSUPP, "packet sockets are listed by a dump only");
	return -ENOENT;
}

/* Linux finds out that it does not know the protocol when the dump runs: told at its end. */
static int dump_start(struct nl_dump *d)
{
	const struct sock_diag_req *q = nl_req_header(&d->rq, sizeof(*q));
	int err = check(&d->rq);

	if (err != -ENOENT || (q->sdiag_family != AF_INET && q->sdiag_family != AF_INET6))
		return err;
	d->words[0] = ENOENT;
	return 0;
}

/* The requests of before Linux 3.3: TCP or DCCP by the message's type. */
static int compat_check(struct nl_req *rq)
{
	return nl_req_header(rq, sizeof(struct inet_diag_req)) == NULL ? -EINVAL : 0;
}

static int compat_find(struct nl_req *rq)
{
	int err = compat_check(rq);

	return err < 0 ? err : -ENOENT;
}

static int compat_start(struct nl_dump *d)
{
	return compat_check(&d->rq);
}

static int none(struct nl_dump *d, struct nl_msg *m)
{
	return -(int)d->words[0];
}

static const struct nl_op ops[] = {
	{.type = SOCK_DIAG_BY_FAMILY, .name = "SOCK_DIAG_BY_FAMILY", .request = find,
		.dump = {dump_start, none, NULL}},
	{.type = SOCK_DESTROY, .name = "SOCK_DESTROY", .flags = NL_OP_ADMIN, .request = find},
	{.type = TCPDIAG_GETSOCK, .name = "TCPDIAG_GETSOCK", .request = compat_find,
		.dump = {compat_start, none, NULL}},
	{.type = DCCPDIAG_GETSOCK, .name = "DCCPDIAG_GETSOCK", .request = compat_find,
		.dump = {compat_start, none, NULL}},
};

const struct nl_family sock_diag = {
	.protocol = NETLINK_SOCK_DIAG, .name = "sock_diag", .ops = ops, .n_ops = NL_N(ops),
	.max_group = SKNLGRP_MAX,
};
