/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The question: what does a message between a program and skiffd cost? ring/skiff is the byte ring of
 * <skiff/ring.h>, written for a peer that is not trusted; beside it rte_ring (pointers to messages,
 * copied in and out as the ring does) and the kernel's own way, a SOCK_SEQPACKET pair.
 *	in_out	n messages written, then read, by one thread: the cost without waiting
 *	answer	one message to a thread that spins and answers it, and its answer: the way there and back
 * Messages are 64 bytes (a route's acknowledgement is 36) or 1,024.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <rte_pause.h>
#include <rte_ring.h>
#include <skiff/ring.h>
#include "gbench.h"
#include "machine.h"
#include "suites.h"

#define RING_BYTES	(1u << 17)
#define BATCH		32u
#define MESSAGE_MAX	1024u
#define ROUND_TRIPS	64u

/* A pipe of messages, one way. */
struct pipe {
	/* skiff's */
	struct skiff_ring ring;
	_Atomic uint64_t head __attribute__((aligned(64)));
	_Atomic uint64_t tail __attribute__((aligned(64)));
	uint64_t put __attribute__((aligned(64)));
	uint64_t got __attribute__((aligned(64)));
	/* rte_ring's: messages lie in slots, and free slots go back by a second ring */
	struct rte_ring *full, *empty;
	uint8_t (*slot)[MESSAGE_MAX];
	/* the kernel's */
	int fd[2];
};

struct way {
	const char *name;
	bool (*send)(struct pipe *p, const void *msg, uint32_t len); /* false: full */
	bool (*receive)(struct pipe *p, void *msg, uint32_t len);    /* false: nothing there */
};

static struct pipe to, from;

/* ---- skiff ---- */

static bool skiff_send(struct pipe *p, const void *msg, uint32_t len)
{
	if (skiff_ring_room(&p->ring, p->put) < skiff_frame_space(len))
		return false;
	skiff_ring_put(&p->ring, &p->put, 1, 0, msg, len);
	skiff_ring_publish(&p->ring, p->put);
	return true;
}

static bool skiff_receive(struct pipe *p, void *msg, uint32_t len)
{
	struct skiff_frame f;

	if (skiff_ring_peek(&p->ring, p->got, &f) != 1 || f.len != len)
		return false;
	skiff_ring_copy_out(&p->ring, p->got + sizeof(f), msg, f.len);
	p->got += skiff_frame_space(f.len);
	skiff_ring_consumed(&p->ring, p->got);
	return true;
}

/* ---- rte_ring ---- */

static bool rte_send(struct pipe *p, const void *msg, uint32_t len)
{
	void *slot;

	if (rte_ring_sc_dequeue(p->empty, &slot))
		return false;
	memcpy(slot, msg, len);
	return !rte_ring_sp_enqueue(p->full, slot);
}

static bool rte_receive(struct pipe *p, void *msg, uint32_t len)
{
	void *slot;

	if (rte_ring_sc_dequeue(p->full, &slot))
		return false;
	memcpy(msg, slot, len);
	return !rte_ring_sp_enqueue(p->empty, slot);
}

/* ---- the kernel ---- */

static bool socket_send(struct pipe *p, const void *msg, uint32_t len)
{
	return send(p->fd[0], msg, len, MSG_DONTWAIT) == (ssize_t)len;
}

static bool socket_receive(struct pipe *p, void *msg, uint32_t len)
{
	return recv(p->fd[1], msg, len, MSG_DONTWAIT) == (ssize_t)len;
}

static int pipe_init(struct pipe *p, const char *full, const char *empty)
{
	const unsigned int flags = RING_F_SP_ENQ | RING_F_SC_DEQ;

	p->ring = (struct skiff_ring){.data = aligned_alloc(64, RING_BYTES), .size = RING_BYTES,
		.head = &p->head, .tail = &p->tail};
	p->slot = calloc(2 * BATCH, sizeof(*p->slot));
	p->full = rte_ring_create(full, 4 * BATCH, SOCKET_ID_ANY, flags);
	p->empty = rte_ring_create(empty, 4 * BATCH, SOCKET_ID_ANY, flags);
	if (!p->ring.data || !p->slot || !p->full || !p->empty ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p->fd))
		return -1;
	for (uint32_t i = 0; i < 2 * BATCH; i++)
		rte_ring_sp_enqueue(p->empty, p->slot[i]);
	return 0;
}

