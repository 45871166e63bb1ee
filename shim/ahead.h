/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a program will receive into, brought in before it is touched. Some programs take each
 * answer into a buffer that they never free (ip 6.1 -batch: 32 KB a request): each is a page fault,
 * of 1.5 us, where one system call brings many pages in for 1 us each. What is in the pages does not
 * change by that, nor where they are: a wrong guess costs AHEAD_MAX pages and no more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define AHEAD_ROW 8  /* buffers at one distance, from which on the next ones are guessed */
#define AHEAD_MAX 32 /* pages at once */

/* Of one thread; all zero at first. */
struct ahead {
	uintptr_t last;	  /* the buffer before */
	size_t stride;	  /* from the one before that */
	unsigned int row; /* so often the same */
	uintptr_t upto;	  /* buffers up to here have been guessed */
};

/*
 * Something was received at buf, in a heap that ends at `end`. How many of v are now single pages to
 * bring in, all above buf's and below `end`: the first ones of the buffers after the next. The next
 * one's is there: malloc() has written the size of what is left before it.
 */
size_t ahead_note(struct ahead *a, uintptr_t buf, uintptr_t end, size_t page,
	struct iovec v[AHEAD_MAX]);

/* The same for this thread and the heap of this process, and brings them in. Keeps errno. */
void ahead_received(const void *buf);
