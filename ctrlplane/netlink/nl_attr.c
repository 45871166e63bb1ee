/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the attributes of a request against a handler's policy. The errors and their sentences
 * are those of the kernel's lib/nlattr.c, since tools print them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netlink/nl_internal.h"

static void set_msg(struct nl_extack *ea, const char *fmt, va_list ap)
{
	vsnprintf(ea->msg, sizeof(ea->msg), fmt, ap);
}

int nl_err(struct nl_req *rq, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_msg(rq->ea, fmt, ap);
	va_end(ap);
	return -err;
}

int nl_err_attr(struct nl_req *rq, const struct nlattr *at, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_msg(rq->ea, fmt, ap);
	va_end(ap);
	rq->ea->attr = at;
	return -err;
}

int nl_err_missing(struct nl_req *rq, uint16_t type, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_msg(rq->ea, fmt, ap);
	va_end(ap);
	rq->ea->has_miss = true;
	rq->ea->miss_type = type;
	return -err;
}

const void *nl_req_header(struct nl_req *rq, size_t hdr_len)
{
	if (rq->nlh->nlmsg_len < NLMSG_HDRLEN + hdr_len) {
		nl_err(rq, EINVAL, "invalid header");
		return NULL;
	}
	return (const uint8_t *)rq->nlh + NLMSG_HDRLEN;
}

static int check_binary(const struct nl_policy *p, size_t len)
{
	if ((p->type == NL_EXACT && len != p->max) || (p->max != 0 && len > p->max))
		return -ERANGE;
	return len < p->min ? -ERANGE : 0;
}

/* The attribute's own shape; 0 or the errno that Linux gives. */
static int check(const struct nl_policy *p, const struct nlattr *a)
{
	size_t len = nl_len(a);
	const char *s = nl_data(a);

	switch (p->type) {
	case NL_U8:
		return len < 1 ? -ERANGE : 0;
	case NL_U16:
		return len < 2 ? -ERANGE : 0;
	case NL_U32:
		return len < 4 ? -ERANGE : 0;
	case NL_U64:
		return len < 8 ? -ERANGE : 0;
	case NL_FLAG:
		return len != 0 ? -ERANGE : 0;
	case NL_NESTED:
		return len != 0 && len < NLA_HDRLEN ? -ERANGE : 0;
	case NL_STRING:
		if (len < 1 || len < p->min)
			return -ERANGE;
		if (s[len - 1] == '\0')
			len--;
		return p->max != 0 && len > p->max ? -ERANGE : 0;
	default:
		return check_binary(p, len);
	}
}

static int one(struct nl_req *rq, const struct nlattr *a, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max, bool strict)
{
	uint16_t type = a->nla_type & NLA_TYPE_MASK;

	if (type > max || type == 0) {
		if (strict)
			return nl_err_attr(rq, a, EINVAL, "Unknown attribute type");
		return 0;
	}
	if (type < n_policy) {
		if (policy[type].type == NL_REJECT)
			return nl_err_attr(rq, a, EOPNOTSUPP,
				"skiff does not serve attribute %u", type);
		if (check(&policy[type], a) < 0)
			return nl_err_attr(rq, a, ERANGE, "Attribute failed policy validation");
	}
	tb[type] = a;
	return 0;
}

static int parse(struct nl_req *rq, const uint8_t *p, size_t len, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max, bool strict)
{
	memset(tb, 0, sizeof(*tb) * (max + 1u));
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		int err = one(rq, a, policy, n_policy, tb, max, strict);

		if (err < 0)
			return err;
		size_t step = NLA_ALIGN(a->nla_len);

		if (step >= len)
			return 0;
		p += step;
		len -= step;
	}
	if (len == 0)
		return 0;
	/* A warning beside whatever comes of it, an error for strict sockets only. */
	nl_err(rq, EINVAL, "bytes leftover after parsing attributes");
	return strict ? -EINVAL : 0;
}

/* A request without socket is played back from a transaction's journal. */
static bool is_strict(const struct nl_req *rq)
{
	const struct nl_family *f = rq->sock != NULL ? rq->sock->family : NULL;

	return f != NULL && (rq->sock->flags & SKIFF_NLF_STRICT) && f->is_get != NULL &&
	       f->is_get(rq->nlh->nlmsg_type);
}

int nl_req_parse(struct nl_req *rq, size_t hdr_len, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(hdr_len);
	size_t len = rq->nlh->nlmsg_len;

	if (nl_req_header(rq, hdr_len) == NULL)
		return -EINVAL;
	return parse(rq, (const uint8_t *)rq->nlh + skip, len > skip ? len - skip : 0, policy,
		n_policy, tb, max, is_strict(rq));
}

int nl_nest_parse(struct nl_req *rq, const struct nlattr *nest, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max)
{
	return parse(rq, nl_data(nest), nl_len(nest), policy, n_policy, tb, max, false);
}

int nl_attrs_parse(struct nl_req *rq, const void *bytes, size_t len,
	const struct nl_policy *policy, size_t n_policy, const struct nlattr **tb, uint16_t max)
{
	return parse(rq, bytes, len, policy, n_policy, tb, max, false);
}

uint8_t nl_u8(const struct nlattr *a)
{
	return *(const uint8_t *)nl_data(a);
}

uint16_t nl_u16(const struct nlattr *a)
{
	uint16_t v;

	memcpy(&v, nl_data(a), sizeof(v));
	return v;
}

uint32_t nl_u32(const struct nlattr *a)
{
	uint32_t v;

	memcpy(&v, nl_data(a), sizeof(v));
	return v;
}

uint64_t nl_u64(const struct nlattr *a)
{
	uint64_t v;

	memcpy(&v, nl_data(a), sizeof(v));
	return v;
}

const char *nl_str(const struct nlattr *a, char *buf, size_t size)
{
	size_t len = strnlen(nl_data(a), nl_len(a));

	if (len > size - 1)
		len = size - 1;
	memcpy(buf, nl_data(a), len);
	buf[len] = '\0';
	return buf;
}
