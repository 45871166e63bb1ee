/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings outside EAL's memory and its list of names, so that as many come and go as workers, queues and
 * ports do. Called by the control thread for backlog.c, dev/spread.c,
 * dev/port_queues.c and ctl/ctl.c.
 */
#include "core/ring.h"

#include <stdlib.h>

#include <rte_ring_elem.h>

struct rte_ring *ring_new_elem(const char *name, unsigned int bytes, unsigned int size,
	unsigned int flags)
{
	size_t whole = RTE_ALIGN_CEIL((size_t)rte_ring_get_memsize_elem(bytes, size),
		RTE_CACHE_LINE_SIZE);
	struct rte_ring *r = aligned_alloc(RTE_CACHE_LINE_SIZE, whole);

	if (r && rte_ring_init(r, name, size, flags) < 0) {
		free(r);
		return NULL;
	}
	return r;
}

struct rte_ring *ring_new(const char *name, unsigned int size, unsigned int flags)
{
	return ring_new_elem(name, sizeof(void *), size, flags);
}
