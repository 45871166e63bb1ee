/* SPDX-License-Identifier: BSD-3-Clause */
/* Which pages libskiff guesses a program will receive into, and that bringing them in changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ahead.h"

#define PAGE 4096u
#define HEAP UINT64_C(0x555500003000)
#define STRIDE (32768u + 16)

/* What ip does: each buffer a chunk above the last, the heap grown by `step` when it is at its end. */
struct model {
	struct ahead a;
	uintptr_t end;
	size_t step;
	uint8_t *there; /* pages from HEAP on that were brought in */
	size_t n_there, faults, brought;
};

static void touch(struct model *m, uintptr_t at)
{
	size_t page = (at - HEAP) / PAGE;

	assert_true(at >= HEAP && at < m->end && page < m->n_there);
	m->faults += m->there[page] == 0;
	m->there[page] = 1;
}

/* Only what lies wholly within the heap and behind what was received into. */
static void bring(struct model *m, uintptr_t buf, const struct iovec *v, size_t n)
{
	assert_true(n <= AHEAD_MAX);
	for (size_t i = 0; i < n; i++) {
		uintptr_t at = (uintptr_t)v[i].iov_base;

		assert_int_equal(v[i].iov_len, PAGE);
		assert_int_equal(at % PAGE, 0);
		assert_true(at > buf);
		assert_true(at + PAGE <= m->end);
		assert_int_equal(m->there[(at - HEAP) / PAGE], 0); /* once only */
		m->there[(at - HEAP) / PAGE] = 1;
		m->brought++;
	}
}

static void leak(struct model *m, size_t stride, int buffers)
{
	uintptr_t buf = HEAP + 16;
	struct iovec v[AHEAD_MAX];

	for (int i = 0; i < buffers; i++, buf += stride) {
		while (m->end < buf + stride + PAGE)
			m->end += m->step;
		touch(m, buf);
		touch(m, buf + stride - 8); /* the size of what is left */
		bring(m, buf, v, ahead_note(&m->a, buf, m->end, PAGE, v));
	}
}

static struct model *model(size_t step, size_t bytes)
{
	struct model *m = calloc(1, sizeof(*m));

	m->step = step;
	m->end = HEAP + step;
	m->n_there = bytes / PAGE;
	m->there = calloc(m->n_there, 1);
	return m;
}

static void done(struct model *m)
{
	free(m->there);
	free(m);
}

static void finds_what_is_touched(void **state)
{
	static const size_t strides[] = {STRIDE, 8192, 4096, 4112, 100000};

	for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
		struct model *m = model(4 << 20, 2000 * strides[i] + (8 << 20));

		leak(m, strides[i], 2000);
		/* at first, at the ends of the heap, and where a size and its buffer are on two pages */
		assert_in_range(m->faults, 1, 100);
		assert_in_range(m->brought, 1900, 2000 + AHEAD_MAX);
		done(m);
	}
}

static void waits_for_a_row(void **state)
{
	struct iovec v[AHEAD_MAX];
	struct ahead a = {0};

	/* the second row lies below what was guessed in the first */
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i <= AHEAD_ROW; i++)
			assert_int_equal(ahead_note(&a, HEAP + i * STRIDE, HEAP + (4 << 20), PAGE, v), 0);
		assert_int_equal(ahead_note(&a, HEAP + (AHEAD_ROW + 1) * STRIDE, HEAP + (4 << 20), PAGE, v),
			AHEAD_MAX);
	}
}

/* The heap ends behind the buffer, or soon after: pages there are not its own. */
static void stays_in_the_heap(void **state)
{
	for (size_t step = PAGE - 1000; step < 4 * STRIDE; step += PAGE / 4) {
		struct model *m = model(step, 300 * STRIDE + 8 * STRIDE);

		leak(m, STRIDE, 300);
		done(m);
	}
}

static size_t row(uintptr_t from, uintptr_t stride, int n, uintptr_t end)
{
	struct iovec v[AHEAD_MAX];
	struct ahead a = {0};
	size_t guessed = 0;

	for (int i = 0; i < n; i++, from += stride)
		guessed += ahead_note(&a, from, end, PAGE, v);
	return guessed;
}

static void leaves_others_alone(void **state)
{
	struct iovec v[AHEAD_MAX];
	struct ahead a = {0};

	assert_int_equal(row(HEAP, 0, 100, HEAP + (8 << 20)), 0);		     /* one buffer */
	assert_int_equal(row(HEAP + (4 << 20), -(uintptr_t)STRIDE, 100, HEAP + (8 << 20)), 0);
	assert_int_equal(row(HEAP, PAGE - 16, 100, HEAP + (8 << 20)), 0);	     /* small ones */
	assert_int_equal(row(HEAP + (8 << 20), STRIDE, 100, HEAP + (8 << 20)), 0); /* no heap */
	assert_int_equal(row(HEAP, STRIDE, 100, HEAP), 0);
	/* two in turn, and all over the place */
	for (int i = 0; i < 100; i++)
		assert_int_equal(ahead_note(&a, HEAP + i % 2 * STRIDE, HEAP + (8 << 20), PAGE, v), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ahead_note(&a, HEAP + i * i * 64, HEAP + (8 << 20), PAGE, v), 0);
}

