/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a memif peer may say, and when: DPDK's driver takes any message at any time (a HELLO to a server's
 * port makes it write through a region that it has not mapped; a second INIT leaves one port with another's
 * connection, which is freed; a ring added to a connection that works, or beyond its region, is used as it
 * is; what was announced and not connected keeps its descriptor). Called by memif_relay.c.
 *
 * A client that comes to a server's port is heard to the end here, and the driver gets its handshake when it is
 * complete and holds together. A server that a client's port came to is passed on message by message,
 * those whose turn it is.
 */
#include <string.h>
#include <sys/stat.h>

#include "memif_relay.h"

#define VERSION 0x200
#define MAX_LOG2 14 /* slots of a ring: the driver's own limit */
#define RING_HEAD 128
#define SLOT 16

struct hello {
	uint8_t name[32];
	uint16_t min_version, max_version, max_region, max_s2c, max_c2s;
	uint8_t max_log2;
} __attribute__((packed));

struct add_region {
	uint16_t index;
	uint64_t size;
} __attribute__((packed));

struct add_ring {
	uint16_t flags, index, region;
	uint32_t offset;
	uint8_t log2;
	uint16_t private_size;
} __attribute__((packed));

enum { NOTHING, INTRODUCED, COMPLETE }; /* how far the peer is */

uint16_t memif_message_type(const struct memif_message *m)
{
	uint16_t type;

	memcpy(&type, m->bytes, sizeof(type));
	return type;
}

static struct memif_message make(uint16_t type, const void *body, size_t len)
{
	struct memif_message m = {.fd = -1};

	memcpy(m.bytes, &type, sizeof(type));
	memcpy(m.bytes + sizeof(type), body, len);
	return m;
}

struct memif_message memif_hello(void)
{
	const struct hello h = {"skiff", VERSION, VERSION, MEMIF_REGIONS - 1, MEMIF_RINGS - 1,
		MEMIF_RINGS - 1, MAX_LOG2};

	return make(MEMIF_HELLO, &h, sizeof(h));
}

struct memif_message memif_ack(void)
{
	return make(MEMIF_ACK, "", 0);
}

struct memif_message memif_goodbye(const char *why)
{
	char body[sizeof(uint32_t) + 96] = {0};

	memcpy(body + sizeof(uint32_t), why, strnlen(why, 95));
	return make(MEMIF_DISCONNECT, body, sizeof(body));
}

/* What is mapped must be there, else a worker that looks at it ends the process. */
static bool takes_region(struct memif_talk *t, const struct memif_message *m)
{
	struct add_region a;
	struct stat st;

	memcpy(&a, m->bytes + 2, sizeof(a));
	if (t->nregions == MEMIF_REGIONS || a.index != t->nregions || m->fd < 0 || a.size == 0 ||
		fstat(m->fd, &st) < 0 || !S_ISREG(st.st_mode) || a.size > (uint64_t)st.st_size)
		return false;
	t->size[t->nregions++] = a.size;
	return true;
}

static bool takes_ring(struct memif_talk *t, const struct memif_message *m)
{
	struct add_ring a;
	unsigned way;

	memcpy(&a, m->bytes + 2, sizeof(a));
	way = a.flags & 1;
	if (t->nrings[way] == MEMIF_RINGS || a.index != t->nrings[way] || m->fd < 0 ||
		a.region >= t->nregions || a.log2 > MAX_LOG2 ||
		a.offset + (RING_HEAD + ((uint64_t)SLOT << a.log2)) > t->size[a.region])
		return false;
	t->nrings[way]++;
	return true;
}

static enum memif_verdict keep(struct memif_talk *t, struct memif_message *m, enum memif_verdict as)
{
	t->held[t->nheld++] = *m;
	m->fd = -1;
	return as;
}

static enum memif_verdict of_client(struct memif_talk *t, struct memif_message *m)
{
	uint16_t type = memif_message_type(m);

	if (type == MEMIF_DISCONNECT)
		return t->stage == COMPLETE ? MEMIF_PASS : MEMIF_WRONG;
	if (type == MEMIF_INIT && t->stage == NOTHING) {
		t->stage = INTRODUCED;
		return keep(t, m, MEMIF_KEPT);
	}
	if (t->stage != INTRODUCED)
		return MEMIF_WRONG;
	if ((type == MEMIF_ADD_REGION && takes_region(t, m)) ||
		(type == MEMIF_ADD_RING && takes_ring(t, m)))
		return keep(t, m, MEMIF_KEPT);
	if (type != MEMIF_CONNECT || t->nrings[0] == 0 || t->nrings[1] == 0)
		return MEMIF_WRONG;
	t->stage = COMPLETE;
	return keep(t, m, MEMIF_READY);
}

static enum memif_verdict of_server(struct memif_talk *t, const struct memif_message *m)
{
	switch (memif_message_type(m)) {
	case MEMIF_HELLO:
		if (t->stage != NOTHING)
			return MEMIF_WRONG;
		t->stage = INTRODUCED;
		return MEMIF_PASS;
	case MEMIF_ACK:
		return t->owed > 0 && t->owed-- ? MEMIF_PASS : MEMIF_WRONG;
	case MEMIF_CONNECTED:
		if (t->stage != INTRODUCED || !t->asked)
			return MEMIF_WRONG;
		t->stage = COMPLETE;
		return MEMIF_PASS;
	case MEMIF_DISCONNECT:
		return MEMIF_PASS;
	default:
		return MEMIF_WRONG;
	}
}

enum memif_verdict memif_heard(struct memif_talk *t, struct memif_message *m)
{
	return t->of_server ? of_server(t, m) : of_client(t, m);
}

bool memif_said(struct memif_talk *t, const struct memif_message *m)
{
	uint16_t type = memif_message_type(m);

	if (!t->of_server) /* the rest was said when the peer wanted to hear it */
		return type == MEMIF_CONNECTED || type == MEMIF_DISCONNECT;
	t->owed += type == MEMIF_INIT || type == MEMIF_ADD_REGION || type == MEMIF_ADD_RING;
	t->asked |= type == MEMIF_CONNECT;
	return true;
}

bool memif_complete(const struct memif_talk *t)
{
	return t->stage == COMPLETE;
}

struct memif_message *memif_next_held(struct memif_talk *t)
{
	return t->given < t->nheld ? &t->held[t->given++] : NULL;
}

void memif_talk_drop(struct memif_talk *t)
{
	for (unsigned i = 0; i < t->nheld; i++)
		memif_message_drop(&t->held[i]);
	t->given = t->nheld = 0;
}
