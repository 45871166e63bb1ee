/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory without hugepages: this DPDK puts it where core/thp.c says, what was added is nobody's, and a pool's
 * memory is in pages of 2 MB where the kernel puts any together.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "core/skb_alloc.h"
#include "core/thp.h"

#define MB 100u
#define HUGE (2ul << 20)
#define MBUFS 8191u

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static int where(const struct rte_memseg_list *list, void *arg)
{
	if (!list->external)
		*(void **)arg = list->base_va;
	return 0;
}

/* The EAL's memory; NULL: other things have the addresses from 4 GB on, as an address sanitizer's. */
static void *usual_place(void)
{
	void *base = NULL;

	rte_memseg_list_walk(where, &base);
	assert_non_null(base);
	return (uintptr_t)base >> 30 == 4 ? base : NULL;
}

static void begins_at_a_large_page(void **state)
{
	void *base = usual_place();

	(void)state;
	if (!base)
		skip();
	assert_int_equal((uintptr_t)base % HUGE, 0);
}

static void is_no_more_than_asked_for(void **state)
{
	struct rte_malloc_socket_stats s;

	(void)state;
	assert_int_equal(rte_malloc_get_socket_stats(0, &s), 0);
	assert_true(s.heap_totalsz_bytes > (size_t)MB << 20); /* or nothing is tested */
	assert_in_range(s.heap_freesz_bytes, (MB - 8ul) << 20, (size_t)MB << 20);
}

/* Kilobytes of shared memory that this process has in large pages. */
static unsigned long large_kb(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long sum = 0, kb;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "ShmemPmdMapped: %lu kB", &kb) == 1)
			sum += kb;
	fclose(f);
	return sum;
}

static bool kernel_collapses(void)
{
	int fd = memfd_create("try", 0);
	char *at = mmap(NULL, 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	bool can;

	assert_true(fd >= 0 && at != MAP_FAILED);
	assert_int_equal(ftruncate(fd, HUGE), 0);
	p = mmap(p, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	memset(p, 1, HUGE);
	can = madvise(p, HUGE, MADV_COLLAPSE) == 0;
	munmap(at, 3 * HUGE);
	close(fd);
	return can;
}

static void a_pool_is_in_large_pages(void **state)
{
	struct rte_mempool *pool;
	struct rte_mbuf *m;
	unsigned long before = large_kb();

	(void)state;
	if (!usual_place() || !kernel_collapses())
		skip();
	pool = skb_pool_create("test_thp", MBUFS, 0, SKB_DATA_ROOM, SOCKET_ID_ANY);
	assert_non_null(pool);
	assert_true(large_kb() - before >= MBUFS * 2048ul / 1024);
	m = rte_pktmbuf_alloc(pool);
	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_tailroom(m), SKB_DATA_ROOM - RTE_PKTMBUF_HEADROOM);
	rte_pktmbuf_free(m);
	skb_pool_free(pool);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_at_a_large_page),
		cmocka_unit_test(is_no_more_than_asked_for),
		cmocka_unit_test(a_pool_is_in_large_pages),
	};
	char prefix[64], mb[16];
	char *words[] = {argv[0], "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", mb,
		"--lcores", "0", "--log-level", "4", prefix};

	(void)argc;
	snprintf(mb, sizeof(mb), "%u", thp_eal_mb(MB));
	snprintf(prefix, sizeof(prefix), "--file-prefix=skiff-test-%d", getpid());
	if (rte_eal_init(sizeof(words) / sizeof(words[0]), words) < 0) {
		fprintf(stderr, "EAL does not start\n");
		return 1;
	}
	thp_eal_keep(MB);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
