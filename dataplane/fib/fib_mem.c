/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of the tables, for the pool, the depths and the prefix set. A table reserves address space
 * for the most it may need and commits it in huge-page steps, so that it never moves under its
 * readers. Not EAL memory: that is fixed at start, and a routing table is not.
 */
#include <errno.h>
#include <numa.h>
#include <stdbool.h>
#include <sys/mman.h>
#include "fib/fib_mem.h"

struct fib_placement fib_place(uint64_t readers, uint64_t present)
{
	struct fib_placement p = {FIB_PLACE_ANY, readers & present};

	/* With one node of memory there is nothing to choose. */
	if (!p.nodes || !(present & (present - 1)))
		return p;
	p.kind = p.nodes & (p.nodes - 1) ? FIB_PLACE_INTERLEAVE : FIB_PLACE_BIND;
	return p;
}

static uint64_t present_nodes(void)
{
	uint64_t present = 0;

	if (numa_available() < 0)
		return 0;
	for (int i = 0; i <= numa_max_node() && i < 64; i++) {
		if (numa_bitmask_isbitset(numa_all_nodes_ptr, i))
			present |= UINT64_C(1) << i;
	}
	return present;
}

static void place(void *range, size_t bytes, uint64_t readers)
{
	struct fib_placement p = {FIB_PLACE_ANY, 0};
	struct bitmask *mask;

	if (readers)
		p = fib_place(readers, present_nodes());
	if (p.kind == FIB_PLACE_ANY)
		return;
	if (p.kind == FIB_PLACE_BIND) {
		numa_tonode_memory(range, bytes, __builtin_ctzll(p.nodes));
		return;
	}
	mask = numa_allocate_nodemask();
	for (int i = 0; i < 64; i++) {
		if (p.nodes >> i & 1)
			numa_bitmask_setbit(mask, i);
	}
	numa_interleave_memory(range, bytes, mask);
	numa_free_nodemask(mask);
}

void *fib_mem_reserve(size_t bytes, uint64_t readers)
{
	size_t all = bytes + FIB_MEM_STEP;
	char *raw, *range;

	raw = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	range = (char *)(((uintptr_t)raw + FIB_MEM_STEP - 1) & ~(FIB_MEM_STEP - 1));
	if (range != raw)
		munmap(raw, range - raw);
	if (raw + all != range + bytes)
		munmap(range + bytes, raw + all - (range + bytes));
	/* Both are wishes: without huge pages, or on a kernel without NUMA, the table works too. */
	(void)madvise(range, bytes, MADV_HUGEPAGE);
	place(range, bytes, readers);
	return range;
}

int fib_mem_commit(void *range, size_t from, size_t to)
{
	if (mprotect((char *)range + from, to - from, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	return 0;
}

void fib_mem_release(void *range, size_t bytes)
{
	if (range)
		munmap(range, bytes);
}
