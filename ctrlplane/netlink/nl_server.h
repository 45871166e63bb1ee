/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Netlink as a server: what every family has in common. A family (rtnetlink, sock_diag,
 * nf_tables) is a table of message types with their handlers; this part reads the requests from
 * the rings of emulated sockets, checks role and shape, calls the handler, and sends ACKs with
 * extended error text, dumps in pieces, answers, notifications. All of it runs on the control
 * thread; no function here blocks, none may be called from another thread.
 *
 * A complete small family, GETLINK as a dump or for one link, and NEWROUTE:
 *
 *	static const struct nl_policy link_policy[] = {
 *		[IFLA_IFNAME] = {.type = NL_STRING, .max = IFNAMSIZ - 1},
 *		[IFLA_EXT_MASK] = {.type = NL_U32},
 *	};
 *
 *	// One RTM_NEWLINK into m: 0, or -EMSGSIZE with nothing written when it does not fit.
 *	static int put_link(struct nl_msg *m, const struct link *l)
 *	{
 *		struct ifinfomsg *ifi = nl_msg_begin(m, RTM_NEWLINK, 0, sizeof(*ifi));
 *
 *		if (ifi != NULL)
 *			*ifi = (struct ifinfomsg){.ifi_index = l->index, .ifi_flags = l->flags};
 *		nl_put_str(m, IFLA_IFNAME, l->name);
 *		nl_put_u32(m, IFLA_MTU, l->mtu);
 *		return nl_msg_end(m);
 *	}
 *
 *	static int getlink(struct nl_req *rq)		// without NLM_F_DUMP
 *	{
 *		const struct nlattr *tb[IFLA_MAX + 1];
 *		const struct ifinfomsg *ifi = nl_req_header(rq, sizeof(*ifi));
 *		int err = nl_req_parse(rq, sizeof(*ifi), link_policy, NL_N(link_policy), tb, IFLA_MAX);
 *
 *		if (ifi == NULL || err < 0)
 *			return ifi == NULL ? -EINVAL : err;
 *		struct link *l = link_find(rq->ctx, ifi->ifi_index);
 *		if (l == NULL)
 *			return nl_err(rq, ENODEV, "no link with this index");
 *		struct nl_msg *m = nl_reply(rq);	// answers are unicast to the asker
 *		return put_link(m, l) < 0 ? -EMSGSIZE : nl_reply_send(rq, m);
 *	}
 *
 *	static int getlink_dump(struct nl_dump *d, struct nl_msg *m)
 *	{
 *		for (; d->pos < link_count(d->rq.ctx); d->pos++)	// pos: zero at the start
 *			if (put_link(m, link_at(d->rq.ctx, d->pos)) < 0)
 *				return NL_MORE;		// full: called again with the same d->pos
 *		return NL_DONE;
 *	}
 *
 *	static int newroute(struct nl_req *rq)
 *	{
 *		const struct rtmsg *r = nl_req_header(rq, sizeof(*r));
 *		...
 *		if (r->rtm_table == RT_TABLE_LOCAL)
 *			return nl_err_attr(rq, tb[RTA_TABLE], EINVAL, "local routes follow addresses");
 *		err = rib_add(rq->ctx, ...);		// 0: the ACK is sent if NLM_F_ACK asks for it
 *		if (err == 0) {
 *			struct nl_msg *m = nl_notice(rq);	// echoes pid and seq of the asker
 *			put_route(m, ...);
 *			nl_notice_send(rq, m, RTNLGRP_IPV4_ROUTE);	// the asker too, with NLM_F_ECHO
 *		}
 *		return err;
 *	}
 *
 *	static const struct nl_op ops[] = {
 *		{.type = RTM_GETLINK, .name = "RTM_GETLINK", .request = getlink,
 *		 .dump = {.next = getlink_dump}},
 *		{.type = RTM_NEWROUTE, .name = "RTM_NEWROUTE", .flags = NL_OP_ADMIN,
 *		 .request = newroute},
 *	};
 *	static const struct nl_family rtnetlink = {
 *		.protocol = NETLINK_ROUTE, .ops = ops, .n_ops = NL_N(ops), .max_group = RTNLGRP_MAX,
 *		.is_change = rt_is_change, .generation = rt_generation,
 *	};
 *	nl_server_register(ns, &rtnetlink);
 */
