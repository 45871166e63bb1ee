/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Google Benchmark for C. A benchmark is a function, named in a table:
 *
 *	static void bench_thing(struct gbench_run *run, const void *arg)
 *	{
 *		struct thing *t = make();		// set-up: not timed
 *
 *		if (!t) {
 *			gbench_fail(run, "no thing");
 *			return;
 *		}
 *		while (gbench_next(run))		// timed from the first call to the last
 *			use(t, 4096);
 *		gbench_cycles(run, "cycles_per_packet", 4096);
 *		gbench_counter(run, "bytes", thing_bytes(t));
 *	}
 *	static const struct gbench_case cases[] = {{"thing/skiff/hot", bench_thing, &hot}};
 *	const struct gbench_suite bench_thing_suite = {cases, 1, NULL, 0};
 *
 * and the suite stands in main.c. Names are suite/implementation/case; peers run in the same
 * process on the same input. The function runs once a repetition (and while the library looks for
 * the number of iterations), so costly set-up belongs into `prepare` or is kept between runs.
 *
 * Cycles are TSC cycles of the thread's own CPU time: TSC ticks times CLOCK_THREAD_CPUTIME_ID over
 * wall time. Wall-clock cycles count whoever else runs on this core, which on a small or shared
 * machine changes from run to run; a thread's CPU time does not. What stays is noise by shared
 * caches and the clock frequency, so the figure to quote is the median of the repetitions, as a
 * ratio to a peer of the same run. Defaults: nine repetitions of all cases, in random order, so that
 * a slow minute hits all alike. Google Benchmark's own flags override them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_run;

typedef void gbench_fn(struct gbench_run *run, const void *arg);

struct gbench_case {
	const char *name;
	gbench_fn *fn;
	const void *arg;
};

struct gbench_suite {
	const struct gbench_case *cases;
	size_t n;
	int (*prepare)(void);	/* once, if a case is to run; it says itself why it failed */
	bool needs_eal;
};

/* True while the timed loop shall go on. */
bool gbench_next(struct gbench_run *run);
/* After the loop: cycles of the loop over items done in one turn of it. */
void gbench_cycles(struct gbench_run *run, const char *counter, uint64_t items);
void gbench_counter(struct gbench_run *run, const char *counter, double value);
/* The case failed; skiff-bench will exit 1. Call it instead of the loop. */
void gbench_fail(struct gbench_run *run, const char *why);

/* A line of the context of the output; in prepare. */
void gbench_context(const char *key, const char *value);

/* Runs what argv selects. The suites must live as long. Returns an exit status. */
int gbench_main(int argc, char **argv, const struct gbench_suite *const *suites, size_t n,
	int (*start_eal)(void));

#ifdef __cplusplus
}
#endif
