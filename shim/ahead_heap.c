/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Brings in the pages that ahead.c guesses, in this process's heap. Called by nlsock_io.c after each
 * message received.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ahead.h"

#ifndef PIDFD_SELF
#define PIDFD_SELF (-10000) /* Linux 6.15 */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* So much of the heap is made at once then, a brk() for 32 answers. It is not memory yet. */
#define HEAP_STEP (1 << 20)

enum state { UNTRIED, WORKS, REFUSED };

static _Atomic int state;

static void first_time(void)
{
	/* A filter may kill who calls what it does not know. */
	bool confined = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_DISABLED;

	if (!confined)
		mallopt(M_TOP_PAD, HEAP_STEP);
	atomic_store_explicit(&state, confined ? REFUSED : WORKS, memory_order_relaxed);
}

void ahead_received(const void *buf)
{
	static _Thread_local struct ahead mine;
	struct iovec v[AHEAD_MAX];
	int saved = errno;
	size_t n;

	if (atomic_load_explicit(&state, memory_order_relaxed) == REFUSED)
		return;
	n = ahead_note(&mine, (uintptr_t)buf, (uintptr_t)sbrk(0), 4096, v);
	if (n == 0)
		return;
	if (atomic_load_explicit(&state, memory_order_relaxed) == UNTRIED)
		first_time();
	else if (syscall(SYS_process_madvise, PIDFD_SELF, v, n, MADV_POPULATE_WRITE, 0) < 0)
		atomic_store_explicit(&state, REFUSED, memory_order_relaxed);
	errno = saved;
}
