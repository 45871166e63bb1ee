/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getsockopt and setsockopt of an emulated netlink socket. What changes skiffd's behaviour goes
 * there by an option frame; what only the program sees is kept here; what is not served is refused.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <string.h>

#include "libc.h"
#include "nlsock.h"

#define RMEM_MAX 212992u

static int give(void *val, socklen_t *len, const void *v, socklen_t n)
{
	if (*len > n)
		*len = n;
	memcpy(val, v, *len);
	return 0;
}

static int give_int(void *val, socklen_t *len, int v)
{
	return give(val, len, &v, sizeof(v));
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static int get_socket(int fd, struct nlsock *s, int name, void *val, socklen_t *len)
{
	switch (name) {
	case SO_DOMAIN:
		return give_int(val, len, AF_NETLINK);
	case SO_TYPE:
		return give_int(val, len, s->type);
	case SO_PROTOCOL:
		return give_int(val, len, s->protocol);
	case SO_RCVBUF:
		return give_int(val, len, s->rcvbuf);
	case SO_SNDBUF:
		return give_int(val, len, s->sndbuf);
	case SO_ERROR: {
		/* As the kernel's: told once. */
		uint32_t now = atomic_load(&s->page->overruns);

		return give_int(val, len,
			now != atomic_exchange(&s->page->overruns_seen, now) ? ENOBUFS : 0);
	}
	case SO_ACCEPTCONN:
		return give_int(val, len, 0);
	case SO_PASSCRED:
		return give_int(val, len, s->passcred);
	case SO_RCVTIMEO:
		return give(val, len, &s->rcvtimeo, sizeof(s->rcvtimeo));
	case SO_SNDTIMEO:
		return give(val, len, &s->sndtimeo, sizeof(s->sndtimeo));
	default:
		/* Options of any socket: the stream's own are as good. */
		return real()->getsockopt(fd, SOL_SOCKET, name, val, len);
	}
}

static int list_memberships(struct nlsock *s, void *val, socklen_t *len)
{
	uint32_t mask[8];

	for (int i = 0; i < 8; i++)
		mask[i] = s->groups[i] >> 1 | (i < 7 ? s->groups[i + 1] << 31 : 0);
	socklen_t n = *len / 4 * 4;

	memcpy(val, mask, n < sizeof(mask) ? n : sizeof(mask));
	*len = 8; /* words for rtnetlink's 36 groups, whatever room there was */
	return 0;
}

static uint32_t flag_of(int name)
{
	switch (name) {
	case NETLINK_EXT_ACK:
		return SKIFF_NLF_EXT_ACK;
	case NETLINK_CAP_ACK:
		return SKIFF_NLF_CAP_ACK;
	case NETLINK_GET_STRICT_CHK:
		return SKIFF_NLF_STRICT;
	case NETLINK_NO_ENOBUFS:
		return SKIFF_NLF_NO_ENOBUFS;
	case NETLINK_BROADCAST_ERROR:
		return SKIFF_NLF_BROADCAST_ERROR;
	default:
		return 0;
	}
}

int nlsock_getsockopt(int fd, struct nlsock *s, int level, int name, void *val, socklen_t *len)
{
	if (level == SOL_SOCKET)
		return get_socket(fd, s, name, val, len);
	if (level != SOL_NETLINK)
		return fail(ENOPROTOOPT);
	if (name == NETLINK_LIST_MEMBERSHIPS)
		return list_memberships(s, val, len);
	if (*len < sizeof(int))
		return fail(EINVAL);
	if (name == NETLINK_PKTINFO)
		return give_int(val, len, s->pktinfo);
	if (flag_of(name) == 0)
		return fail(ENOPROTOOPT);
	return give_int(val, len, (s->flags & flag_of(name)) != 0);
}

static int set_rcvbuf(int fd, struct nlsock *s, uint32_t v, bool force)
{
	if (!force && v > RMEM_MAX)
		v = RMEM_MAX;
	v = v > INT32_MAX / 2 ? INT32_MAX : v * 2;
	if (v < 2304)
		v = 2304;
	/* EPERM where the kernel would give it is skiffd's to say: it caps what a reader may have. */
	if (nlsock_option(fd, s, SKIFF_NLO_RCVBUF, &v, sizeof(v), NULL) < 0)
		return -1;
	s->rcvbuf = v;
	return 0;
}

static int set_sndbuf(struct nlsock *s, uint32_t v, bool force)
{
	if (!force && v > RMEM_MAX)
		v = RMEM_MAX;
	v = v > INT32_MAX / 2 ? INT32_MAX : v * 2;
	s->sndbuf = v < 4608 ? 4608 : v;
	return 0;
}

static int attach(int fd, struct nlsock *s, const void *val, socklen_t len)
{
	struct sock_fprog p;

	if (len != sizeof(p))
		return fail(EINVAL);
	memcpy(&p, val, sizeof(p));
	if (p.len == 0 || p.len > BPF_MAXINSNS)
		return fail(EINVAL);
	return nlsock_option(fd, s, SKIFF_NLO_FILTER, p.filter, p.len * sizeof(*p.filter), NULL);
}

static int set_time(struct timeval *t, const void *val, socklen_t len)
{
	if (len < sizeof(*t))
		return fail(EINVAL);
	memcpy(t, val, sizeof(*t));
	if (t->tv_usec < 0 || t->tv_usec >= 1000000)
		return fail(EDOM);
	if (t->tv_sec < 0)
		*t = (struct timeval){0};
	return 0;
}

static int set_socket(int fd, struct nlsock *s, int name, const void *val, socklen_t len)
{
	int v;

	if (name == SO_ATTACH_FILTER)
		return attach(fd, s, val, len);
	if (name == SO_DETACH_FILTER)
		return nlsock_option(fd, s, SKIFF_NLO_FILTER, NULL, 0, NULL);
	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
		return set_time(name == SO_RCVTIMEO ? &s->rcvtimeo : &s->sndtimeo, val, len);
	if (len < sizeof(v))
		return fail(EINVAL);
	memcpy(&v, val, sizeof(v));
	switch (name) {
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		return set_rcvbuf(fd, s, v, name == SO_RCVBUFFORCE);
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		return set_sndbuf(s, v, name == SO_SNDBUFFORCE);
	case SO_PASSCRED:
		s->passcred = v != 0;
		return 0;
	case SO_PRIORITY:
	case SO_REUSEADDR:
	case SO_MARK:
		/* No meaning on a netlink socket, in the kernel's either: kept by the stream. */
		return real()->setsockopt(fd, SOL_SOCKET, name, val, len);
	default:
		return fail(ENOPROTOOPT);
	}
}

static int set_membership(int fd, struct nlsock *s, uint32_t group, bool on)
{
	if (nlsock_option(fd, s, on ? SKIFF_NLO_ADD_GROUP : SKIFF_NLO_DROP_GROUP, &group,
		sizeof(group), NULL) < 0)
		return -1;
	if (on)
		s->groups[group / 32] |= 1u << group % 32;
	else
		s->groups[group / 32] &= ~(1u << group % 32);
	return 0;
}

static int set_flag(int fd, struct nlsock *s, uint32_t flag, bool on)
{
	uint32_t flags = on ? s->flags | flag : s->flags & ~flag;

	if (nlsock_option(fd, s, SKIFF_NLO_FLAGS, &flags, sizeof(flags), NULL) < 0)
		return -1;
	s->flags = flags;
	return 0;
}

int nlsock_setsockopt(int fd, struct nlsock *s, int level, int name, const void *val,
	socklen_t len)
{
	int v = 0;

	if (level == SOL_SOCKET)
		return set_socket(fd, s, name, val, len);
	if (level != SOL_NETLINK)
		return fail(ENOPROTOOPT);
	/* Linux takes a shorter value as 0. */
	if (len >= sizeof(v))
		memcpy(&v, val, sizeof(v));
	if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP)
		return set_membership(fd, s, v, name == NETLINK_ADD_MEMBERSHIP);
	if (name == NETLINK_PKTINFO) {
		s->pktinfo = v != 0;
		return 0;
	}
	if (flag_of(name) == 0)
		return fail(ENOPROTOOPT);
	return set_flag(fd, s, flag_of(name), v != 0);
}
