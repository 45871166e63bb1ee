/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring of frames in shared memory: wrap, full, empty, and a peer that writes nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <skiff/netlink.h>

#define SIZE 4096u

/* The ring between two guards that no copy may touch. */
static struct {
	uint8_t before[64], data[SIZE], after[64];
} mem;
static _Atomic uint64_t head, tail;
static struct skiff_ring ring = {.data = mem.data, .size = SIZE, .head = &head, .tail = &tail};

static int setup(void **state)
{
	memset(&mem, 0xa5, sizeof(mem));
	head = tail = 0;
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < 64; i++)
		assert_true(mem.before[i] == 0xa5 && mem.after[i] == 0xa5);
	return 0;
}

static void start_at(uint64_t pos)
{
	head = tail = pos;
}

static void frames_of_every_length_cross_the_wrap(void **state)
{
	uint8_t out[SIZE], in[SIZE];
	/* Also over the end of 64 bits. */
	uint64_t w = UINT64_MAX - 7 * 8 - 7, r = w;

	start_at(w);
	for (uint32_t len = 0; len <= SIZE - 8; len++) {
		struct skiff_frame f;

		for (uint32_t i = 0; i < len; i++)
			out[i] = (uint8_t)(len + i);
		assert_true(skiff_ring_room(&ring, w) >= skiff_frame_space(len));
		skiff_ring_put(&ring, &w, SKIFF_NL_DATA, len & 1, out, len);
		assert_int_equal(skiff_ring_peek(&ring, r, &f), 0);
		skiff_ring_publish(&ring, w);
		assert_int_equal(skiff_ring_peek(&ring, r, &f), 1);
		assert_int_equal(f.len, len);
		assert_int_equal(f.kind, SKIFF_NL_DATA);
		assert_int_equal(f.flags, len & 1);
		skiff_ring_copy_out(&ring, r + sizeof(f), in, len);
		assert_memory_equal(in, out, len);
		r += skiff_frame_space(len);
		skiff_ring_consumed(&ring, r);
		assert_int_equal(skiff_ring_room(&ring, w), SIZE);
	}
}

static void a_full_ring_has_no_room(void **state)
{
	uint64_t w = 0;
	uint32_t n = 0;

	while (skiff_ring_room(&ring, w) >= skiff_frame_space(24)) {
		skiff_ring_put(&ring, &w, SKIFF_NL_DATA, 0, mem.before, 24);
		n++;
	}
	assert_int_equal(n, SIZE / 32);
	assert_int_equal(skiff_ring_room(&ring, w), 0);
	skiff_ring_publish(&ring, w);
	assert_int_equal(skiff_ring_used(&ring, 0), SIZE);
	skiff_ring_consumed(&ring, 32);
	assert_int_equal(skiff_ring_room(&ring, w), 32);
}

static void hostile_counters_are_refused(void **state)
{
	static const uint64_t heads[] = {SIZE + 8, UINT64_MAX, 1u << 31, 4, 7, (uint64_t)-8};
	struct skiff_frame f;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		head = heads[i];
		assert_int_equal(skiff_ring_peek(&ring, 0, &f), -EPROTO);
	}
	head = 0;
	tail = 8; /* consumed what was never written */
	assert_int_equal(skiff_ring_room(&ring, 0), -EPROTO);
	tail = (uint64_t)-SIZE - 8;
	assert_int_equal(skiff_ring_room(&ring, 0), -EPROTO);
}

static void hostile_lengths_are_refused(void **state)
{
	static const uint32_t lens[] = {25, 32, SKIFF_FRAME_MAX, SKIFF_FRAME_MAX + 1, UINT32_MAX,
		UINT32_MAX - 7};
	struct skiff_frame f = {.kind = SKIFF_NL_DATA};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		f.len = lens[i];
		memcpy(mem.data, &f, sizeof(f));
		head = 32; /* room for 24 bytes */
		assert_int_equal(skiff_ring_peek(&ring, 0, &f), -EPROTO);
	}
	f.len = 24;
	memcpy(mem.data, &f, sizeof(f));
	assert_int_equal(skiff_ring_peek(&ring, 0, &f), 1);
}

static void copies_stay_inside_at_any_position(void **state)
{
	uint8_t buf[SIZE];

	srand(1);
	for (int i = 0; i < 10000; i++) {
		uint64_t pos = (uint64_t)rand() << 33 ^ (uint64_t)rand();
		uint32_t n = rand() % (SIZE + 1);

		memset(buf, i, n);
		skiff_ring_copy_in(&ring, pos, buf, n);
		memset(buf, ~i, n);
		skiff_ring_copy_out(&ring, pos, buf, n);
		for (uint32_t k = 0; k < n; k++)
			assert_int_equal(buf[k], (uint8_t)i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_of_every_length_cross_the_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_ring_has_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_counters_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_lengths_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_stay_inside_at_any_position, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
