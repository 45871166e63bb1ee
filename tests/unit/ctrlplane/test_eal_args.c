/* SPDX-License-Identifier: BSD-3-Clause */
/* What skiffd tells DPDK: for each way of memory, for the lcores, for several daemons. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <skiff/abi.h>

#include "eal.h"

static bool has(const struct eal_args *a, const char *word)
{
	for (int i = 0; i < a->argc; i++)
		if (strcmp(a->argv[i], word) == 0)
			return true;
	return false;
}

static struct settings two_workers(void)
{
	struct settings s;

	settings_default(&s);
	s.workers = s.n_cores = 2;
	s.cores[0] = 2;
	s.cores[1] = 5;
	return s;
}

static struct eal_plan plan(const struct settings *s, const cpu_set_t *cpus)
{
	return (struct eal_plan){.settings = s, .cpus = cpus, .file_prefix = "skiff-1",
		.mem_mb = 100, .given_mb = 100};
}

static cpu_set_t some_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(2, &set);
	CPU_SET(5, &set);
	return set;
}

static void main_floats_and_workers_are_pinned(void **state)
{
	const cpu_set_t cpus = some_cpus();
	const struct settings s = two_workers();
	const struct eal_plan p = plan(&s, &cpus);
	struct eal_args a;

	assert_int_equal(eal_args_make(&a, &p), 0);
	assert_true(has(&a, "--lcores=0@(0,2,5),1@2,2@5"));
	assert_true(has(&a, "--main-lcore=0"));
	assert_true(has(&a, "--file-prefix=skiff-1"));
	assert_null(a.argv[a.argc]);
}

/* 22.11 refuses --no-huge together with --in-memory. */
static void memory_is_one_way_or_the_other(void **state)
{
	const cpu_set_t cpus = some_cpus();
	const struct settings s = two_workers();
	struct eal_plan p = plan(&s, &cpus);
	struct eal_args a;

	assert_int_equal(eal_args_make(&a, &p), 0);
	assert_true(has(&a, "--no-huge"));
	assert_true(has(&a, "--no-shconf"));
	assert_false(has(&a, "--in-memory"));
	assert_true(has(&a, "100"));
	p.huge = true;
	assert_int_equal(eal_args_make(&a, &p), 0);
	assert_false(has(&a, "--no-huge"));
	assert_true(has(&a, "--in-memory"));
}

static void says_why_it_failed(void **state)
{
	const cpu_set_t cpus = some_cpus();
	const struct settings s = two_workers();
	struct eal_plan p = plan(&s, &cpus);
	char why[256];

	eal_reason(why, sizeof(why), EACCES, &p, 0);
	assert_string_equal(why, "no permission");
	p.huge = true;
	eal_reason(why, sizeof(why), EACCES, &p, p.mem_mb); /* they are there */
	assert_string_equal(why, "no permission");
	eal_reason(why, sizeof(why), EACCES, &p, 42);
	assert_non_null(strstr(why, "huge pages changed meanwhile: 42 MB are free, 100 MB needed"));
	eal_reason(why, sizeof(why), EBUSY, &p, 42);
	assert_string_equal(why, "its files are in use by another process");
}

static void pci_only_when_asked(void **state)
{
	const cpu_set_t cpus = some_cpus();
	struct settings s = two_workers();
	const struct eal_plan p = plan(&s, &cpus);
	struct eal_args a;

	assert_int_equal(eal_args_make(&a, &p), 0);
	assert_true(has(&a, "--no-pci"));
	s.pci = true;
	assert_int_equal(eal_args_make(&a, &p), 0);
	assert_false(has(&a, "--no-pci"));
	assert_false(has(&a, "--iova-mode=va")); /* a NIC without an IOMMU has no such choice */
}

static void every_cpu_of_a_big_machine_fits(void **state)
{
	struct settings s = two_workers();
	struct eal_args a;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	for (int i = 0; i < 512; i++)
		CPU_SET(i, &cpus);
	s.workers = s.n_cores = 64;
	for (uint16_t i = 0; i < 64; i++)
		s.cores[i] = (uint16_t)(448 + i);
	const struct eal_plan p = plan(&s, &cpus);
	assert_int_equal(eal_args_make(&a, &p), 0);
	for (int i = 0; i < 1024; i++)
		CPU_SET(i, &cpus);
	assert_int_equal(eal_args_make(&a, &p), -E2BIG);
}

static void prefixes_tell_sockets_apart(void **state)
{
	char a[64], b[64], c[64];

	eal_file_prefix(a, sizeof(a), SKIFF_SOCKET_DEFAULT);
	assert_string_equal(a, "skiff");
	eal_file_prefix(a, sizeof(a), "/run/one.sock");
	eal_file_prefix(b, sizeof(b), "/run/two.sock");
	eal_file_prefix(c, sizeof(c), "/run/one.sock");
	assert_string_not_equal(a, b);
	assert_string_equal(a, c);
	assert_null(strchr(a, '/'));
}

static void memory_grows_with_buffers(void **state)
{
	/* 2 KB of data, headroom, mbuf and skb: no buffer fits in less */
	assert_true(eal_mem_mb(65536, 1) > 65536ull * 2560 >> 20);
	assert_true(eal_mem_mb(65536, 1) < 512);
	assert_true(eal_mem_mb(32768, 8) > eal_mem_mb(32768, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_floats_and_workers_are_pinned),
		cmocka_unit_test(memory_is_one_way_or_the_other),
		cmocka_unit_test(pci_only_when_asked), cmocka_unit_test(says_why_it_failed),
		cmocka_unit_test(every_cpu_of_a_big_machine_fits),
		cmocka_unit_test(prefixes_tell_sockets_apart),
		cmocka_unit_test(memory_grows_with_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
