/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the tables: reserved ranges, committed as they grow, on huge pages where possible. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FIB_MEM_STEP	((size_t)2 << 20)	/* one huge page: ranges grow by it */

enum fib_place { FIB_PLACE_ANY, FIB_PLACE_BIND, FIB_PLACE_INTERLEAVE };

struct fib_placement {
	enum fib_place kind;
	uint64_t nodes;
};

/*
 * Where a table belongs that workers on the nodes `readers` share, on a machine with memory on the
 * nodes `present`: on the one node they sit on; spread over their nodes if they sit on several.
 */
struct fib_placement fib_place(uint64_t readers, uint64_t present);

/* Reserves bytes of address space, huge-page aligned, readable and writable only once committed. */
void *fib_mem_reserve(size_t bytes, uint64_t readers);
/* Makes bytes [from, to) of a reserved range usable, zeroed. -ENOMEM. Multiples of FIB_MEM_STEP. */
int fib_mem_commit(void *range, size_t from, size_t to);
void fib_mem_release(void *range, size_t bytes);
