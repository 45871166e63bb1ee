/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `ip neigh`: RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH with the kernel's checks and sentences
 * (neighbour.c). neigh.c does the work.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

#include "neigh_table.h"
#include "netlink/rtnl.h"
#include "notify.h"

#define NDA_ATTR_MAX 16

static const struct nl_policy policy[] = {
	[NDA_DST] = {.type = NL_BINARY, .max = 16},
	[NDA_LLADDR] = {.type = NL_BINARY, .max = 32},
	[NDA_PROBES] = {.type = NL_U32},
	[NDA_CACHEINFO] = {.type = NL_BINARY, .min = sizeof(struct nda_cacheinfo)},
	[NDA_IFINDEX] = {.type = NL_U32},
	[NDA_MASTER] = {.type = NL_U32},
	[NDA_PROTOCOL] = {.type = NL_U8},
	[15 /* NDA_FLAGS_EXT */] = {.type = NL_U32},
};

/* The checks that all requests share; the link and address of the entry. */
static int take(struct cp *cp, struct nl_req *rq, const struct nlattr **tb, struct cp_link **link,
	in_addr_t *ip)
{
	const struct ndmsg *h = nl_req_header(rq, sizeof(*h));
	int err = nl_req_parse(rq, sizeof(*h), policy, NL_N(policy), tb, NDA_ATTR_MAX);

	if (err < 0)
		return err;
	if (tb[NDA_DST] == NULL)
		return nl_err(rq, EINVAL, "Network address not specified");
	*link = NULL;
	if (h->ndm_ifindex != 0) {
		*link = cp_link_get(cp, (uint32_t)h->ndm_ifindex);
		if (*link == NULL)
			return -ENODEV;
	}
	if (h->ndm_family != AF_INET)
		return rt_refuse_family(rq, h->ndm_family);
	if (nl_len(tb[NDA_DST]) < 4)
		return nl_err(rq, EINVAL, "Invalid network address");
	if (h->ndm_flags & NTF_PROXY)
		return nl_err(rq, EOPNOTSUPP, "skiff: proxy neighbours are not served");
	memcpy(ip, nl_data(tb[NDA_DST]), 4);
	return 0;
}

static int update(struct cp *cp, struct nl_req *rq, struct cp_neigh *n, const struct ndmsg *h,
	const uint8_t *lladdr, bool override)
{
	if (h->ndm_flags & NTF_USE) {
		cp_neigh_miss(cp, cp_link_get(cp, n->ifindex), n->ip);
		return 0;
	}
	return cp_neigh_update(cp, n, lladdr, (uint8_t)h->ndm_state,
		CP_NEIGH_ADMIN | (override ? CP_NEIGH_OVERRIDE : 0));
}

int rt_newneigh(struct cp *cp, struct nl_req *rq)
{
	const struct ndmsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[NDA_ATTR_MAX + 1];
	uint16_t flags = rq->nlh->nlmsg_flags;
	bool override = true, made = false;
	struct cp_neigh *n;
	struct cp_link *l = NULL;
	in_addr_t ip = 0;
	int err = take(cp, rq, tb, &l, &ip);

	if (err < 0)
		return err;
	if (tb[NDA_LLADDR] != NULL && nl_len(tb[NDA_LLADDR]) < 6)
		return nl_err(rq, EINVAL, "Invalid link address");
	if (l == NULL)
		return nl_err(rq, EINVAL, "Device not specified");
	if (h->ndm_flags & ~(NTF_USE | NTF_EXT_LEARNED | NTF_ROUTER))
		return nl_err(rq, EOPNOTSUPP, "skiff: this flag of a neighbour is not served");
	n = cp_neigh_find(cp, l->ifindex, ip);
	if (n == NULL && !(flags & NLM_F_CREATE))
		return -ENOENT;
	if (n == NULL) {
		n = cp_neigh_make_for(cp, l, ip, (h->ndm_state & NUD_PERMANENT) ||
			(h->ndm_flags & NTF_EXT_LEARNED));
		made = true;
		if (n == NULL)
			return nl_err(rq, ENOBUFS, "skiff: the neighbour table is full");
	} else {
		if (flags & NLM_F_EXCL)
			return -EEXIST;
		override = flags & NLM_F_REPLACE;
	}
	if (tb[NDA_PROTOCOL] != NULL)
		n->protocol = nl_u8(tb[NDA_PROTOCOL]);
	n->flags = (uint8_t)((n->flags & ~NTF_EXT_LEARNED) | (h->ndm_flags & (NTF_EXT_LEARNED | NTF_ROUTER)));
	neigh_count_exempt(cp->neighs, n);
	err = update(cp, rq, n, h, tb[NDA_LLADDR] != NULL ? nl_data(tb[NDA_LLADDR]) : NULL,
		override);
	if (err < 0 && made)
		cp_neigh_discard(cp, n);
	if (err == 0)
		cp_changed(cp);
	return err;
}

int rt_delneigh(struct cp *cp, struct nl_req *rq)
{
	const struct nlattr *tb[NDA_ATTR_MAX + 1];
	struct cp_neigh *n;
	struct cp_link *l = NULL;
	in_addr_t ip = 0;
	int err = take(cp, rq, tb, &l, &ip);

	if (err < 0)
		return err;
	n = l != NULL ? cp_neigh_find(cp, l->ifindex, ip) : NULL;
	if (l == NULL)
		return -EINVAL;
	if (n == NULL)
		return -ENOENT;
	if (n->state & CP_NUD_VALID || n->state & NUD_INCOMPLETE)
		cp_neigh_update(cp, n, NULL, NUD_FAILED, CP_NEIGH_ADMIN | CP_NEIGH_OVERRIDE);
	cp_changed(cp);
	return cp_neigh_del(cp, n);
}

