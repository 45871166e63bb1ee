/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the netlink server share; handlers see nl_server.h only. */
#pragma once

#include <sched.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <skiff/netlink.h>
#include <skiff/yield.h>

#include "netlink/nl_server.h"

struct event;

#define NL_FAMILIES 8
#define NL_GROUP_WORDS 8 /* groups 1..255 */

/* Largest datagram to a reader: what the kernel's netlink_dump allocates at most. */
#define NL_CHUNK_MAX 32448u
#define NL_CHUNK_MIN 3776u

/* Largest request datagram; nft -f with 20,000 rules sends 9 MB in one. */
#define NL_REQUEST_MAX (64u << 20)
#define NL_REQUEST_MAX_READER (64u << 10)

#define NL_RCVBUF_DEFAULT 212992u
#define NL_RCVBUF_MAX (128u << 20)
#define NL_RCVBUF_MAX_READER (1u << 20)

/* Frames taken from one socket, and pieces of a dump made for it, before it is another's turn. */
#define NL_FRAMES_A_TURN 64
#define NL_CHUNKS_A_TURN 4
#define NL_TURN_NS 500000u

/* A datagram that waits for room in the reader's ring. */
struct nl_pending {
	STAILQ_ENTRY(nl_pending) link;
	size_t len, sent;
	uint8_t bytes[];
};

struct nl_dump_run {
	struct nl_dump d;
	const struct nl_op *op;
	struct nl_extack ea;
	uint32_t generation;
	bool interrupted;
	bool finished; /* only DONE is left to send */
	int result;
	struct nlmsghdr nlh[]; /* the request */
};

struct nl_filter;

/* What one uid has in use. */
struct nl_account {
	LIST_ENTRY(nl_account) link;
	uint32_t uid;
	uint32_t sockets;
	size_t bytes;
};

struct nl_sock {
	TAILQ_ENTRY(nl_sock) link;	  /* all */
	TAILQ_ENTRY(nl_sock) active_link; /* the awake ones */
	struct nl_server *ns;
	const struct nl_family *family;
	struct nl_peer peer;
	struct nl_account *account;
	struct event *event;
	int fd;
	uint32_t portid;
	uint32_t flags; /* SKIFF_NLF_* */
	uint32_t groups[NL_GROUP_WORDS];

	struct skiff_nl_page *page;
	size_t map_len;
	int memfd; /* for heirs over exec; -1: none to give */
	struct skiff_netlink_opened opened;
	struct skiff_ring tx, rx;
	uint64_t tx_pos, rx_pos; /* ours; those in the page are for the program to read */
	uint32_t rung_arm;
	bool active, dead;
	bool congested; /* ENOBUFS told, nothing more by multicast until the reader has read all */
	uint64_t last_ns;

	uint8_t *in; /* the request being collected */
	size_t in_len, in_cap;

	STAILQ_HEAD(, nl_pending) backlog;
	size_t backlog_bytes;
	uint32_t rcvbuf;
	struct nl_dump_run *dump;
	struct nl_filter *filter;
};

/* nl_follow.c */
struct nl_follow {
	bool follows;	     /* bound to the CPU of a program */
	uint32_t at;	     /* that one */
	uint32_t row;	     /* requests in a row, while not bound to the CPU they come from */
	uint64_t served_ns;  /* the last request */
	uint64_t moved_ns;   /* bound so; 0: never yet */
	cpu_set_t usual;     /* where the thread may run else */
	struct event *quiet; /* wakes the loop to look whether there are no more requests */
	nl_follow_fn *told;  /* may be NULL */
	void *ctx;
};

struct nl_server {
	struct event_base *base;
	const struct nl_family *families[NL_FAMILIES];
	TAILQ_HEAD(, nl_sock) socks, active;
	LIST_HEAD(, nl_account) accounts;
	/* Members of each group over all states, by family index: a quick no for nl_has_listeners. */
	uint32_t members[NL_FAMILIES][NL_GROUP_WORDS * 32];
	uint32_t portid_rover;
	uint64_t spin_ns;
	struct skiff_yield yields;
	struct nl_follow follow;
	struct nl_msg reply, notice, chunk;
};

/* nl_server.c */
int nl_family_index(const struct nl_server *ns, int protocol);
uint64_t nl_now_ns(void);

/* nl_sock.c: rings, options, wake-ups. */
void nl_sock_free(struct nl_sock *s);
/*
 * One turn for the socket: frames in, dump and backlog out. True if anything moved; it may come
 * back with s->dead set, the caller frees it.
 */
bool nl_sock_service(struct nl_sock *s);
/* Tells the program to send wake-ups. False: there is work after all and it was not told. */
bool nl_sock_sleep(struct nl_sock *s);
void nl_sock_wake(struct nl_sock *s);

/* nl_follow.c */
/* A request of s was served. */
void nl_follow_request(struct nl_server *ns, const struct nl_sock *s, uint64_t now);
/* Once a round. */
void nl_follow_check(struct nl_server *ns, uint64_t now);
/* All programs sleep, and the loop may: it comes back to check once. */
void nl_follow_rest(struct nl_server *ns);
void nl_follow_fini(struct nl_server *ns);

/* nl_adopt.c */
/* Reads the stream: recv()'s result, all but its end means nothing. Answers a heir. */
ssize_t nl_adopt_recv(struct nl_sock *s);

/* nl_output.c */
/* 0, or -ENOBUFS: lost, the reader is told once. group 0: unicast. */
int nl_sock_deliver(struct nl_sock *s, const void *bytes, size_t len, uint32_t group);
bool nl_sock_flush(struct nl_sock *s);
/* Bytes of the ring the reader has not consumed; a broken counter kills the socket. */
size_t nl_sock_unread(struct nl_sock *s);
/* A byte down the stream if the program armed and has something to read. */
void nl_sock_ring(struct nl_sock *s);
void nl_sock_drop_output(struct nl_sock *s);

/* nl_option.c */
int nl_sock_option(struct nl_sock *s, const void *frame, size_t len);
void nl_sock_leave_all(struct nl_sock *s);
static inline bool nl_sock_in_group(const struct nl_sock *s, uint32_t group)
{
	return group < NL_GROUP_WORDS * 32 && (s->groups[group / 32] >> group % 32 & 1);
}

/* nl_request.c */
void nl_request_datagram(struct nl_sock *s, const uint8_t *bytes, size_t len);
/* Extended-ACK attributes after the message being built in m. */
void nl_put_extack(struct nl_msg *m, const struct nlmsghdr *req, const struct nl_extack *ea,
	int err);

/* nl_dump.c */
/* 0: under way; negative errno: to be acknowledged. */
int nl_dump_start(struct nl_req *rq, const struct nl_op *op);
bool nl_dump_continue(struct nl_sock *s);
void nl_dump_end(struct nl_sock *s);

/* nl_filter.c: classic BPF. */
struct sock_filter;
/* NULL with *err set to a negative errno: not a valid program, or uses what is not served. */
struct nl_filter *nl_filter_new(const struct sock_filter *code, size_t n, int *err);
/* Bytes to keep of the datagram, 0: drop it. */
uint32_t nl_filter_run(const struct nl_filter *f, const uint8_t *pkt, uint32_t len);