static void ends_at_the_last_address(void **state)
{
	static const uintptr_t strides[] = {STRIDE, UINTPTR_MAX / 4, UINTPTR_MAX / 2, UINTPTR_MAX - 3 * PAGE};
	uintptr_t end = UINTPTR_MAX & ~(uintptr_t)(PAGE - 1), at = end - 40 * STRIDE;
	struct iovec v[AHEAD_MAX];
	size_t guessed = 0;

	for (size_t s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
		struct ahead a = {0};

		/* round the address space, all but the first of them */
		for (int n = 0; n < 60; n++, at += strides[s]) {
			size_t more = ahead_note(&a, at, end, PAGE, v);

			for (size_t i = 0; i < more; i++) {
				assert_true((uintptr_t)v[i].iov_base > at);
				assert_true((uintptr_t)v[i].iov_base <= end - PAGE);
			}
			guessed += more;
		}
	}
	assert_true(guessed != 0);
}

static bool served(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v = {page, PAGE};
	bool yes = syscall(SYS_process_madvise, -10000, &v, 1, 23, 0) == PAGE;

	munmap(page, PAGE);
	return yes && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_DISABLED;
}

#define REAL 2000

static bool is_there(uintptr_t at)
{
	unsigned char in = 0;

	return at < (uintptr_t)sbrk(0) &&
	       mincore((void *)(at & ~(uintptr_t)(PAGE - 1)), PAGE, &in) == 0 && (in & 1);
}

#define NO_HEAP (-2)

/* Pages that a process that leaks its buffers finds there; negative: something in them changed. */
static int real_one(bool tell)
{
	static unsigned char *buf[REAL];
	int there = 0;

	for (int i = 0; i < REAL; i++) {
		buf[i] = malloc(32768);
		memset(buf[i], i & 0xff, 64);
		errno = i;
		if (tell)
			ahead_received(buf[i]);
		if (errno != i)
			return -1;
		/* the size behind the next one, to be written by the next malloc() */
		there += is_there((uintptr_t)buf[i] + 2 * STRIDE - 8);
	}
	if ((uintptr_t)buf[0] >= (uintptr_t)sbrk(0))
		return NO_HEAP; /* a sanitizer's malloc() */
	for (int i = 0; i < REAL; i++)
		for (int j = 0; j < 64; j++)
			if (buf[i][j] != (i & 0xff))
				return -1;
	return there;
}

/* Where part of the heap cannot be brought in, nothing is said, nor is it tried again. */
static int refused_once(bool tell)
{
	char *heap = sbrk(8 << 20);
	int there = 0;

	for (int i = 0; i < 200; i++) {
		if (i == 0)
			mprotect(heap + PAGE - ((uintptr_t)heap & (PAGE - 1)), 3 << 20, PROT_NONE);
		errno = i;
		ahead_received(heap + i * STRIDE);
		if (errno != i)
			return -1;
		there += is_there((uintptr_t)heap + (i + 2) * STRIDE);
	}
	return there;
}

/* In a process of its own, whose heap is as ip's; the test's has holes. */
static int really_there(int (*one)(bool tell), bool tell)
{
	int out[2], there = -1;

	assert_int_equal(pipe(out), 0);
	pid_t pid = fork();

	if (pid == 0) {
		there = one(tell);
		_exit(write(out[1], &there, sizeof(there)) != sizeof(there));
	}
	close(out[1]);
	assert_int_equal(read(out[0], &there, sizeof(there)), sizeof(there));
	close(out[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return there;
}

static void saves_faults(void **state)
{
	int plain = really_there(real_one, false);

	if (plain == NO_HEAP)
		skip();
	assert_in_range(plain, 0, REAL / 10);
	if (!served())
		assert_in_range(really_there(real_one, true), 0, REAL / 10);
	else
		assert_in_range(really_there(real_one, true), REAL * 9 / 10, REAL);
}

static void is_quiet_where_refused(void **state)
{
	assert_int_equal(really_there(refused_once, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_touched), cmocka_unit_test(waits_for_a_row),
		cmocka_unit_test(stays_in_the_heap), cmocka_unit_test(leaves_others_alone),
		cmocka_unit_test(ends_at_the_last_address), cmocka_unit_test(saves_faults),
		cmocka_unit_test(is_quiet_where_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
