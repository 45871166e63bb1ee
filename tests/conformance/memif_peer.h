/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A peer of a memif port: memif's protocol with sockets and a shared file. Each returns false, or -1, at the end. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance.h"

#define PATH "/run/m.sock"
#define AREA ((size_t)16384 + 2 * 256 * 2048)
#define TYPE 0x88b6

enum { ACK = 1, HELLO, INIT, ADD_REGION, ADD_RING, CONNECT, CONNECTED, DISCONNECT };

/* How a life ends; behind these: after so many messages of the handshake. */
enum ending { CLOSES, SAYS_BYE, BAD_TYPE, SHORT, TWO_FDS, ENDINGS };

struct message {
	uint16_t type;
	uint8_t bytes[126];
};

struct peer {
	int fd, listening; /* listening: -1, it is memif's client */
	uint8_t *area;
	size_t size;
	int mem, event[2];
	bool server;
	struct ring *in, *out; /* seen from here */
	uint16_t seen, returned;
};

struct __attribute__((packed)) peer_init {
	uint16_t version;
	uint32_t id;
	uint8_t mode, secret[24], name[32];
};

struct __attribute__((packed)) peer_region {
	uint16_t index;
	uint64_t size;
};

struct __attribute__((packed)) peer_ring {
	uint16_t flags, index, region;
	uint32_t offset;
	uint8_t log2;
	uint16_t private_size;
};

void peer_clear(struct peer *p, int listening);
/* To the port's socket; -1. */
int peer_connect(void);
/* The memory and the descriptors that a client brings. */
void peer_area(struct peer *p);
/* One message of `size` bytes (128: as it should be) with n descriptors. */
int tell_fds(struct peer *p, uint16_t type, const void *bytes, size_t len, const int *fds, unsigned n,
	size_t size);
int tell(struct peer *p, uint16_t type, const void *bytes, size_t len, int fd);
/* The next message's type, and its descriptor; -1: the end. */
int hear(struct peer *p, struct message *m, int *fd);
/* `steps` messages of the handshake; true: all. */
bool join_server(struct peer *p, unsigned steps);
bool join_client(struct peer *p, unsigned steps);
int next_client(int listening, int ms);
/* Frames each way until so many are back. */
bool traffic(struct peer *p, unsigned frames);
void finish(struct peer *p, enum ending how);
void leave(struct peer *p);

unsigned open_fds(void);
bool port_is(const struct port *p, int status);
