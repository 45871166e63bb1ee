/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine under the benchmarks. Peers keep their tables in EAL memory. With hugetlb pages free
 * the EAL uses them; without, --no-huge would put the peers on 4 KB pages and skiff's tables (THP)
 * would win for the wrong reason, so their tables go to an external heap on transparent huge pages.
 */
#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>
#include <sys/mman.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_vect.h>
#include "core/thp.h"
#include "gbench.h"
#include "machine.h"

#define HUGE_PAGE	((size_t)2 << 20)
#define HEAP_BYTES	((size_t)1 << 30)
#define HEAP_PAGES	(HEAP_BYTES / HUGE_PAGE)

static int peer_socket = -1; /* SOCKET_ID_ANY */

static long meminfo(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long value = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %ld", &value);
	}
	if (f)
		fclose(f);
	return value;
}

static bool have_hugetlb(void)
{
	return meminfo("Hugepagesize") == 2048 &&
		meminfo("HugePages_Free") >= (long)(HEAP_BYTES / HUGE_PAGE);
}

static int make_thp_heap(void)
{
	static rte_iova_t iova[HEAP_PAGES];
	char *va = mmap(NULL, HEAP_BYTES + HUGE_PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		return -1;
	va = (char *)RTE_ALIGN_CEIL((uintptr_t)va, HUGE_PAGE);
	(void)madvise(va, HEAP_BYTES, MADV_HUGEPAGE);
	for (size_t i = 0; i < HEAP_PAGES; i++)
		iova[i] = (uintptr_t)va + i * HUGE_PAGE;
	if (rte_malloc_heap_create("thp") ||
		rte_malloc_heap_memory_add("thp", va, HEAP_BYTES, iova, HEAP_PAGES, HUGE_PAGE))
		return -1;
	peer_socket = rte_malloc_heap_get_socket("thp");
	return peer_socket < 0 ? -1 : 0;
}

/* All CPUs the process may run on, as one floating lcore. */
static void lcores(char *out, size_t size)
{
	cpu_set_t set;
	size_t at = snprintf(out, size, "--lcores=0@(");

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0, n = 0; i < CPU_SETSIZE && at < size - 8; i++) {
		if (CPU_ISSET(i, &set))
			at += snprintf(out + at, size - at, "%s%d", n++ ? "," : "", i);
	}
	snprintf(out + at, size - at, ")");
}

int machine_start_eal(void)
{
	bool huge = have_hugetlb();
	char cores[1024], memory[16];
	char *argv[12] = {"skiff-bench", "--no-pci", "--no-telemetry", "--log-level=error",
		"--force-max-simd-bitwidth=512", cores};
	int argc = 6;

	lcores(cores, sizeof(cores));
	if (huge) {
		argv[argc++] = "--in-memory";
	} else {
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
		argv[argc++] = "-m";
		snprintf(memory, sizeof(memory), "%u", thp_eal_mb(512));
		argv[argc++] = memory;
	}
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "skiff-bench: EAL: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	if (!huge && make_thp_heap()) {
		fprintf(stderr, "skiff-bench: no memory for the peers' tables: %s\n",
			rte_strerror(rte_errno));
		return -1;
	}
	gbench_context("peer_memory", huge ? "EAL, hugetlb 2 MB" : "EAL --no-huge, heap on THP");
	return 0;
}

int machine_socket(void)
{
	return peer_socket;
}

static void describe_cpu(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[512], *value;

	while (f && fgets(line, sizeof(line), f)) {
		value = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = 0;
		gbench_context("cpu", value + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void describe_tsc(void)
{
	struct timespec a, b;
	uint64_t t0 = __rdtsc(), t1;
	char text[32];
	double sec;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do {
		clock_gettime(CLOCK_MONOTONIC, &b);
		sec = (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) * 1e-9;
	} while (sec < 0.02);
	t1 = __rdtsc();
	snprintf(text, sizeof(text), "%.0f", (t1 - t0) / sec / 1e6);
	gbench_context("tsc_mhz", text);
}

static void describe_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char thp[64] = "unknown", text[32];

	if (f && fgets(thp, sizeof(thp), f))
		thp[strcspn(thp, "\n")] = 0;
	if (f)
		fclose(f);
	gbench_context("thp", thp);
	snprintf(text, sizeof(text), "%ld free", meminfo("HugePages_Free"));
	gbench_context("hugetlb_pages", text);
}

void machine_describe(void)
{
	describe_cpu();
	describe_tsc();
	describe_pages();
}
