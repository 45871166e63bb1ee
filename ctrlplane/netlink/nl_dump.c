/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A dump in pieces: as long as the reader's ring has room, its handler fills one datagram after
 * another from its cursor; between them the control thread does other work. Called by
 * nl_request.c for the first piece and by nl_sock.c when the reader made room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_internal.h"

static uint32_t generation(const struct nl_dump_run *r)
{
	const struct nl_family *f = r->d.rq.sock->family;

	return f->generation == NULL ? 0 : f->generation(r->d.rq.ctx, r->nlh->nlmsg_type);
}

int nl_dump_start(struct nl_req *rq, const struct nl_op *op)
{
	if (rq->sock->dump != NULL)
		return -EBUSY;
	struct nl_dump_run *r = calloc(1, sizeof(*r) + rq->nlh->nlmsg_len);

	if (r == NULL)
		return -ENOMEM;
	memcpy(r->nlh, rq->nlh, rq->nlh->nlmsg_len);
	r->op = op;
	r->d.rq = *rq;
	r->d.rq.nlh = r->nlh;
	r->d.rq.ea = &r->ea;
	int err = op->dump.start == NULL ? 0 : op->dump.start(&r->d);

	if (err < 0) {
		*rq->ea = r->ea;
		/* The offset is told from the request that is acknowledged, not from our copy. */
		if (r->ea.attr != NULL)
			rq->ea->attr = (const void *)((uintptr_t)r->ea.attr - (uintptr_t)r->nlh +
						      (uintptr_t)rq->nlh);
		free(r);
		return err;
	}
	r->generation = generation(r);
	rq->sock->dump = r;
	nl_dump_continue(rq->sock);
	return 0;
}

void nl_dump_end(struct nl_sock *s)
{
	struct nl_dump_run *r = s->dump;

	if (r == NULL)
		return;
	s->dump = NULL;
	if (r->op->dump.done != NULL)
		r->op->dump.done(&r->d);
	free(r);
}

/* NLMSG_DONE in a datagram of its own, as Linux sends it: some programs depend on that. */
static int put_done(struct nl_msg *m, const struct nl_dump_run *r)
{
	bool tlvs = (r->d.rq.sock->flags & SKIFF_NLF_EXT_ACK) && r->ea.msg[0] != '\0';
	int *code = nl_msg_begin(m, NLMSG_DONE, tlvs ? NLM_F_ACK_TLVS : 0, sizeof(*code));

	if (code != NULL)
		*code = r->result;
	if (tlvs)
		nl_put_extack(m, r->nlh, &r->ea, r->result);
	return nl_msg_end(m);
}

/* Messages written before the change was seen are marked, too: the reader looks at any. */
static void mark_interrupted(struct nl_msg *m)
{
	for (size_t at = 0; at < m->len;) {
		struct nlmsghdr *h = (struct nlmsghdr *)(m->buf + at);

		h->nlmsg_flags |= NLM_F_DUMP_INTR;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
}

/* One datagram of the dump into m; true: this was the last of it. */
static bool fill(struct nl_dump_run *r, struct nl_msg *m)
{
	while (!r->finished) {
		size_t before = m->len;
		int got = r->op->dump.next(&r->d, m);

		if (got == NL_MORE) {
			if (m->len != before)
				return false;
			if (m->size >= NL_CHUNK_MAX) {
				got = -EMSGSIZE; /* one entry larger than any datagram */
			} else {
				m->size = NL_CHUNK_MAX;
				continue;
			}
		}
		r->finished = true;
		r->result = got < 0 ? got : 0;
	}
	return m->len == 0 && put_done(m, r) == 0;
}

static bool piece(struct nl_sock *s)
{
	struct nl_dump_run *r = s->dump;
	struct nl_msg *m = &s->ns->chunk;
	uint32_t want = atomic_load_explicit(&s->page->recv_max, memory_order_relaxed);
	size_t size = want < NL_CHUNK_MIN ? NL_CHUNK_MIN : want > NL_CHUNK_MAX ? NL_CHUNK_MAX : want;

	nl_msg_init(m, m->buf, size);
	m->portid = s->portid;
	m->seq = r->nlh->nlmsg_seq;
	m->flags = NLM_F_MULTI | (r->d.filtered ? NLM_F_DUMP_FILTERED : 0);
	uint32_t gen = generation(r);

	if (gen != r->generation) {
		r->generation = gen;
		r->interrupted = true;
	}
	bool last = fill(r, m);

	if (r->interrupted)
		mark_interrupted(m);
	nl_sock_deliver(s, m->buf, m->len, 0);
	if (last)
		nl_dump_end(s);
	return last;
}

bool nl_dump_continue(struct nl_sock *s)
{
	bool moved = false;

	for (int n = 0; s->dump != NULL && !s->dead && n < NL_CHUNKS_A_TURN; n++) {
		size_t unread = nl_sock_unread(s);
		size_t limit = s->rcvbuf < s->rx.size ? s->rcvbuf : s->rx.size;

		if (!STAILQ_EMPTY(&s->backlog))
			break;
		/* An empty ring takes one whatever the receive buffer, as the kernel's does. */
		if (unread != 0 && unread + skiff_frame_space(NL_CHUNK_MAX + 8) > limit)
			break;
		/* ENOBUFS was told, the reader has not come yet: a piece now would be lost. */
		if (s->congested && unread != 0)
			break;
		piece(s);
		moved = true;
	}
	return moved;
}
