/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building netlink messages: whole messages one after another in a buffer, each taken back if
 * its attributes do not fit, so that a dump can go on with it in the next datagram. Called by
 * the handlers; nl_output.c sends what they built.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "netlink/nl_server.h"

void nl_msg_init(struct nl_msg *m, void *buf, size_t size)
{
	*m = (struct nl_msg){.buf = buf, .size = size};
}

static size_t room(const struct nl_msg *m)
{
	return m->size - m->len - m->cur->nlmsg_len;
}

void *nl_msg_begin(struct nl_msg *m, uint16_t type, uint16_t flags, size_t hdr_len)
{
	m->overflow = m->size - m->len < NLMSG_HDRLEN + NLMSG_ALIGN(hdr_len);
	m->cur = NULL;
	if (m->overflow)
		return NULL;
	m->cur = mnl_nlmsg_put_header(m->buf + m->len);
	m->cur->nlmsg_type = type;
	m->cur->nlmsg_flags = m->flags | flags;
	m->cur->nlmsg_pid = m->portid;
	m->cur->nlmsg_seq = m->seq;
	return mnl_nlmsg_put_extra_header(m->cur, hdr_len);
}

void *nl_append(struct nl_msg *m, size_t len)
{
	if (m->cur == NULL || room(m) < NLMSG_ALIGN(len)) {
		m->cur = NULL;
		m->overflow = true;
		return NULL;
	}
	void *at = (uint8_t *)m->cur + m->cur->nlmsg_len;

	memset(at, 0, NLMSG_ALIGN(len));
	m->cur->nlmsg_len += NLMSG_ALIGN(len);
	return at;
}

void *nl_reserve(struct nl_msg *m, uint16_t type, size_t len)
{
	struct nlattr *a = len > UINT16_MAX - NLA_HDRLEN ? NULL : nl_append(m, NLA_HDRLEN + len);

	if (a == NULL) {
		m->cur = NULL;
		m->overflow = true;
		return NULL;
	}
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	return (uint8_t *)a + NLA_HDRLEN;
}

void nl_put(struct nl_msg *m, uint16_t type, const void *bytes, size_t len)
{
	void *at = nl_reserve(m, type, len);

	if (at != NULL && len != 0)
		memcpy(at, bytes, len);
}

void nl_put_u8(struct nl_msg *m, uint16_t type, uint8_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_put_u16(struct nl_msg *m, uint16_t type, uint16_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_put_u32(struct nl_msg *m, uint16_t type, uint32_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_put_u64(struct nl_msg *m, uint16_t type, uint64_t v)
{
	nl_put(m, type, &v, sizeof(v));
}

void nl_put_str(struct nl_msg *m, uint16_t type, const char *s)
{
	nl_put(m, type, s, strlen(s) + 1);
}

size_t nl_nest_start_noflag(struct nl_msg *m, uint16_t type)
{
	size_t at = m->cur == NULL ? 0 : m->cur->nlmsg_len;

	nl_reserve(m, type, 0);
	return at;
}

size_t nl_nest_start(struct nl_msg *m, uint16_t type)
{
	return nl_nest_start_noflag(m, type | NLA_F_NESTED);
}

void nl_nest_end(struct nl_msg *m, size_t nest)
{
	if (m->cur == NULL)
		return;
	struct nlattr *a = (struct nlattr *)((uint8_t *)m->cur + nest);
	size_t len = m->cur->nlmsg_len - nest;

	if (len > UINT16_MAX) {
		m->cur = NULL;
		m->overflow = true;
		return;
	}
	a->nla_len = len;
}

int nl_msg_end(struct nl_msg *m)
{
	struct nlmsghdr *h = m->cur;

	m->cur = NULL;
	if (m->overflow || h == NULL)
		return -EMSGSIZE;
	m->len += NLMSG_ALIGN(h->nlmsg_len);
	return 0;
}
