/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * skiff-bench: takes Google Benchmark's flags, and of its own
 *	--table=FILE       prefixes for the FIB benchmarks, one a line, .gz or plain
 *	--print_routes=N   writes N of the routes, "PREFIX/LEN NEXT-HOP" a line, and ends
 * Every suite stands in the table below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gbench.h"
#include "machine.h"
#include "options.h"
#include "routes.h"
#include "suites.h"


static const struct gbench_suite *const suites[] = {
	&bench_fib_suite,
	&bench_neigh_suite,
	&bench_pipeline_suite,
	&bench_ring_suite,
	&bench_skb_suite,
};

const char *bench_table_path;

static int print_routes(const char *word)
{
	char origin[200], *end;
	unsigned long n = strtoul(word, &end, 10);
	struct bench_route *r;

	if (*word == '\0' || *end != '\0' || n == 0 || n > BENCH_ROUTES) {
		fprintf(stderr, "skiff-bench: --print_routes=%s: not a number from 1 to %u\n", word,
			BENCH_ROUTES);
		return 1;
	}
	r = bench_routes(bench_table_path, origin, sizeof(origin));
	if (!r)
		return 1;
	for (unsigned long i = 0; i < n; i++)
		printf("%u.%u.%u.%u/%u %u\n", r[i].prefix >> 24, r[i].prefix >> 16 & 255,
			r[i].prefix >> 8 & 255, r[i].prefix & 255, r[i].len, r[i].nh);
	free(r);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *print = NULL;
	int kept = 1;

	bench_table_path = getenv("SKIFF_BENCH_TABLE");
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--table=", 8))
			bench_table_path = argv[i] + 8;
		else if (!strncmp(argv[i], "--print_routes=", 15))
			print = argv[i] + 15;
		else
			argv[kept++] = argv[i];
	}
	if (print)
		return print_routes(print);
	machine_describe();
	return gbench_main(kept, argv, suites, sizeof(suites) / sizeof(*suites), machine_start_eal);
}