#pragma once

#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <skiff/abi.h>

struct event_base;
struct nl_server;
struct nl_sock;

#define NL_N(array) (sizeof(array) / sizeof((array)[0]))

/* ---- building messages ---- */

/*
 * A buffer that takes whole messages one after another. After the first attribute that does not
 * fit, all calls up to nl_msg_end do nothing, and nl_msg_end takes the unfinished message back.
 */
struct nl_msg {
	uint8_t *buf;
	size_t size;
	size_t len;	      /* of the finished messages */
	struct nlmsghdr *cur; /* being built, NULL: none or overflown */
	uint32_t portid, seq; /* for nlmsg_pid, nlmsg_seq */
	uint16_t flags;	      /* OR-ed into nlmsg_flags: NLM_F_MULTI, ... */
	bool overflow;
};

/* Over a caller's buffer, 4-byte aligned; for notifications that no request caused. */
void nl_msg_init(struct nl_msg *m, void *buf, size_t size);

/* Starts a message; returns its zeroed family header of hdr_len bytes, NULL when full. */
void *nl_msg_begin(struct nl_msg *m, uint16_t type, uint16_t flags, size_t hdr_len);

void nl_put(struct nl_msg *m, uint16_t type, const void *bytes, size_t len);
void nl_put_u8(struct nl_msg *m, uint16_t type, uint8_t v);
void nl_put_u16(struct nl_msg *m, uint16_t type, uint16_t v);
void nl_put_u32(struct nl_msg *m, uint16_t type, uint32_t v);
void nl_put_u64(struct nl_msg *m, uint16_t type, uint64_t v);
void nl_put_str(struct nl_msg *m, uint16_t type, const char *s);
/* `size` zeroed bytes as attribute to be filled in place, 4-byte aligned; NULL when full. */
void *nl_reserve(struct nl_msg *m, uint16_t type, size_t len);
/* Raw bytes without attribute header, padded to 4 (struct rtnexthop and its like). */
void *nl_append(struct nl_msg *m, size_t len);

/* A nested attribute; the returned offset goes to nl_nest_end. nl_nest_start sets NLA_F_NESTED. */
size_t nl_nest_start(struct nl_msg *m, uint16_t type);
size_t nl_nest_start_noflag(struct nl_msg *m, uint16_t type);
void nl_nest_end(struct nl_msg *m, size_t nest);

/* 0, or -EMSGSIZE: it did not fit and is taken back. */
int nl_msg_end(struct nl_msg *m);

/* ---- requests ---- */

/* What goes back beside the errno. Filled by nl_err and its like. */
struct nl_extack {
	char msg[256];		    /* NLMSGERR_ATTR_MSG, empty: none; also sent with success */
	const struct nlattr *attr;  /* NLMSGERR_ATTR_OFFS: the one at fault, in the request */
	bool has_miss;
	uint16_t miss_type;	    /* NLMSGERR_ATTR_MISS_TYPE */
};

/* One request. `ctx` is the control-plane state it acts on: the live one or a transaction's. */
struct nl_req {
	struct nl_server *server;
	struct nl_sock *sock;
	void *ctx;
	const struct nlmsghdr *nlh; /* a private copy: the program cannot change it */
	struct nl_extack *ea;
};

