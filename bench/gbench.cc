// SPDX-License-Identifier: BSD-3-Clause
// The C wrapper of Google Benchmark (gbench.h), and the only C++ here: registration, the timed loop
// with the thread's own cycles, and the defaults. main.c hands it the suites.
#include <benchmark/benchmark.h>
#include <time.h>
#include <x86intrin.h>
#include <cstring>
#include <regex>
#include <string>
#include <vector>
#include "gbench.h"

static bool failed;

namespace
{

struct instant {
	uint64_t tsc;
	double wall, cpu;
};

double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

instant now()
{
	return {__rdtsc(), seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID)};
}

} // namespace

struct gbench_run {
	benchmark::State &state;
	bool started;
	instant start, end;

	explicit gbench_run(benchmark::State &s) : state(s), started(false), start(), end()
	{
	}
};

bool gbench_next(struct gbench_run *run)
{
	if (!run->started) {
		run->started = true;
		run->start = now();
	}
	if (run->state.KeepRunning())
		return true;
	run->end = now();
	return false;
}

void gbench_cycles(struct gbench_run *run, const char *counter, uint64_t items)
{
	double wall = run->end.wall - run->start.wall;
	double own = wall > 0 ? (run->end.cpu - run->start.cpu) / wall : 0;
	double done = static_cast<double>(run->state.iterations()) * items;

	run->state.SetItemsProcessed(run->state.iterations() * items);
	run->state.counters[counter] = (run->end.tsc - run->start.tsc) * own / done;
}

void gbench_counter(struct gbench_run *run, const char *counter, double value)
{
	run->state.counters[counter] = value;
}

void gbench_fail(struct gbench_run *run, const char *why)
{
	failed = true;
	run->state.SkipWithError(why);
}

void gbench_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

// As the library reads its own filter: "all" is everything, a leading '-' turns it round.
static bool selected(const std::string &filter, const char *name)
{
	std::string expr = filter.empty() || filter == "all" ? "." : filter;
	bool negative = expr[0] == '-';

	if (negative)
		expr.erase(0, 1);
	try {
		return std::regex_search(name, std::regex(expr, std::regex::extended)) != negative;
	} catch (const std::regex_error &) {
		return true;
	}
}

static bool any_selected(const struct gbench_suite *suite, const std::string &filter)
{
	for (size_t i = 0; i < suite->n; i++) {
		if (selected(filter, suite->cases[i].name))
			return true;
	}
	return false;
}

static bool only_lists(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--benchmark_list_tests", 22) && !strstr(argv[i], "=false"))
			return true;
	}
	return false;
}

static bool prepare(const struct gbench_suite *const *suites, size_t n, int (*start_eal)(void))
{
	std::string filter = benchmark::GetBenchmarkFilter();
	bool eal = false;

	for (size_t i = 0; i < n; i++)
		eal |= suites[i]->needs_eal && any_selected(suites[i], filter);
	if (eal && start_eal())
		return false;
	for (size_t i = 0; i < n; i++) {
		if (suites[i]->prepare && any_selected(suites[i], filter) && suites[i]->prepare())
			return false;
	}
	return true;
}

int gbench_main(int argc, char **argv, const struct gbench_suite *const *suites, size_t n,
	int (*start_eal)(void))
{
	// Later flags win, so the user's own come after these.
	static char defaults[][48] = {"--benchmark_repetitions=9", "--benchmark_min_time=0.02",
		"--benchmark_enable_random_interleaving=true",
		"--benchmark_display_aggregates_only=true", "--benchmark_counters_tabular=true"};
	bool listing = only_lists(argc, argv);
	std::vector<char *> args(argv, argv + 1);

	for (auto &flag : defaults)
		args.push_back(flag);
	args.insert(args.end(), argv + 1, argv + argc);
	int count = static_cast<int>(args.size());
	args.push_back(nullptr);
	benchmark::Initialize(&count, args.data());
	if (benchmark::ReportUnrecognizedArguments(count, args.data()))
		return 1;
	if (!listing && !prepare(suites, n, start_eal))
		return 1;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < suites[i]->n; j++) {
			const struct gbench_case *c = &suites[i]->cases[j];

			benchmark::RegisterBenchmark(c->name, [c](benchmark::State &state) {
				gbench_run run(state);

				c->fn(&run, c->arg);
			});
		}
	}
	if (!benchmark::RunSpecifiedBenchmarks())
		failed = true;
	benchmark::Shutdown();
	return failed;
}
