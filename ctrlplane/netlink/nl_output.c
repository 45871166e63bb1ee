/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams on their way to a program: filter, ring, and behind a full ring a backlog as large
 * as the socket's receive buffer. What exceeds that is lost and the reader told by ENOBUFS once
 * (the kernel's netlink_overrun); nobody ever waits for a reader.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/nl_internal.h"

size_t nl_sock_unread(struct nl_sock *s)
{
	int64_t room = skiff_ring_room(&s->rx, s->rx_pos);

	if (room < 0) {
		s->dead = true;
		return s->rx.size;
	}
	return s->rx.size - room;
}

void nl_sock_ring(struct nl_sock *s)
{
	uint32_t arm = atomic_load(&s->page->arm);

	if (arm == s->rung_arm)
		return;
	s->rung_arm = arm;
	/* EAGAIN: so many wake-ups wait already that one more says nothing. */
	send(s->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int overrun(struct nl_sock *s)
{
	atomic_fetch_add_explicit(&s->page->drops, 1, memory_order_relaxed);
	if (!(s->flags & SKIFF_NLF_NO_ENOBUFS) && !s->congested) {
		s->congested = true;
		atomic_fetch_add(&s->page->overruns, 1);
		nl_sock_ring(s);
	}
	return -ENOBUFS;
}

/* As many frames of the datagram (from + bytes) as fit; the bytes of it now in the ring. */
static size_t put_frames(struct nl_sock *s, const uint8_t *bytes, size_t len, size_t sent)
{
	while (sent < len) {
		uint32_t n = len - sent < SKIFF_FRAME_MAX ? len - sent : SKIFF_FRAME_MAX;
		int64_t room = skiff_ring_room(&s->rx, s->rx_pos);

		if (room < 0)
			s->dead = true;
		if (room < (int64_t)skiff_frame_space(n))
			break;
		skiff_ring_put(&s->rx, &s->rx_pos, SKIFF_NL_DATA,
			sent + n < len ? SKIFF_FRAME_MORE : 0, bytes + sent, n);
		sent += n;
	}
	skiff_ring_publish(&s->rx, s->rx_pos);
	return sent;
}

/* The common case: all of it in one frame, without a copy into one piece first. */
static void put_small(struct nl_sock *s, const struct skiff_nl_from *from, const void *bytes,
	uint32_t len)
{
	struct skiff_frame f = {.len = sizeof(*from) + len, .kind = SKIFF_NL_DATA};
	uint64_t at = s->rx_pos;

	skiff_ring_copy_in(&s->rx, at, &f, sizeof(f));
	skiff_ring_copy_in(&s->rx, at + sizeof(f), from, sizeof(*from));
	skiff_ring_copy_in(&s->rx, at + sizeof(f) + sizeof(*from), bytes, len);
	s->rx_pos += skiff_frame_space(f.len);
	skiff_ring_publish(&s->rx, s->rx_pos);
}

static int enqueue(struct nl_sock *s, const struct skiff_nl_from *from, const void *bytes,
	size_t len)
{
	struct nl_pending *p = malloc(sizeof(*p) + sizeof(*from) + len);

	if (p == NULL)
		return overrun(s);
	p->len = sizeof(*from) + len;
	p->sent = 0;
	memcpy(p->bytes, from, sizeof(*from));
	memcpy(p->bytes + sizeof(*from), bytes, len);
	STAILQ_INSERT_TAIL(&s->backlog, p, link);
	s->backlog_bytes += p->len;
	nl_sock_flush(s);
	return 0;
}

int nl_sock_deliver(struct nl_sock *s, const void *bytes, size_t len, uint32_t group)
{
	struct skiff_nl_from from = {.group = group};

	if (s->filter != NULL) {
		uint32_t keep = nl_filter_run(s->filter, bytes, len);

		if (keep == 0)
			return 0;
		len = keep < len ? keep : len;
	}
	size_t unread = nl_sock_unread(s);

	if (s->dead)
		return -ENOBUFS;
	if (s->congested && unread == 0 && STAILQ_EMPTY(&s->backlog))
		s->congested = false;
	if (s->congested || unread + s->backlog_bytes > s->rcvbuf)
		return overrun(s);
	uint64_t space = sizeof(from) + len <= SKIFF_FRAME_MAX
		? skiff_frame_space(sizeof(from) + len) : UINT64_MAX;

	if (STAILQ_EMPTY(&s->backlog) && space <= s->rx.size - unread)
		put_small(s, &from, bytes, len);
	else if (enqueue(s, &from, bytes, len) < 0)
		return -ENOBUFS;
	nl_sock_ring(s);
	return 0;
}

bool nl_sock_flush(struct nl_sock *s)
{
	bool moved = false;
	struct nl_pending *p;

	while ((p = STAILQ_FIRST(&s->backlog)) != NULL) {
		size_t sent = put_frames(s, p->bytes, p->len, p->sent);

		moved |= sent != p->sent;
		s->backlog_bytes -= sent - p->sent;
		p->sent = sent;
		if (sent < p->len)
			break;
		STAILQ_REMOVE_HEAD(&s->backlog, link);
		free(p);
	}
	if (moved)
		nl_sock_ring(s);
	return moved;
}

void nl_sock_drop_output(struct nl_sock *s)
{
	struct nl_pending *p;

	while ((p = STAILQ_FIRST(&s->backlog)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->backlog, link);
		free(p);
	}
	s->backlog_bytes = 0;
}
