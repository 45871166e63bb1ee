/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Producer and consumer on two threads: every byte arrives once and in order, and the
 * sleeping-flag handshake loses no wake-up. Under ThreadSanitizer it shows that the counters order
 * all accesses to the bytes.
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <skiff/netlink.h>

#define SIZE 8192u
#define MESSAGES 50000u

static uint8_t data[SIZE];
static _Atomic uint64_t head, tail;
static _Atomic uint32_t asleep;
static struct skiff_ring ring = {.data = data, .size = SIZE, .head = &head, .tail = &tail};
static sem_t bell, room;
static _Atomic uint32_t wants_room;

static uint32_t length_of(uint32_t i)
{
	return i * 2654435761u >> 22; /* 0 to 1023 */
}

static void *produce(void *arg)
{
	uint8_t bytes[1024];
	uint64_t w = 0;

	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint32_t len = length_of(i);

		memset(bytes, (int)i, len);
		while (skiff_ring_room(&ring, w) < skiff_frame_space(len)) {
			atomic_store(&wants_room, 1);
			if (skiff_ring_room(&ring, w) < skiff_frame_space(len))
				sem_wait(&room);
			atomic_store(&wants_room, 0);
		}
		skiff_ring_put(&ring, &w, SKIFF_NL_DATA, 0, bytes, len);
		skiff_ring_publish(&ring, w);
		if (atomic_exchange(&asleep, 0))
			sem_post(&bell);
	}
	return NULL;
}

/* A lost wake-up would hang; this says so in time. */
static void wait_bell(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 20;
	assert_int_equal(sem_timedwait(&bell, &t), 0);
}

static void consume(void)
{
	uint8_t bytes[1024];
	uint64_t r = 0;

	for (uint32_t i = 0; i < MESSAGES;) {
		struct skiff_frame f = {0};
		int got = skiff_ring_peek(&ring, r, &f);

		assert_true(got >= 0);
		if (got == 0) {
			atomic_store(&asleep, 1);
			if (skiff_ring_used(&ring, r) == 0)
				wait_bell();
			else if (atomic_exchange(&asleep, 0) == 0)
				wait_bell(); /* the producer saw the flag: its post is due */
			continue;
		}
		assert_int_equal(f.len, length_of(i));
		skiff_ring_copy_out(&ring, r + sizeof(f), bytes, f.len);
		for (uint32_t k = 0; k < f.len; k++)
			if (bytes[k] != (uint8_t)i)
				fail_msg("message %u byte %u", i, k);
		r += skiff_frame_space(f.len);
		skiff_ring_consumed(&ring, r);
		if (atomic_exchange(&wants_room, 0))
			sem_post(&room);
		i++;
	}
}

static void all_arrives_in_order(void **state)
{
	pthread_t thread;

	sem_init(&bell, 0, 0);
	sem_init(&room, 0, 0);
	pthread_create(&thread, NULL, produce, NULL);
	consume();
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_arrives_in_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
