/* SPDX-License-Identifier: BSD-3-Clause */
/* Guesses where a program's next receive buffers will lie (ahead.h). Called by ahead_heap.c. */
#include "ahead.h"

static void follow(struct ahead *a, uintptr_t buf)
{
	size_t stride = buf - a->last;

	if (stride != a->stride) {
		a->row = 0;
		a->upto = 0;
	} else if (a->row < AHEAD_ROW) {
		a->row++;
	}
	a->stride = stride;
	a->last = buf;
}

size_t ahead_note(struct ahead *a, uintptr_t buf, uintptr_t end, size_t page,
	struct iovec v[AHEAD_MAX])
{
	size_t n = 0;

	follow(a, buf);
	/* downwards is a huge stride, too */
	if (a->row < AHEAD_ROW || a->stride < page || buf >= end || a->stride > (end - buf) / 2)
		return 0;
	if (a->upto >= buf + 2 * a->stride)
		return 0;
	for (uintptr_t at = buf + 2 * a->stride; n < AHEAD_MAX; at += a->stride) {
		uintptr_t first = at & ~(uintptr_t)(page - 1);

		if (end - first < page)
			break;
		v[n++] = (struct iovec){(void *)first, page};
		a->upto = at;
		if (end - at <= a->stride)
			break;
	}
	return n;
}
