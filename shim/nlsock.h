/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An emulated netlink socket. Its number is that of the Unix stream to skiffd, a real descriptor,
 * so that close-on-exec, O_NONBLOCK, dup, fork and epoll are the kernel's; the messages go through
 * the shared rings (<skiff/netlink.h>). Functions return -1 with errno set, like what they stand
 * for; all may be called by several threads at once.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <skiff/abi.h>
#include <skiff/netlink.h>

struct nlsock {
	atomic_int refs; /* descriptors, and calls under way */
	int protocol, type;
	uint32_t portid;
	atomic_bool bound; /* getsockname tells the port id from the first bind or send on */
	uint32_t dst_portid, dst_groups;
	atomic_bool level; /* in an epoll set: the stream is readable while the ring is not empty */
	atomic_bool gone; /* nlsock_quiet */
	atomic_bool stirred; /* sent or received since it last waited to read */
	_Atomic uint64_t active_ns; /* when it waited first after that */

	struct skiff_nl_page *page;
	uint64_t map_len;
	struct skiff_ring tx, rx;

	/* options */
	uint32_t flags; /* SKIFF_NLF_* */
	uint32_t groups[8];
	uint32_t rcvbuf, sndbuf; /* as getsockopt tells them: doubled */
	bool pktinfo, passcred;
	struct timeval rcvtimeo, sndtimeo;

	/* a message larger than one frame, while its frames come in */
	uint8_t *whole;
	size_t whole_len, whole_cap;
	bool whole_ready;
};

/* Table by descriptor. get: NULL, or a reference to be put. */
struct nlsock *nlsock_get(int fd);
void nlsock_put(struct nlsock *s);
/* `fd` now names s (dup) or, NULL, nothing of ours (close, dup2 over it). 0 or -1, EMFILE. */
int nlsock_set(int fd, struct nlsock *s);
/* All numbers of s are `with`'s from now on, which is not ours. */
void nlsock_replace(struct nlsock *s, int with);
/*
 * skiffd is gone and the program has been told once: s is not readable any more, so that programs
 * that only log the error (bird) do not do so without end. All further calls fail.
 */
void nlsock_quiet(int fd, struct nlsock *s);
/* Descriptors from here on are never ours; 0 while the program has no netlink socket. */
unsigned int nlsock_table_size(void);

bool nlsock_emulates(int protocol);
int nlsock_open(int type, int protocol);

/* A socket that came over exec as `fd`. 0, or -1 with errno; map is taken over. */
int nlsock_adopt(int fd, const struct skiff_netlink_opened *o, void *map);
/* Notes the options in the page, after any of them changed. */
void nlsock_keep(struct nlsock *s);

int nlsock_bind(int fd, struct nlsock *s, const struct sockaddr *a, socklen_t len);
int nlsock_connect(int fd, struct nlsock *s, const struct sockaddr *a, socklen_t len);
void nlsock_name(const struct nlsock *s, struct sockaddr *a, socklen_t *len, bool peer);

/* nlsock_io.c */
ssize_t nlsock_send(int fd, struct nlsock *s, const struct msghdr *m, int flags);
ssize_t nlsock_recv(int fd, struct nlsock *s, struct msghdr *m, int flags);
/* Sends one SKIFF_NL_OPT and waits for its result: 0 or -1; *value what came of it. */
int nlsock_option(int fd, struct nlsock *s, uint32_t name, const void *arg, size_t len,
	uint32_t *value);

/* nlsock_wait.c */
bool nlsock_readable(struct nlsock *s);	     /* a message, an error or the end waits */
bool nlsock_spin_readable(struct nlsock *s); /* the same after a bounded spin */
bool nlsock_dead(int fd);
void nlsock_kick(int fd, struct nlsock *s);  /* if skiffd sleeps */
void nlsock_arm(struct nlsock *s);
bool nlsock_drain(int fd);		     /* eats wake-ups; false: skiffd is gone */
int nlsock_wait_readable(int fd, struct nlsock *s, const struct timespec *timeout);
int nlsock_wait_consumed(int fd, struct nlsock *s, uint64_t target);
/* After reading, where an epoll set watches the stream: it is readable if and only if s is. */
void nlsock_level(int fd, struct nlsock *s);
uint64_t nlsock_now(void);

void nlsock_lock_tx(struct nlsock *s);
void nlsock_unlock_tx(struct nlsock *s);
void nlsock_lock_rx(struct nlsock *s);
void nlsock_unlock_rx(struct nlsock *s);

/* nlsock_opt.c */
int nlsock_getsockopt(int fd, struct nlsock *s, int level, int name, void *val, socklen_t *len);
int nlsock_setsockopt(int fd, struct nlsock *s, int level, int name, const void *val,
	socklen_t len);