/* Sets the sentence and returns -err: `return nl_err(rq, ENODEV, "no link %u", i);` */
int nl_err(struct nl_req *rq, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int nl_err_attr(struct nl_req *rq, const struct nlattr *at, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int nl_err_missing(struct nl_req *rq, uint16_t type, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The family header, or NULL with "invalid header" set when the message is shorter (-EINVAL). */
const void *nl_req_header(struct nl_req *rq, size_t hdr_len);

/* ---- attributes ---- */

enum nl_attr_type {
	NL_ANY = 0,  /* min..max bytes where set */
	NL_U8, NL_U16, NL_U32, NL_U64, /* at least that many bytes */
	NL_STRING,   /* 1..max characters, NUL-ended or not */
	NL_NESTED,   /* empty, or room for one attribute */
	NL_FLAG,     /* no bytes */
	NL_BINARY,   /* 0..max bytes where max is set */
	NL_EXACT,    /* exactly max bytes */
	NL_REJECT,   /* known to Linux, not served by skiff: EOPNOTSUPP and says so */
};

struct nl_policy {
	uint8_t type; /* enum nl_attr_type */
	uint16_t min, max;
};

/*
 * Attributes after the family header into tb[0..max] (pointers into the request, NULL: absent;
 * the last of several counts). Types above `max` are skipped, those above n_policy accepted as
 * they are. 0, or a negative errno with the sentence and offset set, the texts being Linux's.
 * On a socket with GET_STRICT_CHK, GET requests refuse unknown types and trailing bytes.
 */
int nl_req_parse(struct nl_req *rq, size_t hdr_len, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max);
int nl_nest_parse(struct nl_req *rq, const struct nlattr *nest, const struct nl_policy *policy,
	size_t n_policy, const struct nlattr **tb, uint16_t max);
/* The same over raw attribute bytes (those of a struct rtnexthop). */
int nl_attrs_parse(struct nl_req *rq, const void *bytes, size_t len,
	const struct nl_policy *policy, size_t n_policy, const struct nlattr **tb, uint16_t max);

static inline const void *nl_data(const struct nlattr *a)
{
	return (const uint8_t *)a + NLA_HDRLEN;
}

static inline size_t nl_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

uint8_t nl_u8(const struct nlattr *a);
uint16_t nl_u16(const struct nlattr *a);
uint32_t nl_u32(const struct nlattr *a);
uint64_t nl_u64(const struct nlattr *a);
/* Copies at most size - 1 characters and ends them; returns buf. */
const char *nl_str(const struct nlattr *a, char *buf, size_t size);

/* ---- answers ---- */

/* An empty message buffer of 32 KB, of the server, valid until the next call of nl_reply. */
struct nl_msg *nl_reply(struct nl_req *rq);
/* Unicast to the asker, pid and seq echoed. 0, or -ENOBUFS when its buffer is full. */
int nl_reply_send(struct nl_req *rq, struct nl_msg *m);

/* ---- dumps ---- */

#define NL_MORE 1
#define NL_DONE 0
#define NL_DUMP_WORDS 8

/* A dump on its way. All of it but `rq` and `filtered` is the handler's, zeroed at the start. */
struct nl_dump {
	struct nl_req rq;		/* rq.nlh stays valid to the end; rq.sock, rq.ctx too */
	bool filtered;			/* start sets it where a strict filter is applied: NLM_F_DUMP_FILTERED */
	uint64_t pos;			/* cursor */
	uint64_t words[NL_DUMP_WORDS];	/* more of it: a key to go on from survives changes */
	void *priv;			/* freed in done */
};

struct nl_dump_ops {
	/* May be NULL. Parses and checks: a negative errno ends the dump before it began. */
	int (*start)(struct nl_dump *d);
	/*
	 * Fills m with whole messages (they get NLM_F_MULTI, pid and seq) until nl_msg_end says
	 * -EMSGSIZE or a bound of its own, so that one call stays under some 100 us. NL_MORE: call
	 * again when the ring has room; NL_DONE; or a negative errno, which ends the dump.
	 */
	int (*next)(struct nl_dump *d, struct nl_msg *m);
	/* May be NULL. Called once for every start that returned 0, also when the program is gone. */
	void (*done)(struct nl_dump *d);
};

/* ---- families ---- */

#define NL_OP_ADMIN 0x1u /* EPERM for readers, without `is_change` too */

struct nl_op {
	uint16_t type;
	uint16_t flags;
	const char *name;			/* "RTM_GETLINK", for sentences */
	int (*request)(struct nl_req *rq);	/* NULL: only as dump */
	struct nl_dump_ops dump;		/* next NULL: no dump */
};

struct nl_family {
	int protocol;	    /* NETLINK_ROUTE, ... */
	const char *name;   /* "rtnetlink" */
	const struct nl_op *ops;
	size_t n_ops;
	uint32_t max_group; /* largest multicast group number */
	uint32_t min_len;   /* shorter payloads are acknowledged and ignored, as rtnetlink does */
	/* Served or not, would this type change state? Readers get EPERM first, as in Linux. */
	bool (*is_change)(uint16_t type);
	/* Is the type a GET, so that NLM_F_DUMP's bits mean a dump (for NEW they are flags)? */
	bool (*is_get)(uint16_t type);
	/* Moves whenever a dumped table changes: NLM_F_DUMP_INTR. May be NULL. */
	uint32_t (*generation)(void *ctx, uint16_t type);
	/* A whole datagram at once (nf_tables batches); NULL or 0: message by message; 1: taken. */
	int (*batch)(struct nl_req *rq, const void *datagram, size_t len);
	/* May this socket join the group? NULL: yes. A negative errno refuses. */
	int (*join)(struct nl_sock *s, uint32_t group);
};

/* `f` and its tables must live as long as the server. 0, -EEXIST, -ENOSPC. */
int nl_server_register(struct nl_server *ns, const struct nl_family *f);
/* For sentences and for the opening of sockets: is the protocol served? */
bool nl_server_has(const struct nl_server *ns, int protocol);

/* ---- notifications ---- */

/* An empty buffer of 32 KB with the asker's pid and seq (rq NULL-able via nl_notice_new). */
struct nl_msg *nl_notice(struct nl_req *rq);
/* Change that no request caused: pid and seq 0. */
struct nl_msg *nl_notice_new(struct nl_server *ns);
/*
 * To all sockets of the family and state that joined the group; with a request of NLM_F_ECHO to
 * the asker as well (without it, a subscribed asker gets it by its group like all others, as in
 * rtnetlink). A full reader loses it and gets ENOBUFS once; nobody waits.
 */
void nl_notice_send(struct nl_req *rq, struct nl_msg *m, uint32_t group);
void nl_notice_send_new(struct nl_server *ns, int protocol, void *ctx, struct nl_msg *m,
	uint32_t group);
/* Is anybody in the group? Saves building a message for nobody: 1 M routes, no monitor. */
bool nl_has_listeners(const struct nl_server *ns, int protocol, const void *ctx, uint32_t group);

/* ---- sockets, as handlers see them ---- */

uint32_t nl_sock_portid(const struct nl_sock *s);
enum skiff_role nl_sock_role(const struct nl_sock *s);
bool nl_sock_strict(const struct nl_sock *s); /* NETLINK_GET_STRICT_CHK */

/* ---- the server ---- */

struct nl_server *nl_server_new(struct event_base *base);
void nl_server_free(struct nl_server *ns);

/*
 * One bounded turn over the sockets with recent activity. Returns true while the loop should come
 * back at once (<= 50 us after the last activity of a program on another CPU), false when it may
 * sleep: every program is then told to send a wake-up, and none can be lost. The control loop is
 *
 *	while (!stop)
 *		event_base_loop(base, EVLOOP_ONCE | (nl_server_poll(ns) ? EVLOOP_NONBLOCK : 0));
 */
bool nl_server_poll(struct nl_server *ns);

/*
 * `told` is called when the control thread binds itself to a CPU, as one program there sends request
 * after request, and with -1 when it may run anywhere again. It binds itself at most once in 4 ms.
 */
typedef void nl_follow_fn(void *ctx, int cpu);
void nl_server_on_follow(struct nl_server *ns, nl_follow_fn *told, void *ctx);

/* Sockets whose state (a transaction's) goes away: their requests get ECONNREFUSED from now on. */
void nl_server_drop_ctx(struct nl_server *ns, const void *ctx);

/*
 * A new emulated socket over `fd`, a connected Unix stream whose set-up is over; owns fd from now
 * on, also on error. On success *memfd is the caller's to pass and close, *opened to send. `uid`
 * is charged for the memory. 0 or negative errno (-EPROTONOSUPPORT, -EDQUOT, -ENOMEM).
 */
struct nl_peer {
	uint32_t uid;
	int32_t pid;
	enum skiff_role role;
	void *ctx;
};
int nl_server_open(struct nl_server *ns, int fd, const struct nl_peer *peer,
	const struct skiff_netlink_open *open, struct skiff_netlink_opened *opened, int *memfd);
