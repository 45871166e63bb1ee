/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program's setsockopt and bind change on skiffd's side of its netlink socket: groups,
 * flags, receive buffer, filter, port id. Called by nl_sock.c for each SKIFF_NL_OPT frame; the
 * result goes back in the shared page.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_internal.h"

static void set_group(struct nl_sock *s, uint32_t group, bool on)
{
	uint32_t bit = 1u << group % 32;
	uint32_t *count = s->ns->members[nl_family_index(s->ns, s->family->protocol)];

	if (nl_sock_in_group(s, group) == on)
		return;
	s->groups[group / 32] ^= bit;
	if (on)
		count[group]++;
	else
		count[group]--;
}

static int join(struct nl_sock *s, uint32_t group)
{
	if (group == 0 || group > s->family->max_group || group >= NL_GROUP_WORDS * 32)
		return -EINVAL;
	int err = s->family->join != NULL ? s->family->join(s, group) : 0;

	if (err == 0)
		set_group(s, group, true);
	return err;
}

/* bind()'s mask: the groups 1..32 become exactly these; unknown ones are ignored, as in Linux. */
static int set_mask(struct nl_sock *s, uint32_t mask)
{
	for (uint32_t g = 1; g <= 32 && g <= s->family->max_group; g++) {
		int err = 0;

		if (mask >> (g - 1) & 1)
			err = join(s, g);
		else
			set_group(s, g, false);
		if (err < 0)
			return err;
	}
	return 0;
}

void nl_sock_leave_all(struct nl_sock *s)
{
	for (uint32_t g = 1; g < NL_GROUP_WORDS * 32; g++)
		set_group(s, g, false);
}

static int set_filter(struct nl_sock *s, const uint8_t *code, size_t len)
{
	struct nl_filter *f = NULL;
	int err = 0;

	if (len % sizeof(struct sock_filter) != 0)
		return -EINVAL;
	if (len != 0) {
		struct sock_filter *copy = malloc(len);

		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, code, len);
		f = nl_filter_new(copy, len / sizeof(*copy), &err);
		free(copy);
		if (f == NULL)
			return err;
	} else if (s->filter == NULL) {
		return -ENOENT;
	}
	free(s->filter);
	s->filter = f;
	return 0;
}

static int set_portid(struct nl_sock *s, uint32_t portid)
{
	struct nl_sock *o;

	TAILQ_FOREACH (o, &s->ns->socks, link)
		if (o != s && o->family == s->family && o->portid == portid)
			return -EADDRINUSE;
	s->portid = portid;
	return 0;
}

static void set_rcvbuf(struct nl_sock *s, uint32_t bytes)
{
	uint32_t max = s->peer.role == SKIFF_ROLE_ADMIN ? NL_RCVBUF_MAX : NL_RCVBUF_MAX_READER;

	s->rcvbuf = bytes < max ? bytes : max;
	atomic_store_explicit(&s->page->opt_value, s->rcvbuf, memory_order_relaxed);
}

int nl_sock_option(struct nl_sock *s, const void *frame, size_t len)
{
	struct skiff_nl_opt o;
	const uint8_t *arg = (const uint8_t *)frame + sizeof(o);
	uint32_t v = 0;

	if (len < sizeof(o))
		return -EINVAL;
	memcpy(&o, frame, sizeof(o));
	len -= sizeof(o);
	if (o.name == SKIFF_NLO_FILTER)
		return set_filter(s, arg, len);
	if (len != sizeof(v))
		return -EINVAL;
	memcpy(&v, arg, sizeof(v));
	switch (o.name) {
	case SKIFF_NLO_GROUPS:
		return set_mask(s, v);
	case SKIFF_NLO_ADD_GROUP:
		return join(s, v);
	case SKIFF_NLO_DROP_GROUP:
		if (v == 0 || v > s->family->max_group || v >= NL_GROUP_WORDS * 32)
			return -EINVAL;
		set_group(s, v, false);
		return 0;
	case SKIFF_NLO_FLAGS:
		s->flags = v;
		return 0;
	case SKIFF_NLO_RCVBUF:
		set_rcvbuf(s, v);
		return 0;
	case SKIFF_NLO_PORTID:
		return set_portid(s, v);
	default:
		return -ENOPROTOOPT;
	}
}