static int prepare(void)
{
	if (pipe_init(&to, "bench_to", "bench_to_e") || pipe_init(&from, "bench_from", "bench_from_e")) {
		fprintf(stderr, "skiff-bench: no rings\n");
		return -1;
	}
	return 0;
}

struct setting {
	struct way way;
	uint32_t len;
};

static void bench_in_out(struct gbench_run *run, const void *arg)
{
	const struct setting *s = arg;
	uint8_t msg[MESSAGE_MAX] = {1}, got[MESSAGE_MAX] = {0};
	bool ok = true;

	while (gbench_next(run)) {
		for (uint32_t i = 0; i < BATCH; i++)
			ok &= s->way.send(&to, msg, s->len);
		for (uint32_t i = 0; i < BATCH; i++)
			ok &= s->way.receive(&to, got, s->len);
	}
	if (!ok || memcmp(msg, got, s->len))
		gbench_fail(run, "a message was lost");
	else
		gbench_cycles(run, "cycles_per_packet", BATCH);
}

struct answerer {
	const struct setting *s;
	_Atomic bool stop;
};

static void *answer(void *arg)
{
	struct answerer *a = arg;
	uint8_t msg[MESSAGE_MAX];

	while (!atomic_load_explicit(&a->stop, memory_order_relaxed)) {
		if (a->s->way.receive(&to, msg, a->s->len))
			a->s->way.send(&from, msg, a->s->len);
		else
			rte_pause();
	}
	return NULL;
}

static void bench_answer(struct gbench_run *run, const void *arg)
{
	const struct setting *s = arg;
	struct answerer a = {.s = s};
	uint8_t msg[MESSAGE_MAX] = {1}, got[MESSAGE_MAX] = {0};
	cpu_set_t cpus;
	pthread_t thread;

	CPU_ZERO(&cpus);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) || CPU_COUNT(&cpus) < 2) {
		gbench_fail(run, "two threads that spin need two CPUs");
		return;
	}
	if (pthread_create(&thread, NULL, answer, &a)) {
		gbench_fail(run, "no thread");
		return;
	}
	while (gbench_next(run)) {
		for (uint32_t i = 0; i < ROUND_TRIPS; i++) {
			s->way.send(&to, msg, s->len);
			while (!s->way.receive(&from, got, s->len))
				rte_pause();
		}
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	if (memcmp(msg, got, s->len))
		gbench_fail(run, "an answer was wrong");
	else
		gbench_cycles(run, "cycles_per_packet", ROUND_TRIPS);
}

#define SKIFF {"skiff", skiff_send, skiff_receive}
#define RTE {"rte_ring", rte_send, rte_receive}
#define SOCKET {"socketpair", socket_send, socket_receive}

static const struct gbench_case cases[] = {
	{"ring/skiff/in_out_64", bench_in_out, &(const struct setting){SKIFF, 64}},
	{"ring/rte_ring/in_out_64", bench_in_out, &(const struct setting){RTE, 64}},
	{"ring/socketpair/in_out_64", bench_in_out, &(const struct setting){SOCKET, 64}},
	{"ring/skiff/in_out_1k", bench_in_out, &(const struct setting){SKIFF, 1024}},
	{"ring/rte_ring/in_out_1k", bench_in_out, &(const struct setting){RTE, 1024}},
	{"ring/socketpair/in_out_1k", bench_in_out, &(const struct setting){SOCKET, 1024}},
	{"ring/skiff/answer_64", bench_answer, &(const struct setting){SKIFF, 64}},
	{"ring/rte_ring/answer_64", bench_answer, &(const struct setting){RTE, 64}},
	{"ring/socketpair/answer_64", bench_answer, &(const struct setting){SOCKET, 64}},
};

const struct gbench_suite bench_ring_suite = {
	cases, sizeof(cases) / sizeof(*cases), prepare, true,
};
