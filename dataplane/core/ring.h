/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings in plain memory: named by nobody else, and given back by free(). */
#pragma once

struct rte_ring;

/*
 * A ring of `size` (a power of two; one place stays empty) elements of `bytes` each, a multiple of 4,
 * with rte_ring's flags. NULL: no memory.
 */
struct rte_ring *ring_new_elem(const char *name, unsigned int bytes, unsigned int size,
	unsigned int flags);
/* The same of pointers. */
struct rte_ring *ring_new(const char *name, unsigned int size, unsigned int flags);
