/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages of 2 MB without hugepages: thp.h. */
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "core/thp.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

#define PAGE 4096u
#define HUGE (2u << 20)

/*
 * DPDK 22.11 reserves addresses one behind the other from 4 GB on, in pages: for its shared
 * configuration, then for the table of pages (48 bytes a page of memory, a bit each, a count of 8
 * bytes), then for the memory. A test says when another version does otherwise.
 */
#define CONFIG_PAGES 46u
#define TABLE_BYTES(pages) (48 * (uint64_t)(pages) + (pages) / 8 + 8)

static uint64_t begins_at(uint32_t mb)
{
	uint64_t table = TABLE_BYTES(((uint64_t)mb << 20) / PAGE);

	return CONFIG_PAGES * (uint64_t)PAGE + RTE_ALIGN_CEIL(table, (uint64_t)PAGE);
}

uint32_t thp_eal_mb(uint32_t mb)
{
	for (uint32_t more = mb; more < mb + 1024; more++)
		if (begins_at(more) % HUGE == 0)
			return more;
	return mb;
}

void thp_eal_keep(uint32_t mb)
{
	uint32_t more = thp_eal_mb(mb) - mb;

	if (more && !rte_eal_has_hugepages())
		(void)rte_malloc("kept", (size_t)more << 20, 0);
}

void thp_collapse(void *addr, size_t len)
{
	uintptr_t from = RTE_ALIGN_CEIL((uintptr_t)addr, (uintptr_t)HUGE);
	uintptr_t to = RTE_ALIGN_FLOOR((uintptr_t)addr + len, (uintptr_t)HUGE);

	if (from < to && !rte_eal_has_hugepages())
		(void)madvise((void *)from, to - from, MADV_COLLAPSE);
}
