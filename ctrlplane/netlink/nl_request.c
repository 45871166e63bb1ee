/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram of requests: each message is checked, its handler found and called, and answered by
 * an ACK where Linux would send one (netlink_rcv_skb, rtnetlink_rcv_msg, netlink_ack; RFC 3549).
 * Called by nl_sock.c with a private copy; the answers go through nl_output.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_internal.h"

static const struct nl_op *find_op(const struct nl_family *f, uint16_t type)
{
	for (size_t i = 0; i < f->n_ops; i++)
		if (f->ops[i].type == type)
			return &f->ops[i];
	return NULL;
}

static int not_served(struct nl_req *rq, const struct nl_op *op, const char *how)
{
	if (op == NULL)
		return nl_err(rq, EOPNOTSUPP, "skiff does not serve %s message type %u",
			rq->sock->family->name, rq->nlh->nlmsg_type);
	return nl_err(rq, EOPNOTSUPP, "skiff serves %s, but not as %s", op->name, how);
}

static bool may_change(const struct nl_req *rq, const struct nl_op *op)
{
	const struct nl_family *f = rq->sock->family;
	bool change = (op != NULL && (op->flags & NL_OP_ADMIN)) ||
		      (f->is_change != NULL && f->is_change(rq->nlh->nlmsg_type));

	return !change || rq->sock->peer.role == SKIFF_ROLE_ADMIN;
}

/* 0, a negative errno, or -EINTR: a dump is under way and sends its own end. */
static int dispatch(struct nl_req *rq)
{
	const struct nl_family *f = rq->sock->family;
	const struct nl_op *op = find_op(f, rq->nlh->nlmsg_type);
	bool get = f->is_get != NULL ? f->is_get(rq->nlh->nlmsg_type)
		: op != NULL && op->dump.next != NULL;

	if (rq->nlh->nlmsg_len - NLMSG_HDRLEN < f->min_len)
		return 0;
	if (!may_change(rq, op))
		return nl_err(rq, EPERM, "this user may read skiff's state, not change it");
	if (get && (rq->nlh->nlmsg_flags & NLM_F_DUMP)) {
		if (op == NULL || op->dump.next == NULL)
			return not_served(rq, op, "a dump");
		int err = nl_dump_start(rq, op);

		return err == 0 ? -EINTR : err;
	}
	if (op == NULL || op->request == NULL)
		return not_served(rq, op, "a single request");
	return op->request(rq);
}

/* Is `at` within the request, so that its offset means something to the asker? */
static bool in_request(const struct nlmsghdr *req, const void *at)
{
	uintptr_t a = (uintptr_t)at, base = (uintptr_t)req;

	return a >= base && a < base + req->nlmsg_len;
}

void nl_put_extack(struct nl_msg *m, const struct nlmsghdr *req, const struct nl_extack *ea,
	int err)
{
	if (ea->msg[0] != '\0')
		nl_put_str(m, NLMSGERR_ATTR_MSG, ea->msg);
	if (err != 0 && ea->attr != NULL && in_request(req, ea->attr))
		nl_put_u32(m, NLMSGERR_ATTR_OFFS, (uintptr_t)ea->attr - (uintptr_t)req);
	if (err != 0 && ea->has_miss)
		nl_put_u32(m, NLMSGERR_ATTR_MISS_TYPE, ea->miss_type);
}

static bool has_extack(const struct nl_extack *ea, int err)
{
	return ea->msg[0] != '\0' || (err != 0 && (ea->attr != NULL || ea->has_miss));
}

/* NLMSG_ERROR: an error quotes the whole request unless CAP_ACK; sentences after it with EXT_ACK. */
static void ack(struct nl_sock *s, const struct nlmsghdr *req, const struct nl_extack *ea, int err)
{
	size_t quote = err != 0 && !(s->flags & SKIFF_NLF_CAP_ACK) ? req->nlmsg_len : NLMSG_HDRLEN;
	bool tlvs = (s->flags & SKIFF_NLF_EXT_ACK) && has_extack(ea, err);
	uint16_t flags = err == 0 || (s->flags & SKIFF_NLF_CAP_ACK) ? NLM_F_CAPPED : 0;
	uint64_t small[128];
	size_t size = NLMSG_HDRLEN + sizeof(int) + NLMSG_ALIGN(quote) + sizeof(ea->msg) + 64;
	void *buf = size <= sizeof(small) ? small : malloc(size);
	struct nl_msg m;

	if (buf == NULL)
		return;
	nl_msg_init(&m, buf, size);
	m.portid = s->portid;
	m.seq = req->nlmsg_seq;
	struct nlmsgerr *e = nl_msg_begin(&m, NLMSG_ERROR, flags | (tlvs ? NLM_F_ACK_TLVS : 0),
		sizeof(int) + quote);

	e->error = err;
	memcpy(&e->msg, req, quote);
	if (tlvs)
		nl_put_extack(&m, req, ea, err);
	nl_msg_end(&m);
	nl_sock_deliver(s, m.buf, m.len, 0);
	if (buf != small)
		free(buf);
}

