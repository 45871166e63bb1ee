/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-bench: takes Google Benchmark's flags, and of its own
 *	--table=FILE   prefixes for the FIB benchmarks, one a line, .gz or plain
 * Every suite stands in the table below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gbench.h"
#include "machine.h"
#include "options.h"
#include "suites.h"



static const struct gbench_suite *const suites[] = {
	&bench_fib_suite,
	&bench_pipeline_suite,
};

const char *bench_table_path;

int main(int argc, char **argv)
{
	int kept = 1;

	bench_table_path = getenv("SKIFF_BENCH_TABLE");
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--table=", 8))
			bench_table_path = argv[i] + 8;
		else
			argv[kept++] = argv[i];
	}
	machine_describe();
	return gbench_main(kept, argv, suites, sizeof(suites) / sizeof(*suites), machine_start_eal);
}
