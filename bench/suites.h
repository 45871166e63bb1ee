/* SPDX-License-Identifier: BSD-3-Clause */
/* Every suite of skiff-bench, one a file; main.c lists them in the order they are registered. */
#pragma once

#include "gbench.h"

extern const struct gbench_suite bench_fib_suite;
extern const struct gbench_suite bench_neigh_suite;
extern const struct gbench_suite bench_pipeline_suite;
extern const struct gbench_suite bench_ring_suite;
extern const struct gbench_suite bench_skb_suite;