/* In the clock ticks of user space, 10 ms. */
static uint32_t ticks_since(const struct cp *cp, int64_t then)
{
	return then <= (int64_t)cp->now_ms ? (uint32_t)(((int64_t)cp->now_ms - then) / 10) : 0;
}

static int put_neigh(const struct cp *cp, struct nl_msg *m, const struct cp_neigh *n, uint16_t type)
{
	struct ndmsg *h = nl_msg_begin(m, type, 0, sizeof(*h));
	const struct nda_cacheinfo ci = {
		.ndm_confirmed = ticks_since(cp, n->confirmed), .ndm_used = ticks_since(cp, (int64_t)n->used),
		.ndm_updated = ticks_since(cp, (int64_t)n->updated),
	};

	if (h != NULL)
		*h = (struct ndmsg){.ndm_family = AF_INET, .ndm_ifindex = (int)n->ifindex,
			.ndm_state = n->state, .ndm_flags = n->flags, .ndm_type = n->type};
	nl_put(m, NDA_DST, &n->ip, 4);
	if (n->state & CP_NUD_VALID)
		nl_put(m, NDA_LLADDR, n->lladdr, 6);
	nl_put_u32(m, NDA_PROBES, n->probes);
	nl_put(m, NDA_CACHEINFO, &ci, sizeof(ci));
	if (n->protocol != 0)
		nl_put_u8(m, NDA_PROTOCOL, n->protocol);
	return nl_msg_end(m);
}

void cp_notify_neigh(struct cp *cp, const struct cp_neigh *n, uint16_t type)
{
	struct nl_msg *m = rt_notice(cp, RTNLGRP_NEIGH);

	if (m != NULL && put_neigh(cp, m, n, type) == 0)
		rt_notice_send(cp, m, RTNLGRP_NEIGH);
}

int rt_getneigh(struct nl_req *rq)
{
	const struct ndmsg *h = nl_req_header(rq, sizeof(*h));
	const struct nlattr *tb[NDA_ATTR_MAX + 1];
	const struct cp_neigh *n;
	struct cp_link *l = NULL;
	in_addr_t ip = 0;
	struct nl_msg *m;
	int err;

	if (h == NULL)
		return -EINVAL;
	if (nl_sock_strict(rq->sock) && (h->ndm_pad1 || h->ndm_pad2 || h->ndm_state || h->ndm_type))
		return nl_err(rq, EINVAL, "Invalid values in header for neighbor get request");
	err = take(rq->ctx, rq, tb, &l, &ip);
	if (err < 0)
		return err;
	if (l == NULL)
		return nl_err(rq, EINVAL, "No device specified");
	n = cp_neigh_find(rq->ctx, l->ifindex, ip);
	if (n == NULL)
		return nl_err(rq, ENOENT, "Neighbour entry not found");
	m = nl_reply(rq);
	err = put_neigh(rq->ctx, m, n, RTM_NEWNEIGH);
	return err < 0 ? err : nl_reply_send(rq, m);
}

enum { W_BUCKET, W_NTH, W_IFINDEX, W_NONE };

int rt_neigh_start(struct nl_dump *d)
{
	const struct rtgenmsg *g = nl_req_header(&d->rq, sizeof(*g));
	const struct nlattr *tb[NDA_ATTR_MAX + 1];
	const struct ndmsg *h = NULL;
	int err;

	d->words[W_NONE] = g->rtgen_family != AF_INET && g->rtgen_family != AF_UNSPEC;
	if (d->rq.nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(*h))
		h = (const void *)g;
	if (h != NULL && (h->ndm_flags & NTF_PROXY))
		d->words[W_NONE] = 1;
	if (!nl_sock_strict(d->rq.sock))
		return 0;
	if (h == NULL)
		return nl_err(&d->rq, EINVAL, "Invalid header for neighbor dump request");
	if (h->ndm_pad1 || h->ndm_pad2 || h->ndm_ifindex || h->ndm_state || h->ndm_type)
		return nl_err(&d->rq, EINVAL, "Invalid values in header for neighbor dump request");
	if (h->ndm_flags & ~NTF_PROXY)
		return nl_err(&d->rq, EINVAL, "Invalid flags in header for neighbor dump request");
	err = nl_req_parse(&d->rq, sizeof(*h), policy, NL_N(policy), tb, NDA_ATTR_MAX);
	if (err < 0)
		return err;
	if (tb[NDA_IFINDEX] != NULL)
		d->words[W_IFINDEX] = nl_u32(tb[NDA_IFINDEX]);
	if (tb[NDA_MASTER] != NULL)
		d->words[W_NONE] = 1;
	d->filtered = tb[NDA_IFINDEX] != NULL || tb[NDA_MASTER] != NULL;
	return 0;
}

int rt_neigh_next(struct nl_dump *d, struct nl_msg *m)
{
	const struct cp *cp = d->rq.ctx;
	uint32_t bucket = (uint32_t)d->words[W_BUCKET], nth = (uint32_t)d->words[W_NTH];
	const struct cp_neigh *n;

	while (!d->words[W_NONE] && (n = cp_neigh_next(cp, &bucket, &nth)) != NULL) {
		if ((d->words[W_IFINDEX] == 0 || n->ifindex == d->words[W_IFINDEX]) &&
			n->state != NUD_NONE && put_neigh(cp, m, n, RTM_NEWNEIGH) < 0)
			return NL_MORE;
		d->words[W_BUCKET] = bucket;
		d->words[W_NTH] = nth;
	}
	return NL_DONE;
}
