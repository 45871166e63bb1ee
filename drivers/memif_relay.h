/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Between DPDK's memif driver and its peers: what port_memif.c and the files memif_*.c share. Control thread. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ports.h"

struct memif_message {
	uint8_t bytes[128];
	int fd; /* -1: none. Owned */
};

/* memif_message.c: 0, -EAGAIN: none there, -EPIPE: the other end is gone, -EBADMSG: no message of memif's. */
int memif_message_receive(int fd, struct memif_message *m);
int memif_message_send(int fd, const struct memif_message *m);
void memif_message_drop(struct memif_message *m);
/* And sets it to -1. */
void memif_shut(int *fd);

/* memif_talk.c: what was said on a connection. */
enum { MEMIF_ACK = 1, MEMIF_HELLO, MEMIF_INIT, MEMIF_ADD_REGION, MEMIF_ADD_RING, MEMIF_CONNECT,
	MEMIF_CONNECTED, MEMIF_DISCONNECT };
#define MEMIF_REGIONS 8
#define MEMIF_RINGS 8 /* each way */
#define MEMIF_HELD (MEMIF_REGIONS + 2 * MEMIF_RINGS + 2)

struct memif_talk {
	bool of_server;      /* the peer is memif's server, skiff's port its client; else the other way round */
	uint8_t stage;
	bool asked;          /* the driver has said CONNECT */
	unsigned owed;       /* ACKs by the peer */
	unsigned nregions, nrings[2];
	uint64_t size[MEMIF_REGIONS];
	unsigned nheld, given;
	struct memif_message held[MEMIF_HELD]; /* a client's handshake; the first `given` are the driver's */
};

/* Kept: to be acknowledged. Ready: what is held is for the driver. Wrong: the connection is to be ended. */
enum memif_verdict { MEMIF_PASS, MEMIF_KEPT, MEMIF_READY, MEMIF_WRONG };

/* Of the peer; takes the descriptor of what it keeps. */
enum memif_verdict memif_heard(struct memif_talk *t, struct memif_message *m);
/* Of the driver: is it for the peer? */
bool memif_said(struct memif_talk *t, const struct memif_message *m);
/* The handshake is over, or with the driver. */
bool memif_complete(const struct memif_talk *t);
/* One after the other; NULL: that was all. It stays the talk's, to be dropped with it. */
struct memif_message *memif_next_held(struct memif_talk *t);
void memif_talk_drop(struct memif_talk *t);

uint16_t memif_message_type(const struct memif_message *m);
struct memif_message memif_hello(void);
struct memif_message memif_ack(void);
struct memif_message memif_goodbye(const char *why);

/* memif_socket.c: the sockets' names. */
struct memif_socket {
	char path[108];    /* the user's */
	char name[64];     /* what the driver calls its own: `socket=` */
	bool client;
	int listening;     /* at the user's path; a client's: where the driver connects to */
	int folder, inner; /* a server's: where the driver's is made, and itself */
	dev_t dev;         /* of the user's path, where it is ours to remove */
	ino_t ino;
};

/* Before the driver opens; `why` gets a sentence. And the way back. */
int memif_socket_open(struct memif_socket *s, const char *path, bool client, char *why, size_t len);
void memif_socket_close(struct memif_socket *s);
/* The driver listens: its socket is taken out of everybody's sight. -errno. */
int memif_socket_hide(struct memif_socket *s);
/* Around the driver's closing, which removes the file that it made, and its opening of another port. */
void memif_socket_unhide(struct memif_socket *s);
void memif_socket_unhidden(struct memif_socket *s);
/* To the driver's socket, or a client's to the user's: a descriptor, or -errno at once. */
int memif_socket_connect(const struct memif_socket *s);
/* Who connected; -EAGAIN: nobody. A client's is only ever this process. */
int memif_socket_accept(const struct memif_socket *s);

/* memif_relay.c */
struct memif_group; /* a server's socket and all its ports; a client's port */

/* Before the driver opens. A group of this server's path is found again. NULL: `why` says it. */
struct memif_group *memif_relay_group(const char *path, bool client, int *err, char *why, size_t len);
const char *memif_relay_name(const struct memif_group *g);
/* The driver has opened the port; -errno. */
int memif_relay_join(struct memif_group *g, const struct port *p);
/*
 * Before the driver closes, and after; also of a port that did not join. -ETIMEDOUT: the driver is at work with a
 * connection and does not come back; it must not be closed.
 */
int memif_relay_leave(struct memif_group *g, const struct port *p);
void memif_relay_left(struct memif_group *g, const struct port *p);