static void message(struct nl_sock *s, const struct nlmsghdr *nlh)
{
	struct nl_extack ea;
	struct nl_req rq = {.server = s->ns, .sock = s, .ctx = s->peer.ctx, .nlh = nlh, .ea = &ea};
	int err = 0;

	ea.msg[0] = '\0';
	ea.attr = NULL;
	ea.has_miss = false;
	if (!(nlh->nlmsg_flags & NLM_F_REQUEST))
		goto acked;
	if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
		err = dispatch(&rq);
	if (err == -EINTR)
		return;
acked:
	if ((nlh->nlmsg_flags & NLM_F_ACK) || err != 0)
		ack(s, nlh, &ea, err);
}

static bool batch(struct nl_sock *s, const uint8_t *bytes, size_t len)
{
	struct nl_extack ea = {.msg = ""};
	struct nl_req rq = {.server = s->ns, .sock = s, .ctx = s->peer.ctx,
		.nlh = (const struct nlmsghdr *)bytes, .ea = &ea};

	return s->family->batch != NULL && s->family->batch(&rq, bytes, len) != 0;
}

void nl_request_datagram(struct nl_sock *s, const uint8_t *bytes, size_t len)
{
	if (len >= NLMSG_HDRLEN && batch(s, bytes, len))
		return;
	while (len >= NLMSG_HDRLEN && !s->dead) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)bytes;
		size_t step = NLMSG_ALIGN((size_t)nlh->nlmsg_len);

		if (nlh->nlmsg_len < NLMSG_HDRLEN || nlh->nlmsg_len > len)
			return;
		message(s, nlh);
		if (step >= len)
			return;
		bytes += step;
		len -= step;
	}
}

static struct nl_msg *answer(struct nl_msg *m, uint32_t portid, uint32_t seq)
{
	nl_msg_init(m, m->buf, m->size);
	m->portid = portid;
	m->seq = seq;
	return m;
}

struct nl_msg *nl_reply(struct nl_req *rq)
{
	return answer(&rq->server->reply, rq->sock->portid, rq->nlh->nlmsg_seq);
}

int nl_reply_send(struct nl_req *rq, struct nl_msg *m)
{
	return nl_sock_deliver(rq->sock, m->buf, m->len, 0);
}

struct nl_msg *nl_notice(struct nl_req *rq)
{
	return answer(&rq->server->notice, rq->sock->portid, rq->nlh->nlmsg_seq);
}

struct nl_msg *nl_notice_new(struct nl_server *ns)
{
	return answer(&ns->notice, 0, 0);
}

static void multicast(struct nl_server *ns, const struct nl_family *f, const void *ctx,
	const struct nl_sock *except, const struct nl_msg *m, uint32_t group)
{
	struct nl_sock *s;

	TAILQ_FOREACH (s, &ns->socks, link)
		if (s != except && s->family == f && s->peer.ctx == ctx &&
			nl_sock_in_group(s, group))
			nl_sock_deliver(s, m->buf, m->len, group);
}

void nl_notice_send(struct nl_req *rq, struct nl_msg *m, uint32_t group)
{
	bool echo = rq->nlh->nlmsg_flags & NLM_F_ECHO;

	if (m->len == 0)
		return;
	if (nl_has_listeners(rq->server, rq->sock->family->protocol, rq->ctx, group))
		multicast(rq->server, rq->sock->family, rq->ctx, echo ? rq->sock : NULL, m, group);
	if (echo)
		nl_sock_deliver(rq->sock, m->buf, m->len, 0);
}

void nl_notice_send_new(struct nl_server *ns, int protocol, void *ctx, struct nl_msg *m,
	uint32_t group)
{
	if (m->len != 0 && nl_has_listeners(ns, protocol, ctx, group))
		multicast(ns, ns->families[nl_family_index(ns, protocol)], ctx, NULL, m, group);
}

bool nl_has_listeners(const struct nl_server *ns, int protocol, const void *ctx, uint32_t group)
{
	int i = nl_family_index(ns, protocol);

	return i >= 0 && group < NL_GROUP_WORDS * 32 && ns->members[i][group] != 0;
}
